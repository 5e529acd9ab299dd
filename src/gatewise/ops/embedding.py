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


def add_rows(total: Array, tokens: IntArray, rows: Array) -> None:
    """Add to each symbol's row of ``total`` (V, D) the rows (..., D) of its tokens (...)."""
    tokens, rows = tokens.reshape(-1), rows.reshape(-1, rows.shape[-1])
    # Sorting brings equal tokens together, so that each symbol's rows are summed in one reduction.
    order = np.argsort(tokens, kind="stable")
    symbols, first = np.unique(tokens[order], return_index=True)
    if symbols.size:
        total[symbols] += np.add.reduceat(rows[order], first, axis=0)
