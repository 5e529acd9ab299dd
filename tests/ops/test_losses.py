"""Losses: their values, their gradients, and that what is masked does not count."""

import math

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops import (
    binary_cross_entropy,
    binary_cross_entropy_backward,
    cross_entropy,
    cross_entropy_backward,
    cross_entropy_in_place,
    cross_entropy_loss,
    squared_error,
    squared_error_backward,
)
from tests.ops.gradients import assert_gradients

MASKS = {
    "no mask": None,
    "masked": np.array([[True, False, True], [False, True, True]]),
}
EACH_MASK = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)


@pytest.fixture
def classes():
    """Logits (2, 3, 4) and targets (2, 3), one of them repeated."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 3, 4)), np.array([[0, 3, 1], [2, 2, 0]])


@pytest.fixture
def switches():
    """Logits and targets (2, 3, 5), each target on or off."""
    rng = np.random.default_rng(2)
    return rng.normal(size=(2, 3, 5)), rng.random((2, 3, 5)) < 0.4


@pytest.fixture
def numbers():
    """A prediction and its target, (2, 3)."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(2, 3)), rng.normal(size=(2, 3))


@EACH_MASK
def test_gradient_of_cross_entropy(classes, mask):
    logits, targets = classes
    _, cache = cross_entropy(logits, targets, mask)
    pairs = {"logits": (logits, cross_entropy_backward(cache))}
    assert_gradients(lambda: cross_entropy(logits, targets, mask)[0], pairs)


@EACH_MASK
@pytest.mark.parametrize("soft", [False, True], ids=["on or off", "in between"])
def test_gradient_of_binary_cross_entropy(switches, mask, soft):
    logits, targets = switches
    if soft:
        targets = np.random.default_rng(3).random(targets.shape)
    _, cache = binary_cross_entropy(logits, targets, mask)
    pairs = {"logits": (logits, binary_cross_entropy_backward(cache))}
    assert_gradients(lambda: binary_cross_entropy(logits, targets, mask)[0], pairs)


@EACH_MASK
def test_gradient_of_squared_error(numbers, mask):
    prediction, target = numbers
    _, cache = squared_error(prediction, target, mask)
    pairs = {"prediction": (prediction, squared_error_backward(cache))}
    assert_gradients(lambda: squared_error(prediction, target, mask)[0], pairs)


def test_cross_entropy_is_the_mean_of_minus_log_probability(classes):
    logits, targets = classes
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    terms = [-np.log(probabilities[t, b, targets[t, b]]) for t in range(2) for b in range(3)]
    assert cross_entropy(logits, targets)[0] == pytest.approx(np.mean(terms), rel=1e-14)


def test_binary_cross_entropy_is_the_mean_over_steps_of_the_sum_over_switches(switches):
    logits, targets = switches
    total = 0.0
    for place in np.ndindex(logits.shape):
        on = 1 / (1 + math.exp(-logits[place]))
        total -= math.log(on if targets[place] else 1 - on)
    assert binary_cross_entropy(logits, targets)[0] == pytest.approx(total / 6, rel=1e-13)


