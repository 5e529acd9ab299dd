"""The judge itself: central differences are right where the derivative is known, and leave no trace."""

import numpy as np
import pytest

from gatewise.ops import numerical_gradient, relative_error


def test_polynomials_up_to_the_fourth_degree_are_differentiated_exactly():
    x = np.array([-1.5, 0.25, 2.0])
    gradient = numerical_gradient(lambda: float(np.sum(x**4 - 3 * x**2 + x)), x, step=0.1)
    np.testing.assert_allclose(gradient, 4 * x**3 - 6 * x + 1, rtol=1e-12)


def test_the_error_falls_with_the_fourth_power_of_the_step():
    x = np.array([0.7])

    def error(step):
        return abs(numerical_gradient(lambda: float(np.exp(x[0])), x, step)[0] - np.exp(0.7))

    assert error(0.1) / error(0.05) == pytest.approx(16, rel=0.01)


def test_the_point_is_put_back_bit_by_bit():
    x = np.random.default_rng(0).normal(size=(3, 4))
    before = x.copy()
    numerical_gradient(lambda: float(np.sum(np.sin(x))), x)
    assert np.array_equal(x, before)


@pytest.mark.parametrize(
    ("actual", "expected", "error"),
    [
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([1.0, 4.0], [1.0, 5.0], 0.2),
        ([5.0, 0.0], [4.0, 0.0], 0.2),
        ([], [], 0.0),
    ],
    ids=["both zero", "scaled by the expected", "scaled by the actual", "empty"],
)
def test_relative_error_is_measured_against_the_larger_array(actual, expected, error):
    assert relative_error(np.array(actual), np.array(expected)) == pytest.approx(error, abs=1e-15)


def test_nan_is_no_agreement():
    assert not relative_error(np.array([np.nan, 1.0]), np.array([0.0, 1.0])) < np.inf
