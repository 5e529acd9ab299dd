"""Gradient descent and its averaged form, against recurrences written out here."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.optim import SGD, AveragedSGD
from tests.optim.problems import draw_gradients, follow, numbers

START = np.array([1.0, -2.0, 0.5])
GRADIENTS = draw_gradients(8, 3)


def test_plain_descent_is_the_start_minus_the_sum_of_gradients():
    trajectory = follow(SGD(numbers(START), 0.1), GRADIENTS)
    np.testing.assert_allclose(trajectory, START - 0.1 * np.cumsum(GRADIENTS, axis=0), atol=1e-14)


@pytest.mark.parametrize("nesterov", [False, True], ids=["Polyak", "Nesterov"])
def test_momentum(nesterov):
    theta, velocity, expected = START, 0, []
    for gradient in GRADIENTS:
        velocity = 0.9 * velocity + gradient
        theta = theta - 0.1 * (gradient + 0.9 * velocity if nesterov else velocity)
        expected.append(theta)
    optimizer = SGD(numbers(START), 0.1, momentum=0.9, nesterov=nesterov)
    np.testing.assert_allclose(follow(optimizer, GRADIENTS), expected, atol=1e-14)


@pytest.mark.parametrize("kind", [SGD, AveragedSGD])
def test_weight_decay_is_the_gradient_of_half_the_squared_norm(kind):
    optimizer = kind(numbers(START), 0.1, weight_decay=0.5)
    np.testing.assert_allclose(follow(optimizer, np.zeros((1, 3)))[0], START * (1 - 0.1 * 0.5), rtol=1e-15)


@pytest.mark.parametrize("start", [0, 3, 8, 20])
def test_the_average_is_the_mean_of_all_parameters_since_the_start(start):
    optimizer = AveragedSGD(numbers(START), 0.1, start=start)
    trajectory = START - 0.1 * np.cumsum(GRADIENTS, axis=0)
    assert np.array_equal(optimizer.weights, START)
    for step, gradient in enumerate(GRADIENTS, start=1):
        assert np.array_equal(optimizer.parameters, follow(optimizer, [gradient])[0])
        np.testing.assert_allclose(optimizer.parameters, trajectory[step - 1], atol=1e-14)
        expected = trajectory[start:step].mean(axis=0) if step > start else trajectory[step - 1]
        np.testing.assert_allclose(optimizer.weights, expected, atol=1e-14)


def test_averaging_does_not_disturb_the_descent():
    plain, averaged = (follow(kind(numbers(START), 0.1), GRADIENTS) for kind in (SGD, AveragedSGD))
    assert np.array_equal(plain, averaged)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (SGD, {"learning_rate": -0.1}, "learning_rate=-0.1; expected a finite number of at least 0"),
        (SGD, {"learning_rate": np.inf}, "learning_rate=inf; expected a finite number of at least 0"),
        (SGD, {"learning_rate": np.nan}, "learning_rate=nan; expected a finite number of at least 0"),
        (SGD, {"momentum": 1.0}, r"momentum=1.0; expected a number in \[0, 1\)"),
        (SGD, {"momentum": -0.5}, r"momentum=-0.5; expected a number in \[0, 1\)"),
        (SGD, {"weight_decay": -1}, "weight_decay=-1; expected a finite number of at least 0"),
        (AveragedSGD, {"learning_rate": -1}, "learning_rate=-1; expected a finite number of at least 0"),
        (AveragedSGD, {"weight_decay": -1}, "weight_decay=-1; expected a finite number of at least 0"),
        (AveragedSGD, {"start": -1}, "start=-1; expected"),
        (AveragedSGD, {"start": 2.5}, "start=2.5; expected"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else getattr(value, "__name__", ""),
)
def test_settings_that_cannot_work_are_refused(kind, options, message):
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: {message}"):
        kind(numbers(START), **options)
