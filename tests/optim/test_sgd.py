"""Gradient descent and its averaged form, against recurrences written out here."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.optim import SGD, AveragedSGD, NonMonotoneASGD
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


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize(
    "losses",
    [[5, 4, 3, 2, 1, 0], [5, 4, 6, 6, 6, 1], [3, 5, 4, 4, 2, 2], [1, 2, 3, 4, 5, 6], [2, 2, 2, 2, 2, 2]],
)
def test_averaging_begins_where_the_algorithm_says(n, losses):
    """Merity et al. 2018, algorithm 1, in its own letters; a step before each validation."""
    T, t, logs = 0, 0, []
    for k, v in enumerate(losses, start=1):
        if T == 0:
            if t > n and v > min(logs[: t - n]):
                T = k
            logs.append(v)
            t += 1
    optimizer = NonMonotoneASGD(numbers(START), 0.1, nonmonotone=n)
    steps = np.tile(GRADIENTS, (2, 1))
    for gradient, loss in zip(steps, losses, strict=False):
        follow(optimizer, [gradient])
        optimizer.validated(loss)
    assert optimizer.averages == (T > 0)
    assert not T or optimizer.start == T
    rest = follow(optimizer, steps[len(losses) :])
    trajectory = START - 0.1 * np.cumsum(steps, axis=0)
    np.testing.assert_allclose(rest, trajectory[len(losses) :], atol=1e-14)
    expected = trajectory[T:].mean(axis=0) if T else trajectory[-1]
    np.testing.assert_allclose(optimizer.weights, expected, atol=1e-14)


def test_what_has_been_validated_is_part_of_the_state():
    losses = [3.0, 1.0, 2.0, 2.0, 2.0]
    for stop in range(len(losses)):
        first, second = (NonMonotoneASGD(numbers(START), 0.1, nonmonotone=2) for _ in range(2))
        for loss in losses[:stop]:
            follow(first, GRADIENTS[:1])
            first.validated(loss)
        second.restore(first.state())
        for optimizer in (first, second):
            for loss in losses[stop:]:
                follow(optimizer, GRADIENTS[:1])
                optimizer.validated(loss)
        assert first.start == second.start == 5
        assert first.state().keys() == second.state().keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"losses": None}, "'losses' is missing; expected 1 axes of floating"),
        ({"losses": np.array(1.0)}, r"'losses' has shape \(\) and dtype float64"),
        ({"start": np.array(1.5)}, r"'start' has shape \(\) and dtype float64; expected 0 axes of integer"),
    ],
    ids=["missing", "axes", "type"],
)
def test_a_state_that_does_not_fit_is_refused(change, message):
    optimizer = NonMonotoneASGD(numbers(START))
    state = {name: array for name, array in (optimizer.state() | change).items() if array is not None}
    with pytest.raises(ArgumentError, match=f"NonMonotoneASGD: {message}"):
        optimizer.restore(state)


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
        (NonMonotoneASGD, {"nonmonotone": -1}, "nonmonotone=-1; expected"),
        (NonMonotoneASGD, {"nonmonotone": 0.5}, "nonmonotone=0.5; expected a whole number"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else getattr(value, "__name__", ""),
)
def test_settings_that_cannot_work_are_refused(kind, options, message):
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: {message}"):
        kind(numbers(START), **options)
