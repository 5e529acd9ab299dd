"""Truncated back-propagation: the state crosses from window to window, the gradient does not."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data import StreamWindows, Window
from gatewise.ops import numerical_gradient, relative_error
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.training import TruncatedBPTT, stream_loss

VOCABULARY = 5


@pytest.fixture
def tokens() -> np.ndarray:
    return np.random.default_rng(3).integers(0, VOCABULARY, 61)


def network(**options) -> LanguageNetwork:
    return LanguageNetwork(VOCABULARY, 3, 4, 2, dtype=np.float64, **options)


def test_windows_with_carried_state_give_the_loss_of_the_whole(tokens):
    net = network()
    short = stream_loss(net, StreamWindows(tokens, 2, 7))
    whole = stream_loss(net, StreamWindows(tokens, 2, 30))
    assert short == pytest.approx(whole, rel=1e-12)


def test_the_state_is_carried_within_an_epoch_and_begins_anew_with_the_next(tokens):
    net, rng = network(), np.random.default_rng(0)
    learner = TruncatedBPTT(net, StreamWindows(tokens, 2, 10))
    first, second, _third = list(learner.batches(0, 0))
    learner.step(first, rng)
    after_first = learner.state
    expected = net.loss(second, after_first)[0]
    assert learner.step(second, rng) == pytest.approx(expected, rel=1e-12)
    assert expected != pytest.approx(net.loss(second, None)[0], rel=1e-6)
    learner.batches(1, 0)
    assert learner.state is None
    assert learner.step(first, rng) == pytest.approx(net.loss(first, None)[0], rel=1e-12)


def test_the_gradient_stops_at_the_window_and_is_right_within(tokens):
    net, rng = network(), np.random.default_rng(0)
    first, second = list(StreamWindows(tokens, 2, 15))
    _, state = net.loss(first, None)
    net.zero_gradients()
    net.loss_and_gradients(second, state, rng)
    numerical = numerical_gradient(lambda: net.loss(second, state)[0], net.parameters.vector, 1e-5, points=2)
    assert relative_error(net.gradients.vector, numerical) < 1e-6


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_gradients_with_dropout_agree_with_central_differences(cell):
    net = network(cell=cell, dropout=0.3)
    draws = np.random.default_rng(5)
    window = Window(draws.integers(0, VOCABULARY, (4, 3)), draws.integers(0, VOCABULARY, (4, 3)))
    net.loss_and_gradients(window, None, np.random.default_rng(1))
    analytic = net.gradients.vector.copy()

    def loss() -> float:
        return net.loss_and_gradients(window, None, np.random.default_rng(1))[0]

    assert relative_error(analytic, numerical_gradient(loss, net.parameters.vector, 1e-5, points=2)) < 1e-6


def test_carried_and_restore_are_inverse(tokens):
    learner = TruncatedBPTT(network(), StreamWindows(tokens, 2, 10))
    assert learner.carried() == {}
    learner.step(next(learner.batches(0, 0)), np.random.default_rng(0))
    other = TruncatedBPTT(network(), StreamWindows(tokens, 2, 10))
    other.restore(learner.carried())
    np.testing.assert_array_equal(other.state.h, learner.state.h)
    np.testing.assert_array_equal(other.state.c, learner.state.c)
    other.restore({})
    assert other.state is None


def test_windows_of_varying_length_differ_from_pass_to_pass_and_are_the_same_when_asked_again(tokens):
    learner = TruncatedBPTT(network(), StreamWindows(tokens, 2, 10), window_seed=7)
    passes = [[len(window.inputs) for window in learner.batches(epoch, 0)] for epoch in range(4)]
    assert len({tuple(each) for each in passes}) == 4
    assert {len(each) for each in passes} == {learner.steps_per_epoch}
    assert [len(window.inputs) for window in learner.batches(2, 1)] == passes[2][1:]
