"""One series or many, each on a regular grid of time, with what is missing marked as such."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.column_types import ColumnType
from gatewise.data.columns import Column, as_numbers, as_times
from gatewise.data.frames import Table
from gatewise.data.frequency import Frequency, Times
from gatewise.data.grids import common_frequency, positions_on_grid, refuse_other_kind
from gatewise.data.local_clock import LocalClock
from gatewise.data.missing import is_missing
from gatewise.data.tokens import token_digest
from gatewise.errors import DataError
from gatewise.types import IntArray

__all__ = ["ColumnNames", "Panel", "Series", "named", "read_future", "read_panel"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ColumnNames:
    """What the columns of a long frame are called.

    Attributes:
        target: the values to forecast.
        time: when they were observed.
        id: which series a row belongs to.
        known: covariates whose future is known (holidays, prices, plans).
        past: covariates that are known up to the present only (weather, traffic).
        static: covariates that do not change in time (a region, a kind).
        zone: the time zone of the times, where it is named.
    """

    target: str = "y"
    time: str = "ds"
    id: str = "unique_id"
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    zone: str | None = None


@dataclass(frozen=True)
class Series:
    """One series on its grid; position k is k steps after ``start``.

    Attributes:
        key: its id.
        start: time of position 0.
        values: (T,), NaN where missing; the first and no other end is always present.
        known: (T, K) covariates.
        past: (T, P) covariates.
        static: its static covariates, numbers or words.
    """

    key: Any
    start: Any
    values: Floats
    known: Floats
    past: Floats
    static: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, first: int, last: int, frequency: Frequency) -> Series:
        """Positions first to last - 1."""
        part = slice(first, last)
        start = frequency.times(self.start, np.array([first]))[0]
        return replace(
            self, start=start, values=self.values[part], known=self.known[part], past=self.past[part]
        )


@dataclass(frozen=True)
class Panel:
    """Series of one frequency, in the order in which they appeared.

    Attributes:
        series: the series.
        frequency: their common step.
        notes: what was noticed and how it is treated, in words, for the user.
        clock: by which their steps, counted in UTC, are hours of a day; None where that makes no difference.
    """

    series: Sequence[Series]
    frequency: Frequency
    notes: tuple[str, ...] = field(default=())
    clock: LocalClock | None = None

    def ends(self) -> IntArray:
        """Length of each series."""
        return np.array([len(series) for series in self.series])

    def cut(self, ends: Sequence[int] | IntArray) -> Panel:
        """The first ``ends[k]`` steps of each series."""
        series = [s.cut(0, int(end), self.frequency) for s, end in zip(self.series, ends, strict=True)]
        return replace(self, series=series)

    def only(self, indices: IntArray) -> Panel:
        """The series of these numbers."""
        return replace(self, series=[self.series[index] for index in indices])

    def last(self, steps: int) -> Panel:
        """The last steps of each series, or all of a shorter one."""
        series = [s.cut(max(0, len(s) - steps), len(s), self.frequency) for s in self.series]
        return replace(self, series=series)

    def digest(self) -> str:
        """A fingerprint of all that the panel holds."""
        said = [(s.key, str(s.start), len(s), s.static) for s in self.series]
        by_clock = () if self.clock is None else (self.clock.zone,)
        texts = np.frombuffer(repr((said, str(self.frequency), *by_clock)).encode(), np.uint8)
        parts = (part for s in self.series for part in (s.values, s.known.ravel(), s.past.ravel()))
        return token_digest(texts, *(part.view(np.int64) for part in parts))


def read_panel(table: Table, names: ColumnNames, freq: str | None = None, *, strict: bool = True) -> Panel:
    """A long frame as a panel.

    Args:
        table: a row for each series and time, in any order.
        names: of its columns. Without an id column all rows are one series.
        freq: the step of time, as in ``Frequency.parse``; found in the data where omitted.
        strict: refuse series without any value; else they are left out, and a note says so.

    Raises:
        DataError: a column is missing, holds words where numbers belong or has no value at all; a time
            comes twice in a series, or lies off the grid.
        ArgumentError: freq is no frequency.
    """
    target = as_numbers(table.column(names.target, "target"), names.target, table.name)
    times = as_times(table.column(names.time, "time"), names.time, table.name)
    if len(target) == 0:
        raise DataError(f"{table.name} has no rows.")
    if np.isnan(target).all():
        raise DataError(f"{table.name}: column {names.target!r} has no value at all, only missing ones.")
    known, past = (_covariates(table, group) for group in (names.known, names.past))
    rows_of = _groups(table, names)
    for key, rows in rows_of.items():
        rows_of[key] = rows[np.argsort(times[rows], kind="stable")]
        _refuse_duplicates(times[rows_of[key]], key, names, table)
    times_of = {key: times[rows] for key, rows in rows_of.items()}
    of_spans = (table.types or {}).get(names.time, ColumnType()).is_span
    frequency, said = common_frequency(times_of, freq, names.time, table.name, of_spans=of_spans)
    statics = [_plain(table.column(name, "static")) for name in names.static]
    series, absent, empty = [], [], []
    for key, rows in rows_of.items():
        if np.isnan(target[rows]).all():
            empty.append(key)
            continue
        rows = rows[
            np.flatnonzero(~np.isnan(target[rows]))[0] :
        ]  # before its first value a series is not there
        positions = positions_on_grid(frequency, times[rows], key, names.time, table.name)
        length = int(positions[-1]) + 1
        values = np.full(length, np.nan)
        values[positions] = target[rows]
        absent.append((length - len(rows), int(np.isnan(target[rows]).sum())))
        static = tuple(
            _constant(column, rows, key, name) for column, name in zip(statics, names.static, strict=True)
        )
        series.append(
            Series(
                key,
                times[rows[0]],
                values,
                _on_grid(known[rows], positions, length),
                _on_grid(past[rows], positions, length),
                static,
            )
        )
    notes = (*said, *_notes(absent, bool(np.isnan(known).any() or np.isnan(past).any())))
    if empty and strict:
        raise DataError(
            f"{table.name}: {named(empty)} no value in column {names.target!r}; remove "
            f"{'the series' if len(empty) == 1 else 'them'}, or leave out strict=True."
        )
    if empty:
        notes = (*notes, f"{named(empty)} no value in column {names.target!r}, and left out")
    zone = None if names.time in table.by_clock else (table.zones or {}).get(names.time)
    clock = LocalClock.where_needed(zone, int(frequency.step)) if frequency.unit == "time" else None
    return Panel(series, frequency, notes, clock)


def named(keys: Sequence[Any], verb: tuple[str, str] = ("has", "have")) -> str:
    """Series by name, the first few of many, with the verb that follows."""
    if len(keys) == 1:
        return f"series {keys[0]!r} {verb[0]}"
    shown = ", ".join(repr(key) for key in keys[:5])
    return f"{len(keys):,} series, {shown}{', ...' if len(keys) > 5 else ''}, {verb[1]}"


def read_future(
    table: Table,
    names: ColumnNames,
    frequency: Frequency,
    series: Sequence[Series],
    horizon: int,
    by_clock: bool | None = None,
) -> list[Floats]:
    """The known covariates of the steps to forecast, (horizon, K) for each series.

    Args:
        table: a row for each series and step.
        names: of its columns.
        frequency: of the series.
        series: those that are forecast.
        horizon: steps after each.
        by_clock: how the times of the series are to be read, where they have a time zone.

    Raises:
        DataError: a series, a time or a value is missing.
    """
    known = _covariates(table, names.known)
    times = as_times(table.times(names.time, "time", by_clock), names.time, table.name)
    refuse_other_kind(frequency, times, names.time, table.name)
    groups = _groups(table, names)
    found = []
    for each in series:
        rows = groups.get(each.key, np.zeros(0, dtype=np.intp))
        rows = rows[np.argsort(times[rows], kind="stable")]
        _refuse_duplicates(times[rows], each.key, names, table)
        positions, on_grid = frequency.positions(each.start, times[rows])
        place = dict(zip(positions[on_grid].tolist(), rows[on_grid].tolist(), strict=True))
        wanted = range(len(each), len(each) + horizon)
        if absent := [position for position in wanted if position not in place]:
            first = frequency.times(each.start, np.array(absent))[0]
            raise DataError(
                f"{table.name}: series {each.key!r} has no row for {first}; the columns "
                f"{', '.join(names.known)} are needed for all {horizon} steps to forecast.{_ends_empty(each)}"
            )
        values = known[[place[position] for position in wanted]]
        if np.isnan(values).any():
            name = names.known[int(np.flatnonzero(np.isnan(values).any(axis=0))[0])]
            raise DataError(f"{table.name}: series {each.key!r} has a missing value in column {name!r}.")
        found.append(values)
    return found


def _ends_empty(series: Series) -> str:
    """A hint where rows of the future may stand in the data already."""
    missing = len(series) - int(np.flatnonzero(~np.isnan(series.values))[-1]) - 1
    if missing == 0:
        return ""
    return (
        f" The series ends with {missing} steps without a value, after which the forecast begins: if they "
        "are the future, give their rows as future= and leave them out of the data."
    )


def _covariates(table: Table, names: tuple[str, ...]) -> Floats:
    columns = [as_numbers(table.column(name, "known= or past"), name, table.name) for name in names]
    rows = len(next(iter(table.columns.values()), ()))
    return np.stack(columns, axis=1) if columns else np.zeros((rows, 0))


def _groups(table: Table, names: ColumnNames) -> dict[Hashable, IntArray]:
    """Row numbers of each series, in the order of first appearance."""
    rows = len(next(iter(table.columns.values())))
    if names.id not in table.columns:
        if names.id != ColumnNames.id:
            table.column(names.id, "id")  # says what there is
        return {names.target: np.arange(rows)}
    keys = _plain(table.columns[names.id])
    groups: dict[Hashable, list[int]] = {}
    for row, key in enumerate(keys):
        if is_missing(key) or key == "":
            raise DataError(f"{table.name}: column {names.id!r} names no series in row {row + 1}.")
        if not isinstance(key, (str, int, float)):
            raise DataError(
                f"{table.name}: column {names.id!r} holds values of type {type(key).__name__}; expected "
                "words or numbers as ids. Turn them into words."
            )
        groups.setdefault(key, []).append(row)
    if len({isinstance(key, str) for key in groups}) > 1:
        word = next(key for key in groups if isinstance(key, str))
        number = next(key for key in groups if not isinstance(key, str))
        raise DataError(
            f"{table.name}: column {names.id!r} holds words and numbers, as {word!r} and {number!r}; "
            "expected one kind. Turn all ids into words."
        )
    return {key: np.array(group) for key, group in groups.items()}


def _plain(column: Column) -> list[Any]:
    """Plain Python values."""
    values: list[Any] = column.tolist()
    return values


def _constant(column: list[Any], rows: IntArray, key: Any, name: str) -> Any:
    values = {column[row] for row in rows if not is_missing(column[row])}
    if any(is_missing(column[row]) or column[row] == "" for row in rows):
        raise DataError(
            f"column {name!r} has a missing value in series {key!r}; fill it in, or leave the column out."
        )
    if not all(isinstance(value, (str, int, float)) for value in values):
        kinds = ", ".join(sorted({type(value).__name__ for value in values}))
        raise DataError(f"column {name!r} holds values of type {kinds}; expected words or numbers.")
    if any(isinstance(value, float) and math.isinf(value) for value in values):
        raise DataError(f"column {name!r} has an infinite value in series {key!r}; expected finite numbers.")
    if len(values) > 1:
        raise DataError(
            f"column {name!r} has {len(values)} values in series {key!r}; a static covariate has one. "
            "Name it in known= or past= if it changes in time."
        )
    return values.pop()


def _refuse_duplicates(times: Times, key: Any, names: ColumnNames, table: Table) -> None:
    same = np.flatnonzero(times[1:] == times[:-1])
    if len(same):
        twice = times[same[0]]
        by_night = times.dtype.kind == "M" and 0 < twice - twice.astype("M8[D]") < np.timedelta64(4, "h")
        clocks = "Where clocks were set back, write the times with their offset to UTC, as 02:00:00+01:00. "
        raise DataError(
            f"{table.name}: series {key!r} has the time {twice} more than once in column {names.time!r}. "
            f"{clocks if by_night and names.time not in (table.zones or {}) else ''}"
            "Remove or add up the duplicates, or name with id= the column that tells the series apart."
        )


def _on_grid(values: Floats, positions: IntArray, length: int) -> Floats:
    """Covariates at all steps; where one is missing, its last value, or before the first 0."""
    grid = np.full((length, values.shape[1]), np.nan)
    grid[positions] = values
    for column in grid.T:
        present = ~np.isnan(column)
        last = np.maximum.accumulate(np.where(present, np.arange(length), -1))
        column[...] = np.where(last >= 0, column[last], 0)
    return grid


def _notes(absent: list[tuple[int, int]], covariates: bool) -> tuple[str, ...]:
    notes = []
    for what, counts in (
        ("steps have no row", [a for a, _ in absent]),
        ("values are missing", [m for _, m in absent]),
    ):
        if sum(counts):
            notes.append(
                f"{sum(counts):,} {what}, in {np.count_nonzero(counts)} of {len(absent)} series; "
                "the network is told so, and they do not count in the loss"
            )
    if covariates:
        notes.append("missing values of covariates are taken from the step before")
    return tuple(notes)
