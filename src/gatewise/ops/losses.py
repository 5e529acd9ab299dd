"""Losses with their gradients: cross-entropy, of one class or of many switches, and squared error."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.ops.activations import log_softmax, sigmoid
from gatewise.ops.held import Held
from gatewise.types import Array, BoolArray, IntArray

__all__ = [
    "BinaryCrossEntropyCache",
    "CrossEntropyCache",
    "SquaredErrorCache",
    "binary_cross_entropy",
    "binary_cross_entropy_backward",
    "check_counted",
    "check_targets",
    "cross_entropy",
    "cross_entropy_backward",
    "cross_entropy_in_place",
    "cross_entropy_loss",
    "squared_error",
    "squared_error_backward",
]


class CrossEntropyCache(NamedTuple):
    """What ``cross_entropy_backward`` needs.

    Attributes:
        log_probabilities: (..., V).
        targets: (...).
        weights: (...), of each target in the mean, 0 if masked.
        smoothing: ε.
        held: that the targets are as they were.
    """

    log_probabilities: Array
    targets: IntArray
    weights: Array
    smoothing: float = 0.0
    held: Held | None = None


def _mean_weights(
    shape: tuple[int, ...], mask: BoolArray | None, dtype: np.dtype[Any], weights: Array | None = None
) -> Array:
    """What each element counts in the mean over the unmasked ones, in proportion to ``weights`` if given."""
    check_counted(shape, mask, weights)
    if weights is not None:
        weights = weights.astype(np.float64) if mask is None else np.where(mask, weights, 0.0)
        return (weights / (weights.sum() or 1)).astype(dtype)
    if mask is None:
        return np.full(shape, 1 / max(1, int(np.prod(shape))), dtype)
    return mask.astype(dtype) / max(1, int(mask.sum()))


def check_counted(shape: tuple[int, ...], mask: BoolArray | None, weights: Array | None) -> None:
    """Refuse what cannot say how much each element counts.

    Raises:
        ArgumentError: mask or weights has another shape, mask is no bool, or a weight is negative or not
            finite.
    """
    for name, entries in (("mask", mask), ("weights", weights)):
        if entries is not None and entries.shape != shape:
            raise ArgumentError(
                f"{name} has shape {entries.shape}; expected {shape}, one entry for each target."
            )
    if mask is not None and mask.dtype != np.bool_:
        raise ArgumentError(f"mask has dtype {mask.dtype}; expected bool.")
    if weights is not None and (not (weights >= 0).all() or not np.isfinite(weights).all()):
        raise ArgumentError("weights has entries that are negative or not finite; expected at least 0.")


def cross_entropy(
    logits: Array,
    targets: IntArray,
    mask: BoolArray | None = None,
    weights: Array | None = None,
    *,
    smoothing: float = 0.0,
) -> tuple[float, CrossEntropyCache]:
    """Mean of -log softmax(logits)[target], in nats, taken from the logits so that it cannot overflow.

    Args:
        logits: (..., V).
        targets: (...), integers in [0, V).
        mask: (...), False where a target does not count.
        weights: (...), how much each target counts in the mean, at least 0; all the same where omitted.
        smoothing: ε in [0, 1): a share ε of each target is spread evenly over all V, so that the network
            is not driven to be ever more certain (label smoothing: Szegedy et al. 2016, section 7).

    Raises:
        ArgumentError: shapes do not fit, a target lies outside [0, V), smoothing outside [0, 1).
    """
    _check_smoothing(smoothing)
    targets, weights = _checked(logits, targets, mask, weights)
    if mask is not None:
        logits = np.where(mask[..., None], logits, 0)
    log_probabilities = log_softmax(logits)
    picked = np.take_along_axis(log_probabilities, targets[..., None], axis=-1)[..., 0]
    if smoothing:
        picked = (1 - smoothing) * picked + smoothing * log_probabilities.mean(axis=-1)
    loss = np.sum(-picked * weights, dtype=np.float64)
    held = Held(targets=targets)
    return float(loss), CrossEntropyCache(log_probabilities, targets, weights, smoothing, held)


def _check_smoothing(smoothing: float) -> None:
    if not 0 <= smoothing < 1:
        raise ArgumentError(f"smoothing={smoothing!r}; expected a number in [0, 1).")


def _checked(
    logits: Array, targets: IntArray, mask: BoolArray | None, weights: Array | None
) -> tuple[IntArray, Array]:
    """Targets, 0 where they are masked, and their weights in the mean."""
    targets = np.asarray(targets)
    if logits.shape[:-1] != targets.shape:
        raise ArgumentError(
            f"targets has shape {targets.shape}; expected {logits.shape[:-1]}, that of the logits."
        )
    if not np.issubdtype(targets.dtype, np.integer):
        raise ArgumentError(f"targets has dtype {targets.dtype}; expected integers.")
    weights = _mean_weights(targets.shape, mask, logits.dtype, weights)
    if mask is not None:
        # Whatever stands under the mask, NaN or -1, does not count.
        targets = np.where(mask, targets, 0)
    check_targets(targets, logits.shape[-1])
    return targets, weights


def check_targets(targets: IntArray, classes: int) -> None:
    """Refuse targets that are none of so many classes.

    Raises:
        ArgumentError: one lies outside [0, classes).
    """
    if targets.size and not 0 <= targets.min() <= targets.max() < classes:
        raise ArgumentError(
            f"targets lie in [{targets.min()}, {targets.max()}]; expected [0, {classes}) for these logits. "
            "Mark targets that do not count with mask."
        )


def cross_entropy_backward(cache: CrossEntropyCache) -> Array:
    """Gradient dlogits (..., V): softmax minus the target, times each target's weight in the mean.

    Raises:
        ArgumentError: the targets have changed since.
    """
    if cache.held is not None:
        cache.held.check("cross_entropy_backward")
    dlogits: Array = np.exp(cache.log_probabilities)
    targets = cache.targets[..., None]
    np.put_along_axis(dlogits, targets, np.take_along_axis(dlogits, targets, axis=-1) - 1, axis=-1)
    dlogits *= cache.weights[..., None]
    if cache.smoothing:
        _smooth_gradient(dlogits, cache.targets, cache.weights, cache.smoothing)
    return dlogits


def _smooth_gradient(dlogits: Array, targets: IntArray, weights: Array, smoothing: float) -> None:
    """From the gradient for one-hot targets, in place, to that for smoothed ones."""
    spread = weights[..., None] * smoothing
    dlogits -= spread / dlogits.shape[-1]
    at_target = np.take_along_axis(dlogits, targets[..., None], axis=-1) + spread
    np.put_along_axis(dlogits, targets[..., None], at_target, axis=-1)


def cross_entropy_loss(
    logits: Array, targets: IntArray, mask: BoolArray | None = None, weights: Array | None = None
) -> float:
    """``cross_entropy`` for evaluation: no cache, and in native code no memory."""
    if kernels.runs_natively(logits.dtype):
        return _native_cross_entropy(logits, *_checked(logits, targets, mask, weights), None)
    return cross_entropy(logits, targets, mask, weights)[0]


def cross_entropy_in_place(
    logits: Array,
    targets: IntArray,
    mask: BoolArray | None = None,
    weights: Array | None = None,
    *,
    smoothing: float = 0.0,
) -> float:
    """``cross_entropy`` for training: its gradient takes the logits' place, which spares their memory twice.

    Args:
        logits: (..., V), dlogits on return.
        targets: as ``cross_entropy`` takes them.
        mask: the same.
        weights: the same.
        smoothing: the same.
    """
    if kernels.runs_natively(logits.dtype) and logits.flags.c_contiguous:
        _check_smoothing(smoothing)
        targets, weights = _checked(logits, targets, mask, weights)
        above = _above_mean(logits, targets, weights) if smoothing else 0.0
        loss = _native_cross_entropy(logits, targets, weights, logits)
        if smoothing:
            _smooth_gradient(logits, targets, weights, smoothing)
        return loss + smoothing * above
    loss, cache = cross_entropy(logits, targets, mask, weights, smoothing=smoothing)
    logits[...] = cross_entropy_backward(cache)
    return loss


def _above_mean(logits: Array, targets: IntArray, weights: Array) -> float:
    """By how much the targets' logits lie above the mean of all V: what one ε adds to the loss."""
    picked = np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    above = np.where(weights > 0, picked - logits.mean(axis=-1), 0)
    return float(np.sum(above * weights, dtype=np.float64))


