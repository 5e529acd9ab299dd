"""The mistakes that tutorials make in the backward pass, planted: the gradient check sees each of them."""

from dataclasses import replace

import numpy as np
import pytest

from gatewise.ops import LSTMCell, backward, forward, numerical_gradient, relative_error, split_gates
from tests.ops.problems import draw_state, draw_weights

T, B, D, H = 4, 2, 3, 3


class TanhSlopeOnLogisticGates:
    """1 - i² where i(1 - i) belongs, and the same for f."""

    has_memory = True

    def backward(self, dh, dc, gates, c_prev, c, peephole, dz):
        dc_and_dc_prev = LSTMCell().backward(dh, dc, gates, c_prev, c, peephole, dz)
        for part, gate in list(zip(split_gates(dz), split_gates(gates), strict=True))[:2]:
            part *= (1 - gate * gate) / (gate * (1 - gate))
        return dc_and_dc_prev


class NoErrorThroughTheCellState:
    """dL/dc without its second term, dL/dc_{t+1} ⊙ f_{t+1}."""

    has_memory = True

    def backward(self, dh, dc, gates, c_prev, c, peephole, dz):
        return LSTMCell().backward(dh, np.zeros_like(dc), gates, c_prev, c, peephole, dz)


class CandidateOfTheStepBefore:
    """dL/di with the candidate of step t - 1."""

    has_memory = True

    def __init__(self, cache):
        self.candidates = [np.zeros_like(cache.g[0]), *cache.g[:-1]]

    def backward(self, dh, dc, gates, c_prev, c, peephole, dz):
        dc_and_dc_prev = LSTMCell().backward(dh, dc, gates, c_prev, c, peephole, dz)
        split_gates(dz)[0][...] *= self.candidates.pop() / split_gates(gates)[2]
        return dc_and_dc_prev


def only_the_step_s_own_loss(cache):
    """dL/dh without what comes back through the gates of the next step."""
    return replace(cache, weights=cache.weights._replace(weight_hh=np.zeros_like(cache.weights.weight_hh)))


MISTAKES = {
    "tanh' on the gates": lambda cache: replace(cache, cell=TanhSlopeOnLogisticGates()),
    "dc without its second term": lambda cache: replace(cache, cell=NoErrorThroughTheCellState()),
    "dh of the own loss only": only_the_step_s_own_loss,
    "the candidate of the step before": lambda cache: replace(cache, cell=CandidateOfTheStepBefore(cache)),
}


@pytest.fixture
def problem():
    """The gradient of the biases by central differences, and what the backward pass starts from."""
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    weights, state = draw_weights(rng, LSTMCell(), D, H), draw_state(rng, LSTMCell(), B, H)

    def loss():
        return float(np.sum(forward(LSTMCell(), x, weights, state)[0] * dy))

    return dy, forward(LSTMCell(), x, weights, state)[2], numerical_gradient(loss, weights.bias)


def test_the_right_backward_pass_agrees(problem):
    dy, cache, numeric = problem
    assert relative_error(backward(dy, cache)[2].bias, numeric) < 1e-6


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_caught(problem, mistake):
    dy, cache, numeric = problem
    assert relative_error(backward(dy, mistake(cache))[2].bias, numeric) > 1e-2
