"""Layer normalisation: the layer, and the option of the recurrent stacks."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, RNN, Embedding, LayerNorm, Linear, TokenStream
from gatewise.ops import layer_norm
from tests.nn.problems import assert_same, make_problem, narrowed, run
from tests.ops.gradients import assert_gradients

T, B, D = 5, 3, 2
WIDTHS = (4, 3)
LENGTHS = np.array([2, 5, 4])
VALID = (np.arange(T)[:, None] < LENGTHS)[..., None]
EITHER = pytest.mark.parametrize("kind", [LSTM, RNN])
BOTH_WAYS = pytest.mark.parametrize("bidirectional", [False, True], ids=["upwards", "both directions"])
SKIP = pytest.mark.parametrize("skip_connections", [False, True], ids=["plain", "skip"])


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)


def make(kind, **options):
    layer = kind(D, WIDTHS, **{"layer_norm": True, "dtype": np.float64} | options)
    return make_problem(layer, T, B, np.random.default_rng(1))


def test_the_layer_begins_with_weights_of_one_and_biases_of_zero():
    layer = LayerNorm(3)
    assert dict(layer.parameters.shapes) == {"weight": (3,), "bias": (3,)}
    assert layer.parameters["weight"].tolist() == [1, 1, 1]
    assert not layer.parameters["bias"].any()


def test_gradients_of_the_layer_add_up():
    rng = np.random.default_rng(0)
    layer, x, dy = LayerNorm(4, 1e-3, dtype=np.float64), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    layer.parameters.vector[...] = rng.normal(size=8)

    def loss():
        return float(np.sum(layer(x) * dy))

    dx = layer.backward(dy, layer.forward(x)[1])
    pairs = {name: (view, layer.gradients[name].copy()) for name, view in layer.parameters.items()}
    assert_gradients(loss, pairs | {"x": (x, dx)})
    layer.backward(dy, layer.forward(x)[1])
    for name, (_, once) in pairs.items():
        np.testing.assert_allclose(layer.gradients[name], 2 * once, rtol=1e-14)


REFUSED = {
    "no width": (lambda: LayerNorm(0), "LayerNorm: size=0; expected a whole number of at least 1"),
    "epsilon of zero": (lambda: LayerNorm(3, 0.0), "LayerNorm: epsilon=0.0; expected a number above 0"),
    "epsilon of nan": (lambda: LayerNorm(3, np.nan), "LayerNorm: epsilon=nan; expected a number above 0"),
    "another width": (
        lambda: LayerNorm(3)(np.ones((2, 4), np.float32)),
        r"LayerNorm: x has shape \(2, 4\); expected \(..., 3\)",
    ),
    "another type": (lambda: LayerNorm(3)(np.ones((2, 3))), "LayerNorm: x has dtype float64"),
    "another dy": (
        lambda: LayerNorm(3).backward(np.ones((1, 3), np.float32), LayerNorm(3).forward(ones(2, 3))[1]),
        r"LayerNorm: dy has shape \(1, 3\); expected \(2, 3\)",
    ),
    "a number for the option": (
        lambda: LSTM(2, 3, layer_norm=1),
        "LSTM: layer_norm=1; expected True or False",
    ),
}


def ones(*shape):
    return np.ones(shape, np.float32)


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


@EITHER
def test_without_it_a_stack_has_the_names_and_the_numbers_that_it_had(kind):
    without, plain, normed = (
        kind(D, WIDTHS, layer_norm=False),
        kind(D, WIDTHS),
        kind(D, WIDTHS, layer_norm=True),
    )
    assert without.parameters.shapes == plain.parameters.shapes
    assert np.array_equal(without.parameters.vector, plain.parameters.vector)
    extra = {name: shape for name, shape in normed.parameters.shapes.items() if name.startswith("norm")}
    assert extra == {
        f"norm_{name}_l{layer}": (hidden,)
        for layer, hidden in enumerate(WIDTHS)
        for name in ("weight", "bias")
    }
    assert {name: normed.parameters[name].tolist() for name in plain.parameters} == {
        name: view.tolist() for name, view in plain.parameters.items()
    }
    assert normed.parameters["norm_weight_l1"].tolist() == [1] * 3
    assert not normed.parameters["norm_bias_l1"].any()


@EITHER
@BOTH_WAYS
@SKIP
def test_each_layer_is_normalised_on_its_way_up_and_not_in_time(kind, bidirectional, skip_connections):
    layer, x, *_ = make(kind, bidirectional=bidirectional, skip_connections=skip_connections)
    y, last = layer(x, lengths=LENGTHS)
    below, outputs = x, []
    for number, hidden in enumerate(WIDTHS):
        one = kind(below.shape[-1], hidden, bidirectional=bidirectional, dtype=np.float64)
        one.parameters.assign(
            {name: layer.parameters[name.replace("_l0", f"_l{number}")] for name in one.parameters}
        )
        out, final = one(below, lengths=LENGTHS)
        part = slice(number * layer.directions, (number + 1) * layer.directions)
        np.testing.assert_allclose(last.h[part, :, :hidden], final.h, atol=1e-13)
        weight, bias = (layer.parameters[f"norm_{name}_l{number}"] for name in ("weight", "bias"))
        outputs.append(layer_norm(out, weight, bias)[0] * VALID)
        below = np.concatenate([outputs[-1], x], axis=-1) if skip_connections else outputs[-1]
    expected = np.concatenate(outputs, axis=-1) if skip_connections else outputs[-1]
    np.testing.assert_allclose(y, expected, atol=1e-12)


@EITHER
def test_dropout_comes_after_it(kind):
    layer, x, *_ = make(kind, dropout=0.5)
    _, _, cache = layer.forward(x)
    weight, bias = layer.parameters["norm_weight_l0"], layer.parameters["norm_bias_l0"]
    normed, _ = layer_norm(cache.layers[0][0].h, weight, bias)
    np.testing.assert_allclose(cache.layers[1][0].x, normed * cache.masks[1], atol=1e-13)
    assert (cache.masks[1] == 0).any()


@EITHER
@BOTH_WAYS
@pytest.mark.parametrize("target", targets())
def test_every_target_agrees_with_the_reference(kind, bidirectional, target):
    options = {"layer_norm": True, "bidirectional": bidirectional, "skip_connections": True}
    wide = make(kind, **options)
    narrow = narrowed(wide, kind(D, WIDTHS, **options))
    set_target(target)
    assert (narrow.layer.why_not_native() is None) == (target != "numpy")
    assert_same(run(narrow, LENGTHS), run(wide, LENGTHS), tolerance=2e-5)


@EITHER
@pytest.mark.parametrize("target", targets())
def test_a_stream_equals_the_whole_and_says_why_it_is_not_native(kind, target):
    set_target(target)
    layer = kind(D, WIDTHS, layer_norm=True, seed=2)
    reason = layer.why_not_native(streaming=True)
    assert reason == "there is no native stream with layer normalisation"
    x = np.random.default_rng(3).normal(size=(T, B, D)).astype(np.float32)
    expected, last = layer(x)
    stream = layer.stream(B)
    np.testing.assert_allclose([stream.step(x_t).copy() for x_t in x], expected, atol=1e-6)
    np.testing.assert_allclose(stream.state.h, last.h, atol=1e-6)


@pytest.mark.parametrize("target", targets())
def test_a_stream_of_tokens_equals_the_whole(target):
    set_target(target)
    embedding, layer, head = Embedding(7, D, seed=4), LSTM(D, WIDTHS, layer_norm=True), Linear(3, 7, seed=5)
    tokens = np.random.default_rng(6).integers(0, 7, (T, B))
    expected = head(layer(embedding.input(tokens))[0])
    stream = TokenStream(embedding, layer, head, B)
    np.testing.assert_allclose([stream.step(each).copy() for each in tokens], expected, atol=1e-6)
    one = TokenStream(embedding, layer, head)
    assert one.generate(0, np.zeros(1), 0.0) is None


def test_skip_connections_keep_streams_on_numpy_too():
    layer = LSTM(D, 3, 2, skip_connections=True)
    assert layer.why_not_native(streaming=True) == "there is no native stream with skip connections"