def test_a_switch_is_a_choice_between_two_classes(switches):
    logits, targets = switches
    pairs = np.stack([np.zeros_like(logits), logits], axis=-1)
    loss, cache = cross_entropy(pairs, targets.astype(int))  # the mean over switches, not over steps
    ours, our_cache = binary_cross_entropy(logits, targets)
    assert ours == pytest.approx(loss * 5, rel=1e-13)
    theirs = cross_entropy_backward(cache)[..., 1] * 5
    np.testing.assert_allclose(binary_cross_entropy_backward(our_cache), theirs, rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_binary_cross_entropy_of_enormous_logits_stays_finite(dtype):
    logits = np.array([[1e4, -1e4, 1e4, -1e4, 0.0]], dtype=dtype)
    loss, cache = binary_cross_entropy(logits, np.array([[True, True, False, False, True]]))
    assert loss == pytest.approx(2e4 + np.log(2))
    assert binary_cross_entropy_backward(cache).tolist() == [[0, -1, 1, 0, -0.5]]


@pytest.mark.parametrize(("z", "cost"), [(30.0, 9.357622968839737e-14), (-30.0, 30.0)])
def test_binary_cross_entropy_keeps_small_costs(z, cost):
    # The first is log(1 + exp(-30)), worked out with 30 digits; 1 - σ(30) would leave half of them.
    loss, _ = binary_cross_entropy(np.array([[z]]), np.array([[True]]))
    assert loss == pytest.approx(cost, rel=1e-14, abs=0)


@EACH_MASK
def test_binary_cross_entropy_in_float32(switches, mask):
    logits, targets = switches
    loss, cache = binary_cross_entropy(logits, targets, mask)
    loss32, cache32 = binary_cross_entropy(logits.astype(np.float32), targets, mask)
    gradient = binary_cross_entropy_backward(cache32)
    assert gradient.dtype == np.float32
    assert loss32 == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(gradient, binary_cross_entropy_backward(cache), rtol=0, atol=1e-7)


def test_squared_error_is_the_mean_of_squares():
    assert squared_error(np.array([1.0, 5.0]), np.array([2.0, 2.0]))[0] == pytest.approx((1 + 9) / 2)


def test_knowing_nothing_costs_the_logarithm_of_the_vocabulary():
    loss, _ = cross_entropy(np.full((3, 50), 7.0), np.array([0, 20, 49]))
    assert loss == pytest.approx(np.log(50), rel=1e-14)


def test_cross_entropy_of_enormous_logits_stays_finite():
    logits = np.array([[1e4, 0.0], [0.0, 1e4]], dtype=np.float32)
    loss, cache = cross_entropy(logits, np.array([0, 0]))
    assert loss == pytest.approx(5000)
    assert cross_entropy_backward(cache).tolist() == [[0, 0], [-0.5, 0.5]]


def test_the_gradient_of_squared_error_is_prediction_minus_target():
    # A prediction that is too high must come down: not y - ŷ, as a tutorial has it.
    _, cache = squared_error(np.array([3.0, -1.0]), np.array([1.0, 1.0]))
    assert squared_error_backward(cache).tolist() == [2.0, -2.0]


def test_a_masked_mean_is_the_mean_over_what_is_left(classes, switches, numbers):
    mask = MASKS["masked"]
    for loss, arguments in [
        (cross_entropy, classes),
        (binary_cross_entropy, switches),
        (squared_error, numbers),
    ]:
        left = loss(*(array[mask] for array in arguments))[0]
        assert loss(*arguments, mask)[0] == pytest.approx(left, rel=1e-14)


def test_masked_elements_have_no_gradient(classes, switches, numbers):
    mask = MASKS["masked"]
    assert not binary_cross_entropy_backward(binary_cross_entropy(*switches, mask)[1])[~mask].any()
    assert not cross_entropy_backward(cross_entropy(*classes, mask)[1])[~mask].any()
    assert not squared_error_backward(squared_error(*numbers, mask)[1])[~mask].any()


def test_where_everything_is_masked_there_is_no_loss_and_no_gradient(classes, switches, numbers):
    nothing = np.zeros((2, 3), dtype=bool)
    for loss, backward, arguments in [
        (cross_entropy, cross_entropy_backward, classes),
        (binary_cross_entropy, binary_cross_entropy_backward, switches),
        (squared_error, squared_error_backward, numbers),
    ]:
        value, cache = loss(*arguments, nothing)
        assert value == 0
        assert not backward(cache).any()


def test_squared_error_does_not_look_at_what_is_masked(numbers):
    (prediction, target), mask = numbers, MASKS["masked"]
    expected = squared_error(prediction, target, mask)[0]
    missing = np.where(mask, target, np.nan)
    loss, cache = squared_error(prediction, missing, mask)
    assert loss == expected
    assert np.isfinite(squared_error_backward(cache)).all()


def test_binary_cross_entropy_does_not_look_at_what_is_masked(switches):
    (logits, targets), mask = switches, MASKS["masked"]
    expected = binary_cross_entropy(logits, targets, mask)[0]
    missing = (np.where(mask[..., None], values, np.nan) for values in (logits, targets))
    loss, cache = binary_cross_entropy(*missing, mask)
    assert loss == expected
    assert np.isfinite(binary_cross_entropy_backward(cache)).all()


def test_cross_entropy_does_not_look_at_masked_logits(classes):
    (logits, targets), mask = classes, MASKS["masked"]
    expected = cross_entropy(logits, targets, mask)[0]
    loss, cache = cross_entropy(np.where(mask[..., None], logits, np.nan), targets, mask)
    assert loss == expected
    assert np.isfinite(cross_entropy_backward(cache)).all()


def test_cross_entropy_does_not_look_at_masked_targets(classes):
    # The error for a target outside the vocabulary says "mark targets that do not count with mask".
    (logits, targets), mask = classes, MASKS["masked"]
    expected = cross_entropy(logits, targets, mask)[0]
    assert cross_entropy(logits, np.where(mask, targets, -1), mask)[0] == expected


@EACH_MASK
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_in_place_the_logits_become_their_gradient(classes, mask, dtype):
    logits, targets = classes[0].astype(dtype), classes[1]
    loss, cache = cross_entropy(logits, targets, mask)
    assert cross_entropy_loss(logits, targets, mask) == pytest.approx(loss, rel=1e-6)
    assert cross_entropy_in_place(logits, targets, mask) == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(logits, cross_entropy_backward(cache), rtol=0, atol=1e-7)
    assert logits.dtype == dtype


def test_backward_may_be_called_twice(classes, switches, numbers):
    for cache, backward in [
        (cross_entropy(*classes)[1], cross_entropy_backward),
        (binary_cross_entropy(*switches)[1], binary_cross_entropy_backward),
        (squared_error(*numbers)[1], squared_error_backward),
    ]:
        assert np.array_equal(backward(cache), backward(cache))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3, int),), r"targets has shape \(3,\); expected \(2,\)"),
        ((np.array([0, 5]),), r"targets lie in \[0, 5\]; expected \[0, 5\)"),
        ((np.array([-1, 4]),), r"targets lie in \[-1, 4\]; expected \[0, 5\)"),
        ((np.zeros(2, int), np.ones(5, bool)), r"mask has shape \(5,\); expected \(2,\)"),
    ],
    ids=["shape", "too large", "negative", "mask"],
)
@pytest.mark.parametrize("loss", [cross_entropy, cross_entropy_loss, cross_entropy_in_place])
def test_targets_that_do_not_fit_the_logits_are_refused(arguments, message, loss):
    with pytest.raises(ArgumentError, match=message):
        loss(np.zeros((2, 5), np.float32), *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(5),), r"target has shape \(5,\); expected \(2, 5\)"),
        ((np.zeros((2, 5)), np.ones(2, bool)), r"mask has shape \(2,\); expected \(2, 5\)"),
    ],
    ids=["shape", "mask"],
)
def test_a_target_that_does_not_fit_the_prediction_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        squared_error(np.zeros((2, 5)), *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(5, bool),), r"targets has shape \(5,\); expected \(2, 5\)"),
        ((np.zeros((2, 5), np.int64),), r"targets has dtype int64; expected bool or float32"),
        ((np.full((2, 5), 60, np.float32),), r"targets lie in \[60.0, 60.0\]; expected \[0, 1\]"),
        ((np.full((2, 5), np.nan, np.float32),), r"targets lie in \[nan, nan\]; expected \[0, 1\]"),
        ((np.zeros((2, 5), bool), np.ones((2, 5), bool)), r"mask has shape \(2, 5\); expected \(2,\)"),
        ((np.zeros((2, 5), bool), np.ones(2)), "mask has dtype float64; expected bool"),
    ],
    ids=["shape", "integers", "pitches", "missing", "mask", "mask of numbers"],
)
def test_targets_that_are_no_switches_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        binary_cross_entropy(np.zeros((2, 5), np.float32), *arguments)


