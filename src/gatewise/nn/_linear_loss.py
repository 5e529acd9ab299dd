"""Cross-entropy of a linear layer's logits as one part of a larger mean."""

from __future__ import annotations

import numpy as np

from gatewise.nn.linear import Linear
from gatewise.ops.losses import cross_entropy_in_place, cross_entropy_loss
from gatewise.types import Array, BoolArray, IntArray

__all__ = ["linear_loss", "linear_loss_and_gradient"]


def linear_loss(layer: Linear, x: Array, targets: IntArray, counts: Array, total: float) -> float:
    """Sum of -log softmax(logits)[target], each times counts / total.

    Args:
        layer: makes the logits (N, K).
        x: (N, D).
        targets: (N,), in [0, K) where counts is not 0.
        counts: (N,), at least 0.
        total: of all counts, of which these may be a part.
    """
    share = float(counts.sum(dtype=np.float64)) / total
    return share * cross_entropy_loss(layer(x), targets, _mask(counts), counts) if share else 0.0


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
    share = float(counts.sum(dtype=np.float64)) / total
    if not share:
        return 0.0, np.zeros_like(x)
    logits, cache = layer.forward(x)
    loss = cross_entropy_in_place(logits, targets, _mask(counts), counts, smoothing=smoothing)
    if share != 1:
        logits *= share
    return share * loss, layer.backward(logits, cache)


def _mask(counts: Array) -> BoolArray | None:
    """Which targets count at all; None, which is cheaper, where all do."""
    return None if counts.all() else counts > 0
