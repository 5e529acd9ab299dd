"""Data frames in and out: pandas, polars, pyarrow and plain dicts of columns, through narwhals.

Whatever comes in becomes NumPy arrays by column name, and what goes out is again of the caller's kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gatewise.data.clock_times import by_clocks
from gatewise.data.column_types import ColumnType
from gatewise.data.columns import Column, as_array, holds_words, refuse_spans, series_array
from gatewise.data.frequency import written
from gatewise.data.frequency_search import counts_by_clock
from gatewise.data.object_times import times_of_objects
from gatewise.data.periods import periods_of_arrow
from gatewise.data.text_times import Zones, times_of_texts
from gatewise.data.zones import clock_of, time_zone, utc_of, with_offsets, without_zone
from gatewise.errors import ArgumentError, DataError, MissingExtraError

__all__ = ["Table"]

_WHOLE_DAYS = ("Y", "M", "W", "D")
_BACKENDS = ("pandas", "polars", "pyarrow", "modin", "cudf")


@dataclass(frozen=True)
class Table:
    """Columns of equal length, and what kind of frame they came in.

    Attributes:
        columns: by name, each (N,).
        backend: the frame's library, as narwhals calls it; None for a dict.
        zones: the time zone of each column that has one.
        by_clock: those of them whose times are here as the clocks of the zone show them: the steps are whole
            days there. The times of the others are in UTC, where an hour is always an hour.
        other_times: the same times in the other of these two ways.
        types: of the columns, for what goes out.
        cells: of a text file, as they are written there.
        lines: of a text file, where each row ends.
        name: what messages call the data.
    """

    columns: Mapping[str, Column]
    backend: str | None = None
    zones: Mapping[str, str] | None = None
    by_clock: tuple[str, ...] = ()
    other_times: Mapping[str, Column] | None = None
    name: str = "the data"
    types: Mapping[str, ColumnType] | None = None
    cells: Mapping[str, Sequence[str] | Column] | None = None
    lines: Sequence[int] = ()

    @classmethod
    def of(cls, data: Any, name: str = "the data") -> Table:
        """A frame of pandas, polars, pyarrow or any other library that narwhals knows, or a dict of columns.

        Raises:
            ArgumentError: it is none of these, or its columns are of unequal lengths.
        """
        if isinstance(data, Table):
            return data
        if isinstance(data, Mapping):
            given = {str(key): _as_column(str(key), values, name) for key, values in data.items()}
            lengths = {key: values.shape for key, values in given.items()}
            if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
                raise ArgumentError(
                    f"{name}: columns have the shapes {lengths}; expected one length for all."
                )
            types = {str(key): ColumnType.of_array(given[str(key)], values) for key, values in data.items()}
            return cls(given, name=name, types=types)
        import narwhals as nw

        try:
            frame = nw.from_native(data, eager_only=True)
        except nw.exceptions.DuplicateError as error:
            raise ArgumentError(f"{name}: {error} Give each column a name of its own.") from None
        except TypeError:
            raise ArgumentError(
                f"{name} has type {type(data).__module__}.{type(data).__name__}; expected a data frame of "
                "pandas, polars or pyarrow (collect a lazy one), or a dict of columns."
            ) from None
        columns: dict[str, Column] = {}
        zones: dict[str, str] = {}
        other: dict[str, Column] = {}
        by_clock: list[str] = []
        for column in frame.columns:
            if not isinstance(column, str):
                raise ArgumentError(f"{name}: a column is called {column!r}; expected a name in words.")
            series = frame[column]
            try:
                zone = time_zone(series)
            except ValueError as error:
                raise DataError(
                    f"{name}: column {column!r} is in a time zone that no other machine would know: {error}. "
                    f"Bring it into a known one, as in df[{column!r}].dt.tz_convert('Europe/Berlin')."
                ) from None
            if zone is None:
                columns[column] = series_array(series)
                continue
            zones[column] = zone
            columns[column], other[column], by_the_clock = _utc_or_clock(*without_zone(series))
            by_clock += [column] * by_the_clock
        types = {column: ColumnType.of(frame[column]) for column in frame.columns}
        for column, period in periods_of_arrow(frame.to_native()).items():
            types[column] = types[column]._replace(pandas=period)
        backend = frame.implementation.name.lower()
        return cls(columns, backend, zones, tuple(by_clock), other, name, types)

    def with_times(self, column: str, zones: Zones | None = None) -> Table:
        """The same with a column of texts or objects read as times, and brought into the zone that is named.

        Args:
            column: its name.
            zones: what is known of their time zone.

        Raises:
            DataError: a value is no time; or their offsets or zones differ, or clocks of the zone that is
                named show one twice or never.
            ArgumentError: a zone is named, and time is only counted.
        """
        values, zones = self.columns.get(column), zones or Zones()
        if values is None:
            return self
        kind = (self.types or {}).get(column, ColumnType())
        if not holds_words(values):
            return self if zones.named is None else self._in_zone(column, kind, zones.named)
        refuse_spans(values, column, self.name)
        if (objects := times_of_objects(values, column, self.name, self.place)) is not None:
            if kind.holds_objects:
                kind = kind._replace(objects=objects.kind, zone=objects.zone)
            found = self._of_times(column, kind, objects.times, objects.zone)
            return found if zones.named is None else found._in_zone(column, kind, zones.named)
        read = times_of_texts(values, column, self.name, zones, self.place)
        if read.times.dtype.kind != "M":
            return self if zones.named is None else self._in_zone(column, kind, zones.named)
        kind = kind._replace(form=read.form)
        return self._of_times(
            column, kind, read.times if read.utc is None else read.utc, read.zone, read.times
        )

    def _in_zone(self, column: str, kind: ColumnType, zone: str) -> Table:
        """The same with times in a zone that is named; days and longer spans have none."""
        values = self.columns[column]
        if kind.is_span or (kind.time_unit in _WHOLE_DAYS and values.dtype.kind == "M"):
            return self
        if values.dtype.kind != "M":
            raise ArgumentError(
                f"time_zone={zone!r}, but column {column!r} of {self.name} holds no times of day; expected "
                "dates with times. Leave time_zone= out."
            )
        if column in (self.zones or {}):
            utc = self.times(column, "time", by_clock=False)
        else:
            utc = by_clocks(values, zone, column, self.name, self.place)
        return self._of_times(column, kind.in_zone(zone, self.backend), utc.astype("M8[us]"), zone)

    def _of_times(
        self, column: str, kind: ColumnType, times: Column, zone: str | None, clock: Column | None = None
    ) -> Table:
        """The same with a column of times, in UTC where they have a zone."""
        types = {**(self.types or {}), column: kind}
        if zone is None:
            return replace(self, columns={**self.columns, column: times}, types=types)
        used, other, by_the_clock = _utc_or_clock(times, clock_of(times, zone) if clock is None else clock)
        return replace(
            self,
            columns={**self.columns, column: used},
            zones={**(self.zones or {}), column: zone},
            by_clock=(*[name for name in self.by_clock if name != column], *[column] * by_the_clock),
            other_times={**(self.other_times or {}), column: other},
            types=types,
        )

    def place(self, row: int) -> str:
        """Where a row stands: its line in a file that has lines."""
        return f"line {self.lines[row]}" if len(self.lines) else f"row {row + 1}"

    def column(self, name: str, argument: str) -> Column:
        """One column.

        Raises:
            DataError: there is none of this name.
        """
        if name not in self.columns:
            raise DataError(
                f"{self.name}: no column {name!r}; there are {', '.join(map(repr, self.columns)) or 'none'}. "
                f"Rename one of them, or name the one that is meant with {argument}=."
            )
        return self.columns[name]

    @classmethod
    def of_kind(cls, backend: Any, zones: Any, by_clock: Any, types: Any = None) -> Table:
        """No columns yet, of a kind that a file names.

        Raises:
            DataError: there is no such kind.
        """
        if backend not in (None, *_BACKENDS) or not isinstance(zones, dict):
            raise DataError(f"its data came as {backend!r} with the time zones {zones!r:.60}")
        if not all(isinstance(zone, str) for zone in zones.values()) or not isinstance(by_clock, list):
            raise DataError(f"its data came with the time zones {zones!r:.60}")
        if not isinstance(types, dict | None):
            raise DataError(f"it says of the columns of its data {types!r:.60}")
        of_columns = {str(name): ColumnType.from_json(told) for name, told in (types or {}).items()}
        return cls({}, backend, zones, tuple(by_clock), types=of_columns)

    def times(self, column: str, argument: str, by_clock: bool | None = None) -> Column:
        """A column of times, as they are, or where it has a time zone by the clock or in UTC."""
        times = self.column(column, argument)
        if by_clock is None or column not in (self.other_times or {}):
            return times
        return times if (column in self.by_clock) is by_clock else (self.other_times or {})[column]

    def counted_as(self, trained: Table, column: str) -> Table:
        """The same with the times of a column by the clock or in UTC as those of another table are."""
        by_clock = column in trained.by_clock
        of_one_zone = (self.zones or {}).get(column) == (trained.zones or {}).get(column)
        swaps = column in (self.other_times or {}) and (column in self.by_clock) is not by_clock
        if not swaps or (by_clock and not of_one_zone):
            return self
        used, other = (self.other_times or {})[column], self.columns[column]
        return replace(
            self,
            columns={**self.columns, column: used},
            other_times={**(self.other_times or {}), column: other},
            by_clock=(*[name for name in self.by_clock if name != column], *[column] * by_clock),
        )

    def rows(self, chosen: Column) -> Table:
        """Some of the rows: by their numbers, or by a mask."""
        columns = {name: values[chosen] for name, values in self.columns.items()}
        others = {name: values[chosen] for name, values in (self.other_times or {}).items()}
        cells = {name: np.array(texts, dtype=object)[chosen] for name, texts in (self.cells or {}).items()}
        lines = np.array(self.lines)[chosen].tolist() if len(self.lines) else ()
        return replace(self, columns=columns, other_times=others, cells=cells, lines=lines)

    def clock(self, column: str, times: Column) -> Column:
        """Times counted as those of a column, as the clocks of its zone show them."""
        zone = (self.zones or {}).get(column)
        return times if zone is None or column in self.by_clock else clock_of(times, zone)

    def with_words(self, column: str) -> Table:
        """The same with a column of a text file as it is written there, though it may look like numbers."""
        if column not in (self.cells or {}):
            return self
        words = np.array((self.cells or {})[column], dtype=object)
        return replace(self, columns={**self.columns, column: words})

    def written(self, column: str) -> list[Any]:
        """A column as text files have it; times of a zone by its clocks, with their offset to UTC."""
        if (zone := (self.zones or {}).get(column)) is None:
            return written(self.columns[column])
        return with_offsets(self.times(column, "time", by_clock=False), zone)

    def as_kind(self, backend: str) -> Any:
        """All columns as a frame of another library."""
        return replace(self, backend=backend, types=None).like(self.columns)

    def with_numbers(self) -> Table:
        """The same of a text file, where what looks like a number is one, ids too."""
        return replace(self, cells=None)

    def empty(self) -> Table:
        """The kind of frame, without its columns."""
        return Table({}, self.backend, self.zones, self.by_clock, name=self.name, types=self.types)

    def answering(self, table: Table, time: str) -> Table:
        """The kind of this table, for times that are counted as those of another one."""
        zones = (self.zones or {}, table.zones or {})
        if zones[0].get(time) != zones[1].get(time):
            return table
        return replace(self.empty(), by_clock=table.by_clock)

    def like(
        self, columns: Mapping[str, Column], times: Sequence[str] = (), target: str | None = None
    ) -> Any:
        """Columns as a frame of the same kind as this table came in.

        Args:
            columns: by name.
            times: columns of times, which have the type and the time zone of the first; other dates have
                their own.
            target: column of numbers that came in, and were not worked out.
        """
        types, zones = self.types or {}, self.zones or {}
        of_time = {name: name for name, values in columns.items() if values.dtype.kind == "M"}
        of_time |= {name: times[0] for name in times if name in columns}
        plain: dict[str, Any] = {}
        for name, values in columns.items():
            kind = types.get(of_time.get(name, name), ColumnType())
            zone, shown = zones.get(of_time.get(name, "")), of_time.get(name) in self.by_clock
            if zone is not None and values.dtype.kind == "M" and kind.writes_clocks is not shown:
                values = clock_of(values, zone) if kind.writes_clocks else utc_of(values, zone)
            if name == target and kind.is_of_numbers:
                values = kind.numbers(values)
            plain[name] = kind.array(values) if self.backend is None or kind.form else values
        if self.backend is None:
            return plain
        import narwhals as nw

        plain = {name: v.tolist() if v.dtype.kind in "OU" else v for name, v in plain.items()}
        try:
            frame: Any = nw.from_dict(plain, backend=self.backend)  # type: ignore[arg-type]
        except ImportError as error:
            raise MissingExtraError(
                f"the data came as a frame of {self.backend}, which is not installed: install it, or give "
                "the data to go on from as a file or as a dict of columns."
            ) from error
        for name, values in columns.items():
            source, series = of_time.get(name, name), frame[name]
            zone, form = zones.get(source), types.get(source, ColumnType()).form
            if values.dtype.kind == "M" and zone is not None and form is None:
                series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            kind = types.get(source, ColumnType())
            if source in types and (kind.is_of_numbers if name == target else kind.may_hold(values)):
                series = types[source].series(series)
            frame = frame.with_columns(series.alias(name))
        return frame.to_native()


def _utc_or_clock(utc: Column, clock: Column) -> tuple[Column, Column, bool]:
    """Of two ways to write times that to count by, the other, and whether the clock's was taken."""
    if counts_by_clock(utc, clock):
        return clock, utc, True
    return utc, clock, False


def _as_column(key: str, values: Any, name: str) -> Column:
    dtype = getattr(values, "dtype", getattr(values, "type", None))
    if zone := next((z for z in (getattr(dtype, t, None) for t in ("tz", "time_zone")) if z), None):
        raise ArgumentError(
            f"{name}: column {key!r} is in the time zone {zone}, which a dict of arrays cannot give back; "
            "give a data frame, or times without a zone."
        )
    try:
        return as_array(values)
    except ValueError as error:
        raise ArgumentError(f"{name}: column {key!r} is no sequence of values ({error}).") from None
