"""The face of the recurrent layers: names, what is handed out, dropout, and what is refused."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import get_target
from gatewise.nn import LSTM, RNN
from gatewise.types import State

X = np.random.default_rng(0).normal(size=(5, 3, 2)).astype(np.float32)


def test_weights_bear_the_names_and_shapes_of_pytorch_with_one_bias():
    layer = LSTM(3, 5, 2, bidirectional=True, peephole=True)
    assert dict(layer.parameters.shapes) == {
        "weight_ih_l0": (20, 3),
        "weight_hh_l0": (20, 5),
        "bias_l0": (20,),
        "peephole_l0": (3, 5),
        "weight_ih_l0_reverse": (20, 3),
        "weight_hh_l0_reverse": (20, 5),
        "bias_l0_reverse": (20,),
        "peephole_l0_reverse": (3, 5),
        "weight_ih_l1": (20, 10),
        "weight_hh_l1": (20, 5),
        "bias_l1": (20,),
        "peephole_l1": (3, 5),
        "weight_ih_l1_reverse": (20, 10),
        "weight_hh_l1_reverse": (20, 5),
        "bias_l1_reverse": (20,),
        "peephole_l1_reverse": (3, 5),
    }


def test_with_skip_connections_the_input_comes_to_every_layer():
    shapes = RNN(3, 5, 3, skip_connections=True).parameters.shapes
    assert [shapes[f"weight_ih_l{layer}"] for layer in range(3)] == [(5, 3), (5, 8), (5, 8)]


def test_what_training_hands_out_is_safe_from_its_reader():
    # y shares its memory with what backward needs.
    y, _, _ = LSTM(2, 3).forward(X)
    with pytest.raises(ValueError, match="read-only"):
        y[...] = 0


def test_a_linear_candidate_has_no_kernel():
    reasons = [LSTM(2, 3, candidate_tanh=tanh).why_not_native() for tanh in (True, False)]
    if get_target() == "numpy":
        assert reasons == ["the target is numpy"] * 2
    else:
        assert reasons == [None, "there is no kernel for a linear candidate"]


def test_the_state_handed_out_is_nobody_else_s():
    layer = LSTM(2, 3)
    y, last, cache = layer.forward(X)
    expected, _ = layer.backward(np.ones_like(y), layer.forward(X)[2])
    for part in last:
        part[...] = 99
    assert not (y == 99).any()
    assert np.array_equal(layer.backward(np.ones_like(y), cache)[0], expected)


def test_the_input_is_left_as_it_was():
    x, state = X.copy(), State(*np.ones((2, 1, 3, 3), dtype=np.float32))
    lengths, reset = np.array([1, 5, 2]), np.zeros((5, 3), dtype=bool)
    handed = [x, *state, lengths, reset]
    before = [array.copy() for array in handed]
    layer = LSTM(2, 3)
    y, _, cache = layer.forward(x, state, lengths, reset=reset)
    layer.backward(np.ones_like(y), cache, state)
    assert all(np.array_equal(array, copy) for array, copy in zip(handed, before, strict=True))


def test_the_cache_tells_how_the_batch_was_sorted():
    layer, lengths = LSTM(2, 3), np.array([1, 5, 2])
    y, _, cache = layer.forward(X, lengths=lengths)
    assert cache.order.tolist() == [1, 2, 0]
    assert np.array_equal(cache.layers[0][0].h, y[:, cache.order])
    assert layer.forward(X, lengths=np.array([5, 2, 2]))[2].order is None


def test_a_plain_rnn_does_not_look_at_a_cell_state():
    layer = RNN(2, 3)
    h = np.ones((1, 3, 3), dtype=np.float32)
    expected, last = layer(X, State(h))
    assert np.array_equal(layer(X, State(h, np.full((1, 3, 3), np.nan)))[0], expected)
    assert np.array_equal(layer(X, last)[1].h, layer(X, State(last.h))[1].h)


def test_dropout_thins_what_goes_between_layers_in_training_only():
    layer = LSTM(2, 50, 3, dropout=0.5, seed=1)
    plain = LSTM(2, 50, 3, seed=1)
    assert np.array_equal(layer(X)[0], plain(X)[0])
    y, _, cache = layer.forward(X)
    assert cache.masks[0] is None
    for mask in cache.masks[1:]:
        assert set(np.unique(mask)) == {0, 2}
        assert 0.4 < (mask == 0).mean() < 0.6
    assert (y != 0).all()  # what goes out is not thinned


def test_a_single_layer_has_nothing_to_drop():
    layer = LSTM(2, 4, dropout=0.9)
    assert np.array_equal(layer.forward(X)[0], layer(X)[0])


def test_dropout_draws_from_the_generator_handed_in_or_else_from_the_layer_s_own():
    layer, twin = (LSTM(2, 4, 2, dropout=0.5, seed=2) for _ in range(2))
    first, second = layer.forward(X)[0], layer.forward(X)[0]
    assert not np.array_equal(first, second)
    assert np.array_equal(twin.forward(X)[0], first)
    one, other = (layer.forward(X, rng=np.random.default_rng(3))[0] for _ in range(2))
    assert np.array_equal(one, other)
    assert np.array_equal(twin.forward(X)[0], second)


IMPOSSIBLE = {
    "no input": (lambda: LSTM(0, 3), "LSTM: input_size=0; expected a whole number of at least 1"),
    "float size": (lambda: LSTM(2, 3.0), "LSTM: hidden_size=3.0; expected a whole number"),
    "bool size": (lambda: RNN(2, True), "RNN: hidden_size=True; expected a whole number"),
    "text for a size": (lambda: LSTM(2, "3"), "LSTM: hidden_size='3'; expected a whole number"),
    "negative layers": (lambda: RNN(2, 3, -1), "RNN: num_layers=-1; expected a whole number of at least 1"),
    "a width of zero": (lambda: LSTM(2, (3, 0)), r"LSTM: hidden_size\[1\]=0; expected a whole number"),
    "a float among the widths": (
        lambda: RNN(2, [3, 2.0]),
        r"RNN: hidden_size\[1\]=2.0; expected a whole number",
    ),
    "no widths": (lambda: LSTM(2, ()), r"LSTM: hidden_size=\(\) with num_layers=None; expected one width"),
    "fewer layers than widths": (
        lambda: LSTM(2, (3, 4, 5), 2),
        r"LSTM: hidden_size=\(3, 4, 5\) with num_layers=2; expected one width for each layer",
    ),
    "dropout of 1": (
        lambda: LSTM(2, 3, dropout=1.0),
        r"LSTM: dropout=1.0; expected a probability in \[0, 1\)",
    ),
    "negative dropout": (lambda: LSTM(2, 3, dropout=-0.1), r"LSTM: dropout=-0.1; expected a probability"),
    "dropout of nan": (lambda: RNN(2, 3, dropout=np.nan), "RNN: dropout=nan; expected a probability"),
    "recurrent dropout of 1": (
        lambda: LSTM(2, 3, recurrent_dropout=1),
        r"LSTM: recurrent_dropout=1; expected a probability in \[0, 1\)",
    ),
    "zoneout of 1": (
        lambda: RNN(2, 3, zoneout_hidden=1.0),
        r"RNN: zoneout_hidden=1.0; expected a probability in \[0, 1\)",
    ),
    "negative zoneout": (
        lambda: LSTM(2, 3, zoneout_cell=-0.5),
        "LSTM: zoneout_cell=-0.5; expected a probability",
    ),
    "zoneout of nan": (
        lambda: LSTM(2, 3, zoneout_hidden=np.nan),
        "LSTM: zoneout_hidden=nan; expected a probability",
    ),
    "float16": (lambda: LSTM(2, 3, dtype=np.float16), "LSTM: dtype=.*float16.*; expected float32 or float64"),
    "activation": (
        lambda: RNN(2, 3, activation="gelu"),
        "RNN: activation='gelu'; expected one of tanh, sigmoid",
    ),
}


@pytest.mark.parametrize(("make", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_layer_that_cannot_be_is_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


REFUSED = {
    "x of another type": ({"x": X.astype(np.float64)}, "x has dtype float64; this layer computes in float32"),
    "x as a list": ({"x": X.tolist()}, "x has type list; this layer computes in float32"),
    "x without batch": ({"x": X[:, 0]}, r"x has shape \(5, 2\); expected \(T, B, 2\)"),
    "x too wide": ({"x": zeros(5, 3, 4)}, r"x has shape \(5, 3, 4\); expected \(T, B, 2\)"),
    "no steps": ({"x": zeros(0, 3, 2)}, r"x has shape \(0, 3, 2\); .* at least one of each"),
    "no rows": ({"x": zeros(5, 0, 2)}, r"x has shape \(5, 0, 2\); .* at least one of each"),
    "h of one layer": (
        {"state": State(zeros(1, 3, 4), zeros(2, 3, 4))},
        r"state.h has shape \(1, 3, 4\); expected \(2, 3, 4\)",
    ),
    "h in float64": (
        {"state": State(zeros(2, 3, 4, dtype=np.float64), zeros(2, 3, 4))},
        "state.h has dtype float64; this layer computes in float32",
    ),
    "lengths for other rows": (
        {"lengths": np.array([1, 2])},
        r"lengths has shape \(2,\) and dtype int\d+; expected 3 integers",
    ),
    "lengths in float": (
        {"lengths": np.array([1.0, 2.0, 3.0])},
        "lengths has .* dtype float64; expected 3 integers",
    ),
    "a length too large": ({"lengths": np.array([1, 6, 3])}, r"lengths lie in \[1, 6\]; expected \[0, 5\]"),
    "a negative length": ({"lengths": np.array([1, -1, 3])}, r"lengths lie in \[-1, 3\]; expected \[0, 5\]"),
    "reset for other steps": (
        {"reset": zeros(4, 3, dtype=bool)},
        r"reset has shape \(4, 3\) and dtype bool; expected \(5, 3\) of bool",
    ),
    "reset of integers": (
        {"reset": zeros(5, 3, dtype=int)},
        r"reset has shape \(5, 3\) and dtype int\d+; expected \(5, 3\) of bool",
    ),
}


@pytest.mark.parametrize("kind", [LSTM, RNN])
@pytest.mark.parametrize("training", [True, False], ids=["forward", "call"])
@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_input_that_does_not_fit_is_refused(kind, training, changes, message):
    layer = kind(2, 4, 2)
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: {message}"):
        (layer.forward if training else layer)(**{"x": X} | changes)


@pytest.mark.parametrize(
    ("c", "message"),
    [
        (zeros(2, 3, 5), r"LSTM: state.c has shape \(2, 3, 5\); expected \(2, 3, 4\)"),
        (None, r"LSTM: state.c has shape \(0,\); expected \(2, 3, 4\)"),
        (zeros(2, 3, 4, dtype=np.float64), "LSTM: state.c has dtype float64; this layer computes in float32"),
    ],
    ids=["shape", "left out", "dtype"],
)
def test_an_lstm_needs_a_cell_state_that_fits(c, message):
    h = zeros(2, 3, 4)
    state = State(h) if c is None else State(h, c)
    with pytest.raises(ArgumentError, match=message):
        LSTM(2, 4, 2)(X, state)


@pytest.mark.parametrize("shape", [(5, 3, 5), (4, 3, 4), (5, 1, 4)], ids=["width", "steps", "batch"])
def test_a_gradient_of_another_shape_is_refused(shape):
    layer = LSTM(2, 4)
    _, _, cache = layer.forward(X)
    with pytest.raises(ArgumentError, match=r"LSTM: dy has shape \(.*\); expected \(5, 3, 4\)"):
        layer.backward(zeros(*shape), cache)


def test_a_gradient_of_the_state_of_another_shape_is_refused():
    layer = LSTM(2, 4)
    y, _, cache = layer.forward(X)
    with pytest.raises(ArgumentError, match=r"dstate.h has shape \(1, 1, 4\); expected \(1, 3, 4\)"):
        layer.backward(np.ones_like(y), cache, State(zeros(1, 1, 4), zeros(1, 1, 4)))
