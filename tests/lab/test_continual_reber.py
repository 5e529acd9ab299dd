"""Continual Reber: strings without a gap however they are read, and what becomes of the cells."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from gatewise.lab import run
from gatewise.lab.continual_reber import EXPERIMENT, ContinualReber
from gatewise.lab.experiment import of_group
from gatewise.lab.reber import SYMBOLS

NAMES = ("LSTM", "LSTM without forget gates")
STRING = re.compile(r"B([TP])B[TPSXV]+E\1E")


def text(codes):
    return "".join(SYMBOLS[code] for code in codes)


@pytest.fixture
def source():
    return ContinualReber().open(np.random.default_rng(0), 4)


@pytest.mark.parametrize("stretch", [1, 13, 300])
def test_a_stream_is_string_after_string_however_it_is_read(source, stretch):
    read = [source.read(stretch) for _ in range(300 // stretch)]
    streams = np.concatenate([batch.x for batch in read])
    for column in range(4):
        rest, found = text(streams[:, column]), 0
        while head := STRING.match(rest):
            rest, found = rest[head.end() :], found + 1
        assert found > 15
        assert len(rest) < 60, "the last one is not over"
    for batch, following in pairwise(read):
        assert np.array_equal(batch.targets[-1], following.x[0])
        assert np.array_equal(batch.targets[:-1], batch.x[1:])


def test_what_follows_may_come_and_behind_a_string_only_a_new_one(source):
    batch = source.read(400)
    assert np.take_along_axis(batch.meant, batch.targets[..., None], axis=-1).all()
    for column in range(4):
        symbols = text(batch.x[:, column])
        ends = [match.end() - 1 for match in STRING.finditer(symbols)]
        assert len(ends) > 20
        for end in ends:
            assert batch.meant[end, column].tolist() == [symbol == "B" for symbol in SYMBOLS]
    assert set(batch.meant.sum(axis=-1).ravel()) == {1, 2}


def test_a_stream_begins_afresh_where_it_is_told_to(source):
    before = source.read(23)
    source.restart(np.array([1, 3]))
    after = source.read(23)
    for column in (0, 2):
        assert np.array_equal(before.targets[-1, column], after.x[0, column])
    for column in (1, 3):
        assert text(after.x[:3, column]) in ("BTB", "BPB")


def test_an_answer_is_judged_by_what_may_come(source):
    batch = source.read(50)
    task = ContinualReber()
    answers = np.where(batch.meant, 1.0, 0.0)
    assert not task.wrong(answers, batch).any()
    answers[7, 2] = 0
    assert np.argwhere(task.wrong(answers, batch)).tolist() == [[7, 2]]


def test_the_exam_is_the_papers():
    (case,) = EXPERIMENT.cases
    assert case.test == (10, 100_000)
    assert [name for name, _ in case.networks] == ["LSTM", "LSTM without forget gates", "RNN"]


@pytest.mark.slow
def test_without_forget_gates_cells_run_away():
    """Quick version: with them the cells stay as they are, without them they grow with every string."""
    report = run("continual-reber", quick=True, jobs=1)
    cells = {name: of_group(report.results, f"{name}, {report.finding.rows[0][0]}") for name in NAMES}
    assert max(each.values["cell"] for each in cells["LSTM"]) < 50
    assert min(each.values["cell"] for each in cells["LSTM without forget gates"]) > 1000