def _native_cross_entropy(logits: Array, targets: IntArray, weights: Array, dlogits: Array | None) -> float:
    rows = (targets.size, logits.shape[-1])
    return kernels.cross_entropy_sum(
        logits.reshape(rows),
        targets.reshape(-1),
        weights.reshape(-1),
        None if dlogits is None else dlogits.reshape(rows),
    )


class BinaryCrossEntropyCache(NamedTuple):
    """σ(logits) - targets (..., K), and the weight of each step in the mean (...), 0 if masked."""

    difference: Array
    weights: Array


def binary_cross_entropy(
    logits: Array, targets: Array | BoolArray, mask: BoolArray | None = None
) -> tuple[float, BinaryCrossEntropyCache]:
    """Mean over the steps of the sum over K switches, each on or off for itself, in nats a step.

    A switch costs -y log σ(z) - (1 - y) log(1 - σ(z)) = max(z, 0) - z y + log(1 + exp(-abs(z))); the right
    side cannot overflow. Summed over the keys of a piano it is the negative log-likelihood that
    Boulanger-Lewandowski et al. (2012) give for polyphonic music.

    Args:
        logits: z (..., K).
        targets: y (..., K), bool or of the logits' dtype, in [0, 1].
        mask: (...), False where a step does not count.

    Raises:
        ArgumentError: shapes or types do not fit, or a target lies outside [0, 1].
    """
    targets = np.asarray(targets)
    if targets.shape != logits.shape:
        raise ArgumentError(
            f"targets has shape {targets.shape}; expected {logits.shape}, that of the logits."
        )
    if targets.dtype not in (np.bool_, logits.dtype):
        raise ArgumentError(
            f"targets has dtype {targets.dtype}; expected bool or {logits.dtype}, that of the logits."
        )
    targets = targets.astype(logits.dtype, copy=False)
    weights = _mean_weights(targets.shape[:-1], mask, logits.dtype)
    if mask is not None:
        logits, targets = (np.where(mask[..., None], values, 0) for values in (logits, targets))
    if targets.size and not 0 <= targets.min() <= targets.max() <= 1:
        raise ArgumentError(
            f"targets lie in [{targets.min()}, {targets.max()}]; expected [0, 1]. "
            "Mark steps that do not count with mask."
        )
    costs = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    loss = np.sum(costs * weights[..., None], dtype=np.float64)
    return float(loss), BinaryCrossEntropyCache(sigmoid(logits) - targets, weights)