WEIGHTS = np.array([[1.0, 0.5, 2.0], [0.0, 3.0, 0.25]])


@EACH_MASK
def test_gradient_of_weighted_cross_entropy(classes, mask):
    logits, targets = classes
    _, cache = cross_entropy(logits, targets, mask, WEIGHTS)
    pairs = {"logits": (logits, cross_entropy_backward(cache))}
    assert_gradients(lambda: cross_entropy(logits, targets, mask, WEIGHTS)[0], pairs)


@EACH_MASK
def test_weighted_cross_entropy_is_the_weighted_mean(classes, mask):
    logits, targets = classes
    counted = WEIGHTS if mask is None else WEIGHTS * mask
    terms = np.array([[cross_entropy(logits[t, b], targets[t, b])[0] for b in range(3)] for t in range(2)])
    expected = (terms * counted).sum() / counted.sum()
    assert cross_entropy(logits, targets, mask, WEIGHTS)[0] == pytest.approx(expected, rel=1e-14)


@EACH_MASK
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_weights_count_in_place_too(classes, mask, dtype):
    logits, targets = classes[0].astype(dtype), classes[1]
    loss, cache = cross_entropy(logits, targets, mask, WEIGHTS)
    assert cross_entropy_loss(logits, targets, mask, WEIGHTS) == pytest.approx(loss, rel=1e-6)
    assert cross_entropy_in_place(logits, targets, mask, WEIGHTS) == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(logits, cross_entropy_backward(cache), rtol=0, atol=1e-7)


