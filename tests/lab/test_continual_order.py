"""Continual temporal order: sequences without a gap, an answer at the end of each, and when it is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.lab.continual_order import EXPERIMENT

CASES = pytest.mark.parametrize("case", EXPERIMENT.cases, ids=lambda case: case.label)
E, B, X = 4, 5, 6


@CASES
def test_a_stream_is_sequence_after_sequence(case):
    batch = case.task.open(np.random.default_rng(0), 3).read(1200)
    for column in range(3):
        ends = np.flatnonzero(batch.mask[:, column])
        assert len(ends) >= 10
        starts = [0, *(ends[:-1] + 1)]
        for start, end in zip(starts, ends, strict=True):
            symbols = batch.x[start : end + 1, column]
            assert 100 <= len(symbols) <= 110
            assert (symbols[0], symbols[-1]) == (E, B)
            assert np.isin(symbols[1:-1], [E, B]).sum() == 0
            order = symbols[symbols >= X] - X
            expected = int("".join(map(str, order)), 2)
            assert set(batch.targets[start : end + 1, column]) == {expected}


def test_only_an_answer_at_an_end_can_be_wrong():
    task = EXPERIMENT.cases[0].task
    batch = task.open(np.random.default_rng(1), 2).read(250)
    answers = np.zeros((250, 2, 4))
    assert np.array_equal(task.wrong(answers, batch), batch.mask), "undecided everywhere"
    np.put_along_axis(answers, batch.targets[..., None], 10, axis=-1)
    assert not task.wrong(answers, batch).any()
    (step, *_) = np.flatnonzero(batch.mask[:, 1])
    # Softmax of (log 3, 0, 0, 0) is 1/2 and three times 1/6; of (log 8, ...) it is 8/11, off by 3/11.
    answers[step, 1] = 0
    answers[step, 1, batch.targets[step, 1]] = np.log(3)
    assert np.argwhere(task.wrong(answers, batch)).tolist() == [[step, 1]]
    answers[step, 1, batch.targets[step, 1]] = np.log(8)
    assert not task.wrong(answers, batch).any()


@CASES
def test_all_but_the_lstm_are_to_fail(case):
    assert case.unable == ("LSTM without forget gates", "RNN")
    assert case.test == (10, 100_000)
