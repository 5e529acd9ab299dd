"""States of a stack, and rows of a batch that is sorted by length."""

from __future__ import annotations

import numpy as np

from gatewise.ops.embedding import TokenInput
from gatewise.types import Array, IntArray, State

__all__ = ["pick_state", "sort_rows", "stack_states", "unsort_rows", "unsort_state"]


def pick_state(state: State | None, index: int, order: IntArray | None) -> State | None:
    """One layer and direction's part of the state of a stack, rows sorted as the batch is."""
    if state is None:
        return None
    rows = slice(None) if order is None else order
    return State(state.h[index][rows], state.c[index][rows])


def sort_rows(x: Array | TokenInput, order: IntArray) -> Array | TokenInput:
    """The input with the rows of its batch in another order."""
    if isinstance(x, TokenInput):
        return TokenInput(x.tokens[:, order], x.table)
    return np.take(x, order, axis=1)


def stack_states(states: list[State]) -> State:
    """(L * directions, B, H) each, from the parts."""
    return State(np.stack([state.h for state in states]), np.stack([state.c for state in states]))


def unsort_rows(values: Array, order: IntArray) -> Array:
    """Rows of the second axis back where they came from."""
    result = np.empty_like(values)
    result[:, order] = values
    return result


def unsort_state(state: State, order: IntArray) -> State:
    """The same of both parts of a state."""
    return State(unsort_rows(state.h, order), unsort_rows(state.c, order))