def test_equal_weights_are_no_weights(classes):
    assert cross_entropy(*classes, None, np.full((2, 3), 7.0))[0] == pytest.approx(cross_entropy(*classes)[0])
    assert cross_entropy(*classes, None, np.zeros((2, 3)))[0] == 0


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(2), r"weights has shape \(2,\); expected \(2, 3\)"),
        (np.full((2, 3), -1.0), "weights has entries that are negative"),
        (np.full((2, 3), np.nan), "weights has entries that are negative or not finite"),
        (np.full((2, 3), np.inf), "not finite"),
    ],
    ids=["shape", "negative", "missing", "infinite"],
)
def test_weights_that_cannot_be_are_refused(classes, weights, message):
    with pytest.raises(ArgumentError, match=message):
        cross_entropy(*classes, None, weights)


@EACH_MASK
def test_gradient_of_smoothed_cross_entropy(classes, mask):
    logits, targets = classes
    weights = np.random.default_rng(5).random(targets.shape)
    _, cache = cross_entropy(logits, targets, mask, weights, smoothing=0.2)
    pairs = {"logits": (logits, cross_entropy_backward(cache))}
    assert_gradients(lambda: cross_entropy(logits, targets, mask, weights, smoothing=0.2)[0], pairs)


def test_a_smoothed_target_is_a_mixture_with_the_uniform_distribution(classes):
    logits, targets = classes
    hard, _ = cross_entropy(logits, targets)
    even = np.mean([cross_entropy(logits, np.full_like(targets, k))[0] for k in range(logits.shape[-1])])
    assert cross_entropy(logits, targets, smoothing=0.1)[0] == pytest.approx(0.9 * hard + 0.1 * even)


@EACH_MASK
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_smoothing_counts_in_place_too(classes, mask, dtype):
    logits, targets = classes
    logits = logits.astype(dtype)
    if mask is not None:
        logits[~mask] = np.nan
    loss, cache = cross_entropy(logits, targets, mask, smoothing=0.1)
    gradient = cross_entropy_backward(cache)
    assert cross_entropy_in_place(logits, targets, mask, smoothing=0.1) == pytest.approx(loss, rel=1e-6)
    np.testing.assert_allclose(logits, gradient, atol=1e-7)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, np.nan])
@pytest.mark.parametrize("loss", [cross_entropy, cross_entropy_in_place])
def test_smoothing_outside_its_range_is_refused(classes, loss, smoothing):
    logits, targets = classes
    with pytest.raises(ArgumentError, match=r"smoothing=.*expected a number in \[0, 1\)"):
        loss(logits.astype(np.float32), targets, smoothing=smoothing)
