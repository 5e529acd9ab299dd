"""Activations: accuracy against decimal arithmetic of fifty digits, extremes, and slopes."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from gatewise.ops import ACTIVATIONS, log_softmax, relu, sigmoid, softmax, tanh
from tests.ops.gradients import assert_gradients

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


def exact_sigmoid(z):
    with localcontext() as context:
        context.prec = 50
        return np.array([float(1 / (1 + (-Decimal(float(value))).exp())) for value in z])


def exact_log_softmax(logits):
    with localcontext() as context:
        context.prec = 50
        values = [Decimal(float(value)) for value in logits]
        top = max(values)
        log_sum = top + sum((value - top).exp() for value in values).ln()
        return np.array([float(value - log_sum) for value in values])


@DTYPES
def test_sigmoid_is_right_to_an_epsilon(dtype):
    z = np.linspace(-50, 50, 2001).astype(dtype)
    error = np.abs(sigmoid(z).astype(np.float64) - exact_sigmoid(z)).max()
    assert error <= np.finfo(dtype).eps


@DTYPES
@pytest.mark.parametrize(
    ("function", "low", "middle", "high"), [(sigmoid, 0, 0.5, 1), (tanh, -1, 0, 1)], ids=["sigmoid", "tanh"]
)
def test_saturation_is_exact_and_silent(function, low, middle, high, dtype):
    huge = np.finfo(dtype).max
    z = np.array([-np.inf, -huge, -1e4, 0, 1e4, huge, np.inf], dtype)
    assert function(z).tolist() == [low, low, low, middle, high, high, high]


@DTYPES
def test_relu_keeps_what_is_positive(dtype):
    z = np.array([-np.inf, -2, -0.0, 0.5, np.inf], dtype)
    assert relu(z).tolist() == [0, 0, 0, 0.5, np.inf]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_result_may_overwrite_the_argument(name):
    z = np.random.default_rng(0).normal(size=(3, 4))
    function = ACTIVATIONS[name].function
    expected = function(z, None)
    assert not np.shares_memory(expected, z)
    assert function(z, z) is z
    assert np.array_equal(z, expected)


@pytest.mark.parametrize("function", [sigmoid, tanh, relu], ids=["sigmoid", "tanh", "relu"])
def test_any_shape_includes_that_of_a_single_number(function):
    assert function(np.array(0.3)) == function(np.array([0.3]))[0]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_taken_from_the_output_is_the_derivative(name):
    z = np.array([-3.0, -0.5, 0.2, 1.7])
    function, slope = ACTIVATIONS[name]
    assert_gradients(lambda: float(function(z, None).sum()), {"z": (z, slope(function(z, None)))})


@pytest.mark.parametrize(
    "logits",
    [[0.0, 0.0, 0.0], [1000.0, 0.0, -1000.0], [-1e4, -1e4 - 1], [3.0, -40.0, 2.5], [1e30, 1.0]],
    ids=["equal", "far apart", "far from zero", "ordinary", "beyond any exponential"],
)
def test_log_softmax_is_right_to_an_epsilon_of_its_result(logits):
    logits = np.array(logits)
    eps = np.finfo(np.float64).eps
    np.testing.assert_allclose(log_softmax(logits), exact_log_softmax(logits), rtol=2 * eps, atol=2 * eps)


def test_log_softmax_in_float32_follows_float64():
    logits = (10 * np.random.default_rng(1).normal(size=(50, 30))).astype(np.float32)
    expected, eps = log_softmax(logits.astype(np.float64)), np.finfo(np.float32).eps
    np.testing.assert_allclose(log_softmax(logits), expected, rtol=2 * eps, atol=2 * eps)


def test_a_symbol_that_is_ruled_out_has_probability_zero():
    probabilities = softmax(np.array([[0.0, -np.inf, 0.0]]))
    np.testing.assert_allclose(probabilities, [[0.5, 0.0, 0.5]], rtol=1e-15)


def test_probabilities_sum_to_one_and_do_not_know_a_common_shift():
    logits = np.random.default_rng(2).normal(size=(4, 5, 6)) * 20
    np.testing.assert_allclose(softmax(logits).sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(softmax(logits + 512), softmax(logits), rtol=1e-12)


def test_softmax_leaves_the_logits_as_they_were():
    logits = np.random.default_rng(3).normal(size=(2, 3))
    before = logits.copy()
    softmax(logits)
    assert np.array_equal(logits, before)
