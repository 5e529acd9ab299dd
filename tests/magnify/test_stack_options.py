"""The magnifier on stacks with options that change what a layer is or what goes from one to the next."""

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError
from gatewise.magnify import ablation_cost, index_units, rank_by_cost
from gatewise.nn import LSTM, RNN
from gatewise.ops import layer_norm, log_softmax

T, D = 30, 3

STACKS = {
    "widths": lambda: LSTM(D, (6, 9, 4), seed=1),
    "widths, both directions, skip connections": lambda: LSTM(
        D, (6, 4), bidirectional=True, skip_connections=True, seed=1
    ),
    "layer normalisation": lambda: LSTM(D, (6, 4), layer_norm=True, seed=1),
    "Mogrifier": lambda: LSTM(D, (6, 4), mogrifier_rounds=3, mogrifier_rank=2, seed=1),
    "widths of a plain RNN": lambda: RNN(D, (4, 7), seed=1),
}


@pytest.fixture(params=STACKS)
def inside(request):
    rng = np.random.default_rng(2)
    stack = STACKS[request.param]()
    for name, view in stack.parameters.items():
        if name.startswith(
            "norm"
        ):  # with weights that are all 1 the outputs' sum would be 0, whatever comes in
            view[...] = rng.normal(size=view.shape)
    return gw.magnify(stack, rng.normal(size=(T, D)))


def test_each_layer_is_seen_in_its_own_width(inside):
    sizes = inside.model.hidden_sizes
    assert [view.arrays["h"].shape for view in inside.layers] == [
        (T, hidden) for hidden in np.repeat(sizes, inside.model.directions)
    ]
    assert inside.summary().splitlines()[0].endswith(inside.model.size_label)
    rows = T * sum(sizes) * inside.model.directions
    assert {len(column) for column in inside.columns().values()} == {rows}


def test_ledgers_add_up_and_curves_begin_at_the_question(inside):
    for view in inside.layers:
        if "c" in view.arrays:
            step = 0 if view.reverse else T - 1
            assert inside.ledger(view.layer, step, reverse=view.reverse).residual < 1e-5
    curves = inside.lag()
    assert len(curves) == len(inside.layers)
    assert all(curve.h[0] > 0 for curve in curves if not curve.reverse)
    assert inside.rnn_lag().h.shape == (T,)


def test_what_an_answer_rests_on_adds_up(inside):
    found = inside.connectivity()
    assert found.completeness_error < 0.01
    assert np.isfinite(found.gradient_input).all()


def test_a_report_is_written(inside, tmp_path):
    pytest.importorskip("jinja2")
    pytest.importorskip("plotly")
    path = tmp_path / "report.html"
    inside.save(path, questions=-1, unit=0, layer=0)
    assert path.stat().st_size > 10_000


TEXT = "the cat sat on the mat, and that was that. " * 12


@pytest.fixture(scope="module")
def model():
    return fitted(hidden_size=(9, 6), layer_norm=True, mogrifier_rounds=3, mogrifier_rank=2)


def fitted(**options):
    return gw.LanguageModel(
        num_layers=2, embedding_size=5, epochs=1, window=10, batch_size=2, progress=False, **options
    ).fit(TEXT)


def test_a_language_model_of_all_options_is_reported_on(model, tmp_path):
    pytest.importorskip("jinja2")
    pytest.importorskip("plotly")
    inside = gw.magnify(model, TEXT[:40])
    assert [view.arrays["c"].shape[1] for view in inside.layers] == [9, 6]
    for layer in range(2):
        assert inside.ledger(layer).residual < 1e-5
        path = tmp_path / f"{layer}.html"
        inside.save(path, questions=-1, layer=layer, corpus=TEXT)
        assert path.stat().st_size > 10_000
    assert inside.connectivity().completeness_error < 0.01


@pytest.mark.parametrize("layer", [0, 1])
def test_units_are_indexed_and_ranked_in_their_layer_s_width(model, layer):
    index = index_units(model, TEXT, layer)
    assert index.values.shape == (len(TEXT), (9, 6)[layer])
    assert sorted(unit for unit, _ in rank_by_cost(model, TEXT[:60], layer)) == list(range((9, 6)[layer]))
    with pytest.raises(ArgumentError, match="unit=9, layer=0; this network has 2 layers of 6 or 9 units"):
        ablation_cost(model, TEXT, 9, 0)
    with pytest.raises(ArgumentError, match="unit=6, layer=1; this network has 2 layers of 6 or 9 units"):
        ablation_cost(model, TEXT, 6, 1)


def tokens_of(model, text):
    return np.concatenate(list(model.tokenizer_.encode([text]))).astype(np.intp)


def losses(model, text, logits=None):
    tokens = tokens_of(model, text)
    if logits is None:
        logits = model.network_.logits(tokens[:-1, None])[0]
    return -log_softmax(logits[:, 0].astype(float))[np.arange(len(tokens) - 1), tokens[1:]]


def test_a_unit_s_cost_in_a_mogrifier_is_that_of_nobody_hearing_of_it():
    """From outside: all that reads the unit, in its own layer and in the one above, is set to zero."""
    model, text = fitted(hidden_size=(9, 6), mogrifier_rounds=3), TEXT[:60]
    found = ablation_cost(model, text, 4, 0)
    before, weights = losses(model, text), model.network_.recurrent.parameters
    for name in ("weight_hh_l0", "mogrifier_q1_l0", "mogrifier_q3_l0", "weight_ih_l1", "mogrifier_r2_l1"):
        weights[name][:, 4] = 0
    expected = losses(model, text) - before
    assert np.abs(expected).max() > 1e-5
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_unit_s_cost_under_layer_normalisation_is_that_of_an_output_of_zero():
    """From outside: the layer itself does not hear of the unit, and its outputs are normalised without."""
    model, text = fitted(hidden_size=(9, 6), layer_norm=True), TEXT[:60]
    found = ablation_cost(model, text, 4, 1)
    before, stack = losses(model, text), model.network_.recurrent
    stack.parameters["weight_hh_l1"][:, 4] = 0
    _, _, cache = stack.look(model.network_.embedding.input(tokens_of(model, text)[:-1, None]))
    h = cache.layers[1][0].h.copy()
    h[..., 4] = 0
    y, _ = layer_norm(h, stack.parameters["norm_weight_l1"], stack.parameters["norm_bias_l1"])
    expected = losses(model, text, model.network_.head(y)) - before
    assert np.abs(expected).max() > 1e-5
    np.testing.assert_allclose(found, expected, atol=1e-5)
