"""Learning until the last so many were right: how it is counted, when it ends, and what can go wrong."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, replace

import numpy as np
import pytest

from gatewise.lab import presentations
from gatewise.lab.network import Batch, Build, SequenceNetwork
from gatewise.lab.presentations import (
    TESTS,
    Criterion,
    Recipe,
    Task,
    count_wrong,
    fresh,
    present,
    presentation_trials,
    train,
)
from gatewise.random_streams import Purpose, stream
from gatewise.training import Stepped

CRITERION = Criterion(window=64, tolerance=0.4)


@dataclass(frozen=True)
class Sign(Task):
    """The sign of one number: learnt within a few batches."""

    criterion: Criterion = CRITERION
    noise: bool = False
    failing_exam: bool = False
    input_size: int = 1
    output_size: int = 1
    read: str = "last"

    def draw(self, rng, size):
        signs = rng.choice([-1.0, 1.0], size)
        answers = rng.choice([-1.0, 1.0], size) if self.noise else signs
        x = signs.reshape(1, size, 1)
        return Batch(x.astype(np.float32), answers[:, None].astype(np.float32))

    def errors(self, answers, batch):
        return np.abs(answers - batch.targets)[:, 0]

    def exam(self, rng):
        if not self.failing_exam:
            return ()
        easy = self.draw(rng, 20)
        return [easy, Batch(np.ones((1, 2, 1), np.float32), np.array([[1.0], [-1.0]], np.float32))]


RECIPE = Recipe(Build(hidden_size=4), budget=4000, learning_rate=3e-2, batch_size=16)


def test_what_is_wrong():
    criterion = Criterion(window=4, tolerance=0.5, allowed=1)
    assert criterion.wrong(np.array([0.1, 0.5, 0.49, np.nan])) == 2
    assert criterion.met(np.array([0.1, 0.7, 0.2, 0.0]))
    assert not criterion.met(np.array([0.1, 0.7, 0.6, 0.0]))
    assert not criterion.met(np.array([0.1, 0.1, np.inf, np.nan]))


def test_the_mean_must_be_low_too():
    criterion = Criterion(window=3, tolerance=1, mean=0.2)
    assert criterion.met(np.array([0.1, 0.1, 0.1]))
    assert not criterion.met(np.array([0.2, 0.2, 0.2]))
    assert not criterion.met(np.array([0.1, 0.1, np.nan]))


def test_it_ends_when_the_last_ones_were_right_and_no_earlier():
    """The window's sequences must all have been presented, however soon the network is right."""
    network, values = train(Sign(), RECIPE, seed=0)
    assert values["solved"]
    assert values["sequences"] % 16 == 0
    assert 64 < values["sequences"] < 4000
    easy, found = train(Sign(Criterion(window=200, tolerance=100)), RECIPE, seed=0)
    assert found["solved"]
    assert found["sequences"] == 208, "the first full window, in whole batches"
    assert not np.array_equal(easy.parameters.vector, network.parameters.vector)


def test_the_last_window_is_judged_by_the_answers_before_each_update():
    """The same training, its errors taken down from outside."""
    taken = []

    @dataclass(frozen=True)
    class Watched(Sign):
        def errors(self, answers, batch):
            found = super().errors(answers, batch)
            taken.extend(found)
            return found

    _, values = train(Watched(), RECIPE, seed=3)
    errors = np.array(taken)
    assert len(errors) == values["sequences"]
    met = [Watched().criterion.met(errors[end - 64 : end]) for end in range(64, len(errors) + 1, 16)]
    assert met == [False] * (len(met) - 1) + [True]


def test_what_cannot_be_learnt_spends_the_budget():
    _, values = train(Sign(noise=True), RECIPE, seed=0)
    assert not values["solved"]
    assert values["sequences"] == 4000
    assert not values["diverged"]


def test_an_exam_that_is_failed_is_no_solution():
    _, values = train(Sign(failing_exam=True), RECIPE, seed=0)
    assert not values["solved"]
    assert values["sequences"] == 4000


def test_after_a_failed_exam_there_is_a_pause():
    """A share of the exam's own sequences is learnt from before the next one."""
    answered, exams = [], []

    @dataclass(frozen=True)
    class Watched(Sign):
        def errors(self, answers, batch):
            answered.append(len(batch.targets))
            return super().errors(answers, batch)

        def exam(self, rng):
            exams.append(sum(answered))
            return [Batch(np.ones((1, 640, 1), np.float32), -np.ones((640, 1), np.float32))]

    train(Watched(), RECIPE, seed=0)
    learnt_between = np.diff(exams) - 640  # the exam's own answers are counted too
    assert len(learnt_between) >= 2
    assert (learnt_between >= presentations._PAUSE * 640).all()
    assert (learnt_between <= presentations._PAUSE * 640 + RECIPE.batch_size).all()


