"""Rows of a table, chosen by token, and the way back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gatewise.types import Array, IntArray

__all__ = ["TokenInput", "add_rows"]


class TokenInput(NamedTuple):
    """An input (T, B, D) that is not written out: step t of row b takes in ``table[tokens[t, b]]``.

    Attributes:
        tokens: (T, B), integers in [0, V).
        table: (V, D).
    """

    tokens: IntArray
    table: Array

    def rows(self) -> Array:
        """The input written out, (T, B, D)."""
        return self.table[self.tokens]


_FEW = 4
"""Rows of a symbol up to which it is quicker to add all symbols' first rows, all their second rows ..."""


def add_rows(total: Array, tokens: IntArray, rows: Array) -> None:
    """Add to each symbol's row of ``total`` (V, D) the rows (..., D) of its tokens (...)."""
    tokens, rows = tokens.reshape(-1), rows.reshape(-1, rows.shape[-1])
    # Sorting brings equal tokens together.
    order = np.argsort(tokens, kind="stable")
    symbols, first, counts = np.unique(tokens[order], return_index=True, return_counts=True)
    rare = counts <= _FEW
    for place in range(_FEW):
        here = rare & (counts > place)
        if here.any():
            total[symbols[here]] += rows[order[first[here] + place]]
    if not rare.all():
        # Each symbol's rows are summed in one reduction.
        often = ~rare
        starts = np.cumsum(counts[often]) - counts[often]
        total[symbols[often]] += np.add.reduceat(rows[order[np.repeat(often, counts)]], starts, axis=0)
