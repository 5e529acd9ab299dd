"""What layers begin with: every matrix its own draws, the range asked for, and the forget gate open."""

from itertools import combinations

import numpy as np
import pytest

from gatewise.nn import LSTM, RNN, Embedding, Linear


def blocks(layer):
    """Each weight matrix, a row of gates by itself, as a vector."""
    return {
        f"{name}[{gate}]": part.reshape(-1)
        for name, view in layer.parameters.items()
        if name.startswith("weight")
        for gate, part in enumerate(np.split(view, layer.cell.gates))
    }


@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_matrices_of_one_shape_differ(kind):
    # A tutorial seeds the generator anew for each matrix: all of one shape are then equal, up to their scale.
    parts = blocks(kind(16, 16, 2, bidirectional=True))
    for (one, left), (other, right) in combinations(parts.items(), 2):
        size = min(left.size, right.size)
        assert abs(np.corrcoef(left[:size], right[:size])[0, 1]) < 0.3, f"{one} resembles {other}"


def test_layers_that_share_a_generator_differ():
    rng = np.random.default_rng(0)
    one, other = (Linear(4, 4, seed=rng).parameters["weight"] for _ in range(2))
    assert not np.any(one == other)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: LSTM(3, 4, peephole=True, seed=seed),
        lambda seed: RNN(3, 4, seed=seed),
        lambda seed: Linear(3, 4, seed=seed),
        lambda seed: Embedding(3, 4, seed=seed),
    ],
    ids=["LSTM", "RNN", "Linear", "Embedding"],
)
def test_a_seed_is_a_promise(make):
    vector = make(7).parameters.vector
    assert np.array_equal(vector, make(7).parameters.vector)
    assert np.array_equal(vector, make(np.random.default_rng(7)).parameters.vector)
    assert not np.array_equal(vector, make(8).parameters.vector)


@pytest.mark.parametrize(("given", "scale"), [(None, 0.2), (0.1, 0.1)], ids=["1/√H", "M4: 0.1"])
@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_weights_fill_the_range_evenly(kind, given, scale):
    layer = kind(25, 25, init_scale=given)
    for values in blocks(layer).values():
        assert -scale <= values.min() < -0.97 * scale
        assert 0.97 * scale < values.max() <= scale
        assert abs(values.mean()) < 5 * scale / np.sqrt(3 * values.size)


@pytest.mark.parametrize("forget_bias", [0.0, 1.0, 2.5])
def test_the_forget_gate_s_bias_is_the_one_asked_for_and_all_others_zero(forget_bias):
    layer = LSTM(2, 3, 2, bidirectional=True, forget_bias=forget_bias)
    for name in ("bias_l0", "bias_l0_reverse", "bias_l1", "bias_l1_reverse"):
        assert layer.parameters[name].tolist() == [0] * 3 + [forget_bias] * 3 + [0] * 6


def test_the_forget_gate_begins_open():
    assert LSTM(2, 1).parameters["bias_l0"].tolist() == [0, 1, 0, 0]


def test_the_plain_rnn_begins_without_bias():
    assert not RNN(2, 3).parameters["bias_l0"].any()


def test_peepholes_are_drawn_too():
    peephole = LSTM(2, 100, peephole=True, init_scale=0.1).parameters["peephole_l0"]
    assert (peephole != 0).all()
    assert 0.09 < np.abs(peephole).max() <= 0.1


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("kind", [LSTM, RNN, Linear, Embedding])
def test_parameters_and_gradients_have_the_type_asked_for(kind, dtype):
    layer = kind(3, 4, dtype=dtype)
    assert layer.dtype == layer.parameters.vector.dtype == layer.gradients.vector.dtype == dtype
    assert not layer.gradients.vector.any()