def test_an_exam_is_by_the_same_criterion():
    """One of the 22 is wrong, whatever the answer; where so many are allowed it is passed."""
    task = Sign(Criterion(window=64, tolerance=0.4, allowed=1), failing_exam=True)
    _, values = train(task, RECIPE, seed=0)
    assert values["solved"]
    assert values["sequences"] < 4000


def test_fresh_sequences_are_as_many_as_asked_for():
    assert [len(batch.targets) for batch in fresh(Sign(), np.random.default_rng(0), 150)] == [64, 64, 22]


def test_the_curve_is_the_share_right_and_the_loss():
    _, values = train(Sign(noise=True), RECIPE, seed=0)
    sequences, right, loss = zip(*values["curve"], strict=True)
    assert len(sequences) > 50
    assert sorted(set(sequences)) == list(sequences)
    assert sequences[-1] == 4000
    assert all(0 <= each <= 1 for each in right)
    assert np.mean(loss[10:]) == pytest.approx(1, abs=0.1), "a guess of 0 is off by 1"
    _, solved = train(Sign(), RECIPE, seed=0)
    assert solved["curve"][0][1] < 0.6
    assert solved["curve"][-1][1] == 1
    assert solved["curve"][-1][0] == solved["sequences"]


def test_weights_and_sequences_come_from_the_seed():
    first, again, other = (present(Sign(), RECIPE, seed) for seed in (0, 0, 1))
    assert first == again
    assert first["curve"] != other["curve"]
    assert json.loads(json.dumps(first, allow_nan=False)) == first


def test_what_is_learnt_from_examined_by_and_tested_on_comes_from_streams_of_their_own(monkeypatch):
    opened = []
    monkeypatch.setattr(
        presentations, "stream", lambda seed, purpose: opened.append(purpose) or stream(seed, purpose)
    )
    present(Sign(), RECIPE, seed=0)
    assert opened == [Purpose.LAB_WEIGHTS, Purpose.LAB_DATA, Purpose.LAB_EXAMS, Purpose.LAB_TESTS]


def test_a_network_is_tested_on_fresh_sequences():
    network, _ = train(Sign(), RECIPE, seed=0)
    assert count_wrong(network, Sign(), np.random.default_rng(0)) == 0
    untrained = SequenceNetwork(RECIPE.build, 1, 1, "last", 0)
    assert count_wrong(untrained, Sign(), np.random.default_rng(0)) == TESTS
    halves = count_wrong(network, Sign(noise=True), np.random.default_rng(0))
    assert halves == pytest.approx(TESTS / 2, abs=150), "a standard deviation is 25"


def test_a_network_that_diverges_is_a_result():
    recipe = replace(RECIPE, learning_rate=1e30, optimizer="sgd", clip_norm=None)
    values = present(Sign(Criterion(64, 1e-9)), recipe, 0)
    assert values["diverged"]
    assert not values["solved"]
    json.dumps(values, allow_nan=False)


def test_ctrl_c_ends_it():
    def interrupt(event):
        if isinstance(event, Stepped):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(Sign(), RECIPE, 0, listeners=[interrupt])


def test_plain_gradient_descent_takes_the_rate_as_it_is():
    """One update of SGD without a limit on the norm is -rate · gradient."""
    recipe = replace(RECIPE, budget=16, learning_rate=0.5, optimizer="sgd", clip_norm=None)
    network, _ = train(Sign(noise=True), recipe, 5)
    weights, data = (np.random.default_rng([5, stream]) for stream in (0, 1))
    twin = SequenceNetwork(recipe.build, 1, 1, "last", weights)
    twin.learn(Sign(noise=True).draw(data, 16))
    expected = twin.parameters.vector - 0.5 * twin.gradients.vector
    np.testing.assert_allclose(network.parameters.vector, expected, atol=1e-6)


def test_a_trial_a_seed():
    trials = presentation_trials("LSTM", Sign(), RECIPE, 3)
    assert [(trial.group, trial.seed) for trial in trials] == [("LSTM", 0), ("LSTM", 1), ("LSTM", 2)]
    assert trials[1].work() == present(Sign(), RECIPE, 1)
