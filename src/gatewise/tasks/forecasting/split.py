"""Which part of each series is learnt from and which is held out: always split by time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.panel import Panel, Series, named
from gatewise.data.windows import WindowShape
from gatewise.errors import DataError
from gatewise.types import IntArray

__all__ = ["Split", "left_out", "never_changing", "origins", "split_by_time", "training_windows"]


class Split(NamedTuple):
    """Steps of each series.

    Attributes:
        learnt: (N,) the first ones, from which the network learns.
        ends: (N,) all of them; equal to ``learnt`` where nothing is held out.
    """

    learnt: IntArray
    ends: IntArray

    def is_one_moment(self, panel: Panel) -> bool:
        """Whether all series are learnt from up to the same time; counted steps have no time in common."""
        if panel.frequency.unit == "number":
            return True
        ends = [
            panel.frequency.times(each.start, np.array([end]))[0]
            for each, end in zip(panel.series, self.learnt, strict=True)
        ]
        return len(set(ends)) == 1

    def held_out(self, panel: Panel, horizon: int, most: int) -> IntArray:
        """Windows (series, position) whose targets lie in the part that is held out."""
        windows = origins(panel.series, np.maximum(self.learnt, 1), self.ends, horizon, most)
        return windows[(self.ends > self.learnt)[windows[:, 0]]]


def split_by_time(panel: Panel, horizon: int, fraction: float) -> Split:
    """Hold out the last part of each series that has room for it.

    Args:
        panel: the series.
        horizon: S; a part that is held out has as many steps at least, and two more of them stay.
        fraction: of each series, at its end; 0 holds nothing out.
    """
    ends = panel.ends()
    if fraction == 0:
        return Split(ends, ends)
    wanted = np.maximum(np.rint(ends * fraction).astype(ends.dtype), horizon)
    return Split(np.where(ends - wanted >= 2 * horizon, ends - wanted, ends), ends)


def training_windows(panel: Panel, split: Split, shape: WindowShape, horizon: int) -> IntArray:
    """Windows (series, position) to learn from.

    A series shorter than a window is learnt from all the same, with part of the context empty.

    Raises:
        DataError: no series has a horizon to learn from.
    """
    firsts = np.clip((split.learnt - shape.horizon) // 2, 1, shape.context)
    windows = origins(panel.series, firsts, split.learnt, shape.horizon)
    if len(windows) == 0:
        longest = int(split.ends.argmax())
        held_out = split.ends[longest] - split.learnt[longest]
        raise DataError(
            f"horizon={horizon} is longer than the data: the longest of {len(split.ends)} series has "
            f"{split.ends[longest]} steps, {held_out} of them held out. Give longer series, a smaller "
            "horizon or a smaller validation_fraction."
        )
    return windows


def origins(
    series: Sequence[Series], firsts: IntArray, lasts: IntArray, horizon: int, most: int | None = None
) -> IntArray:
    """Windows (series, position), (M, 2), whose targets lie between firsts and lasts and are not all missing.

    Args:
        series: the series.
        firsts: for each the first position to forecast.
        lasts: the position after the last one.
        horizon: S.
        most: where there would be more windows, only each n-th is taken, counted from the end.
    """
    total = np.maximum(lasts - horizon - firsts + 1, 0).sum()
    stride = 1 if most is None else max(1, -(-int(total) // most))
    found = [np.zeros((0, 2), dtype=np.intp)]
    for index, (each, first, last) in enumerate(zip(series, firsts, lasts, strict=True)):
        positions = np.arange(last - horizon, first - 1, -stride)[::-1]
        seen = np.concatenate([[0], np.cumsum(~np.isnan(each.values))])
        positions = positions[seen[positions + horizon] > seen[positions]]
        found.append(np.stack([np.full(len(positions), index), positions], axis=1))
    return np.concatenate(found)


def never_changing(
    panel: Panel, split: Split, used: IntArray, target: str, *, strict: bool
) -> npt.NDArray[np.bool_]:
    """Which series (N,) have one value alone to learn from.

    Args:
        panel: the series.
        split: of them.
        used: numbers of those that are learnt from.
        target: column of the values, for the error.
        strict: refuse one such series; else only if all are such.

    Raises:
        DataError: all of them, or with ``strict`` any.
    """
    flat = np.zeros(len(panel.series), dtype=bool)
    said = []
    for index in used.tolist():
        each = panel.series[index]
        values = each.values[: split.learnt[index]]
        values = values[~np.isnan(values)]
        if values.min() == values.max():
            flat[index] = True
            said.append(
                f"series {each.key!r} of column {target!r} is constant: all {len(values)} values to learn "
                f"from are {values[0]:g}"
            )
    if said and (strict or len(said) == len(used)):
        more = f"; and so {len(said) - 5:,} more" if len(said) > 5 else ""
        raise DataError(f"{'; '.join(said[:5])}{more}. Remove what never changes; its forecast is its value.")
    return flat


def left_out(panel: Panel, flat: npt.NDArray[np.bool_], used: IntArray) -> list[str]:
    """Notes on the series that nothing is learnt from.

    Args:
        panel: the series.
        flat: (N,) which never change.
        used: numbers of those that are learnt from.
    """
    notes = []
    if flat.any():
        keys = [each.key for each, is_flat in zip(panel.series, flat, strict=True) if is_flat]
        notes.append(
            f"{named(keys, ('never changes', 'never change'))} in the part to learn from, from which nothing "
            "is learnt then; forecast all the same"
        )
    if short := len(panel.series) - len(used) - int(flat.sum()):
        notes.append(f"{short:,} series are too short to learn from")
    return notes
