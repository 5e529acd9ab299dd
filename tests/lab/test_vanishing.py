"""The gradient by lag: against central differences of the textbook's equations, and what is made of it."""

import copy
import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from gatewise import lab
from gatewise.errors import ArgumentError
from gatewise.lab import gradient_flow
from gatewise.lab.experiment import of_group
from gatewise.lab.gradient_flow import GradientByLag, at_lag, cache_bytes, chosen_lags
from gatewise.lab.network import Build, SequenceNetwork
from gatewise.lab.vanishing import (
    EXPERIMENT,
    Scale,
    measure_long,
    measure_one_unit,
    measure_trained,
    untrained,
)
from gatewise.nn import LSTM, RNN
from gatewise.ops import error_flow, numerical_gradient, relative_error
from tests.ops import textbook

T, D, H = 60, 3, 5
LAGS = (0, 1, 7, 15, 59)
RNN_LAGS = LAGS[:4]
"""Beyond, too little is left of an RNN's gradient for differences of rounded numbers."""


@pytest.fixture(scope="module")
def report():
    return lab.run("vanishing", quick=True, jobs=1)


def network(cell, **options):
    return SequenceNetwork(Build(cell, H, **options), D, 1, "last", 1)


def answer_after_moving(net, x, t, name, offset):
    """The answer by the textbook where `offset` is added to the h or c of step t."""
    arrays = {key: view.astype(np.float64) for key, view in net.recurrent.parameters.items()}
    W = np.concatenate([arrays["weight_ih_l0"], arrays["weight_hh_l0"]], axis=1)
    b, readout = arrays["bias_l0"], net.head.parameters["weight"][0].astype(np.float64)
    if isinstance(net.recurrent, RNN):
        h = textbook.rnn(x[: t + 1], np.zeros(H), W, b)[-1] + offset
        return float(([h, *textbook.rnn(x[t + 1 :], h, W, b)] if t < T - 1 else [h])[-1] @ readout)
    before_h, before_c = textbook.lstm(x[: t + 1], np.zeros(H), np.zeros(H), W, b)
    h, c = before_h[-1], before_c[-1]
    if name == "h":
        h = h + offset
    else:
        h, c = h / np.tanh(c) * np.tanh(c + offset), c + offset
    return float((textbook.lstm(x[t + 1 :], h, c, W, b)[0] if t < T - 1 else [h])[-1] @ readout)


@pytest.mark.parametrize(
    ("cell", "name", "options"),
    [("rnn", "h", {"init_scale": 0.9}), ("lstm", "h", {"horizon": T}), ("lstm", "c", {"horizon": T})],
    ids=["RNN by h", "LSTM by h", "LSTM by c"],
)
def test_the_gradient_by_lag_is_that_of_central_differences(cell, name, options):
    net, x = network(cell, **options), np.random.default_rng(2).normal(size=(T, 1, D))
    flow = getattr(GradientByLag(net).flow(x), name)
    for lag in LAGS if cell == "lstm" else RNN_LAGS:
        offset, t = np.zeros(H), T - 1 - lag
        numeric = numerical_gradient(
            lambda offset=offset, t=t: answer_after_moving(net, x[:, 0], t, name, offset), offset
        )
        assert np.linalg.norm(numeric) > 1e-6  # what is compared is above the noise
        assert relative_error(flow[t, 0], numeric) < 1e-6


@pytest.mark.parametrize(("cell", "names"), [("rnn", ["h"]), ("lstm", ["h", "c"])])
def test_the_experiment_s_own_differences_agree_and_would_see_a_mistake(cell, names, monkeypatch):
    measured = GradientByLag(network(cell, **({"horizon": T} if cell == "lstm" else {"init_scale": 0.9})))
    x = np.random.default_rng(3).normal(size=(T, 1, D))
    lags = list(LAGS if cell == "lstm" else RNN_LAGS)
    errors = measured.disagreement(x, lags)
    assert list(errors) == names
    assert all(len(each) == len(lags) and max(each) < 1e-4 for each in errors.values())

    def one_step_late(dy, cache):
        flow = error_flow(dy, cache)
        return flow._replace(h=np.roll(flow.h, 1, axis=0), c=np.roll(flow.c, 1, axis=0))

    monkeypatch.setattr(gradient_flow, "error_flow", one_step_late)
    wrong = measured.disagreement(x, lags)
    assert all(min(each) > 1e-4 for each in wrong.values())


