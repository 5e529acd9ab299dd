"""Those of the mistakes in docs/derivation.md, "Usual mistakes", that no other test is about."""

import numpy as np
import pytest

from gatewise.ops import LSTMCell, RNNCell, Weights, sequence
from gatewise.types import State

INPUTS, HIDDEN = 3, 2


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def weights(rng):
    shapes = [(4 * HIDDEN, INPUTS), (4 * HIDDEN, HIDDEN), 4 * HIDDEN]
    return Weights(*map(rng.standard_normal, shapes))


@pytest.mark.parametrize(("weight", "power"), [(0.9, "0.0000266"), (1.1, "13780.6123398")])
def test_a_hundred_steps_at_0_9_and_1_1(weight, power):
    """Forward the state, backward its gradient, in a plain RNN of one unit."""
    weights = Weights(np.zeros((1, 1)), np.full((1, 1), weight), np.zeros(1))
    one = State(np.ones((1, 1)), np.zeros((1, 0)))
    y, last, cache = sequence.forward(RNNCell("relu"), np.zeros((100, 1, 1)), weights, one)
    _, first, _ = sequence.backward(np.zeros_like(y), cache, one)
    assert f"{last.h.item():.7f}" == f"{first.h.item():.7f}" == power


def test_a_shut_input_gate_keeps_the_candidate_out_and_the_cell_state_in(rng, weights):
    weights.bias[:HIDDEN] = -1e6
    _, _, cache = sequence.forward(LSTMCell(), rng.normal(size=(4, 1, INPUTS)), weights)
    assert not cache.c.any()
    state = State(np.zeros((1, HIDDEN)), np.ones((1, HIDDEN)))
    _, _, cache = sequence.forward(LSTMCell(), rng.normal(size=(4, 1, INPUTS)), weights, state)
    assert cache.g.all()
    np.testing.assert_array_equal(cache.c, np.cumprod(cache.f, axis=0))


def test_the_forget_gate_sees_x_and_h_and_acts_on_c(rng, weights):
    x, other_x = rng.normal(size=(2, 1, 1, INPUTS))
    h, c, other = rng.normal(size=(3, 1, HIDDEN))

    def step(x, h, c, weights=weights):
        return sequence.forward(LSTMCell(), x, weights, State(h, c))[2]

    f = step(x, h, c).f
    assert (step(other_x, h, c).f != f).all()
    assert (step(x, other, c).f != f).all()
    np.testing.assert_array_equal(step(x, h, other).f, f)
    np.testing.assert_allclose(step(x, h, other).c - step(x, h, c).c, f * (other - c), rtol=1e-12)
    peepholes = weights._replace(peephole=rng.normal(size=(3, HIDDEN)))
    assert (step(x, h, other, peepholes).f != step(x, h, c, peepholes).f).all()
