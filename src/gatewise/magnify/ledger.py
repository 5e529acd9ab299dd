r"""The cell ledger: what each past step wrote into today's memory, and how much of it is left.

The cell state is a sum that can be undone. With $c_t = f_t \odot c_{t-1} + i_t \odot g_t$ at every step,

$$
c_T = c_0 \prod_{s \le T} f_s + \sum_{t \le T} (i_t \odot g_t) \prod_{t < s \le T} f_s
$$

exactly: the first factor of each term is what step t wrote, the product is how much of it the later forget
gates have left. No gradient and no approximation is in it; what rounding leaves over is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.ops import SequenceCache
from gatewise.tasks.checks import check_number
from gatewise.types import Array

__all__ = ["Ledger", "ledger"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries that make up one cell state, in the order of the walk: in reverse, the last step first.

    Attributes:
        step: T, the step after which the cell state is looked at.
        steps: (N,) the steps that wrote, the first of the walk first and T last.
        written: (N, H), i ⊙ g at each of them.
        left: (N, H), the share of it that is left after step T, in [0, 1].
        initial: (H,), what is left of the initial state.
        cell: (H,), the cell state itself.
    """

    step: int
    steps: npt.NDArray[np.intp]
    written: Floats
    left: Floats
    initial: Floats
    cell: Floats

    @property
    def entries(self) -> Floats:
        """(N, H): what each step put into the cell state as it is now."""
        entries: Floats = self.written * self.left
        return entries

    @property
    def total(self) -> Floats:
        """(N,): the same of all units together; with the initial state it adds up to the sum of the cells."""
        total: Floats = self.entries.sum(axis=1)
        return total

    @property
    def norm(self) -> Floats:
        """(N,): how much that is, where units do not cancel: the Euclidean norm over them."""
        norm: Floats = np.linalg.norm(self.entries, axis=1)
        return norm

    @property
    def residual(self) -> float:
        """The greatest distance of the sum from the cell state, over all units: rounding, if all is right."""
        total = self.initial + self.entries.sum(axis=0)
        return float(np.abs(total - self.cell).max(initial=0))


def ledger(cache: SequenceCache, step: int = -1, row: int = 0) -> Ledger:
    """Take the cell state after a step apart.

    Zoneout of the cell state, which keeps a part of it past the forget gate, counts as kept and lessens what
    is written. A reset empties the cell: entries before it have nothing left.

    Args:
        cache: of a forward pass of an LSTM layer in one direction. In reverse, the steps behind ``step`` are
            its past.
        step: T; negative ones count from the end.
        row: of the batch.

    Raises:
        ArgumentError: the layer has no cell state; there is no such step or row; the cache is spent.
    """
    steps, batch = cache.walk.steps, cache.walk.batch
    if not cache.cell.has_memory:
        raise ArgumentError(f"ledger: {type(cache.cell).__name__} has no cell state; expected an LSTM layer.")
    for name, value, count in (("step", step, steps), ("row", row, batch)):
        check_number(name, value, low=-count, high=count - 1, whole=True)
    step, row = step % steps, row % batch
    order = np.array(cache.walk.order, np.intp)
    order = order[: int(np.flatnonzero(order == step)[0]) + 1]
    if cache.walk.valid is not None:
        if not cache.walk.valid[step, row]:
            raise ArgumentError(
                f"ledger: step {step} of row {row} is padding; expected a step before its end."
            )
        order = order[cache.walk.valid[order, row]]
    keep, written = _kept_and_written(cache, order, row)
    # From the end: what is left of an entry is the product of all that later steps keep.
    left = np.ones_like(keep)
    left[:-1] = np.cumprod(keep[:0:-1], axis=0)[::-1]
    first = cache.c_slots[cache.walk.before(int(order[0])), row]
    return Ledger(
        step=step,
        steps=order,
        written=written,
        left=left,
        initial=first.astype(np.float64) * left[0] * keep[0],
        cell=cache.c[step, row].astype(np.float64),
    )


def _kept_and_written(cache: SequenceCache, order: npt.NDArray[np.intp], row: int) -> tuple[Floats, Floats]:
    """(N, H) each: the factor that each step lays on the cell state before it, and what it adds."""

    def at(values: Array) -> Floats:
        taken: Floats = values[order, row].astype(np.float64)
        return taken

    keep, written = at(cache.f), at(cache.i) * at(cache.g)
    held = cache.masks.zoneout_c
    if held is not None:
        share = at(held) if isinstance(held, np.ndarray) else held
        keep, written = share + (1 - share) * keep, (1 - share) * written
    if cache.walk.keep is not None:
        keep *= cache.walk.keep[order, row]
    return keep, written
