"""Long time lags: the sequences of 2a, 2b and 2c, and what must be right."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.lab.long_lags import EXPERIMENT, NoiseFree, Noisy

CASES = {case.label: case.task for case in EXPERIMENT.cases}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def probable(classes, kinds, at_class):
    """Answers with this probability at the class, the rest at one other place."""
    probabilities = np.full((*classes.shape, kinds), 1e-12)
    np.put_along_axis(probabilities, (classes[..., None] + 1) % kinds, 1 - at_class, axis=-1)
    np.put_along_axis(probabilities, classes[..., None], at_class, axis=-1)
    return np.log(probabilities)


def test_2a_has_two_sequences_which_differ_at_their_ends_alone(rng):
    task = NoiseFree(7)
    batch = task.draw(rng, 400)
    whole = np.concatenate([batch.x, batch.targets[-1:]])
    assert {tuple(column.tolist()) for column in whole.T} == {
        (6, 0, 1, 2, 3, 4, 5, 6),
        (7, 0, 1, 2, 3, 4, 5, 7),
    }
    assert np.array_equal(batch.x[1:], batch.targets[:-1])
    assert np.mean(batch.x[0] == 7) == pytest.approx(0.5, abs=0.1)
    assert (task.input_size, task.output_size, len(batch.x)) == (8, 8, 7)


def test_2a_is_solved_when_both_are_right_at_every_step(rng):
    task = NoiseFree(7)
    (both,) = task.exam(rng)
    assert sorted(both.x[0]) == [6, 7]
    right = probable(both.targets, 8, 0.8)
    assert task.criterion.wrong(task.errors(right, both)) == 0
    for step in (0, 3, 6):
        answers = right.copy()
        answers[step, 1] = probable(both.targets[step, 1], 8, 0.7)
        assert task.criterion.wrong(task.errors(answers, both)) == 1


def test_2b_has_random_symbols_between_and_only_the_last_answer_counts(rng):
    task = CASES["2b, p = 100"]
    batch = task.draw(rng, 300)
    assert np.array_equal(batch.x[0], batch.targets[-1])
    assert set(batch.x[0]) == {99, 100}
    between = np.bincount(batch.x[1:].ravel(), minlength=101)
    assert between[99:].sum() == 0
    np.testing.assert_allclose(between[:99] / between.sum(), 1 / 99, atol=0.002)
    assert batch.mask[-1].all()
    assert not batch.mask[:-1].any()
    answers = np.zeros((100, 300, 101))
    answers[-1] = probable(batch.targets[-1], 101, 0.76)
    assert task.criterion.wrong(task.errors(answers, batch)) == 0
    answers[-1] = probable(batch.targets[-1], 101, 0.74)
    assert task.criterion.wrong(task.errors(answers, batch)) == 300


def test_2c_waits_for_a_trigger_of_its_own_time(rng):
    task = Noisy(prefix=5, symbols=3)
    batch = task.draw(rng, 5000)
    e, b, x, y = 3, 4, 5, 6
    for column in range(50):
        symbols = batch.x[: batch.lengths[column], column]
        assert symbols[0] == b
        assert symbols[1] == (y if batch.targets[column] else x)
        assert symbols[-1] == e
        assert set(symbols[2:-1]) <= {0, 1, 2}
    waits = batch.lengths - 2 - 5
    assert waits.min() == 1
    # With probability 0.1 at each step: ten steps in the mean, and none after k with 0.9 to the k.
    assert waits.mean() == pytest.approx(10, abs=0.5)
    assert np.mean(waits > 10) == pytest.approx(0.9**10, abs=0.02)


def test_2c_must_be_nearer_than_a_fifth(rng):
    task = CASES["2c, p = q = 100"]
    batch = task.draw(rng, 4)
    errors = task.errors(probable(batch.targets, 2, 0.81), batch)
    np.testing.assert_allclose(errors, 0.19, atol=1e-9)
    assert task.criterion.wrong(errors) == 0
    assert task.criterion.wrong(task.errors(probable(batch.targets, 2, 0.79), batch)) == 4


def test_lags_and_windows_are_the_papers():
    assert list(CASES) == [
        "2a, p = 100",
        "2a, p = 1,000",
        "2b, p = 100",
        "2c, p = q = 100",
        "2c, p = q = 1,000",
    ]
    for label in ("2b, p = 100", "2c, p = q = 100", "2c, p = q = 1,000"):
        assert CASES[label].criterion.allowed == 0
        exam = CASES[label].exam(np.random.default_rng(0))
        assert sum(batch.x.shape[1] for batch in exam) == 10_000
    assert CASES["2c, p = q = 1,000"].input_size == 1004
