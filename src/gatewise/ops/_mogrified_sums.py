"""The Mogrifier through time: the sums of each step from an input and a state that gate each other.

As x changes with h', the input's part of the sums is no product over all steps: each step makes its own.
Back, the gradients of all rounds' sums are collected and become weight gradients in one product over all
steps.
"""

from __future__ import annotations

import numpy as np

from gatewise.ops._walk import Walk
from gatewise.ops._weights import Weights
from gatewise.ops.mogrifier import MogrifierCache, mogrifier_gradients, mogrify, mogrify_backward
from gatewise.types import Array

__all__ = ["MogrifiedSums"]


class MogrifiedSums:
    """What ``ops/sequence.py`` asks of a Mogrifier, in one walk forward and any number of walks back.

    Args:
        walk: the order of steps.
        x: (T, B, D), the input.
        weights: with a Mogrifier.
        mask: (B, H) of recurrent dropout, or None.

    Attributes:
        gates: m of each round, (T, B, D) or (T, B, H); zero in the padding.
        x: (T, B, D), the input that the sums were given.
        h_slots: (T + 1, B, H), the h' that they were given where the state before each step stands.
        dx: (T, B, D), the gradient of the input, after a walk back; the padding means nothing.
    """

    def __init__(self, walk: Walk, x: Array, weights: Weights, mask: Array | None) -> None:
        steps, batch, hidden = walk.steps, walk.batch, weights.weight_hh.shape[1]
        self._walk, self._given, self._weights, self._mask = walk, x, weights, mask
        self._rounds = weights.mogrifier or ()
        self.gates = tuple(np.zeros((steps, batch, len(each[0])), x.dtype) for each in self._rounds)
        self.x, self.h_slots = np.zeros_like(x), np.zeros((steps + 1, batch, hidden), x.dtype)

    def forward(self, t: int, h_prev: Array, z: Array) -> Array:
        """Fill z (n, G * H) with the input's part of the sums; returns the h' (n, H) for the other part."""
        n = len(h_prev)
        x, h, cache = mogrify(self._given[t, :n], h_prev, self._rounds, self._mask_of(n))
        for kept, m in zip(self.gates, cache.gates, strict=True):
            kept[t, :n] = m
        self.x[t, :n], self.h_slots[self._walk.before(t), :n] = x, h
        np.matmul(x, self._weights.weight_ih.T, out=z)
        z += self._weights.bias
        return h

    def begin_backward(self, h_prev: Array) -> None:
        """Before the last step: h_prev (T, B, H) is the state that each step was handed."""
        self._h_prev, self.dx = h_prev, np.empty_like(self.x)
        self._dz = [np.empty_like(m) for m in self.gates]

    def backward(self, t: int, dz: Array, dh: Array) -> None:
        """Turn dh (n, H), the gradient of the h' that ``forward`` returned, into that of the state itself."""
        n = len(dz)
        gates = tuple(m[t, :n] for m in self.gates)
        cache = MogrifierCache(self._given[t, :n], self._h_prev[t, :n], self._mask_of(n), gates, self._rounds)
        self.dx[t, :n], dh[...], rounds = mogrify_backward(dz @ self._weights.weight_ih, dh, cache)
        for kept, dz_i in zip(self._dz, rounds, strict=True):
            kept[t, :n] = dz_i

    def add_gradients(self, total: Weights) -> None:
        """After the first step: add those of the Mogrifier's weights."""
        rows = self._walk.rows
        mask = None if self._mask is None else rows(np.broadcast_to(self._mask, self._h_prev.shape))
        gates = tuple(map(rows, self.gates))
        cache = MogrifierCache(rows(self._given), rows(self._h_prev), mask, gates, self._rounds)
        parts = mogrifier_gradients([rows(dz_i) for dz_i in self._dz], cache)
        for totals, factors in zip(total.mogrifier or (), parts, strict=True):
            for sum_, part in zip(totals, factors, strict=True):
                sum_ += part

    def _mask_of(self, n: int) -> Array | None:
        return None if self._mask is None else self._mask[:n]
