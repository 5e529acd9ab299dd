"""What an answer rests on: gradients by central differences, shares that add up, occlusion done again."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.magnify.connectivity import connectivity
from gatewise.magnify.readers import read
from gatewise.nn import LSTM, RNN

T, D, H = 12, 3, 5

STACKS = {
    "LSTM": LSTM(D, H, seed=1, dtype=np.float64),
    "two layers, peepholes": LSTM(D, H, num_layers=2, peephole=True, seed=1, dtype=np.float64),
    "both directions": LSTM(D, H, bidirectional=True, seed=1, dtype=np.float64),
    "RNN": RNN(D, H, num_layers=2, seed=1, dtype=np.float64),
}
for _stack in STACKS.values():
    _stack.parameters.vector[...] = np.random.default_rng(5).normal(0, 0.7, _stack.parameters.vector.size)


@pytest.fixture(params=STACKS)
def reading(request):
    return read(STACKS[request.param], np.random.default_rng(4).normal(size=(T, D)))


def answer(reading, x, step):
    y, _ = reading.recurrent(x)
    return float(y[step].sum())


@pytest.mark.parametrize("step", [4, T - 1])
def test_gradient_times_input_by_central_differences(reading, step):
    found = connectivity(reading, step).gradient_input
    for t in range(T):
        slope = 0
        for k in range(D):
            above, below = reading.x.copy(), reading.x.copy()
            above[t, 0, k] += 1e-6
            below[t, 0, k] -= 1e-6
            slope += (answer(reading, above, step) - answer(reading, below, step)) / 2e-6 * reading.x[t, 0, k]
        assert found[t] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("step", [4, T - 1])
def test_integrated_gradients_add_up_to_the_difference(reading, step):
    found = connectivity(reading, step, points=64)
    difference = answer(reading, reading.x, step) - answer(reading, np.zeros_like(reading.x), step)
    assert found.answer - found.blank_answer == pytest.approx(difference)
    assert found.integrated.sum() == pytest.approx(difference, rel=1e-6)
    assert found.completeness_error < 1e-6
    coarse = connectivity(reading, step, points=1)
    assert coarse.completeness_error > found.completeness_error, "the error is measured, not assumed"
    assert coarse.completeness_error == pytest.approx(
        abs(coarse.integrated.sum() - difference) / abs(difference)
    )


def test_points_grow_until_the_sum_is_right(reading, monkeypatch):
    """And where it is right already, they stay as they are."""
    module = sys.modules[connectivity.__module__]
    coarse, fine = connectivity(reading, points=1), connectivity(reading, points=64)
    assert coarse.completeness_error > 1e-3
    monkeypatch.setattr(module, "_POINTS", (1, 64))
    for enough, expected in ((coarse.completeness_error / 2, fine), (coarse.completeness_error * 2, coarse)):
        monkeypatch.setattr(module, "_COMPLETE", enough)
        np.testing.assert_array_equal(connectivity(reading).integrated, expected.integrated)


def test_integrated_gradients_by_a_slow_sum(reading):
    found = connectivity(reading, points=40).integrated
    total = np.zeros(T)
    many = 400
    for k in range(many):
        x = reading.x * (k + 0.5) / many
        y, _, cache = reading.recurrent.look(x)
        dy = np.zeros_like(y)
        dy[-1] = 1
        dx, _ = reading.recurrent.error_flow(dy, cache)
        total += (dx * reading.x).sum(axis=(1, 2)) / many
    np.testing.assert_allclose(found, total, rtol=1e-3, atol=1e-5)


def test_occlusion_takes_one_step_away(reading):
    found = connectivity(reading).occluded
    for t in range(T):
        x = reading.x.copy()
        x[t] = 0
        assert found[t] == pytest.approx(answer(reading, reading.x, -1) - answer(reading, x, -1), abs=1e-12)


@pytest.mark.parametrize("step", [6, T - 1])
def test_the_nearest_steps_are_measured_with_the_others_as_they_are(reading, step):
    """Three steps, and by hand: each share is what it is when the other steps are not touched."""
    found = connectivity(reading, step, past=3)
    both_ways = reading.recurrent.bidirectional
    measured = [5, 6, 7] if both_ways and step == 6 else [step - 2, step - 1, step]
    blank = reading.x.copy()
    blank[measured] = 0
    difference = answer(reading, reading.x, step) - answer(reading, blank, step)
    assert found.answer - found.blank_answer == pytest.approx(difference)
    assert np.nansum(found.integrated) == pytest.approx(difference, rel=1e-6)
    assert found.completeness_error < 1e-6
    whole = connectivity(reading, step, past=None)
    for shares in (found.gradient_input, found.integrated, found.occluded):
        later = [] if both_ways else list(range(step + 1, T))
        assert np.flatnonzero(np.isfinite(shares)).tolist() == measured + later
        assert not shares[later].any(), "what comes later has no part in it"
    np.testing.assert_allclose(found.gradient_input[measured], whole.gradient_input[measured])
    np.testing.assert_allclose(found.occluded[measured], whole.occluded[measured])


def test_in_a_linear_network_all_three_agree():
    """A rectifier that never shuts: the answer is a sum of shares, and each of the three finds them."""
    rnn = RNN(D, H, activation="relu", seed=0, dtype=np.float64)
    rng = np.random.default_rng(1)
    for view in rnn.parameters.values():
        view[...] = rng.uniform(0, 0.3, view.shape)
    reading = read(rnn, rng.uniform(0.5, 1, (T, D)))
    found = connectivity(reading, points=4)
    np.testing.assert_allclose(found.gradient_input, found.integrated, rtol=1e-9)
    np.testing.assert_allclose(found.gradient_input, found.occluded, rtol=1e-9)


def test_later_steps_have_no_part_unless_the_stack_reads_both_ways():
    data = np.random.default_rng(4).normal(size=(T, D))
    forward = connectivity(read(STACKS["LSTM"], data), 4)
    assert not forward.gradient_input[5:].any()
    assert not forward.integrated[5:].any()
    both = connectivity(read(STACKS["both directions"], data), 4)
    assert both.gradient_input[5:].all()
    assert both.occluded[5:].all()


@pytest.mark.parametrize("arguments", [{"points": 0}, {"past": 0}, {"step": T}, {"step": 1.0}])
def test_bad_arguments(arguments):
    reading = read(STACKS["LSTM"], np.zeros((T, D)))
    with pytest.raises(ArgumentError, match="expected"):
        connectivity(reading, **arguments)
