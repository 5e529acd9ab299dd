"""Recurrent dropout and zoneout in the layers: what is drawn, from where, and what inference does instead."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import LSTM, RNN
from tests.nn.problems import assert_same, make_problem, run

T, B, D, H = 5, 3, 2, 4
LENGTHS = np.array([2, 5, 0])
RESET = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
RATES = {"recurrent_dropout": 0.4, "zoneout_hidden": 0.3, "zoneout_cell": 0.2}
KINDS = {"LSTM": (LSTM, RATES), "RNN": (RNN, {name: RATES[name] for name in list(RATES)[:2]})}
EITHER = pytest.mark.parametrize(("kind", "rates"), KINDS.values(), ids=KINDS)


def make(kind, seed=1, steps=T, batch=B, **options):
    options = {"bidirectional": True, "num_layers": 2, "dtype": np.float64} | options
    return make_problem(kind(D, H, **options), steps, batch, np.random.default_rng(seed))


def masks_of(cache):
    return [direction.masks for layer in cache.layers for direction in layer]


@EITHER
def test_the_rates_are_kept_as_given(kind, rates):
    layer = kind(D, H, **rates)
    assert {name: getattr(layer, name) for name in rates} == rates
    assert not any(getattr(kind(D, H), name) for name in rates)


@EITHER
def test_rates_of_zero_change_no_bit_and_draw_nothing(kind, rates):
    plain, zero = (make(kind, dropout=0.3, **some) for some in ({}, dict.fromkeys(rates, 0.0)))
    expected, found = run(plain, LENGTHS, RESET), run(zero, LENGTHS, RESET)
    assert_same(found, expected, tolerance=0)
    # The generators have drawn equally often, and what comes next is the same.
    assert_same(run(zero), run(plain), tolerance=0)


@EITHER
def test_each_layer_and_direction_draws_its_own_masks(kind, rates):
    layer, x, *_ = make(kind, batch=20, **rates)
    masks = masks_of(layer.forward(x)[2])
    assert len(masks) == 4
    for index, name in enumerate(rates):
        drawn = [mask[index] for mask in masks]
        assert not any(np.array_equal(drawn[0], other) for other in drawn[1:])
        assert {part.shape for part in drawn} == {(20, H) if index == 0 else (T, 20, H)}
        assert {part.dtype for part in drawn} == {np.dtype(np.float64 if index == 0 else np.bool_)}
        shut = np.mean([part == 0 if index == 0 else part for part in drawn])
        assert shut == pytest.approx(rates[name], abs=4 * 0.5 / np.sqrt(np.size(drawn)))
    assert {float(value) for mask in masks for value in np.unique(mask.recurrent)} == {0.0, 1 / 0.6}


@EITHER
def test_one_rate_alone_draws_one_mask_alone(kind, rates):
    for index, (name, rate) in enumerate(rates.items()):
        layer, x, *_ = make(kind, **{name: rate})
        for masks in masks_of(layer.forward(x)[2]):
            assert [mask is not None for mask in masks] == [place == index for place in range(3)]


@EITHER
def test_the_draws_come_from_the_generator_handed_in_or_else_from_the_layer_s_own(kind, rates):
    (layer, x, *_), (twin, *_) = (make(kind, **rates) for _ in range(2))
    first, second = layer.forward(x)[0], layer.forward(x)[0]
    assert not np.array_equal(first, second)
    assert np.array_equal(twin.forward(x)[0], first)
    one, other = (layer.forward(x, rng=np.random.default_rng(3))[0] for _ in range(2))
    assert np.array_equal(one, other)
    assert np.array_equal(twin.forward(x)[0], second)


@pytest.mark.parametrize("steps", [1, 40])
def test_recurrent_dropout_shuts_the_same_units_at_every_step(steps):
    # h' reaches the sums through the identity alone, so every step's sums show what was shut.
    layer = RNN(1, H, recurrent_dropout=0.5, activation="relu", dtype=np.float64)
    for name, view in layer.parameters.items():
        view[...] = np.eye(H) if name == "weight_hh_l0" else 1.0
    y, _, cache = layer.forward(np.ones((steps, B, 1)), reset=np.ones((steps, B), dtype=bool))
    assert (y == 2).all()
    y, _, cache = layer.forward(np.ones((steps, B, 1)))
    mask, before = cache.layers[0][0].masks.recurrent, cache.layers[0][0].h_prev
    np.testing.assert_allclose(y, 2 + mask * before, rtol=1e-14)


@EITHER
def test_inference_has_no_recurrent_dropout_and_draws_nothing(kind, rates):
    layer, x, *_ = make(kind, recurrent_dropout=0.5)
    plain, *_ = make(kind)
    before = layer._rng.bit_generator.state
    assert np.array_equal(layer(x)[0], plain(x)[0])
    assert layer._rng.bit_generator.state == before


def test_inference_mixes_old_and_new_by_the_rates():
    layer = LSTM(D, H, zoneout_hidden=0.25, zoneout_cell=0.75, dtype=np.float64)
    _, x, _, state, _ = make_problem(layer, 1, B, np.random.default_rng(4))
    plain = LSTM(D, H, dtype=np.float64)
    plain.parameters.assign(layer.parameters)
    new, found = plain(x, state)[1], layer(x, state)[1]
    np.testing.assert_allclose(found.h, 0.25 * state.h + 0.75 * new.h, atol=1e-15)
    np.testing.assert_allclose(found.c, 0.75 * state.c + 0.25 * new.c, atol=1e-15)


@EITHER
def test_the_mean_of_many_draws_in_training_is_what_inference_gives(kind, rates):
    # One step: over several, a mean goes through the cell's curves and is no longer the same.
    rows = 20_000
    zoneouts = {name: rate for name, rate in rates.items() if name.startswith("zoneout")}
    layer, x, _, state, _ = make(kind, steps=1, batch=1, num_layers=1, **zoneouts)
    x, many = np.repeat(x, rows, axis=1), type(state)(*(np.repeat(part, rows, axis=1) for part in state))
    trained, expected = layer.forward(x, many)[1], layer(x, many)[1]
    for values, means in zip(trained, expected, strict=True):
        error = values.std(axis=1) / np.sqrt(rows)
        assert (np.abs(values.mean(axis=1) - means[:, 0]) < 4 * error).all()


@EITHER
def test_zoneout_close_to_1_keeps_the_state(kind, rates):
    rate = 1 - 1e-9
    layer, x, _, state, _ = make(kind, **{name: rate for name in rates if name.startswith("zoneout")})
    for last in (layer(x, state)[1], layer.forward(x, state)[1]):
        np.testing.assert_allclose(last.h, state.h, atol=1e-7)
        np.testing.assert_allclose(last.c, state.c, atol=1e-7)


@EITHER
def test_what_stands_in_the_padding_changes_nothing(kind, rates):
    problem, twin = (make(kind, dropout=0.3, **rates) for _ in range(2))
    padding = np.arange(T)[:, None] >= LENGTHS
    twin.x[padding], twin.dy[padding] = np.nan, 7.0
    assert_same(run(twin, LENGTHS, RESET), run(problem, LENGTHS, RESET), tolerance=0)


@EITHER
def test_one_forward_pass_serves_one_backward_pass(kind, rates):
    layer, x, dy, *_ = make(kind, **rates)
    y, _, cache = layer.forward(x)
    layer.backward(dy, cache)
    gradients = layer.gradients.vector.copy()
    with pytest.raises(ArgumentError, match="run forward again"):
        layer.backward(dy, cache)
    assert np.array_equal(layer.gradients.vector, gradients)
    assert np.array_equal(cache.layers[-1][0].h, y[..., :H])


@pytest.mark.parametrize("skip", [False, True], ids=["stack", "skip"])
def test_the_gradient_handed_in_is_left_as_it_was(skip):
    layer, x, dy, state, dstate = make(LSTM, skip_connections=skip, num_layers=3, **RATES)
    handed = [x, dy, *state, *dstate]
    before = [array.copy() for array in handed]
    dx, _ = layer.backward(dy, layer.forward(x, state)[2], dstate)
    assert all(np.array_equal(array, copy) for array, copy in zip(handed, before, strict=True))
    assert not any(np.shares_memory(dx, array) for array in handed)
