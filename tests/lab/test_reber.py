"""The embedded Reber grammar: strings, checked by a grammar of their own, and when an answer is wrong."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gatewise.lab.reber import SYMBOLS, EmbeddedReber, embedded_string, wrong_steps

# The Reber grammar as a regular expression. The way by T: S*, then X and on, or X S to the end; the way by
# P: T*, then V; from there P X leads back, P S and V end. Both meet in the loops.
_FROM_2 = r"T*V(?:PXT*V)*(?:PS|V)"
_REBER = re.compile(rf"B(?:TS*X(?:S|X{_FROM_2})|P{_FROM_2})E")


@pytest.fixture(scope="module")
def strings():
    rng = np.random.default_rng(0)
    return [embedded_string(rng) for _ in range(5000)]


def test_a_string_is_one_of_the_grammar_between_two_equal_symbols(strings):
    for symbols, _ in strings:
        assert symbols[0] == "B"
        assert symbols[-1] == "E"
        assert symbols[1] == symbols[-2]
        assert symbols[1] in "TP"
        assert _REBER.fullmatch(symbols[2:-2]), symbols


@pytest.mark.parametrize(
    ("inner", "valid"),
    [("BTXSE", True), ("BPVVE", True), ("BTSSXXTVVE", True), ("BPTVPXTTVPSE", True), ("BTXVE", False)],
)
def test_the_expression_knows_published_strings(inner, valid):
    assert bool(_REBER.fullmatch(inner)) is valid


def test_what_may_come_is_what_comes_after_the_same_beginning(strings):
    """Found from the strings alone: after each beginning that came often, all that followed it."""
    followed = {}
    told = {}
    for symbols, nexts in strings:
        assert len(nexts) == len(symbols) - 1
        for step, may_come in enumerate(nexts):
            followed.setdefault(symbols[: step + 1], []).append(symbols[step + 1])
            told.setdefault(symbols[: step + 1], set(may_come))
            assert told[symbols[: step + 1]] == set(may_come)
    often = {beginning: after for beginning, after in followed.items() if len(after) > 30}
    assert len(often) > 40
    for beginning, after in often.items():
        assert set(after) == told[beginning], beginning


def test_both_ways_are_as_likely(strings):
    for place in (1, 3):
        share = np.mean([symbols[place] == "T" for symbols, _ in strings])
        assert share == pytest.approx(0.5, abs=0.025)


def test_learnt_and_measured_strings_are_different():
    task = EmbeddedReber()
    exam = task.exam(np.random.default_rng(0))[0]
    whole = [
        "".join(SYMBOLS[code] for code in exam.x[:steps, column]) for column, steps in enumerate(exam.lengths)
    ]
    assert len(set(whole)) == len(whole) == 512
    drawn = task.draw(np.random.default_rng(0), 2000)
    learnt = {
        "".join(SYMBOLS[code] for code in drawn.x[:steps, column])
        for column, steps in enumerate(drawn.lengths)
    }
    assert learnt <= set(whole[:256])
    assert len(learnt) > 200


def test_a_batch_says_what_follows_and_what_may():
    batch = EmbeddedReber().exam(np.random.default_rng(0))[0]
    for column in range(0, 512, 50):
        steps = batch.lengths[column]
        x, targets = (
            "".join(SYMBOLS[code] for code in codes[:steps, column]) for codes in (batch.x, batch.targets)
        )
        assert x[1:] == targets[:-1]
        assert targets.endswith(x[1] + "E")
        assert batch.mask[:, column].tolist() == [True] * steps + [False] * (len(batch.x) - steps)
        assert batch.meant[np.arange(steps), column, batch.targets[:steps, column]].all()
        assert not batch.meant[steps:, column].any()


def test_a_step_is_wrong_if_a_symbol_that_may_not_come_is_as_high():
    may_come = np.array([1, 1, 0, 0, 0, 0, 0], bool)
    answers = np.array(
        [
            [2, 1, 0, 0, 0, 0, 0],
            [2, 1, 1, 0, 0, 0, 0],
            [2, 0, 1, 0, 0, 0, 0],
            [9, 8, -1, 7, 7, 7, 7],
            [np.nan, 1, 0, 0, 0, 0, 0],
        ]
    )
    assert wrong_steps(answers, may_come).tolist() == [False, True, True, False, True]
    assert not wrong_steps(answers[:1], np.zeros(7, bool)).any(), "in the padding nothing is"


def test_one_wrong_step_makes_a_string_wrong():
    task = EmbeddedReber()
    batch = task.exam(np.random.default_rng(0))[0]
    answers = np.where(batch.meant, 1.0, 0.0)
    assert task.criterion.wrong(task.errors(answers, batch)) == 0
    answers[1, 3] = 0
    assert task.criterion.wrong(task.errors(answers, batch)) == 1
