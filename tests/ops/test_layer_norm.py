"""Layer normalisation: what it makes of a vector, and its gradients."""

import numpy as np
import pytest

from gatewise.ops import layer_norm, layer_norm_backward
from tests.ops.gradients import assert_gradients

T, B, H = 3, 2, 5


def draw(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(T, B, H)), rng.normal(size=H), rng.normal(size=H), rng.normal(size=(T, B, H))


def test_with_a_weight_of_one_a_vector_has_mean_zero_and_variance_one():
    x = 7 + 3 * draw()[0]
    y, _ = layer_norm(x, np.ones(H), np.zeros(H), epsilon=1e-12)
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=-1), 1, atol=1e-10)


def test_moving_and_stretching_a_vector_changes_nothing():
    x, weight, bias, _ = draw(1)
    expected, _ = layer_norm(x, weight, bias, epsilon=1e-12)
    np.testing.assert_allclose(layer_norm(3 * x - 5, weight, bias, epsilon=1e-12)[0], expected, atol=1e-9)


@pytest.mark.parametrize("epsilon", [1e-5, 0.2])
def test_gradients(epsilon):
    x, weight, bias, dy = draw(2)

    def loss():
        return float(np.sum(layer_norm(x, weight, bias, epsilon)[0] * dy))

    dx, dweight, dbias = layer_norm_backward(dy, layer_norm(x, weight, bias, epsilon)[1])
    assert_gradients(loss, {"x": (x, dx), "weight": (weight, dweight), "bias": (bias, dbias)})


def test_equal_elements_give_the_bias_and_a_finite_gradient():
    _, weight, bias, dy = draw(3)
    y, cache = layer_norm(np.full((T, B, H), 4.0), weight, bias)
    assert np.array_equal(y, np.broadcast_to(bias, y.shape))
    assert np.isfinite(layer_norm_backward(dy, cache)[0]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_stays_and_nothing_handed_in_is_changed(dtype):
    x, weight, bias, dy = (array.astype(dtype) for array in draw(4))
    before = [array.copy() for array in (x, weight, bias, dy)]
    y, cache = layer_norm(x, weight, bias)
    gradients = layer_norm_backward(dy, cache)
    assert {array.dtype for array in (y, cache.deviation, *gradients)} == {np.dtype(dtype)}
    assert all(map(np.array_equal, before, (x, weight, bias, dy)))
