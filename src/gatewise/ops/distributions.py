"""Losses of probabilistic forecasts, with their gradients: quantiles, and the parameters of a distribution.

* Pinball loss (Koenker & Bassett 1978): its mean is least where the prediction is the quantile.
* Negative log-likelihood of a normal distribution and of Student's t, as in DeepAR (Salinas et al. 2020).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.ops.activations import sigmoid
from gatewise.ops.losses import _mean_weights
from gatewise.types import Array, BoolArray

__all__ = [
    "DEGREES_OF_FREEDOM",
    "LEAST_SCALE",
    "negative_log_likelihood",
    "pinball",
    "scale_of",
    "standard_quantile",
]

DEGREES_OF_FREEDOM = 4.0
"""Of Student's t: tails heavy enough for the shocks of real series, and a variance that exists."""

LEAST_SCALE = 1e-3
"""Of a distribution, lest the likelihood of a value that is met exactly grow without limit."""


def pinball(
    quantiles: Array, target: Array, levels: Array, mask: BoolArray | None = None
) -> tuple[float, Array]:
    """Mean over the targets and levels of max(τ (y - q), (τ - 1)(y - q)), and its gradient.

    Args:
        quantiles: q (..., Q).
        target: y (...).
        levels: τ (Q,), in (0, 1).
        mask: (...), False where a target does not count.

    Returns:
        The loss, and dq (..., Q).

    Raises:
        ArgumentError: shapes do not fit.
    """
    _check(quantiles, target, len(levels))
    weights = (_mean_weights(target.shape, mask, quantiles.dtype) / len(levels))[..., None]
    difference = target[..., None] - quantiles
    if mask is not None:
        difference = np.where(mask[..., None], difference, 0)
    above = difference > 0
    slope = np.where(above, levels, levels - 1).astype(quantiles.dtype)
    return float(np.sum(slope * difference * weights, dtype=np.float64)), -slope * weights


def scale_of(raw: Array) -> Array:
    """σ from what the network gives: softplus, and a little more than 0."""
    scale: Array = np.logaddexp(0, raw) + LEAST_SCALE
    return scale.astype(raw.dtype)


def negative_log_likelihood(
    family: str, parameters: Array, target: Array, mask: BoolArray | None = None
) -> tuple[float, Array]:
    """Mean of -log p(y) under a distribution whose location and scale the network gives, and its gradient.

    Args:
        family: "normal", or "student_t" with ``DEGREES_OF_FREEDOM``.
        parameters: (..., 2): location μ, and what ``scale_of`` turns into the scale σ.
        target: y (...).
        mask: (...), False where a target does not count.

    Returns:
        The loss in nats, and dparameters (..., 2).

    Raises:
        ArgumentError: shapes do not fit.
    """
    _check(parameters, target, 2)
    weights = _mean_weights(target.shape, mask, parameters.dtype)
    location, raw = parameters[..., 0], parameters[..., 1]
    scale = scale_of(raw)
    z = (target - location) / scale
    if mask is not None:
        z = np.where(mask, z, 0)
    if family == "normal":
        losses = 0.5 * z * z + 0.5 * math.log(2 * math.pi)
        pull = z  # dlosses/dz
    else:
        nu = DEGREES_OF_FREEDOM
        constant = math.lgamma(nu / 2) - math.lgamma((nu + 1) / 2) + 0.5 * math.log(nu * math.pi)
        losses = (nu + 1) / 2 * np.log1p(z * z / nu) + constant
        pull = (nu + 1) * z / (nu + z * z)
    loss = np.sum((losses + np.log(scale)) * weights, dtype=np.float64)
    dlocation = -pull / scale * weights
    dscale = (1 - pull * z) / scale * weights
    return float(loss), np.stack([dlocation, dscale * sigmoid(raw)], axis=-1).astype(parameters.dtype)


def standard_quantile(family: str, level: float) -> float:
    """The quantile of the standard distribution; Student's t with 4 degrees of freedom has a closed form.

    Args:
        family: "normal" or "student_t".
        level: τ in (0, 1).
    """
    if family == "normal":
        return NormalDist().inv_cdf(level)
    alpha = 4 * level * (1 - level)
    root = math.cos(math.acos(math.sqrt(alpha)) / 3) / math.sqrt(alpha)
    return math.copysign(2 * math.sqrt(max(0.0, root - 1)), level - 0.5)


def _check(prediction: Array, target: Array, width: int) -> None:
    if prediction.shape != (*target.shape, width):
        raise ArgumentError(f"prediction has shape {prediction.shape}; expected {(*target.shape, width)}.")
