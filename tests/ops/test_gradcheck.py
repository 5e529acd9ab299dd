"""The judge itself: central differences are right where the derivative is known, and leave no trace."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops import numerical_gradient, relative_error


@pytest.mark.parametrize("points", [2, 4])
def test_polynomials_up_to_the_degree_of_the_points_are_differentiated_exactly(points):
    x = np.array([-1.5, 0.25, 2.0])
    gradient = numerical_gradient(lambda: float(np.sum(x**points - 3 * x**2 + x)), x, 0.1, points=points)
    np.testing.assert_allclose(gradient, points * x ** (points - 1) - 6 * x + 1, rtol=1e-12)


@pytest.mark.parametrize("points", [2, 4])
def test_the_error_falls_with_that_power_of_the_step(points):
    x = np.array([0.7])

    def error(step):
        found = numerical_gradient(lambda: float(np.exp(x[0])), x, step, points=points)
        return abs(found[0] - np.exp(0.7))

    assert error(0.1) / error(0.05) == pytest.approx(2**points, rel=0.01)


def test_other_numbers_of_points_are_refused():
    with pytest.raises(ArgumentError, match="points=3; expected 2 or 4"):
        numerical_gradient(lambda: 0.0, np.zeros(1), points=3)


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
