"""States of a stack, and rows of a batch that is sorted by length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gatewise.ops.embedding import TokenInput
from gatewise.types import Array, BoolArray, IntArray, State

__all__ = ["SortedBatch", "pick_state", "sort_batch", "stack_states", "unsort_rows", "unsort_state"]


def pick_state(state: State | None, index: int, hidden: int, order: IntArray | None) -> State | None:
    """One layer and direction's part, ``hidden`` wide, of a stack's state, rows sorted as the batch is."""
    if state is None:
        return None
    rows = slice(None) if order is None else order
    return State(state.h[index][rows, :hidden], state.c[index][rows, :hidden])


class SortedBatch(NamedTuple):
    """A batch with its longest rows first.

    Attributes:
        x: as given, rows sorted.
        lengths: the same; None where all rows have all steps.
        reset: the same.
        order: row k is row ``order[k]`` of the batch as given; None if it was sorted already.
    """

    x: Array | TokenInput
    lengths: IntArray | None
    reset: BoolArray | None
    order: IntArray | None

    @property
    def shape(self) -> tuple[int, int]:
        """(T, B)."""
        steps, batch = self.x.tokens.shape if isinstance(self.x, TokenInput) else self.x.shape[:2]
        return steps, batch


def sort_batch(x: Array | TokenInput, lengths: IntArray | None, reset: BoolArray | None) -> SortedBatch:
    """Sort the rows of a batch by their lengths, those of one length staying in their order."""
    if lengths is None:
        return SortedBatch(x, None, reset, None)
    lengths = lengths.astype(np.intp)
    order = np.argsort(-lengths, kind="stable")
    if np.array_equal(order, np.arange(len(order))):
        return SortedBatch(x, lengths, reset, None)
    x = TokenInput(x.tokens[:, order], x.table) if isinstance(x, TokenInput) else np.take(x, order, axis=1)
    return SortedBatch(x, lengths[order], None if reset is None else reset[:, order], order)


def stack_states(states: list[State]) -> State:
    """(L * directions, B, H) each, from the parts; zero beyond the width of one that is narrower than H."""
    return State(*(_stacked(parts) for parts in zip(*states, strict=True)))


def _stacked(parts: tuple[Array, ...]) -> Array:
    width = max(part.shape[1] for part in parts)
    whole = np.zeros((len(parts), len(parts[0]), width), parts[0].dtype)
    for room, part in zip(whole, parts, strict=True):
        room[:, : part.shape[1]] = part
    return whole


def unsort_rows(values: Array, order: IntArray) -> Array:
    """Rows of the second axis back where they came from."""
    result = np.empty_like(values)
    result[:, order] = values
    return result


def unsort_state(state: State, order: IntArray) -> State:
    """The same of both parts of a state."""
    return State(unsort_rows(state.h, order), unsort_rows(state.c, order))
