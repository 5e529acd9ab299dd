"""One vector from a sequence's many: its last step, the mean, the maximum, or a mean that is learnt.

All take y (T, B, H) with ``lengths`` (B,), at least 1 each, and never look at the padding; each
``*_backward`` returns dy (T, B, H), zero in the padding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gatewise.ops.held import Held
from gatewise.types import Array, BoolArray, IntArray

__all__ = [
    "AttentionCache",
    "PickedSteps",
    "attention_pool",
    "attention_pool_backward",
    "last_step",
    "max_pool",
    "mean_pool",
    "mean_pool_backward",
    "picked_backward",
    "valid_steps",
]


def valid_steps(steps: int, lengths: IntArray) -> BoolArray:
    """(T, B), True where a sequence has not ended."""
    return np.arange(steps)[:, None] < lengths


class PickedSteps(NamedTuple):
    """The step (B, H) from which each output was picked, and T."""

    steps: IntArray
    length: int


def last_step(y: Array, lengths: IntArray, bidirectional: bool = False) -> tuple[Array, PickedSteps]:
    """What a recurrent layer says when it has seen the whole sequence, (B, H).

    Args:
        y: (T, B, H).
        lengths: (B,).
        bidirectional: the second half of H comes from a layer that walks from the end, so that its last step
            is the sequence's first.
    """
    hidden = y.shape[2]
    steps = np.repeat(lengths[:, None] - 1, hidden, axis=1)
    if bidirectional:
        steps[:, hidden // 2 :] = 0
    return np.take_along_axis(y, steps[None], axis=0)[0], PickedSteps(steps, len(y))


def mean_pool(y: Array, lengths: IntArray) -> tuple[Array, Array]:
    """Mean over each sequence's steps, (B, H); the cache is each step's share (T, B)."""
    shares = valid_steps(len(y), lengths) / lengths.astype(y.dtype)
    return _weighted_sum(shares, y), shares


def mean_pool_backward(dpooled: Array, shares: Array) -> Array:
    """Dy: each step gets its share."""
    return shares[..., None] * dpooled


def max_pool(y: Array, lengths: IntArray) -> tuple[Array, PickedSteps]:
    """Maximum over each sequence's steps, for each unit by itself, (B, H) (Conneau et al. 2017).

    The first of equal maxima counts.
    """
    seen = np.where(valid_steps(len(y), lengths)[..., None], y, -np.inf)
    steps = seen.argmax(axis=0)
    return np.take_along_axis(y, steps[None], axis=0)[0], PickedSteps(steps, len(y))


def picked_backward(dpooled: Array, picked: PickedSteps) -> Array:
    """Dy of ``last_step`` and ``max_pool``: the gradient at the steps that were picked."""
    dy = np.zeros((picked.length, *dpooled.shape), dpooled.dtype)
    np.put_along_axis(dy, picked.steps[None], dpooled[None], axis=0)
    return dy


class AttentionCache(NamedTuple):
    """What ``attention_pool_backward`` needs.

    Attributes:
        y: the sequence (T, B, H), not copied.
        attention: to each of its steps (T, B), 0 in the padding.
        held: that y is as it was.
    """

    y: Array
    attention: Array
    held: Held | None = None


def attention_pool(y: Array, scores: Array, lengths: IntArray) -> tuple[Array, AttentionCache]:
    """The mean of a sequence's steps, weighted by the softmax of their scores over its valid steps.

    Args:
        y: (T, B, H).
        scores: (T, B), whatever they are in the padding.
        lengths: (B,).

    Returns:
        (B, H), and the cache.
    """
    scores = np.where(valid_steps(len(y), lengths), scores, -np.inf)
    attention = np.exp(scores - scores.max(axis=0))
    attention /= attention.sum(axis=0)
    return _weighted_sum(attention, y), AttentionCache(y, attention, Held(y=y))


def attention_pool_backward(dpooled: Array, cache: AttentionCache) -> tuple[Array, Array]:
    """Dy (T, B, H) and dscores (T, B).

    Raises:
        ArgumentError: y has changed since.
    """
    y, attention, held = cache
    if held is not None:
        held.check("attention_pool_backward")
    dattention = np.einsum("tbh,bh->tb", y, dpooled)
    dscores = attention * (dattention - (attention * dattention).sum(axis=0))
    return attention[..., None] * dpooled, dscores


def _weighted_sum(weights: Array, y: Array) -> Array:
    """Sum over the steps of y (T, B, H), each step times its weight (T, B)."""
    total: Array = np.einsum("tb,tbh->bh", weights, y)
    return total
