"""The adding problem: sequences as the paper describes them, and answers judged by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.lab.adding import EXPERIMENT, Adding, marked_pairs
from gatewise.lab.network import Batch


@pytest.fixture(scope="module")
def drawn():
    """Many sequences with T = 60, so 60 to 66 steps."""
    return marked_pairs(np.random.default_rng(0), 60, 3000, low=-1, unmarked_first=0)


def test_lengths_are_t_to_a_tenth_more_all_as_likely(drawn):
    lengths = drawn[1]
    assert set(lengths) == set(range(60, 67))
    np.testing.assert_allclose(np.bincount(lengths)[60:] / 3000, 1 / 7, atol=0.03)


def test_two_are_marked_and_the_ends_are(drawn):
    x, lengths, _ = drawn
    firsts, seconds = [], []
    for column, steps in enumerate(lengths):
        marks = x[:steps, column, 1]
        assert marks[0] == marks[-1] == -1
        assert set(marks) <= {-1, 0, 1}
        assert np.count_nonzero(marks == -1) == 2
        marked = np.flatnonzero(marks == 1)
        # The first pair keeps its -1 even where it is one of the two.
        assert 1 <= len(marked) <= 2
        assert marked[0] < 10 or len(marked) == 1
        firsts.append(marked.min())
        seconds.append(marked.max())
    assert min(firsts) == 1
    assert max(seconds) == 60 // 2 - 2, "among the first T/2 - 1"


def test_the_sum_is_that_of_the_marked_numbers(drawn):
    x, lengths, numbers = drawn
    single = 0
    for column, steps in enumerate(lengths):
        marked = x[:steps, column, 0][x[:steps, column, 1] == 1]
        single += len(marked) == 1
        assert numbers[:, column].sum() == pytest.approx(marked.sum(), abs=1e-6), "the first pair counts 0"
    # One of ten times the first number is the first pair; the second is it then one time in 28.
    assert single / 3000 == pytest.approx(0.1 + 0.9 / 28, abs=0.025)


def test_numbers_fill_their_range(drawn):
    x = drawn[0][..., 0]
    assert -1 <= x.min() < -0.99
    assert 0.99 < x.max() <= 1
    assert x.mean() == pytest.approx(0, abs=0.01)


def test_the_answer_is_scaled_to_one():
    batch = Adding(60).draw(np.random.default_rng(1), 500)
    assert batch.targets.shape == (500, 1)
    assert 0 <= batch.targets.min() < 0.15
    assert 0.85 < batch.targets.max() <= 1
    for column, steps in enumerate(batch.lengths):
        marked = batch.x[:steps, column, 0][batch.x[:steps, column, 1] == 1]
        assert batch.targets[column, 0] == pytest.approx(0.5 + marked.sum() / 4, abs=1e-6)


def test_right_is_off_by_less_than_four_hundredths():
    task = Adding(60)
    batch = Batch(np.zeros((1, 3, 2)), np.array([[0.5], [0.5], [0.5]]))
    errors = task.errors(np.array([[0.539], [0.541], [0.459]]), batch)
    np.testing.assert_allclose(errors, [0.039, 0.041, 0.041])
    assert task.criterion.wrong(errors) == 2


def test_the_criterion_is_the_papers():
    assert [case.task.steps for case in EXPERIMENT.cases] == [100, 500, 1000]
    for case in EXPERIMENT.cases:
        criterion = case.task.criterion
        assert (criterion.window, criterion.tolerance, criterion.mean) == (2000, 0.04, 0.01)
    # Table 7 of the paper.
    assert [case.published.sequences for case in EXPERIMENT.cases] == [74_000, 209_000, 853_000]
