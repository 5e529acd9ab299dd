"""Every gradient of the recurrent layers, with every option, against central differences."""

import numpy as np
import pytest

from gatewise.nn import LSTM, RNN
from tests.nn.problems import make_problem
from tests.ops.gradients import assert_gradients

T, B, D, H = 4, 3, 3, 2
LENGTHS = np.array([2, 0, 4])
RESET = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
BOTH = {"bidirectional": True}
TWO = {"num_layers": 2}
SKIP = {"skip_connections": True}
PEEPHOLE = {"peephole": True}
DROPOUT = {"dropout": 0.4}
RECURRENT = {"recurrent_dropout": 0.3}
HIDDEN = {"zoneout_hidden": 0.4}
CELL = {"zoneout_cell": 0.3}

NORM = {"layer_norm": True}
MOGRIFIER = {"mogrifier_rounds": 5}
LOW_RANK = {"mogrifier_rounds": 3, "mogrifier_rank": 1}
WIDTHS = {"hidden_size": (3, 2)}

LAYERS = {
    "LSTM": (LSTM, {}),
    "LSTM, peephole": (LSTM, PEEPHOLE),
    "LSTM, bidirectional": (LSTM, BOTH),
    "LSTM, no tanh, bidirectional": (LSTM, {"output_tanh": False} | BOTH),
    "LSTM, linear candidate, 2 layers, bidirectional": (LSTM, {"candidate_tanh": False} | TWO | BOTH),
    "LSTM, 2 layers": (LSTM, TWO),
    "LSTM, 2 layers, dropout": (LSTM, TWO | DROPOUT),
    "LSTM, 2 layers, skip": (LSTM, TWO | SKIP),
    "LSTM, 2 layers, bidirectional, peephole": (LSTM, TWO | BOTH | PEEPHOLE),
    "LSTM, 3 layers, bidirectional, skip": (LSTM, {"num_layers": 3} | BOTH | SKIP),
    "LSTM, 2 layers, everything": (LSTM, TWO | BOTH | SKIP | PEEPHOLE | DROPOUT),
    "LSTM, recurrent dropout": (LSTM, RECURRENT),
    "LSTM, zoneout of h": (LSTM, HIDDEN),
    "LSTM, zoneout of c, peephole": (LSTM, CELL | PEEPHOLE),
    "LSTM, 2 layers, everything and masks": (
        LSTM,
        TWO | BOTH | SKIP | PEEPHOLE | DROPOUT | RECURRENT | HIDDEN | CELL,
    ),
    "LSTM, 3 layers, bidirectional, masks": (LSTM, {"num_layers": 3} | BOTH | RECURRENT | HIDDEN | CELL),
    "LSTM, 3 widths": (LSTM, {"hidden_size": (2, 3, 2)}),
    "LSTM, widths, bidirectional, skip, peephole": (LSTM, WIDTHS | BOTH | SKIP | PEEPHOLE),
    "LSTM, widths, everything and masks": (
        LSTM,
        WIDTHS | BOTH | SKIP | PEEPHOLE | DROPOUT | RECURRENT | HIDDEN | CELL,
    ),
    "LSTM, layer norm": (LSTM, {"hidden_size": 4} | NORM),
    "LSTM, widths, layer norm, bidirectional": (LSTM, WIDTHS | NORM | BOTH),
    "LSTM, layer norm, everything and masks": (
        LSTM,
        WIDTHS | NORM | BOTH | SKIP | PEEPHOLE | DROPOUT | RECURRENT | HIDDEN | CELL,
    ),
    "LSTM, Mogrifier": (LSTM, MOGRIFIER),
    "LSTM, Mogrifier of low rank, recurrent dropout": (LSTM, LOW_RANK | RECURRENT),
    "LSTM, Mogrifier of low rank, everything and masks": (
        LSTM,
        WIDTHS | NORM | LOW_RANK | BOTH | SKIP | PEEPHOLE | DROPOUT | RECURRENT | HIDDEN | CELL,
    ),
    "LSTM, Mogrifier of low rank, weight dropout, bidirectional": (
        LSTM,
        TWO | LOW_RANK | BOTH | {"weight_dropout": 0.3},
    ),
    "RNN": (RNN, {}),
    "RNN, layer norm, bidirectional, locked dropout": (
        RNN,
        TWO | NORM | BOTH | DROPOUT | {"locked_dropout": True},
    ),
    "RNN, widths, bidirectional, masks": (RNN, WIDTHS | BOTH | DROPOUT | RECURRENT | HIDDEN),
    "RNN, recurrent dropout, zoneout": (RNN, RECURRENT | HIDDEN),
    "RNN, 2 layers, everything and masks": (RNN, TWO | BOTH | SKIP | DROPOUT | RECURRENT | HIDDEN),
    "RNN, relu, bidirectional": (RNN, {"activation": "relu"} | BOTH),
    "RNN, sigmoid, 2 layers, skip": (RNN, {"activation": "sigmoid"} | TWO | SKIP),
    "RNN, 2 layers, everything": (RNN, TWO | BOTH | SKIP | DROPOUT),
}
SITUATIONS = {
    "plain": {},
    "ragged": {"lengths": LENGTHS},
    "reset": {"reset": RESET},
    "ragged, reset": {"lengths": LENGTHS, "reset": RESET},
}
COMBINATIONS = [(layer, "ragged, reset") for layer in LAYERS] + [
    (layer, situation)
    for layer in (
        "LSTM",
        "LSTM, 2 layers, everything",
        "LSTM, 2 layers, everything and masks",
        "LSTM, layer norm, everything and masks",
        "LSTM, Mogrifier",
        "RNN, 2 layers, everything",
    )
    for situation in ("plain", "ragged", "reset")
]


