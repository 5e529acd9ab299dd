"""A variant of the LSTM is what its name says: at the start, after training, on every kernel."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, targets
from gatewise.lab.network import Batch, Build, SequenceNetwork
from gatewise.lab.variants import couple, hold_open
from gatewise.nn import LSTM
from gatewise.ops import numerical_gradient, relative_error
from gatewise.optim import Adam

T, B, D, H, K = 9, 4, 3, 5, 2
GATES = [("i",), ("f",), ("o",), ("i", "f"), ("i", "f", "o")]


@contextmanager
def kernels(target):
    set_target(target)
    try:
        yield
    finally:
        set_target(None)


@pytest.fixture
def batch():
    """Large inputs, which drive every gate that is not held to its ends."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 5, (T, B, D)).astype(np.float32)
    return Batch(x, rng.normal(0, 1, (B, K)).astype(np.float32))


def train(network, batch, steps=60):
    """Losses of some steps at a rate that moves the weights far."""
    adam = Adam(network, 0.05)
    losses = []
    for _ in range(steps):
        network.gradients.vector[...] = 0
        losses.append(network.learn(batch)[0])
        adam.step(clip_norm=1.0)
    return losses


def train_in_float64(lstm, constrain, x, steps=60):
    """The same for a layer alone, towards outputs of 0.3."""
    adam = Adam(lstm, 0.05)
    losses = []
    for _ in range(steps):
        lstm.gradients.vector[...] = 0
        y, _, cache = lstm.forward(x)
        losses.append(float(np.mean((y - 0.3) ** 2)))
        lstm.backward(2 * (y - 0.3) / y.size, cache)
        constrain()
        adam.step()
    return losses


def look(lstm, x):
    """All that a forward pass of a layer keeps."""
    return lstm.forward(x)[2].layers[0][0]


def by_hand(lstm, x, gates_at_one):
    """The equations with the gates left out, word by word; all outputs (T, B, H)."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_l0")
    w_ih, w_hh, bias = (np.split(lstm.parameters[name], 4) for name in names)
    h = c = np.zeros((x.shape[1], lstm.hidden_size))
    outputs = []
    for x_t in x:
        z = [x_t @ w_ih[k].T + h @ w_hh[k].T + bias[k] for k in range(4)]
        i, f, o = (1 if gate in gates_at_one else 1 / (1 + np.exp(-z["ifgo".index(gate)])) for gate in "ifo")
        c = f * c + i * np.tanh(z[2])
        h = o * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs)


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("peephole", [False, True])
@pytest.mark.parametrize("without", GATES, ids="".join)
def test_a_gate_held_open_is_exactly_one_through_training(without, peephole, target, batch):
    with kernels(target):
        network = SequenceNetwork(Build(hidden_size=H, without=without, peephole=peephole), D, K, "last", 1)
        losses = train(network, batch)
        cache = look(network.recurrent, batch.x)
    assert losses[-1] < losses[0] / 2, "it did learn"
    for gate in "ifo":
        values = getattr(cache, gate)
        assert np.all(values == 1) == (gate in without), gate


@pytest.mark.parametrize("without", GATES, ids="".join)
def test_a_gate_held_open_is_exactly_one_in_float64(without, batch):
    lstm = LSTM(D, H, seed=2, dtype=np.float64, peephole=True)
    x = batch.x.astype(np.float64)
    losses = train_in_float64(lstm, hold_open(lstm, without), x)
    assert losses[-1] < losses[0] / 2
    cache = look(lstm, x)
    for gate in "ifo":
        assert np.all(getattr(cache, gate) == 1) == (gate in without), gate


@pytest.mark.parametrize("without", GATES, ids="".join)
def test_what_is_left_are_the_equations_without_the_gates(without, batch):
    lstm = LSTM(D, H, seed=3, dtype=np.float64)
    x = batch.x.astype(np.float64) / 5
    train_in_float64(lstm, hold_open(lstm, without), x, steps=5)
    assert np.abs(lstm(x)[0] - by_hand(lstm, x, without)).max() < 1e-14
    assert np.abs(lstm(x)[0] - by_hand(lstm, x, ())).max() < 1e-14, "a bias of 40 does just that"


def test_a_held_gate_gets_no_gradient_and_the_others_keep_theirs():
    lstm = LSTM(D, H, peephole=True)
    constrain = hold_open(lstm, ("f",))
    lstm.gradients.vector[...] = 1
    constrain()
    for name, gradient in lstm.gradients.items():
        if name.startswith("peephole"):
            assert np.array_equal(gradient[:, 0], [1, 0, 1]), name
        else:
            assert np.array_equal(gradient.reshape(4, H, -1)[:, 0, 0], [1, 0, 1, 1]), name


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("peephole", [False, True])
def test_coupled_gates_stay_coupled_through_training(peephole, target, batch):
    """σ(-z) and 1 - σ(z) agree but for the rounding of the kernel's σ."""
    with kernels(target):
        network = SequenceNetwork(Build(hidden_size=H, coupled=True, peephole=peephole), D, K, "last", 1)
        before = network.recurrent.parameters.vector.copy()
        losses = train(network, batch)
        cache = look(network.recurrent, batch.x)
    assert losses[-1] < losses[0] / 2
    assert np.abs(network.recurrent.parameters.vector - before).max() > 0.1
    assert np.ptp(cache.i) > 0.5, "the gates do something"
    assert np.abs(cache.i + cache.f - 1).max() < 5e-7
    for name, view in network.recurrent.parameters.items():
        i, f = view[:2] if name.startswith("peephole") else (view[:H], view[H : 2 * H])
        assert np.array_equal(f, -i), name


