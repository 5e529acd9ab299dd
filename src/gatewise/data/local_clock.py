"""Steps counted in UTC, as the clocks of a place show them.

Where clocks change, a day has 23 or 25 hours, and the same hour of the day before is not 24 steps back.
So values are laid on slots, of which each day has as many. One that is left out in spring is empty, and of
one that comes twice in autumn the first value counts, for the second is not known before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.week_slots import DAY
from gatewise.data.zones import clock_of, is_fixed, offsets_of
from gatewise.types import IntArray

__all__ = ["LocalClock", "moved_within", "on_slots"]

_LONGEST_CHANGE = DAY // 8
_BETWEEN_CHANGES = 150 * DAY


@dataclass(frozen=True)
class LocalClock:
    """The clocks of a zone, read at steps of a fixed length.

    Attributes:
        zone: its name, as ``zone_info`` knows it.
        step: microseconds, less than a day.
    """

    zone: str
    step: int

    @classmethod
    def where_needed(cls, zone: str | None, step: int) -> LocalClock | None:
        """The clock of a zone; None without one, where no clocks change, or where steps are days."""
        return None if zone is None or step >= DAY or is_fixed(zone) else cls(zone, step)

    def slots(self, start: Any, positions: IntArray) -> IntArray:
        """The slot of each position, counted from that of ``start``."""
        found: IntArray = positions + np.rint(self._moved(start, positions)).astype(np.int64)
        return found

    def phases(self, start: Any, positions: IntArray) -> npt.NDArray[np.float64]:
        """By how much of a slot each position lies after its beginning, as where clocks change by less."""
        moved = self._moved(start, positions)
        found: npt.NDArray[np.float64] = moved - np.rint(moved)
        return found

    def _moved(self, start: Any, positions: IntArray) -> npt.NDArray[np.float64]:
        utc = start + (positions * self.step).astype("m8[us]")
        offsets = offsets_of(np.append(utc, start), self.zone)
        found: npt.NDArray[np.float64] = (offsets[:-1] - offsets[-1]) / self.step
        return found

    def times(self, start: Any, slots: IntArray) -> npt.NDArray[np.datetime64]:
        """What clocks show in these slots."""
        shown: npt.NDArray[np.datetime64] = clock_of(np.array([start]), self.zone)[0] + (
            slots * self.step
        ).astype("m8[us]")
        return shown

    @property
    def margin(self) -> int:
        """Slots by which a change of clocks moves at most."""
        return -(-_LONGEST_CHANGE // self.step)

    def steps_of(self, slots: int) -> int:
        """Steps that surely fill so many slots, however often clocks change within them."""
        return slots + self.margin * (1 + slots * self.step // _BETWEEN_CHANGES)


def moved_within(values: npt.NDArray[np.float64], shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values (B, T, ...) of slots as of shares (B, T) of a slot later, straight between two of them.

    Where the other one is missing, or lies outside, a value stays.
    """
    if not shares.any():
        return values
    beyond = np.full_like(values[:, :1], np.nan)
    shares = shares.reshape(*shares.shape, *[1] * (values.ndim - 2))
    later, earlier = np.concatenate([values[:, 1:], beyond], 1), np.concatenate([beyond, values[:, :-1]], 1)
    other = np.where(shares > 0, later, earlier)
    found = (1 - np.abs(shares)) * values + np.abs(shares) * other
    return np.where(np.isnan(found), values, found)


def on_slots(values: npt.NDArray[np.float64], slots: IntArray) -> npt.NDArray[np.float64]:
    """Values (T, ...) of steps by their slots from 0 on; NaN where a slot has none, the first where two."""
    found = np.full((int(slots.max(initial=-1)) + 1, *values.shape[1:]), np.nan)
    found[slots[::-1]] = values[::-1]
    return found
