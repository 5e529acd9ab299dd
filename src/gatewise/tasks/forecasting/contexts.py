"""What forecasts look back on: the kept ends of series before what is given, and what is missing of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gatewise.data.frames import Table
from gatewise.data.frequency import Frequency
from gatewise.data.panel import ColumnNames, Series, named
from gatewise.errors import DataError
from gatewise.types import IntArray

__all__ = [
    "after_kept_ends",
    "first_unseen",
    "missing_of_contexts",
    "refuse_other_clock",
    "steps_between",
    "without_values",
]


def after_kept_ends(
    series: Sequence[Series], kept: Sequence[Series], frequency: Frequency, context: int
) -> tuple[list[Series], IntArray]:
    """Series with the kept end of each before it, where it goes on from there.

    Args:
        series: as they were given.
        kept: the ends that a model has of the series of its training.
        frequency: of all.
        context: steps that a forecast looks back on; of an end that lies farther back nothing would be seen.

    Returns:
        The series, and how many steps stand before what was given of each.
    """
    ends = {each.key: each for each in kept}
    found, before = [], []
    for each in series:
        end = ends.get(each.key)
        steps = 0 if end is None else steps_between(end.start, each.start, frequency)
        if end is None or not 0 < steps < len(end) + context:
            found.append(each)
            before.append(0)
            continue
        found.append(_joined(end, each, steps))
        before.append(steps)
    return found, np.array(before, dtype=np.intp)


def first_unseen(
    series: Sequence[Series], kept: Sequence[Series], frequency: Frequency, context: int
) -> IntArray:
    """The first step of each series (N,) that came after training, with a context before it.

    Args:
        series: as they were given.
        kept: the ends that a model has of the series of its training; of another series it has seen nothing.
        frequency: of all.
        context: steps that a forecast looks back on.
    """
    ends = {each.key: each for each in kept}
    found = []
    for each in series:
        end = ends.get(each.key)
        seen = 0 if end is None else len(end) - steps_between(end.start, each.start, frequency)
        found.append(max(seen, min(context, max(1, len(each) // 2))))
    return np.array(found, dtype=np.intp)


def refuse_other_clock(table: Table, trained: Table, time: str) -> None:
    """Refuse times with a zone beside times without one, of which nobody knows how far they are apart.

    Args:
        table: given.
        trained: what it goes on from.
        time: column of the times.

    Raises:
        DataError: one has a zone, and the other none; or there is no such column.
    """
    zone, known = ((each.zones or {}).get(time) for each in (table, trained))
    if (zone is None) is not (known is None):
        table.column(time, "time")
        given = f"the time zone {zone}" if zone else "no time zone"
        remedy = "Take the zone away, or train on times that have one"
        if zone is None:
            localized = f"df[{time!r}].dt.tz_localize({known!r})"
            remedy = f"Give it the zone, as in {localized}; in texts, the offset of each to UTC"
        raise DataError(
            f"{table.name}: column {time!r} has {given}, and the model learnt times with {known or 'none'}; "
            f"expected the same. {remedy}."
        )


def missing_of_contexts(series: Sequence[Series], windows: IntArray, context: int) -> str | None:
    """A note on the contexts that are not whole; None where all are.

    Args:
        series: the series.
        windows: (series, position) of the forecasts.
        context: steps that each looks back on.
    """
    worst: dict[Any, int] = {}
    for index in np.unique(windows[:, 0]):
        each, positions = series[index], windows[windows[:, 0] == index, 1]
        seen = np.concatenate([[0], np.cumsum(~np.isnan(each.values))])
        present = seen[positions] - seen[np.maximum(positions - context, 0)]
        if missing := context - int(present.min()):
            worst[each.key] = missing
    if not worst:
        return None
    key = max(worst, key=lambda each: worst[each])
    return (
        f"{named(list(worst), ('lacks', 'lack'))} a part of the {context} steps that a forecast looks back "
        f"on, up to {worst[key]} of {key!r}; it may be less sure than its interval says"
    )


def without_values(table: Table, names: ColumnNames, series: Sequence[Series]) -> str | None:
    """A note on the series of a table that have no value, and of which nothing is said then; None without.

    Args:
        table: given.
        names: of its columns.
        series: that were read of it.
    """
    ids, keys = table.columns.get(names.id), {each.key for each in series}
    empty = [] if ids is None else [key for key in dict.fromkeys(ids.tolist()) if key not in keys]
    return f"{named(empty)} no value in column {names.target!r}, and left out" if empty else None


def steps_between(first: Any, second: Any, frequency: Frequency) -> int:
    """From one start to another; 0 where they are not on one grid."""
    if np.asarray(first).dtype.kind != np.asarray(second).dtype.kind:
        return 0
    positions, on_grid = frequency.positions(first, np.array([second]))
    return int(positions[0]) if on_grid[0] else 0


def _joined(end: Series, given: Series, steps: int) -> Series:
    """A kept end up to where a series begins, what lies between them missing, and the series."""
    gap = max(0, steps - len(end))
    values = np.concatenate([end.values[:steps], np.full(gap, np.nan), given.values])
    known, past = (
        np.concatenate([part[:steps], np.repeat(part[-1:], gap, axis=0), rest])
        for part, rest in ((end.known, given.known), (end.past, given.past))
    )
    return replace(given, start=end.start, values=values, known=known, past=past)