def test_coupled_gates_stay_coupled_in_float64(batch):
    lstm = LSTM(D, H, seed=2, dtype=np.float64, peephole=True)
    x = batch.x.astype(np.float64)
    losses = train_in_float64(lstm, couple(lstm), x)
    assert losses[-1] < losses[0] / 2
    cache = look(lstm, x)
    assert np.abs(cache.i + cache.f - 1).max() < 1e-15


def test_coupling_begins_by_keeping_what_the_forget_bias_says(batch):
    lstm = LSTM(D, H, forget_bias=3.0, dtype=np.float64)
    couple(lstm)
    cache = look(lstm, np.zeros((1, 1, D)))
    assert cache.f[0, 0] == pytest.approx(1 / (1 + np.exp(-3.0)))


def test_coupled_gradients_are_those_of_the_tied_weights(batch):
    """Central differences over the input gate's weights, the forget gate's following each move."""
    lstm = LSTM(D, H, seed=4, dtype=np.float64, peephole=True)
    rng = np.random.default_rng(5)
    lstm.parameters["peephole_l0"][...] = rng.normal(0, 0.3, (3, H))
    constrain = couple(lstm)
    x, dy = batch.x.astype(np.float64) / 5, rng.normal(0, 1, (T, B, H))
    _, _, cache = lstm.forward(x)
    lstm.backward(dy, cache)
    constrain()
    for name, view in lstm.parameters.items():
        rows = 1 if name.startswith("peephole") else H
        tied, follows = view[:rows], view[rows : 2 * rows]

        def loss(tied=tied, follows=follows):
            follows[...] = -tied
            return float(np.sum(lstm(x)[0] * dy))

        numeric = numerical_gradient(loss, tied, 1e-4)
        loss()
        assert np.abs(numeric).max() > 1e-3, name
        gradient = lstm.gradients[name]
        assert relative_error(gradient[:rows], numeric) < 1e-8, name
        assert np.array_equal(gradient[rows : 2 * rows], -gradient[:rows]), name


@pytest.mark.parametrize("gates", [("g",), ("i", "x"), ("forget",), ("",), "ic"])
def test_gates_that_cannot_be_held_are_refused_and_nothing_is_changed(gates):
    lstm = LSTM(D, H)
    before = lstm.parameters.vector.copy()
    with pytest.raises(ArgumentError, match=rf"gates holds {gates[-1]!r}; expected some of 'i', 'f' and 'o'"):
        hold_open(lstm, gates)
    assert np.array_equal(lstm.parameters.vector, before)
