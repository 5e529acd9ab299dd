"""Cross-entropy of a linear layer's logits as one part of a larger mean, made for some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gatewise.nn.linear import Linear
from gatewise.ops.activations import log_softmax
from gatewise.ops.losses import cross_entropy_in_place, cross_entropy_loss
from gatewise.types import Array, BoolArray, IntArray

__all__ = ["linear_log_probabilities", "linear_loss", "linear_loss_and_gradient"]

LOGITS_AT_ONCE = 1 << 22
"""Numbers, 16 megabytes in float32: a chunk that the caches of a processor partly hold, while the passes over
the weights that each chunk costs are still few."""

LEAST_ROWS = 32
"""Each chunk passes over the weights and their gradients once, which fewer rows do not repay; and with H
above this number the logits of so many rows are smaller than the weights themselves."""


def linear_loss(layer: Linear, x: Array, targets: IntArray, counts: Array, total: float) -> float:
    """Sum of -log softmax(logits)[target], each times counts / total.

    Args:
        layer: makes the logits (N, K).
        x: (N, D).
        targets: (N,), in [0, K) where counts is not 0.
        counts: (N,), at least 0.
        total: of all counts, of which these may be a part.
    """
    loss = 0.0
    for rows, share, counted in _chunks(layer, counts, total):
        loss += share * cross_entropy_loss(layer(x[rows]), targets[rows], _mask(counted), counted)
    return loss


def linear_loss_and_gradient(
    layer: Linear, x: Array, targets: IntArray, counts: Array, total: float, smoothing: float = 0.0
) -> tuple[float, Array]:
    """``linear_loss`` in training: with dx (N, D); adds to the layer's gradients.

    Args:
        layer: as in ``linear_loss``.
        x: the same.
        targets: the same.
        counts: the same.
        total: the same.
        smoothing: as ``ops.cross_entropy`` takes it.
    """
    loss, dx = 0.0, np.zeros_like(x)
    for rows, share, counted in _chunks(layer, counts, total):
        logits = layer(x[rows])
        loss += share * cross_entropy_in_place(
            logits, targets[rows], _mask(counted), counted, smoothing=smoothing
        )
        if share != 1:
            logits *= share
        dx[rows] = layer.gradients_of(logits, x[rows])
    return loss, dx


def linear_log_probabilities(layer: Linear, x: Array, targets: IntArray) -> Array:
    """Log softmax(logits)[target] (N,), for x (N, D) and targets (N,) in [0, K)."""
    picked = np.empty(len(x), x.dtype)
    for rows, _, _ in _chunks(layer, np.ones(len(x)), 1.0):
        within = log_softmax(layer(x[rows]))
        picked[rows] = np.take_along_axis(within, targets[rows, None], axis=-1)[:, 0]
    return picked


def _chunks(layer: Linear, counts: Array, total: float) -> Iterator[tuple[slice, float, Array]]:
    """All rows in order, as many at once as ``LOGITS_AT_ONCE`` allows, and about as many in each chunk.

    Beside them their share of the mean, without which they are left out, and their counts.
    """
    most = max(LEAST_ROWS, LOGITS_AT_ONCE // len(layer.weight))
    borders = np.linspace(0, len(counts), -(-len(counts) // most) + 1).round().astype(int).tolist()
    for rows in map(slice, borders[:-1], borders[1:]):
        if share := float(counts[rows].sum(dtype=np.float64)) / total:
            yield rows, share, counts[rows]


def _mask(counts: Array) -> BoolArray | None:
    """Which targets count at all; None, which is cheaper, where all do."""
    return None if counts.all() else counts > 0