def test_norms_are_those_of_the_units_and_begin_at_the_loss():
    measured, x = GradientByLag(network("lstm")), np.random.default_rng(4).normal(size=(6, 3, D))
    norms, flow = measured.norms(x), measured.flow(x)
    readout = np.sqrt(np.sum(measured.readout**2))
    assert norms.h[0] == pytest.approx(readout, rel=1e-12)
    by_hand = [np.mean([np.sqrt(np.sum(row**2)) for row in flow.c[t]]) for t in (5, 4, 3, 2, 1, 0)]
    np.testing.assert_allclose(norms.c, by_hand, rtol=1e-12)
    curve = measured.curves(x)["c"]
    assert curve["lags"] == [0, 1, 2, 3, 4, 5]
    np.testing.assert_allclose(curve["norms"], norms.c / norms.c[0], rtol=1e-3)


def test_an_rnn_has_no_curve_of_c():
    x = np.zeros((4, 2, D))
    assert list(GradientByLag(network("rnn")).curves(x)) == ["h"]


@pytest.mark.parametrize(("read", "width"), [("each", 1), ("last", 2)])
def test_a_network_with_more_than_one_answer_is_refused(read, width):
    with pytest.raises(ArgumentError, match="expected 'last' and 1"):
        GradientByLag(SequenceNetwork(Build(hidden_size=H), D, width, read, 0))


def test_lags_are_dense_at_first_and_reach_the_last():
    lags = chosen_lags(999)
    assert lags[:11] == list(range(11))
    assert lags[-1] == 999
    assert {50, 100} <= set(lags)
    assert lags == sorted(set(lags))
    assert 50 <= len(lags) <= 75
    assert chosen_lags(5) == [0, 1, 2, 3, 4, 5]
    assert chosen_lags(0) == [0]


def test_a_lag_that_was_not_kept_is_refused():
    curve = {"lags": [0, 10], "norms": [1.0, 0.25], "horizon": 10}
    assert at_lag(curve, 10) == 0.25
    with pytest.raises(ArgumentError, match="lag=11"):
        at_lag(curve, 11)


def test_before_training_is_measured_what_training_begins_from():
    scale = replace(EXPERIMENT.small, budget=16)
    recipe = replace(scale.recipes()["LSTM"], learning_rate=1e-12)
    values = measure_trained(recipe, scale, 3)
    assert values["updates"] == 1
    for name in ("h", "c"):
        np.testing.assert_allclose(
            values["before"][name]["norms"], values["after"][name]["norms"], rtol=2e-3, atol=1e-12
        )


def test_one_unit_is_a_power_and_the_carousel_turns_without_loss():
    values = measure_one_unit()
    lags = np.arange(101)
    np.testing.assert_allclose(values["0.9"], 0.9**lags, rtol=1e-12)
    np.testing.assert_allclose(values["1.1"], 1.1**lags, rtol=1e-12)
    np.testing.assert_allclose(values["carousel"], 1, rtol=1e-12)
    assert values["0.9"][100] == pytest.approx(2.66e-5, rel=2e-3)
    assert values["1.1"][100] == pytest.approx(13780.61, rel=1e-6)


@pytest.mark.parametrize("radius", [0.9, 1.0, 1.1, 2.0])
def test_a_recurrent_matrix_has_the_spectral_radius_it_is_named_after(radius):
    weight = untrained("rnn", f"radius {radius:g}", 16, 100, 0).recurrent.parameters["weight_hh_l0"]
    assert np.abs(np.linalg.eigvals(weight)).max() == pytest.approx(radius, rel=1e-5)


def test_the_other_starts_are_what_they_say():
    weight = untrained("rnn", "orthogonal", 16, 100, 0).recurrent.parameters["weight_hh_l0"]
    np.testing.assert_allclose(weight @ weight.T, np.eye(16), atol=1e-6)
    uniform = untrained("rnn", "uniform", 16, 100, 0).recurrent.parameters["weight_hh_l0"]
    assert 0.2 < np.abs(uniform).max() <= 0.25
    for bias in (0, 1, 5):
        i, f, g, o = (
            untrained("lstm", f"forget bias {bias}", 16, 100, 0)
            .recurrent.parameters["bias_l0"]
            .reshape(4, 16)
        )
        assert (f == bias).all()
        assert not np.concatenate([i, g, o]).any()
    i, f, *_ = untrained("lstm", "chrono", 64, 100, 0).recurrent.parameters["bias_l0"].reshape(4, 64)
    np.testing.assert_array_equal(i, -f)
    assert f.min() > 0
    assert np.log(50) < f.max() <= np.log(100)


