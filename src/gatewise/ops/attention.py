r"""Attention: how much a decoder's state looks at each step of a memory, and what it reads there.

With the query $s_t$, a decoder's hidden state, and the memory $h_1 \dots h_n$, the states that an encoder
left (n valid steps, then padding):

$$
\begin{aligned}
e_{tj} &= s_t^\top h_j                          & \text{dot} \\
e_{tj} &= s_t^\top W_h\,h_j                     & \text{general} \\
e_{tj} &= v^\top \tanh(W_s\,s_t + W_h\,h_j)     & \text{additive} \\
\alpha_{tj} &= \frac{\exp e_{tj}}{\sum_{k=1}^{n} \exp e_{tk}} & \text{weights} \\
\bar c_t &= \sum_{j=1}^{n} \alpha_{tj}\,h_j     & \text{context}
\end{aligned}
$$

Dot and general are equation 8 of Luong, Pham & Manning (2015); the additive score is that of Bahdanau, Cho &
Bengio (2015), appendix A.1.2, weights and context their equations 6 and 5.

The keys W_h h (h itself for dot) do not depend on the query: they are worked out once, and with keys the
general score is the dot score. T queries are independent of each other; one step of a decoder is
T = 1. Queries are time first, s (T, B, K), as is what comes of them; the prepared memory is batch first,
(B, S, ·), so that each sequence's product is one call of BLAS on contiguous rows.

The memory's gradient is a sum over all queries. ``sum_outer`` takes it in one product when all are known;
the additive score, whose slopes differ by query, adds to a buffer that the caller owns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.ops.activations import softmax
from gatewise.ops.held import Held
from gatewise.types import Array, BoolArray, IntArray

__all__ = [
    "PreparedMemory",
    "additive_scores",
    "additive_scores_backward",
    "attend",
    "attend_backward",
    "dot_scores",
    "dot_scores_backward",
    "pad_memory",
    "sum_outer",
]

# Elements of additive attention's hidden layer that are worked on at a time: they stay in a core's cache.
_BLOCK = 65536


@dataclass(frozen=True, slots=True, eq=False)
class PreparedMemory:
    """A memory as its queries need it, batch first; it serves all steps of a decoder.

    Attributes:
        keys: W_h h, (B, S, K); the same array as ``values`` for the dot score.
        values: h (B, S, M), zero in the padding.
        mask: (B, S), True where a sequence has not ended.
        held: that the parameters which made the keys are as they were.
    """

    keys: Array
    values: Array
    mask: BoolArray
    held: Held | None = None

    def take(self, rows: IntArray) -> PreparedMemory:
        """The memory with other rows of the batch: re-ordered, repeated or left out, as beam search needs.

        Args:
            rows: (N,) integers in [0, B).

        Raises:
            ArgumentError: the rows have another shape or type, or lie outside the batch.
        """
        rows, batch = np.asarray(rows), len(self.mask)
        if rows.ndim != 1 or rows.size == 0 or not np.issubdtype(rows.dtype, np.integer):
            raise ArgumentError(
                f"take: rows has shape {rows.shape} and dtype {rows.dtype}; expected (N,) integers."
            )
        if not 0 <= rows.min() <= rows.max() < batch:
            raise ArgumentError(f"take: rows lie in [{rows.min()}, {rows.max()}]; expected [0, {batch}).")
        values = self.values[rows]
        keys = values if self.keys is self.values else self.keys[rows]
        return PreparedMemory(keys, values, self.mask[rows], self.held)


def pad_memory(memory: Array, lengths: IntArray | None) -> tuple[Array, BoolArray]:
    """The values (B, S, M), zero in the padding, and the mask (B, S) of a prepared memory.

    Args:
        memory: h (S, B, M), whatever stands in the padding.
        lengths: (B,) valid steps of each sequence, 1 to S; None if all are valid.
    """
    values = memory.swapaxes(0, 1).copy()
    mask = np.ones(values.shape[:2], dtype=bool)
    if lengths is not None:
        mask &= np.arange(len(memory)) < lengths[:, None]
        values[~mask] = 0  # what is not finite would reach the context even with a weight of 0
    return values, mask


def dot_scores(s: Array, keys: Array) -> Array:
    """The scores e (T, B, S) of the queries s (T, B, K) by their products with the keys (B, S, K)."""
    e: Array = np.matmul(s.swapaxes(0, 1), keys.swapaxes(1, 2)).swapaxes(0, 1)
    return e


def dot_scores_backward(de: Array, keys: Array) -> Array:
    """Ds (T, B, K) from de (T, B, S); dkeys is ``sum_outer([(de, s)])``."""
    ds: Array = np.matmul(de.swapaxes(0, 1), keys).swapaxes(0, 1)
    return ds


def additive_scores(q: Array, keys: Array, v: Array) -> Array:
    """The scores e (T, B, S) by a hidden layer over both, vᵀ tanh(q + keys).

    Args:
        q: W_s s, (T, B, A).
        keys: W_h h, (B, S, A).
        v: (A,).
    """
    e = np.empty((*q.shape[:2], keys.shape[1]), q.dtype)
    for t, rows, hidden in _hidden_blocks(q, keys):
        e[t, rows] = hidden @ v
    return e


def additive_scores_backward(de: Array, q: Array, keys: Array, v: Array, dkeys: Array, dv: Array) -> Array:
    """Dq (T, B, A) from de (T, B, S).

    The hidden layer is worked out again: to keep it would take T * B * S * A numbers.

    Args:
        de: (T, B, S).
        q: as ``additive_scores`` took it.
        keys: likewise.
        v: likewise.
        dkeys: (B, S, A), added to.
        dv: (A,), added to.
    """
    dq = np.empty_like(q)
    for t, rows, hidden in _hidden_blocks(q, keys):
        de_t = de[t, rows, :, None]
        dv += de_t.ravel() @ hidden.reshape(-1, len(v))
        dz = np.multiply(hidden, hidden, out=hidden)
        np.subtract(1, dz, out=dz)
        dz *= v
        dz *= de_t
        dkeys[rows] += dz
        dz.sum(axis=1, out=dq[t, rows])
    return dq


def attend(e: Array, values: Array, mask: BoolArray) -> tuple[Array, Array]:
    """The context (T, B, M), and the weights α (T, B, S), which are the cache.

    Args:
        e: scores (T, B, S), whatever they are in the padding; there α is exactly 0.
        values: (B, S, M).
        mask: (B, S), with at least one True in each row.
    """
    alpha = softmax(np.where(mask, e, -np.inf))
    context = np.matmul(alpha.swapaxes(0, 1), values).swapaxes(0, 1)
    return np.ascontiguousarray(context), alpha


def attend_backward(dcontext: Array, alpha: Array, values: Array) -> Array:
    """De (T, B, S) from dcontext (T, B, M); dvalues is ``sum_outer([(alpha, dcontext)])``."""
    dalpha = np.matmul(dcontext.swapaxes(0, 1), values.swapaxes(1, 2)).swapaxes(0, 1)
    de: Array = alpha * (dalpha - (alpha * dalpha).sum(axis=-1, keepdims=True))
    return de


def sum_outer(pairs: Sequence[tuple[Array, Array]]) -> Array:
    """Sum over all steps of all pairs of a_t ⊗ b_t, (B, S, K), in one product per sequence.

    Args:
        pairs: of a (T, B, S) and b (T, B, K), of one step or several each; at least one pair.
    """
    a = np.concatenate([pair[0] for pair in pairs])
    b = np.concatenate([pair[1] for pair in pairs])
    total: Array = np.matmul(a.transpose(1, 2, 0), b.swapaxes(0, 1))
    return total


def _hidden_blocks(q: Array, keys: Array) -> Iterator[tuple[int, slice, Array]]:
    """Step, rows of the batch, and their tanh(q + keys) (n, S, A), which the next block overwrites."""
    batch, steps, width = keys.shape
    count = min(batch, max(1, _BLOCK // (steps * width)))
    buffer = np.empty((count, steps, width), keys.dtype)
    for first in range(0, batch, count):
        rows = slice(first, min(first + count, batch))
        hidden = buffer[: rows.stop - first]
        for t in range(len(q)):
            np.add(keys[rows], q[t, rows, None], out=hidden)
            yield t, rows, np.tanh(hidden, out=hidden)
