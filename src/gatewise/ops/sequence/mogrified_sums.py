"""The Mogrifier through time: the sums of each step from an input and a state that gate each other.

As x changes with h', the input's part of the sums is no product over all steps: each step makes its own.
Back, the gradients of all rounds' sums are collected and become weight gradients in one product over all
steps. The steps are taken by the native kernel where there is one, which fills the same arrays.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from gatewise.kernels import NativeMogrifier
from gatewise.ops.mogrifier import MogrifierCache, mogrifier_gradients, mogrify, mogrify_backward
from gatewise.ops.sequence.walk import Walk
from gatewise.ops.sequence.weights import Weights
from gatewise.types import Array

__all__ = ["MogrifiedSums"]


class MogrifiedSums:
    """What ``ops/sequence/`` asks of a Mogrifier, in one walk forward and any number of walks back.

    Args:
        walk: the order of steps.
        x: (T, B, D), the input.
        weights: with a Mogrifier.
        mask: (B, H) of recurrent dropout, or None.

    Attributes:
        given: (T, B, D), the input.
        gates: m of each round, (T, B, D) or (T, B, H); zero in the padding.
        x: (T, B, D), the input that the sums were given.
        h_slots: (T + 1, B, H), the h' that they were given where the state before each step stands.
        dx: (T, B, D), the gradient of the input, after a walk back; the padding means nothing.
    """

    def __init__(self, walk: Walk, x: Array, weights: Weights, mask: Array | None) -> None:
        steps, batch, hidden = walk.steps, walk.batch, weights.weight_hh.shape[1]
        self._walk, self.given, self._weights, self._mask = walk, x, weights, mask
        self._rounds = weights.mogrifier or ()
        odd, even = len(self._rounds[::2]), len(self._rounds[1::2])
        self._gates_of = (
            np.zeros((odd, steps, batch, x.shape[2]), x.dtype),
            np.zeros((even, steps, batch, hidden), x.dtype),
        )
        self.gates = self._in_turn(self._gates_of)
        self._dz_of: tuple[Array, Array] | tuple[None, None] = (None, None)
        self.x, self.h_slots = np.zeros_like(x), np.zeros((steps + 1, batch, hidden), x.dtype)

    def _in_turn(self, kinds: tuple[Array, Array]) -> tuple[Array, ...]:
        """Of each round its part, from arrays of the odd rounds and of the even ones."""
        return tuple(kinds[number % 2][number // 2] for number in range(len(self._rounds)))

    def native(self) -> NativeMogrifier:
        """The arrays as the kernel wants them."""
        features, hidden = self.given.shape[2], self.h_slots.shape[2]
        q, r = (
            np.array([reduce(np.matmul, factors) for factors in kind], np.float32).reshape(-1, *shape)
            for kind, shape in (
                (self._rounds[::2], (features, hidden)),
                (self._rounds[1::2], (hidden, features)),
            )
        )
        return NativeMogrifier(q, r, *self._gates_of, self.x, self.h_slots, *self._dz_of)

    def forward(self, t: int, h_prev: Array, z: Array) -> Array:
        """Fill z (n, G * H) with the input's part of the sums; returns the h' (n, H) for the other part."""
        n = len(h_prev)
        x, h, cache = mogrify(self.given[t, :n], h_prev, self._rounds, self._mask_of(n), watch=False)
        for kept, m in zip(self.gates, cache.gates, strict=True):
            kept[t, :n] = m
        self.x[t, :n], self.h_slots[self._walk.before(t), :n] = x, h
        np.matmul(x, self._weights.weight_ih.T, out=z)
        z += self._weights.bias
        return h

    def begin_backward(self, h_prev: Array) -> None:
        """Before the last step: h_prev (T, B, H) is the state that each step was handed."""
        self._h_prev, self.dx = h_prev, np.empty_like(self.x)
        of_x, of_h = self._dz_of = (np.empty_like(self._gates_of[0]), np.empty_like(self._gates_of[1]))
        self._dz = self._in_turn((of_x, of_h))

    def backward(self, t: int, dz: Array, dh: Array) -> None:
        """Turn dh (n, H), the gradient of the h' that ``forward`` returned, into that of the state itself."""
        n = len(dz)
        gates = tuple(m[t, :n] for m in self.gates)
        cache = MogrifierCache(self.given[t, :n], self._h_prev[t, :n], self._mask_of(n), gates, self._rounds)
        self.dx[t, :n], dh[...], rounds = mogrify_backward(dz @ self._weights.weight_ih, dh, cache)
        for kept, dz_i in zip(self._dz, rounds, strict=True):
            kept[t, :n] = dz_i

    def add_gradients(self, total: Weights) -> None:
        """After the first step: add those of the Mogrifier's weights."""
        rows = self._walk.rows
        mask = None if self._mask is None else rows(np.broadcast_to(self._mask, self._h_prev.shape))
        gates = tuple(map(rows, self.gates))
        cache = MogrifierCache(rows(self.given), rows(self._h_prev), mask, gates, self._rounds)
        parts = mogrifier_gradients([rows(dz_i) for dz_i in self._dz], cache)
        for totals, factors in zip(total.mogrifier or (), parts, strict=True):
            for sum_, part in zip(totals, factors, strict=True):
                sum_ += part

    def _mask_of(self, n: int) -> Array | None:
        return None if self._mask is None else self._mask[:n]
