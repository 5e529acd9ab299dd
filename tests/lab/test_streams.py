"""Streams: what is carried, where a stream begins afresh, how far a network gets, and when it is solved."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from gatewise.lab import streams
from gatewise.lab.network import Batch, Build, SequenceNetwork
from gatewise.lab.streams import Endless, Step, StreamRecipe, largest_cell, learn_stream, steps_until_error
from gatewise.types import State


class Counting:
    """Streams that count 0, 1, 2, 0, 1, 2 ... from 0, and are told what comes next."""

    def __init__(self, streams):
        self.at = np.zeros(streams, np.intp)
        self.restarted = []
        self.read_steps = []

    def read(self, steps):
        self.read_steps.append(steps)
        symbols = (self.at + np.arange(steps + 1)[:, None]) % 3
        self.at = symbols[-1]
        return Batch(symbols[:-1], symbols[1:])

    def restart(self, streams):
        self.restarted.append(streams.tolist())
        self.at[streams] = 0


@dataclass(frozen=True)
class Count:
    """Which number comes next; ``never`` right, if asked for."""

    never: bool = False
    opened: list = field(default_factory=list)
    input_size: int = 3
    output_size: int = 3

    def open(self, rng, streams):
        self.opened.append(Counting(streams))
        return self.opened[-1]

    def wrong(self, answers, batch):
        return (answers.argmax(axis=-1) != batch.targets) | self.never


class Scripted:
    """A network in whose place answers are given: right until a step, which differs between streams."""

    def __init__(self, until):
        self.until = np.array(until)
        self.step = 0
        self.states = []

    def outputs(self, x, lengths=None, state=None):
        self.states.append(state)
        steps = self.step + np.arange(len(x))[:, None]
        self.step += len(x)
        answers = np.eye(3)[(x + 1 + (steps == self.until)) % 3]
        return answers, f"state after {self.step}"


RECIPE = StreamRecipe(Build(hidden_size=6), budget=12_000, stretch=10, streams=4, learning_rate=3e-2)


@pytest.mark.parametrize("stretch", [1, 7, 500])
def test_how_far_a_network_gets_before_its_first_error(stretch):
    network = Scripted([0, 5, 13, 99])
    reached = steps_until_error(network, Count(), np.random.default_rng(0), 4, 20, stretch)
    assert reached.tolist() == [0, 5, 13, 20]
    assert network.states[0] is None
    assert network.states[1:] == [f"state after {stretch * k}" for k in range(1, len(network.states))]


def test_it_stops_when_all_have_met_an_error():
    task = Count()
    reached = steps_until_error(Scripted([3, 12]), task, np.random.default_rng(0), 2, 1000, 10)
    assert reached.tolist() == [3, 12]
    assert task.opened[0].read_steps == [10, 10]


def test_the_largest_cell_is_found_after_ten_thousand_steps():
    class Growing:
        steps = 0

        def outputs(self, x, lengths=None, state=None):
            self.steps += len(x)
            cells = np.array([[[1.0, 2.0], [-3.0 * self.steps, 0.0]]])
            return np.zeros((*x.shape, 3)), State(np.zeros_like(cells), cells)

    assert largest_cell(Growing(), Count(), np.random.default_rng(0), 2) == 30_000
    rnn = SequenceNetwork(Build("rnn", 4), 3, 3, "each", 0)
    assert largest_cell(rnn, Count(), np.random.default_rng(0), 2) == 0


def draw_words(rng):
    """Words of one letter, repeated 1 to 4 times; the answer is how often, at the end."""
    letter, times = int(rng.integers(3)), int(rng.integers(1, 5))
    return [Step(letter, times, step == times, [bool(letter)]) for step in range(1, times + 1)]


@pytest.mark.parametrize("stretch", [1, 7, 100])
def test_strings_follow_each_other_however_they_are_read(stretch):
    read = Endless(draw_words, np.random.default_rng(0), 3)
    batches = [read.read(stretch) for _ in range(100 // stretch)]
    for batch in batches:
        assert batch.x.shape == batch.targets.shape == batch.mask.shape == (stretch, 3)
        assert batch.meant.shape == (stretch, 3, 1)
        assert np.array_equal(batch.meant[..., 0], batch.x > 0)
    for column in range(3):
        steps = [
            (int(batch.x[step, column]), int(batch.targets[step, column]), bool(batch.mask[step, column]))
            for batch in batches
            for step in range(stretch)
        ]
        while steps:
            (letter, times, _), rest = steps[0], steps
            word, steps = rest[:times], rest[times:]
            assert word == [(letter, times, step == times) for step in range(1, len(word) + 1)]


def test_a_restarted_stream_begins_with_a_new_string():
    source = Endless(lambda rng: [Step(k, 0) for k in range(5)], np.random.default_rng(0), 3)
    source.read(7)
    source.restart(np.array([1]))
    assert source.read(4).x.T.tolist() == [[2, 3, 4, 0], [0, 1, 2, 3], [2, 3, 4, 0]]


def test_only_the_first_error_counts():
    class Twice(Scripted):
        def outputs(self, x, lengths=None, state=None):
            answers, last = super().outputs(x)
            answers[8] = np.roll(answers[8], 1, axis=-1)
            return answers, last

    reached = steps_until_error(Twice([2]), Count(), np.random.default_rng(0), 1, 30, 10)
    assert reached.tolist() == [2]


def test_it_is_solved_when_a_whole_exam_is_right():
    values = learn_stream(Count(), RECIPE, (3, 40), seed=0)
    assert values["solved"]
    assert values["steps"] < 12_000
    assert values["curve"][-1] == [values["steps"], 40.0]
    assert values["curve"][0][1] < 40
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_what_is_never_right_spends_the_budget_and_is_not_solved():
    values = learn_stream(Count(never=True), RECIPE, (3, 40), seed=0)
    assert not values["solved"]
    assert values["steps"] == 12_000
    assert {reached for _, reached in values["curve"]} == {0.0}
    assert len(values["curve"]) == pytest.approx(RECIPE.exams, abs=3)


def test_a_stream_that_met_an_error_begins_afresh_and_the_others_go_on(monkeypatch):
    given = []

    class Watched(SequenceNetwork):
        def learn(self, batch, state=None):
            given.append(None if state is None else (state.h[-1].copy(), state.c[-1].copy()))
            loss, answers, last = super().learn(batch, state)
            given.append((last.h[-1].copy(), last.c[-1].copy()))
            return loss, answers, last

    @dataclass(frozen=True)
    class SecondIsWrong(Count):
        def wrong(self, answers, batch):
            found = np.zeros(batch.targets.shape, bool)
            found[3, 1] = True
            return found

    monkeypatch.setattr(streams, "SequenceNetwork", Watched)
    task = SecondIsWrong()
    learn_stream(task, replace(RECIPE, budget=80), (2, 10), seed=0)
    assert task.opened[0].restarted == [[1], [1]]
    first, (h_then, c_then), (h_next, c_next), _ = given
    assert first is None
    for then, following in ((h_then, h_next), (c_then, c_next)):
        assert np.any(then[1])
        assert not np.any(following[1])
        others = [0, 2, 3]
        assert np.array_equal(then[others], following[others])


def test_weights_and_streams_come_from_the_seed():
    first, again, other = (learn_stream(Count(), RECIPE, (3, 40), seed) for seed in (0, 0, 1))
    assert first == again != other


def test_a_network_that_diverges_is_a_result():
    values = learn_stream(Count(never=True), replace(RECIPE, learning_rate=1e38), (3, 40), seed=0)
    assert values["diverged"]
    assert not values["solved"]
    json.dumps(values, allow_nan=False)


def test_ctrl_c_ends_it(monkeypatch):
    monkeypatch.setattr(streams.Loop, "run", lambda self: "interrupted")
    with pytest.raises(KeyboardInterrupt):
        learn_stream(Count(), RECIPE, (3, 40), seed=0)
