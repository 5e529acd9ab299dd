"""N-gram models: what a language model must beat to have learnt anything worth its while."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError, DataError
from gatewise.types import IntArray

__all__ = ["NGram"]

_Counts = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


class NGram:
    """Interpolated n-grams with absolute discounting (Ney, Essen & Kneser 1994).

    p(w | u) = max(n(u w) - d, 0) / n(u) + d · (kinds of w after u) / n(u) · p(w | u without its first token),
    down to the uniform distribution, with d = n₁ / (n₁ + 2 n₂) for each order.

    Args:
        tokens: (N,) to count.
        order: n; 1 for a unigram model.
        vocabulary_size: V.

    Raises:
        ArgumentError: order is below 1, or Vⁿ too large for one integer.
        DataError: there are fewer tokens than order.
    """

    def __init__(self, tokens: IntArray, order: int, vocabulary_size: int) -> None:
        if order < 1 or vocabulary_size**order >= 2**63:
            raise ArgumentError(
                f"order={order!r}; expected at least 1, and {vocabulary_size}**order below 2**63."
            )
        _check_length(tokens, order)
        self.order = order
        self.vocabulary_size = vocabulary_size
        self._grams: list[_Counts] = []
        self._contexts: list[tuple[_Counts, npt.NDArray[np.int64]]] = []
        for n in range(1, order + 1):
            grams, counts = np.unique(self._keys(tokens, n), return_counts=True)
            contexts, first, kinds = np.unique(
                grams // vocabulary_size, return_index=True, return_counts=True
            )
            self._grams.append((grams, counts))
            self._contexts.append(((contexts, np.add.reduceat(counts, first)), kinds))

    def loss(self, tokens: IntArray) -> float:
        """Mean of -log p over all tokens that have a whole context, in nats."""
        _check_length(tokens, self.order)
        size = len(tokens) - self.order + 1
        probability = np.full(size, 1 / self.vocabulary_size)
        for n, ((grams, counts), ((contexts, totals), kinds)) in enumerate(
            zip(self._grams, self._contexts, strict=True), start=1
        ):
            once, twice = (counts == 1).sum(), (counts == 2).sum()
            discount = once / (once + 2 * twice) if once else 0.5
            keys = self._keys(tokens, n)[-size:]
            context = keys // self.vocabulary_size
            total = _look_up(contexts, totals, context)
            seen = total > 0
            kept = np.maximum(_look_up(grams, counts, keys)[seen] - discount, 0)
            spread = discount * _look_up(contexts, kinds, context)[seen] * probability[seen]
            probability[seen] = (kept + spread) / total[seen]
        return float(-np.log(probability).mean())

    def _keys(self, tokens: IntArray, n: int) -> npt.NDArray[np.int64]:
        """One integer for each n tokens in a row."""
        keys = np.zeros(len(tokens) - n + 1, dtype=np.int64)
        for k in range(n):
            keys = keys * self.vocabulary_size + tokens[k : len(tokens) - n + 1 + k]
        return keys


def _check_length(tokens: IntArray, order: int) -> None:
    if len(tokens) < order:
        raise DataError(f"the text has {len(tokens)} tokens; at least order={order} are needed.")


def _look_up(
    keys: npt.NDArray[np.int64], values: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The value of each wanted key, 0 where there is none; ``keys`` are sorted."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
