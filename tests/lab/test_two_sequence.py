"""The two-sequence problem: class, noise on the line and on the targets, and the paper's criteria."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gatewise.lab.network import Batch
from gatewise.lab.two_sequence import EXPERIMENT, TwoSequence

CASES = {case.label: case.task for case in EXPERIMENT.cases}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_3a_begins_with_its_class_without_noise(rng):
    batch = CASES["3a, T = 100, N = 3"].draw(rng, 2000)
    start = batch.x[:3, :, 0]
    assert np.all(np.abs(start) == 1)
    assert np.all(start == start[0])
    assert np.array_equal(batch.targets[:, 0], (start[0] + 1) / 2)
    assert batch.targets.mean() == pytest.approx(0.5, abs=0.05)
    noise = batch.x[3:, :, 0]
    assert noise.mean() == pytest.approx(0, abs=0.005)
    assert noise.var() == pytest.approx(0.2, abs=0.005)


def test_3b_has_the_noise_on_the_class_too(rng):
    batch = CASES["3b, T = 100, N = 1"].draw(rng, 20_000)
    start = batch.x[0, :, 0] - np.where(batch.targets[:, 0] == 1, 1, -1)
    assert start.mean() == pytest.approx(0, abs=0.02)
    assert start.var() == pytest.approx(0.2, abs=0.01)
    # So that some cannot be told from one number: P(N(0, 0.2) > 1).
    other_side = np.mean(np.sign(batch.x[0, :, 0]) != np.where(batch.targets[:, 0] == 1, 1, -1))
    expected = math.erfc(1 / math.sqrt(0.2) / math.sqrt(2)) / 2
    assert other_side == pytest.approx(expected, abs=0.003)


def test_3c_has_it_on_the_targets_and_is_judged_without(rng):
    task = CASES["3c, T = 100, N = 3"]
    batch = task.draw(rng, 20_000)
    assert set(batch.meant[:, 0].tolist()) == {np.float32(0.2).item(), np.float32(0.8).item()}
    noise = (batch.targets - batch.meant)[:, 0]
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.var() == pytest.approx(0.1, abs=0.005)
    assert np.array_equal(batch.meant[:, 0] > 0.5, batch.x[0, :, 0] > 0)
    assert np.all(np.abs(batch.x[:3]) == 1), "no noise on the class"
    assert np.array_equal(task.errors(batch.meant, batch), np.zeros(20_000))


def test_lengths(rng):
    lengths = CASES["3a, T = 1,000, N = 3"].draw(rng, 1000).lengths
    assert 1000 <= lengths.min() < 1005
    assert 1095 < lengths.max() <= 1100


@pytest.mark.parametrize(
    ("label", "tolerance", "allowed", "mean"),
    [
        ("3a, T = 100, N = 1", 0.2, 0, 0.01),
        ("3b, T = 100, N = 3", 0.2, 5, 0.04),
        ("3c, T = 100, N = 1", 0.1, 0, 0.015),
    ],
)
def test_the_criteria_are_the_papers(label, tolerance, allowed, mean):
    criterion = CASES[label].criterion
    errors = np.zeros(256)
    errors[:allowed] = tolerance + 0.01
    assert criterion.met(errors)
    errors[allowed] = tolerance + 0.01
    assert not criterion.met(errors), "one more is wrong"
    assert not criterion.met(np.full(256, mean * 1.01)), "right, but not on the whole"
    assert criterion.met(np.full(256, mean * 0.99))
    assert criterion.window == 256
    assert [len(batch.targets) for batch in CASES[label].exam(np.random.default_rng(0))] == [64] * 4


def test_the_distance_is_from_the_class():
    task = TwoSequence(10, 1, EXPERIMENT.cases[0].task.criterion)
    batch = Batch(np.zeros((1, 2, 1)), np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(task.errors(np.array([[0.1], [0.7]]), batch), [0.1, 0.3])
