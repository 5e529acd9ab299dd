"""The multiplication problem: the product of the marked numbers, and when it is solved."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.lab.multiplication import EXPERIMENT
from gatewise.lab.network import Batch

TASK = EXPERIMENT.cases[0].task


def test_the_answer_is_the_product_of_the_marked_numbers():
    batch = TASK.draw(np.random.default_rng(0), 1000)
    assert 0 <= batch.x[..., 0].min() < 0.01
    assert 0.99 < batch.x[..., 0].max() <= 1
    for column, steps in enumerate(batch.lengths):
        marked = batch.x[:steps, column, 0][batch.x[:steps, column, 1] == 1]
        assert batch.targets[column, 0] == pytest.approx(marked.prod(), abs=1e-6), "the first pair counts 1"


def test_answering_with_the_mean_is_wrong():
    """E[X1 · X2] = 1/4; few products lie within 0.04 of it."""
    batch = TASK.draw(np.random.default_rng(1), 2000)
    wrong = TASK.criterion.wrong(TASK.errors(np.full((2000, 1), 0.25), batch))
    assert wrong > 1600
    assert not TASK.criterion.met(TASK.errors(np.full((2000, 1), 0.25), batch))


def test_as_many_as_the_case_allows_may_be_wrong():
    batch = Batch(np.zeros((1, 2000, 2)), np.zeros((2000, 1)))
    for case, allowed in zip(EXPERIMENT.cases, (139, 12, 0), strict=True):
        answers = np.zeros((2000, 1))
        answers[:allowed] = 0.05
        assert case.task.criterion.met(case.task.errors(answers, batch))
        answers[allowed] = 0.05
        assert not case.task.criterion.met(case.task.errors(answers, batch))
