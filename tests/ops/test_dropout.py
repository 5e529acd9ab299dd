"""Dropout: what is zeroed, what the rest is scaled by, and that the backward pass uses the same mask."""

import numpy as np
import pytest

from gatewise.ops import dropout, dropout_backward
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
