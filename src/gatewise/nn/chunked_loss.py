"""Cross-entropy of what a head makes of a stack's outputs, without all logits existing at once.

The logits of a window are T · B · V numbers, for 35 steps of 20 texts and ten thousand words 28 megabytes,
and their only use is a loss and its gradient. Here they are made for some rows, used, and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.nn._linear_loss import linear_loss, linear_loss_and_gradient
from gatewise.nn.adaptive_softmax import AdaptiveSoftmax
from gatewise.nn.linear import Linear
from gatewise.ops.activations import log_softmax
from gatewise.types import Array, BoolArray, IntArray

__all__ = ["head_log_probabilities", "head_loss", "head_loss_and_gradient"]

LOGITS_AT_ONCE = 1 << 22
"""Numbers, 16 megabytes in float32: a chunk that the caches of a processor partly hold, while the passes over
the weights that each chunk costs are still few."""

LEAST_ROWS = 32
"""Each chunk passes over the weights and their gradients once, which fewer rows do not repay; and with H
above this number the logits of so many rows are smaller than the weights themselves."""


class _Chunk(NamedTuple):
    """Rows of all that is given, and what each counts in the mean."""

    rows: slice
    x: Array
    targets: IntArray
    counts: Array


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
        ArgumentError: shapes do not fit, or a target lies outside [0, V).
    """
    counts, total = _counts(targets, mask, weights)
    loss = 0.0
    for _, x, wanted, counted in _chunks(head, y, targets, counts):
        if isinstance(head, AdaptiveSoftmax):
            some = counted > 0
            loss -= float(counted[some] @ head.log_probabilities(x[some], wanted[some])) / total
        else:
            loss += linear_loss(head, x, wanted, counted, total)
    return loss


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
    counts, total = _counts(targets, mask, weights)
    loss, dy = 0.0, np.empty((targets.size, y.shape[-1]), y.dtype)
    for rows, x, wanted, counted in _chunks(head, y, targets, counts):
        if isinstance(head, AdaptiveSoftmax):
            part, dy[rows] = head.loss_and_gradient(x, wanted, counted, total)
        else:
            part, dy[rows] = linear_loss_and_gradient(head, x, wanted, counted, total, smoothing)
        loss += part
    return loss, dy.reshape(y.shape)


def head_log_probabilities(head: Linear | AdaptiveSoftmax, y: Array, targets: IntArray) -> Array:
    """Log p(target) (...) of each target, in nats.

    Args:
        head: as in ``head_loss``.
        y: the same.
        targets: the same.

    Raises:
        ArgumentError: as ``head_loss`` raises it.
    """
    picked = np.empty(targets.size, y.dtype)
    for rows, x, wanted, _ in _chunks(head, y, targets, np.ones(targets.shape)):
        if isinstance(head, AdaptiveSoftmax):
            picked[rows] = head.log_probabilities(x, wanted)
        else:
            picked[rows] = np.take_along_axis(log_softmax(head(x)), wanted[:, None], axis=-1)[:, 0]
    return picked.reshape(targets.shape)


def _counts(targets: IntArray, mask: BoolArray | None, weights: Array | None) -> tuple[Array, float]:
    """How much each target counts, and all of them together."""
    for name, entries in (("mask", mask), ("weights", weights)):
        if entries is not None and entries.shape != targets.shape:
            raise ArgumentError(
                f"{name} has shape {entries.shape}; expected {targets.shape}, one entry for each target."
            )
    counts = np.ones(targets.shape) if weights is None else weights
    if mask is not None:
        counts = np.where(mask, counts, 0.0)
    return counts, float(counts.sum(dtype=np.float64)) or 1.0


def _chunks(head: Linear | AdaptiveSoftmax, y: Array, targets: IntArray, counts: Array) -> Iterator[_Chunk]:
    """All rows in order, as many at once as ``LOGITS_AT_ONCE`` allows, and about as many in each chunk."""
    if y.shape[:-1] != targets.shape:
        raise ArgumentError(f"targets has shape {targets.shape}; expected {y.shape[:-1]}, that of y.")
    x, targets, counts = y.reshape(-1, y.shape[-1]), targets.reshape(-1), counts.reshape(-1)
    width = head.largest_width if isinstance(head, AdaptiveSoftmax) else len(head.weight)
    most = max(LEAST_ROWS, LOGITS_AT_ONCE // width)
    borders = np.linspace(0, len(x), -(-len(x) // most) + 1).round().astype(int)
    for start, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        rows = slice(start, stop)
        yield _Chunk(rows, x[rows], targets[rows], counts[rows])
