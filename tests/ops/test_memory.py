"""One unit: vanishing, exploding and constant error as a pocket calculator knows them (M17, M18)."""

import numpy as np
import pytest

from gatewise.ops import LSTMCell, RNNCell, Weights, backward, forward
from gatewise.types import State

STEPS = 100


def one_unit(gates, weight_hh, bias):
    return Weights(np.zeros((gates, 1)), np.full((gates, 1), float(weight_hh)), np.array(bias, dtype=float))


@pytest.mark.parametrize(
    ("weight", "expected"), [(0.9, 0.0000265614), (1.1, 13780.6123)], ids=["0.9 vanishes", "1.1 explodes"]
)
def test_a_hundred_steps_of_a_linear_unit_are_a_hundredth_power(weight, expected):
    # A rectifier that never shuts is linear. One of the tutorials has 0.000017 for the first case.
    state = State(np.ones((1, 1)), np.empty((1, 0)))
    x = np.zeros((STEPS, 1, 1))
    _, last, cache = forward(RNNCell("relu"), x, one_unit(1, weight, [0.0]), state)
    _, dfirst, _ = backward(np.zeros((STEPS, 1, 1)), cache, State(np.ones((1, 1)), np.empty((1, 0))))
    assert last.h.item() == pytest.approx(expected, rel=1e-6)
    assert dfirst.h.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("forget", [0.5, 0.99, 0.9999])
def test_the_error_in_the_cell_state_shrinks_by_the_forget_gate_alone(forget):
    weights = one_unit(4, 0.0, [0.0, np.log(forget / (1 - forget)), 0.0, 0.0])
    _, _, cache = forward(LSTMCell(), np.zeros((STEPS, 1, 1)), weights)
    _, dfirst, _ = backward(np.zeros((STEPS, 1, 1)), cache, State(np.zeros((1, 1)), np.ones((1, 1))))
    assert dfirst.c.item() == pytest.approx(forget**STEPS, rel=1e-10)