def binary_cross_entropy_backward(cache: BinaryCrossEntropyCache) -> Array:
    """Gradient dlogits (..., K): σ(logits) - targets, times each step's weight in the mean."""
    return cache.difference * cache.weights[..., None]


class SquaredErrorCache(NamedTuple):
    """ŷ - y (...), and the weight of each element in the mean (...)."""

    difference: Array
    weights: Array


def squared_error(
    prediction: Array, target: Array, mask: BoolArray | None = None
) -> tuple[float, SquaredErrorCache]:
    """Mean of (ŷ - y)² over the unmasked elements.

    Args:
        prediction: ŷ, any shape.
        target: y, the same shape.
        mask: the same shape, False where an element does not count.

    Raises:
        ArgumentError: shapes or types differ.
    """
    if prediction.shape != target.shape:
        raise ArgumentError(
            f"target has shape {target.shape}; expected {prediction.shape}, that of the prediction."
        )
    if target.dtype != prediction.dtype:
        raise ArgumentError(
            f"target has dtype {target.dtype}; expected {prediction.dtype}, that of the prediction."
        )
    weights = _mean_weights(target.shape, mask, prediction.dtype)
    difference = prediction - target
    if mask is not None:
        difference = np.where(mask, difference, 0)
    loss = np.sum(difference * difference * weights, dtype=np.float64)
    return float(loss), SquaredErrorCache(difference, weights)


def squared_error_backward(cache: SquaredErrorCache) -> Array:
    """dŷ = 2 (ŷ - y), times each element's weight in the mean."""
    return 2 * cache.difference * cache.weights
