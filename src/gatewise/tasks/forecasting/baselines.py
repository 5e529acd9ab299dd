"""Forecasts that cost nothing, beside which a network has to be worth it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.data.local_clock import on_slots
from gatewise.types import IntArray

__all__ = ["Baselines"]

Floats = npt.NDArray[np.float64]


class Baselines:
    """The last value, the last season, and the line through first and last value, from any place in a series.

    What they need is found once for all places, in time that grows with the series and not with its square.

    Args:
        values: (T,) of the series, NaN where missing; at least one is there.
        season: steps of a season; 1 for none, and then the last season is the last value.
        slots: (T + the longest horizon,) of each step the slot of the day that it has, where clocks change.
    """

    def __init__(self, values: Floats, season: int, slots: IntArray | None = None) -> None:
        self._season, self._slots = season, slots
        self._last = _filled(values[:, None])[:, 0]
        self._last[np.isnan(self._last)] = values[~np.isnan(values)][0]
        shown = values if slots is None else on_slots(values, slots[: len(values)])
        rows = -(-len(shown) // season)
        seasons = np.full(rows * season, np.nan)
        seasons[: len(shown)] = shown
        self._same_step = _filled(seasons.reshape(rows, season)).ravel()

    def at(self, positions: IntArray, horizon: int) -> dict[str, Floats]:
        """Forecasts (M, S) by name, each from what comes before a position (at least one step does)."""
        ahead = np.arange(horizon)
        last = self._last[positions - 1, None]
        slope = (last - self._last[0]) / np.maximum(1, positions - 1)[:, None]
        found = {"naive": np.broadcast_to(last, (len(positions), horizon))}
        if self._season > 1:
            first, steps = positions[:, None], positions[:, None] + ahead
            if self._slots is not None:
                first, steps = self._slots[first], self._slots[steps]
            steps = first - self._season + (steps - first) % self._season
            seen = np.where(steps < 0, np.nan, self._same_step[np.maximum(steps, 0)])
            found["seasonal naive"] = np.where(np.isnan(seen), last, seen)
        return {**found, "drift": last + slope * (ahead + 1)}


def _filled(values: Floats) -> Floats:
    """Down the columns, the last value that was there; NaN before the first."""
    rows = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    return np.take_along_axis(values, np.maximum.accumulate(rows, axis=0), axis=0)
