"""What all optimisers promise: in place, gradients untouched, and a restored one goes on to the same bits."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import LSTM, Linear, Network
from gatewise.optim import (
    SGD,
    Adam,
    AdamW,
    AveragedSGD,
    NonMonotoneASGD,
    Optimizer,
    clip_by_norm,
    gradient_norm,
)
from tests.optim.problems import draw_gradients, follow, numbers

OPTIMIZERS = {
    "SGD": lambda layer: SGD(layer, 0.1),
    "SGD, momentum": lambda layer: SGD(layer, 0.1, momentum=0.9, weight_decay=0.1),
    "SGD, Nesterov": lambda layer: SGD(layer, 0.1, momentum=0.9, nesterov=True),
    "AveragedSGD": lambda layer: AveragedSGD(layer, 0.1, weight_decay=0.1),
    "AveragedSGD, late": lambda layer: AveragedSGD(layer, 0.1, start=7),
    "NonMonotoneASGD": lambda layer: NonMonotoneASGD(layer, 0.1),
    "Adam": lambda layer: Adam(layer, 0.1, weight_decay=0.1),
    "AdamW": lambda layer: AdamW(layer, 0.1, weight_decay=0.1),
}
EACH = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
START = np.random.default_rng(1).normal(size=6)
GRADIENTS = draw_gradients(10, 6, seed=2)


@EACH
@pytest.mark.parametrize("stop", [0, 1, 5, 8])
def test_a_restored_optimizer_goes_on_to_the_same_bits(make, stop):
    never_stopped = make(numbers(START, np.float32))
    expected = follow(never_stopped, GRADIENTS)

    stopped = make(numbers(START, np.float32))
    follow(stopped, GRADIENTS[:stop])
    kept, parameters = stopped.state(), stopped.parameters.copy()
    follow(stopped, GRADIENTS[stop:])  # what was kept must not follow along

    resumed = make(numbers(parameters, np.float32))
    resumed.restore(kept)
    assert resumed.steps == stop
    assert np.array_equal(follow(resumed, GRADIENTS[stop:]), expected[stop:])
    assert np.array_equal(resumed.weights, never_stopped.weights)


@EACH
def test_restoring_does_not_tie_the_optimizer_to_what_it_was_given(make):
    optimizer = make(numbers(START))
    follow(optimizer, GRADIENTS[:5])
    kept = optimizer.state()
    before = {name: array.copy() for name, array in kept.items()}
    optimizer.restore(kept)
    follow(optimizer, GRADIENTS[5:])
    assert all(np.array_equal(kept[name], array) for name, array in before.items())


@EACH
def test_a_step_moves_the_parameters_in_place_and_leaves_the_gradients(make):
    layer = numbers(START)
    vector, view = layer.parameters.vector, layer.parameters["weight"]
    optimizer = make(layer)
    for gradient in GRADIENTS[:3]:
        before = vector.copy()
        follow(optimizer, [gradient])
        assert np.array_equal(layer.gradients.vector, gradient)
        assert (vector != before).all()
    assert layer.parameters.vector is vector
    assert np.array_equal(view, vector)
    assert optimizer.steps == 3


@EACH
def test_float32_stays_float32(make):
    optimizer = make(numbers(START, np.float32))
    follow(optimizer, GRADIENTS)
    assert optimizer.weights.dtype == np.float32
    assert all(optimizer.state()[slot].dtype == np.float32 for slot in optimizer.slots)


@EACH
def test_the_learning_rate_may_be_set_between_steps(make):
    optimizer = make(numbers(START))
    follow(optimizer, GRADIENTS[:4])
    optimizer.learning_rate = 0.0
    before = optimizer.parameters.copy()
    follow(optimizer, GRADIENTS[4:])
    assert np.array_equal(optimizer.parameters, before)


@EACH
def test_a_step_moves_every_layer_of_a_network(make):
    network = Network({"lstm": LSTM(2, 3), "output": Linear(3, 2)})
    before = {name: view.copy() for name, view in network.parameters.items()}
    optimizer = make(network)
    follow(optimizer, np.ones((1, network.parameters.vector.size)))
    assert all((network.parameters[name] != value).all() for name, value in before.items())


DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@EACH
@DTYPES
@pytest.mark.parametrize("limit", [0.3, 1e3, np.inf])
def test_a_clipped_step_is_a_step_along_clipped_gradients(make, dtype, limit):
    clipped, plain = make(numbers(START, dtype)), make(numbers(START, dtype))
    for gradient in GRADIENTS:
        clipped.gradients[...] = plain.gradients[...] = gradient
        update = clipped.step(limit)
        assert update.gradient_norm == pytest.approx(clip_by_norm(plain.gradients, limit), rel=1e-13)
        assert update.finite
        plain.step()
        assert np.array_equal(clipped.gradients, gradient.astype(dtype))
    tolerance = 16 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(clipped.weights, plain.weights, rtol=tolerance, atol=tolerance)


@EACH
@DTYPES
def test_a_step_hands_out_the_parameters_before_it(make, dtype):
    optimizer, before = make(numbers(START, dtype)), np.empty(6, dtype)
    for gradient in GRADIENTS:
        optimizer.gradients[...] = gradient
        expected = optimizer.parameters.copy()
        assert optimizer.step(before=before).gradient_norm == pytest.approx(
            gradient_norm(optimizer.gradients)
        )
        assert np.array_equal(before, expected)


@EACH
@DTYPES
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan], ids=str)
@pytest.mark.parametrize("limit", [None, 1.0], ids=["free", "clipped"])
def test_a_gradient_that_is_not_finite_refuses_the_step(make, dtype, bad, limit):
    optimizer, before = make(numbers(START, dtype)), np.zeros(6, dtype)
    follow(optimizer, GRADIENTS[:2])
    kept, parameters = optimizer.state(), optimizer.parameters.copy()
    optimizer.gradients[3] = bad
    update = optimizer.step(limit, before=before)
    assert not np.isfinite(update.gradient_norm)
    assert update.finite
    assert np.array_equal(optimizer.parameters, parameters)
    assert all(np.array_equal(optimizer.state()[name], array) for name, array in kept.items())
    assert not before.any()


@DTYPES
def test_an_update_that_is_not_finite_is_told(dtype):
    optimizer = SGD(numbers([1.0, 2.0], dtype), float(np.finfo(dtype).max))
    optimizer.gradients[...] = [0.0, 4.0]
    with np.errstate(over="ignore"):
        assert not optimizer.step().finite


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.999, 1.001, 2])
def test_a_step_with_a_limit_is_that_of_gradients_cut_to_it(make, dtype, share):
    one, other = make(numbers(START, dtype)), make(numbers(START, dtype))
    for gradients in GRADIENTS:
        limit = share * gradient_norm(gradients)
        one.gradients[...] = other.gradients[...] = gradients
        norm = clip_by_norm(other.gradients, limit)
        assert one.step(limit).gradient_norm == pytest.approx(norm, rel=1e-6)
        other.step()
        np.testing.assert_allclose(one.parameters, other.parameters, rtol=0, atol=30 * np.finfo(dtype).eps)


@pytest.mark.parametrize("limit", [0, -1.0, np.nan])
def test_a_norm_that_cannot_be_is_refused(limit):
    optimizer = SGD(numbers(START))
    with pytest.raises(ArgumentError, match=r"clip_norm=.*; expected a number above 0"):
        optimizer.step(limit)
    assert optimizer.steps == 0


@DTYPES
def test_an_optimizer_of_ones_own_needs_only_its_formula(dtype):
    class Signs(Optimizer):
        def _update(self, parameters, gradients):
            parameters -= self.learning_rate * self.steps * np.sign(gradients)

    class Hasty(Adam):
        def _update(self, parameters, gradients):
            parameters -= gradients

    signs, hasty = Signs(numbers(np.zeros(2), dtype), 0.5), Hasty(numbers(np.zeros(2), dtype))
    for optimizer in (signs, hasty):
        optimizer.gradients[...] = [3.0, -4.0]
        assert optimizer.step(1.0) == (5.0, True)
    assert signs.parameters.tolist() == [-0.5, 0.5]
    np.testing.assert_allclose(hasty.parameters, [-0.6, 0.8], rtol=1e-6)


@EACH
def test_a_bowl_is_descended(make):
    # ½ Σ k θ² with a condition number of ten; weight decay only pulls the same way.
    curvature = np.linspace(0.2, 2, 6)
    layer = numbers(START)
    optimizer = make(layer)
    for _ in range(300):
        layer.gradients.vector[...] = curvature * layer.parameters.vector
        optimizer.step()
    assert np.linalg.norm(optimizer.weights) < 0.1 * np.linalg.norm(START)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"variance": None}, "variance.*missing"), ({"variance": np.ones(1)}, r"variance.*\(1,\).*\(6,\)")],
    ids=["missing", "shape"],
)
def test_a_state_that_does_not_fit_is_refused(change, message):
    optimizer = Adam(numbers(START))
    state = {name: array for name, array in (optimizer.state() | change).items() if array is not None}
    with pytest.raises(ArgumentError, match=message):
        optimizer.restore(state)
