"""The order in which a batch's steps are taken: ragged lengths, resets, and walking in reverse."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.types import Array, BoolArray, IntArray

__all__ = ["Walk"]


@dataclass(frozen=True, slots=True)
class Walk:
    """In which order the steps of a batch are taken, and what is alive at each.

    Hidden and cell states lie in buffers of T + 1 slots. Walking forward, step t reads slot t and
    writes slot t + 1; in reverse it reads slot t + 1 and writes slot t. The initial state stands in
    the slot that the first step reads, so the states before all steps are one view of the buffer.
    """

    steps: int
    batch: int
    reverse: bool = False
    lengths: IntArray | None = None
    reset: BoolArray | None = None
    alive: list[int] = field(init=False)
    valid: BoolArray | None = field(init=False)
    keep: BoolArray | None = field(init=False)

    def __post_init__(self) -> None:
        valid = alive = None
        if self.lengths is not None:
            if (np.diff(self.lengths) > 0).any():
                raise ArgumentError(f"lengths={self.lengths}; expected the longest first.")
            valid = self.lengths > np.arange(self.steps)[:, None]
            alive = [int(n) for n in valid.sum(axis=1)]
        object.__setattr__(self, "valid", valid)
        object.__setattr__(self, "alive", alive or [self.batch] * self.steps)
        object.__setattr__(self, "keep", self._kept_states())

    def _kept_states(self) -> BoolArray | None:
        """(T, B, 1), False where a step must not see the state it is handed.

        ``reset[t]`` says that step t begins a new sequence. Walking in reverse, the border between
        steps t - 1 and t is crossed on entering step t - 1.
        """
        if self.reset is None:
            return None
        # In the padding begins no sequence; a mark there must not part a reversed row from its state.
        keep = ~self.reset if self.valid is None else ~(self.reset & self.valid)
        if self.reverse:
            keep = np.concatenate([keep[1:], np.ones((1, self.batch), dtype=bool)])
        return keep[:, :, None]

    @property
    def order(self) -> range:
        """Time steps in the order they are taken."""
        return range(self.steps - 1, -1, -1) if self.reverse else range(self.steps)

    def before(self, t: int) -> int:
        """Slot of the state that step t reads."""
        return t + 1 if self.reverse else t

    def after(self, t: int) -> int:
        """Slot of the state that step t writes."""
        return t if self.reverse else t + 1

    def states_before(self, slots: Array) -> Array:
        """(T, B, H): the state each step was handed, resets applied."""
        states = slots[1:] if self.reverse else slots[:-1]
        return states if self.keep is None else states * self.keep

    def states_after(self, slots: Array) -> Array:
        """(T, B, H): the state each step left behind; zero in the padding."""
        states = slots[:-1] if self.reverse else slots[1:]
        if self.valid is not None and self.reverse:
            # Reversed padding carries the initial state to where a short row begins.
            return states * self.valid[:, :, None]
        return states

    def last_state(self, slots: Array) -> Array:
        """(B, H): the state after each row's last step."""
        if self.reverse:
            last: Array = slots[0].copy()
        elif self.lengths is None:
            last = slots[-1].copy()
        else:
            last = slots[self.lengths, np.arange(self.batch)]
        return last

    def rows(self, values: Array) -> Array:
        """(N, K): the valid steps of (T, B, K) under each other; what stands in the padding never enters."""
        rows: Array = values.reshape(-1, values.shape[-1]) if self.valid is None else values[self.valid]
        return rows

    def padded(self, rows: Array) -> Array:
        """The inverse of ``rows``, with zeros in the padding."""
        if self.valid is None:
            return rows.reshape(self.steps, self.batch, -1)
        values = np.zeros((self.steps, self.batch, rows.shape[-1]), rows.dtype)
        values[self.valid] = rows
        return values

    def add_rows(self, rows: Array, values: Array) -> None:
        """Add ``rows`` to the valid steps of ``values`` (T, B, K)."""
        if self.valid is None:
            values += rows.reshape(values.shape)
        else:
            values[self.valid] += rows
