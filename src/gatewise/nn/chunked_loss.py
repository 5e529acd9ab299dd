"""Cross-entropy of what a head makes of a stack's outputs, without all logits existing at once.

The logits of a window are T · B · V numbers, for 35 steps of 20 texts and ten thousand words 28 megabytes,
and their only use is a loss and its gradient. Here they are made for some rows, used, and forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.nn._linear_loss import linear_log_probabilities, linear_loss, linear_loss_and_gradient
from gatewise.nn.adaptive_softmax import AdaptiveSoftmax
from gatewise.nn.linear import Linear
from gatewise.ops.losses import check_counted, check_targets
from gatewise.types import Array, BoolArray, IntArray

__all__ = ["head_log_probabilities", "head_loss", "head_loss_and_gradient"]


class _Rows(NamedTuple):
    """All that is given as rows: x (N, H), targets (N,), what each counts in the mean, and all of them."""

    x: Array
    targets: IntArray
    counts: Array
    total: float


def head_loss(
    head: Linear | AdaptiveSoftmax,
    y: Array,
    targets: IntArray,
    *,
    mask: BoolArray | None = None,
    weights: Array | None = None,
) -> float:
    """Mean of -log p(target) in nats, for evaluation.

    Args:
        head: makes the logits (..., V).
        y: (..., H), what it makes them of.
        targets: (...), integers in [0, V).
        mask: (...), False where a target does not count.
        weights: (...), how much each target counts in the mean, at least 0; all the same where omitted.

    Raises:
        ArgumentError: shapes do not fit, a target lies outside [0, V), or a weight is negative or not finite.
    """
    x, targets, counts, total = _rows(head, y, targets, mask, weights)
    if isinstance(head, AdaptiveSoftmax):
        some = counts > 0
        return -float(counts[some] @ head.log_probabilities(x[some], targets[some])) / total
    return linear_loss(head, x, targets, counts, total)


def head_loss_and_gradient(
    head: Linear | AdaptiveSoftmax,
    y: Array,
    targets: IntArray,
    *,
    mask: BoolArray | None = None,
    weights: Array | None = None,
    smoothing: float = 0.0,
) -> tuple[float, Array]:
    """``head_loss`` in training: with dy (..., H); adds to the head's gradients.

    Args:
        head: as in ``head_loss``.
        y: the same.
        targets: the same.
        mask: the same.
        weights: the same.
        smoothing: share of each target that is spread evenly over all V (Szegedy et al. 2016, section 7); an
            adaptive softmax, which does not compute all V, has none.

    Raises:
        ArgumentError: as ``head_loss`` raises it, smoothing lies outside [0, 1), or is asked of a head that
            has none.
    """
    if smoothing and isinstance(head, AdaptiveSoftmax):
        raise ArgumentError(f"smoothing={smoothing!r} with an adaptive softmax; expected 0.")
    x, targets, counts, total = _rows(head, y, targets, mask, weights)
    if isinstance(head, AdaptiveSoftmax):
        loss, dx = head.loss_and_gradient(x, targets, counts, total)
    else:
        loss, dx = linear_loss_and_gradient(head, x, targets, counts, total, smoothing)
    return loss, dx.reshape(y.shape)


def head_log_probabilities(head: Linear | AdaptiveSoftmax, y: Array, targets: IntArray) -> Array:
    """Log p(target) (...) of each target, in nats.

    Args:
        head: as in ``head_loss``.
        y: the same.
        targets: the same.

    Raises:
        ArgumentError: as ``head_loss`` raises it.
    """
    x, wanted, _, _ = _rows(head, y, targets, None, None)
    if isinstance(head, AdaptiveSoftmax):
        return head.log_probabilities(x, wanted).reshape(targets.shape)
    return linear_log_probabilities(head, x, wanted).reshape(targets.shape)


def _rows(
    head: Linear | AdaptiveSoftmax,
    y: Array,
    targets: IntArray,
    mask: BoolArray | None,
    weights: Array | None,
) -> _Rows:
    """What is given, checked before anything is added to a gradient."""
    if y.shape[:-1] != targets.shape:
        raise ArgumentError(f"targets has shape {targets.shape}; expected {y.shape[:-1]}, that of y.")
    check_counted(targets.shape, mask, weights)
    counts = np.ones(targets.shape) if weights is None else weights
    if mask is not None:
        counts = np.where(mask, counts, 0.0)
    symbols = head.vocabulary_size if isinstance(head, AdaptiveSoftmax) else len(head.weight)
    check_targets(targets[counts > 0], symbols)
    total = float(counts.sum(dtype=np.float64)) or 1.0
    return _Rows(y.reshape(-1, y.shape[-1]), targets.reshape(-1), counts.reshape(-1), total)
