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

__all__ = ["Split", "divided", "left_out", "never_changing", "origins", "split_by_time", "training_windows"]


_INDEPENDENT = 32
"""Horizons side by side in what is held out, from which on a part of it calibrates, and the rest chooses."""


class Split(NamedTuple):
    """Steps of each series, (N,) each.

    What is held out does two things that are kept apart: it chooses the weights, and it calibrates the
    intervals and judges them. Where it is too little for both it chooses alone.

    Attributes:
        learnt: the first ones, from which the network learns.
        chosen: up to where weights are chosen by, from ``learnt`` on; equal to it where they are not.
        judged: from where intervals are calibrated and judged, up to ``ends``.
        ends: all of them; equal to ``learnt`` where nothing is held out.
    """

    learnt: IntArray
    chosen: IntArray
    judged: IntArray
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

    def choosing(self, panel: Panel, horizon: int, most: int) -> IntArray:
        """Windows (series, position) whose targets lie in the part that chooses the weights."""
        return _between(panel, self.learnt, self.chosen, horizon, most)

    def judging(self, panel: Panel, horizon: int, most: int) -> IntArray:
        """Windows (series, position) whose targets lie in the part that calibrates and judges."""
        return _between(panel, self.judged, self.ends, horizon, most)

    def halves(self, windows: IntArray) -> IntArray:
        """Which half (M,) of the part that judges windows belong to, by time; by series where that is short.

        Each half is judged by what the other has calibrated.
        """
        series, positions = windows.T
        middle = (self.judged + self.ends) // 2
        of_series = np.zeros(len(self.ends), dtype=np.intp)
        of_series[np.unique(series)] = np.arange(len(np.unique(series))) % 2
        later = (positions >= middle[series]).astype(np.intp)
        halves: IntArray = later if len(np.unique(later)) == 2 else of_series[series]
        return halves


def _between(panel: Panel, firsts: IntArray, lasts: IntArray, horizon: int, most: int) -> IntArray:
    windows = origins(panel.series, np.maximum(firsts, 1), lasts, horizon, most)
    return windows[(lasts > firsts)[windows[:, 0]]]


def split_by_time(panel: Panel, horizon: int, fraction: float) -> Split:
    """Hold out the last part of each series that has room for it.

    Args:
        panel: the series.
        horizon: S; a part that is held out has as many steps at least, and two more of them stay.
        fraction: of each series, at its end; 0 holds nothing out.
    """
    ends = panel.ends()
    if fraction == 0:
        return Split(ends, ends, ends, ends)
    wanted = np.maximum(np.rint(ends * fraction).astype(ends.dtype), horizon)
    return divided(np.where(ends - wanted >= 2 * horizon, ends - wanted, ends), ends, horizon)


def divided(learnt: IntArray, ends: IntArray, horizon: int) -> Split:
    """What is held out, from ``learnt`` to ``ends`` (N,), divided for the two things that it does."""
    side_by_side = (ends - learnt) // horizon
    if side_by_side.sum() < _INDEPENDENT:
        return Split(learnt, ends, ends, ends)
    held_out = side_by_side > 0
    if np.median(side_by_side[held_out]) >= 2:
        middle = np.where(side_by_side >= 2, (learnt + ends) // 2, ends)
        return Split(learnt, middle, middle, ends)
    # One horizon of each series: every second series chooses, and the others calibrate and judge.
    chooses = np.cumsum(held_out) % 2 == 1
    return Split(learnt, np.where(chooses, ends, learnt), np.where(chooses, ends, learnt), ends)


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
    learnt = set(used.tolist()) | set(np.flatnonzero(flat).tolist())
    if short := [each.key for index, each in enumerate(panel.series) if index not in learnt]:
        notes.append(f"{named(short, ('is', 'are'))} too short to learn from")
    return notes
