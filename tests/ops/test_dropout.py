"""Dropout and zoneout: what is zeroed, scaled or kept, and that the backward pass uses the same mask."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops import dropout, dropout_backward
from gatewise.ops.dropout import dropout_mask, zoneout, zoneout_backward, zoneout_mask
from tests.ops.gradients import assert_gradients


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_elements_are_zeroed_at_the_rate_and_the_others_keep_the_mean(rate, dtype):
    y, _ = dropout(np.ones(20_000, dtype), rate, np.random.default_rng(0))
    zeroed = float(np.mean(y == 0))
    assert zeroed == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / y.size))
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)
    assert y.dtype == dtype


def test_gradient_with_a_fixed_mask():
    x, dy = np.random.default_rng(1).normal(size=(2, 3, 4))
    _, mask = dropout(x, 0.4, np.random.default_rng(2))

    def loss():
        return float(np.sum(dropout(x, 0.4, np.random.default_rng(2))[0] * dy))

    assert_gradients(loss, {"x": (x, dropout_backward(dy, mask))})


def test_at_rate_zero_nothing_happens_and_nothing_is_drawn():
    x, rng = np.ones((2, 3)), np.random.default_rng(3)
    y, mask = dropout(x, 0.0, rng)
    assert y is x
    assert mask is None
    assert dropout_backward(x, mask) is x
    assert rng.bit_generator.state == np.random.default_rng(3).bit_generator.state


def test_the_draws_come_from_the_generator():
    x, rng = np.ones(50), np.random.default_rng(4)
    first, second = (dropout(x, 0.5, rng)[0] for _ in range(2))
    assert np.array_equal(first, dropout(x, 0.5, np.random.default_rng(4))[0])
    assert not np.array_equal(first, second)


def test_dropout_that_is_not_locked_draws_a_number_for_each_element():
    x = np.random.default_rng(10).normal(size=(4, 3, 5))
    y, mask = dropout(x, 0.3, np.random.default_rng(11), locked=False)
    drawn = np.random.default_rng(11).random(x.shape, dtype=np.float32)
    assert np.array_equal(mask, (drawn >= 0.3) * (1 / 0.7))
    assert np.array_equal(y, x * mask)


def test_locked_dropout_zeroes_the_same_units_of_a_sequence_at_all_steps():
    x = np.random.default_rng(12).normal(size=(6, 4, 50)).astype(np.float32)
    y, mask = dropout(x, 0.5, np.random.default_rng(13), locked=True)
    assert mask.shape == (1, 4, 50)
    assert mask.dtype == y.dtype == np.float32
    assert set(np.unique(mask)) == {0, 2}
    for t in range(6):
        assert np.array_equal(y[t], x[t] * mask[0])
    for other in range(1, 4):
        assert not np.array_equal(mask[0, 0], mask[0, other])


def test_gradient_with_a_fixed_locked_mask():
    x, dy = np.random.default_rng(14).normal(size=(2, 5, 2, 4))
    _, mask = dropout(x, 0.4, np.random.default_rng(15), locked=True)

    def loss():
        return float(np.sum(dropout(x, 0.4, np.random.default_rng(15), locked=True)[0] * dy))

    assert_gradients(loss, {"x": (x, dropout_backward(dy, mask))})


def test_the_mean_of_many_locked_draws_is_the_undropped_value():
    x, rng = np.random.default_rng(16).normal(size=(3, 2, 4)), np.random.default_rng(17)
    draws = np.stack([dropout(x, 0.6, rng, locked=True)[0] for _ in range(4000)])
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - x) < 4 * error).all()


def test_locked_dropout_at_rate_zero_does_nothing_and_draws_nothing():
    x, rng = np.ones((2, 3)), np.random.default_rng(18)
    assert dropout(x, 0.0, rng, locked=True) == (x, None)
    assert rng.bit_generator.state == np.random.default_rng(18).bit_generator.state


@pytest.mark.parametrize("shape", [(), (5,)], ids=["no axis", "one axis"])
def test_locked_dropout_needs_steps_and_sequences(shape):
    with pytest.raises(ArgumentError, match=r"dropout: x has shape \(.*\); expected \(T, B, \.\.\.\)"):
        dropout(np.ones(shape), 0.5, np.random.default_rng(19), locked=True)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_zoneout_keeps_at_the_rate(rate):
    mask = zoneout_mask((40, 500), rate, np.random.default_rng(5))
    assert mask.dtype == np.bool_
    assert float(mask.mean()) == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / mask.size))
    assert not np.array_equal(mask[0], mask[1])


def test_masks_of_rate_zero_are_none_and_draw_nothing():
    rng = np.random.default_rng(6)
    assert dropout_mask((2, 3), 0.0, rng, np.float32) is None
    assert zoneout_mask((2, 3), 0.0, rng) is None
    assert rng.bit_generator.state == np.random.default_rng(6).bit_generator.state


@pytest.mark.parametrize("rate", [-0.1, 1.0, np.nan])
def test_a_rate_that_is_no_probability_below_1_is_refused(rate):
    rng = np.random.default_rng(7)
    with pytest.raises(ArgumentError, match=r"dropout: rate=.*; expected a probability in \[0, 1\)"):
        dropout_mask((2,), rate, rng, np.float32)
    with pytest.raises(ArgumentError, match=r"zoneout: rate=.*; expected a probability in \[0, 1\)"):
        zoneout_mask((2,), rate, rng)


@pytest.mark.parametrize(
    "mask", [zoneout_mask((3, 4), 0.5, np.random.default_rng(8)), 0.3], ids=["drawn", "0.3"]
)
def test_gradients_of_zoneout(mask):
    old, new, dy = np.random.default_rng(9).normal(size=(3, 3, 4))

    def loss():
        return float(np.sum(zoneout(old, new, mask) * dy))

    dold, dnew = zoneout_backward(dy, mask)
    assert_gradients(loss, {"old": (old, dold), "new": (new, dnew)})


def test_without_a_mask_zoneout_hands_the_new_value_through():
    old, new = np.zeros(3), np.ones(3)
    assert zoneout(old, new, None) is new
    dold, dnew = zoneout_backward(new, None)
    assert dold is None
    assert dnew is new
