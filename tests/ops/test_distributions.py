"""Losses of probabilistic forecasts: scipy's densities, central differences, and quantiles."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops.distributions import (
    DEGREES_OF_FREEDOM,
    LEAST_SCALE,
    negative_log_likelihood,
    pinball,
    scale_of,
)
from tests.ops.gradients import assert_gradients

LEVELS = np.array([0.1, 0.5, 0.8])
MASKS = {"no mask": None, "masked": np.array([[True, False, True, True], [False, True, True, False]])}
EACH_MASK = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
EACH_FAMILY = pytest.mark.parametrize("family", ["normal", "student_t"])


@pytest.fixture
def problem():
    """Targets (2, 4), quantiles (2, 4, 3) and parameters (2, 4, 2)."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 4)), rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 2)) * 2


def density(family):
    stats = pytest.importorskip("scipy.stats")
    return stats.norm if family == "normal" else stats.t(DEGREES_OF_FREEDOM)


def log_density(family, y, location, scale):
    return density(family).logpdf((y - location) / scale) - np.log(scale)


# Pinball loss


@EACH_MASK
def test_pinball_is_its_definition(problem, mask):
    y, q, _ = problem
    each = [
        level * (y[at] - q[at][k]) if y[at] > q[at][k] else (1 - level) * (q[at][k] - y[at])
        for at in np.ndindex(y.shape)
        if mask is None or mask[at]
        for k, level in enumerate(LEVELS)
    ]
    assert pinball(q, y, LEVELS, mask)[0] == pytest.approx(np.mean(each), rel=1e-12)


def test_pinball_is_that_of_scikit_learn(problem):
    metrics = pytest.importorskip("sklearn.metrics")
    y, q, _ = problem
    theirs = [metrics.mean_pinball_loss(y.ravel(), q[..., k].ravel(), alpha=a) for k, a in enumerate(LEVELS)]
    assert pinball(q, y, LEVELS)[0] == pytest.approx(np.mean(theirs), rel=1e-12)


@EACH_MASK
def test_gradient_of_pinball(problem, mask):
    y, q, _ = problem
    assert_gradients(lambda: pinball(q, y, LEVELS, mask)[0], {"q": (q, pinball(q, y, LEVELS, mask)[1])})


@pytest.mark.parametrize("level", [0.05, 0.25, 0.5, 0.9])
def test_pinball_is_least_at_the_quantile(level):
    """No candidate is better than the empirical quantile, and its slopes change their sign there."""
    y = np.random.default_rng(1).gumbel(size=401)
    candidates = np.sort(y)
    losses = [pinball(np.full((401, 1), c), y, np.array([level]))[0] for c in candidates]
    best = candidates[np.argmin(losses)]
    assert best == np.quantile(y, level, method="inverted_cdf")
    for offset, sign in ((-1e-6, -1), (1e-6, 1)):
        slope = pinball(np.full((401, 1), best + offset), y, np.array([level]))[1].sum()
        assert np.sign(slope) == sign


def test_the_gradient_counts_the_values_on_each_side():
    y = np.arange(10.0)
    _, gradient = pinball(np.full((10, 1), 6.5), y, np.array([0.3]))
    assert gradient.sum() == pytest.approx((7 * 0.7 - 3 * 0.3) / 10)


# Likelihood


@EACH_FAMILY
@EACH_MASK
def test_likelihood_is_that_of_scipy(problem, family, mask):
    y, _, parameters = problem
    scale = np.log1p(np.exp(parameters[..., 1])) + LEAST_SCALE
    each = -log_density(family, y, parameters[..., 0], scale)
    expected = each[... if mask is None else mask].mean()
    assert negative_log_likelihood(family, parameters, y, mask)[0] == pytest.approx(expected, rel=1e-12)


@EACH_FAMILY
@EACH_MASK
def test_gradient_of_the_likelihood(problem, family, mask):
    y, _, parameters = problem
    _, gradient = negative_log_likelihood(family, parameters, y, mask)
    assert_gradients(
        lambda: negative_log_likelihood(family, parameters, y, mask)[0],
        {"parameters": (parameters, gradient)},
    )


@EACH_FAMILY
def test_likelihood_is_best_where_scipy_finds_it(family):
    """Descent on the gradient ends at scipy's own maximum-likelihood fit."""
    stats = pytest.importorskip("scipy.stats")
    y = 3 + 0.7 * density(family).rvs(size=500, random_state=2)
    parameters = np.zeros((1, 2))
    for _ in range(4000):
        _, gradient = negative_log_likelihood(family, np.repeat(parameters, 500, axis=0), y)
        parameters -= 0.2 * gradient.sum(axis=0)
    fitted = stats.norm.fit(y) if family == "normal" else stats.t.fit(y, f0=DEGREES_OF_FREEDOM)[1:]
    found = parameters[0, 0], scale_of(parameters[0, 1:])[0]
    np.testing.assert_allclose(found, fitted, rtol=2e-3)


# Scale and types


def test_scales_are_positive_and_do_not_overflow():
    raw = np.array([-1000, -1, 0, 1, 1000], np.float32)
    scale = scale_of(raw)
    assert scale.dtype == np.float32
    np.testing.assert_allclose(
        scale,
        [
            LEAST_SCALE,
            np.log1p(np.exp(-1)) + LEAST_SCALE,
            np.log(2) + LEAST_SCALE,
            1.3132617 + LEAST_SCALE,
            1000,
        ],
        rtol=1e-5,
    )


@EACH_FAMILY
def test_extreme_parameters_have_finite_gradients(family):
    parameters = np.array([[0, -500], [0, 500], [1e4, 0]], np.float32)
    loss, gradient = negative_log_likelihood(family, parameters, np.zeros(3, np.float32))
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_type_of_the_prediction(problem, dtype):
    y, q, parameters = (values.astype(dtype) for values in problem)
    assert pinball(q, y, LEVELS)[1].dtype == dtype
    assert negative_log_likelihood("student_t", parameters, y)[1].dtype == dtype


@EACH_FAMILY
def test_what_is_masked_may_be_missing(problem, family):
    y, q, parameters = problem
    mask = MASKS["masked"]
    holes = np.where(mask, y, np.nan)
    for loss in (
        lambda target: pinball(q, target, LEVELS, mask),
        lambda target: negative_log_likelihood(family, parameters, target, mask),
    ):
        (one, gradient), (other, other_gradient) = loss(y), loss(holes)
        assert one == other
        np.testing.assert_array_equal(gradient, other_gradient)
        assert not gradient[~mask].any()


def test_nothing_observed_costs_nothing(problem):
    y, q, parameters = problem
    none = np.zeros(y.shape, bool)
    for loss, gradient in (
        pinball(q, y, LEVELS, none),
        negative_log_likelihood("normal", parameters, y, none),
    ):
        assert loss == 0
        assert not gradient.any()


def test_shapes_that_do_not_fit(problem):
    y, q, parameters = problem
    with pytest.raises(ArgumentError, match=r"prediction has shape \(2, 4, 3\); expected \(2, 4, 2\)"):
        pinball(q, y, LEVELS[:2])
    with pytest.raises(ArgumentError, match=r"prediction has shape \(2, 4, 2\); expected \(2, 3, 2\)"):
        negative_log_likelihood("normal", parameters, y[:, :3])
    with pytest.raises(ArgumentError, match=r"mask has shape \(2, 3\)"):
        pinball(q, y, LEVELS, np.ones((2, 3), bool))
