"""Temporal order: where the symbols are, what the class says, and when an answer is right."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.lab.temporal_order import EXPERIMENT

CASES = pytest.mark.parametrize("case", EXPERIMENT.cases, ids=lambda case: case.label)
E, B, X, Y = 4, 5, 6, 7


@CASES
def test_a_sequence_is_noise_but_for_its_ends_and_the_symbols(case):
    batch = case.task.draw(np.random.default_rng(0), 500)
    for column, steps in enumerate(batch.lengths):
        x = batch.x[:steps, column]
        assert 100 <= steps <= 110
        assert x[0] == E
        assert x[-1] == B
        marked = np.flatnonzero(x >= X)
        assert len(marked) == len(case.task.places)
        for place, (first, last) in zip(marked, case.task.places, strict=True):
            assert first <= place <= last
        noise = np.delete(x[1:-1], marked - 1)
        assert set(noise) <= {0, 1, 2, 3}


@CASES
def test_the_class_is_the_order(case):
    batch = case.task.draw(np.random.default_rng(1), 2000)
    orders = {}
    for column, steps in enumerate(batch.lengths):
        x = batch.x[:steps, column]
        orders.setdefault(tuple(x[x >= X]), set()).add(int(batch.targets[column]))
    assert all(len(classes) == 1 for classes in orders.values())
    assert {min(classes) for classes in orders.values()} == set(range(case.task.output_size))
    shares = np.bincount(batch.targets) / 2000
    np.testing.assert_allclose(shares, 1 / case.task.output_size, atol=0.04)


def test_two_three_and_four_symbols_are_four_eight_and_sixteen_classes():
    assert [case.task.output_size for case in EXPERIMENT.cases] == [4, 8, 16]
    assert [case.task.places for case in EXPERIMENT.cases[:2]] == [
        ((10, 20), (50, 60)),
        ((10, 20), (33, 43), (66, 76)),
    ]


def test_every_output_must_be_off_by_less_than_three_tenths():
    task = EXPERIMENT.cases[0].task
    batch = task.draw(np.random.default_rng(2), 2)
    batch.targets[...] = [0, 2]
    answers = np.log(np.array([[0.71, 0.29, 1e-9, 1e-9], [1e-9, 0.31, 0.69, 1e-9]]))
    errors = task.errors(answers, batch)
    np.testing.assert_allclose(errors, [0.29, 0.31], atol=1e-6)
    assert task.criterion.wrong(errors) == 1
    assert (task.criterion.window, task.criterion.allowed, task.criterion.mean) == (2000, 0, 0.1)