@pytest.mark.parametrize(("name", "situation"), COMBINATIONS, ids=[f"{a}; {b}" for a, b in COMBINATIONS])
def test_gradients(name, situation):
    kind, options = LAYERS[name]
    layer = kind(D, **{"hidden_size": H, "dtype": np.float64} | options)
    layer, x, dy, state, dstate = make_problem(layer, T, B, np.random.default_rng(3))

    def forward():
        return layer.forward(x, state, **SITUATIONS[situation], rng=np.random.default_rng(5))

    def loss():
        y, last, _ = forward()
        return float(np.sum(y * dy) + np.sum(last.h * dstate.h) + np.sum(last.c * dstate.c))

    dx, dfirst = layer.backward(dy, forward()[2], dstate)
    pairs = {name: (view, layer.gradients[name]) for name, view in layer.parameters.items()}
    pairs |= {"x": (x, dx), "h0": (state.h, dfirst.h)}
    if layer.cell.has_memory:
        pairs["c0"] = (state.c, dfirst.c)
    assert_gradients(loss, pairs)


@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_a_gradient_of_the_state_that_is_left_out_is_zero(kind):
    problem = make_problem(kind(D, H, dtype=np.float64), T, B, np.random.default_rng(6))
    layer, x, dy, state, dstate = problem
    zeros = type(dstate)(*(np.zeros_like(part) for part in dstate))
    dx, dfirst = layer.backward(dy, layer.forward(x, state)[2])
    gradients = layer.gradients.vector.copy()
    layer.zero_gradients()
    dx_zeros, dfirst_zeros = layer.backward(dy, layer.forward(x, state)[2], zeros)
    assert np.array_equal(dx, dx_zeros)
    assert np.array_equal(dfirst.h, dfirst_zeros.h)
    assert np.array_equal(gradients, layer.gradients.vector)


def test_gradients_add_up_until_they_are_zeroed():
    layer, x, dy, *_ = make_problem(LSTM(D, H, 2, dtype=np.float64), T, B, np.random.default_rng(7))
    layer.backward(dy, layer.forward(x)[2])
    once = layer.gradients.vector.copy()
    layer.backward(dy, layer.forward(x)[2])
    np.testing.assert_allclose(layer.gradients.vector, 2 * once, rtol=1e-14)
    layer.zero_gradients()
    assert not layer.gradients.vector.any()


def test_gradients_of_a_stack_over_a_thousand_steps_along_a_random_direction():
    # M11: nothing vanishes into, or explodes out of, the arithmetic.
    layer, x, dy, *_ = make_problem(LSTM(D, H, 2, dtype=np.float64), 1000, 1, np.random.default_rng(8))
    direction = np.random.default_rng(9).normal(size=layer.parameters.vector.size)
    layer.backward(dy, layer.forward(x)[2])
    slope = float(layer.gradients.vector @ direction)
    distance, origin = np.zeros(1), layer.parameters.vector.copy()

    def loss():
        layer.parameters.vector[...] = origin + distance * direction
        return float(np.sum(layer(x)[0] * dy))

    assert_gradients(loss, {"direction": (distance, np.array([slope]))})