@pytest.mark.parametrize(("layer", "floats"), [(LSTM, 6), (RNN, 2)])
def test_what_is_kept_is_so_many_floats_a_unit_step_and_sequence(layer, floats):
    # Told by Python's own account of memory, and by the sum that the experiment makes.
    hidden, batch = 16, 8
    net = layer(2, hidden)
    kept, summed = [], []
    for steps in (500, 1000, 2000):
        x = np.zeros((steps, batch, 2), np.float32)
        tracemalloc.start()
        _, _, cache = net.forward(x)
        kept.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        del cache
        summed.append(cache_bytes(net, x))
    expected = 4 * floats * hidden * batch * np.array([500, 1000])
    np.testing.assert_array_equal(np.diff(summed), expected)
    np.testing.assert_allclose(np.diff(kept), expected, rtol=0.02)  # and a few small objects


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_two_thousand_steps_train_without_overflow(cell):
    values = measure_long(cell, Scale(lengths=(500, 1000, 2000), updates=3), 0)
    for steps in (500, 1000, 2000):
        assert values[str(steps)]["finite"]
        assert values[str(steps)]["updates"] == 3


def test_training_that_overflows_is_not_called_finite(monkeypatch):
    wild = replace(Scale().recipes()["RNN"], learning_rate=1e30, clip_norm=None)
    monkeypatch.setattr(Scale, "recipes", lambda scale: {"RNN": wild})
    assert not measure_long("rnn", Scale(lengths=(20,), updates=5), 0)["20"]["finite"]


def test_the_quick_version_reaches_what_is_expected(report):
    assert report.finding.reached, report.finding.verdict
    assert report.finding.verdict.startswith("What is expected is reached. 50 steps back")
    assert all(len(row) == len(report.finding.columns) for row in report.finding.rows)
    json.dumps(report.as_dict(), allow_nan=False)


def test_explosions_come_and_clipping_outlives_them(report):
    for result in of_group(report.results, "RNN of radius 2, trained with clipping"):
        assert result.values["largest_gradient"] > 100
        assert not result.values["diverged"]
    for result in of_group(report.results, "RNN of radius 2, trained without clipping"):
        assert result.values["largest_gradient"] > 100


def changed(report, group, change):
    """The results, with one trial's values altered in place by `change`."""
    results = copy.deepcopy(report.results)
    change(of_group(results, group)[-1].values)
    return results


def forget(values):
    values["after"]["c"]["norms"] = [
        norm * 0.8**lag for lag, norm in enumerate(values["after"]["c"]["norms"])
    ]


def remember(values):
    values["curves"]["h"]["norms"] = [1.0] * len(values["curves"]["h"]["norms"])


MISSES = {
    "a wrong power": ("one unit", lambda values: values["0.9"].__setitem__(100, 0.000017), "one unit"),
    "a wrong carousel": ("one unit", lambda values: values["carousel"].__setitem__(100, 0.999), "one unit"),
    "an LSTM that forgets": ("LSTM, trained with clipping", forget, "the LSTM's stays alive"),
    "an RNN that does not": ("RNN, uniform, H = 16", remember, "the RNN's gradient vanishes"),
    "wrong derivatives": (
        "LSTM, central differences",
        lambda values: values["errors"]["c"].__setitem__(2, 2e-4),
        "central differences agree",
    ),
    "overflow": (
        "RNN, long sequences",
        lambda values: values["400"].update(finite=False),
        "long sequences train",
    ),
    "more kept than stated": (
        "LSTM, long sequences",
        lambda values: values["400"].update(bytes=values["400"]["bytes"] * 7 // 6),
        "what is kept grows in step",
    ),
}


@pytest.mark.parametrize(("group", "change", "words"), MISSES.values(), ids=MISSES)
def test_what_is_expected_can_be_missed(report, group, change, words):
    finding = EXPERIMENT.conclude(changed(report, group, change))
    assert not finding.reached
    assert "NOT reached" in finding.verdict
    assert words in finding.verdict


def test_an_rnn_in_the_lstm_s_place_misses_it(report):
    swap = {"LSTM, trained with clipping": "RNN, trained with clipping"}
    swap |= {there: here for here, there in swap.items()}
    results = [replace(result, group=swap.get(result.group, result.group)) for result in report.results]
    finding = EXPERIMENT.conclude(results)
    assert not finding.reached
    assert "the LSTM's stays alive" in finding.verdict


def test_the_figure_has_every_network(report):
    pytest.importorskip("plotly")
    names = {trace.name for trace in report.figure().data}
    for result in report.results:
        if {"curves", "after"} & set(result.values):
            assert result.group.removesuffix(", H = 16") in names
    assert {"linear unit, weight 0.9", "LSTM unit, f = 1", "LSTM, before training"} <= names
