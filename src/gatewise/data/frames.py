"""Data frames in and out: pandas, polars, pyarrow and plain dicts of columns, through narwhals.

Whatever comes in becomes NumPy arrays by column name, and what goes out is again of the caller's kind.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gatewise.data.cells import Cells, read_cells
from gatewise.data.column_types import ColumnType
from gatewise.data.columns import Column, as_array, holds_words, series_array
from gatewise.data.file_kinds import file_kind
from gatewise.data.frequency import written
from gatewise.data.frequency_search import counts_by_clock
from gatewise.data.periods import period_name, periods_of_arrow
from gatewise.data.text_times import times_of_texts
from gatewise.data.zones import clock_of, time_zone, utc_of, with_offsets, without_zone
from gatewise.errors import ArgumentError, DataError, MissingExtraError
from gatewise.storage import file_problem

__all__ = ["Table", "file_cells", "file_content", "is_parquet", "read_file"]

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9]\d*)?(\.\d*)?([eE][-+]?\d+)?(?<=[\d.])")

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
            types = {
                key: ColumnType(native=values.dtype, pandas=period_name(data[key]))
                for key, values in given.items()
            }
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

    def with_times(self, column: str) -> Table:
        """The same with a column of texts read as times, their offset to UTC as their zone.

        Raises:
            DataError: a text is no time, or their offsets differ.
        """
        values = self.columns.get(column)
        if values is None or not holds_words(values):
            return self
        times, zone, form = times_of_texts(values, column, self.name)
        if times.dtype.kind != "M":
            return self
        types = dict(self.types or {})
        types[column] = types.get(column, ColumnType())._replace(form=form)
        if zone is None:
            return replace(self, columns={**self.columns, column: times}, types=types)
        used, other, by_the_clock = _utc_or_clock(utc_of(times, zone), times)
        return replace(
            self,
            columns={**self.columns, column: used},
            zones={**(self.zones or {}), column: zone},
            by_clock=(*self.by_clock, *[column] * by_the_clock),
            other_times={**(self.other_times or {}), column: other},
            types=types,
        )

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
        return replace(self, columns=columns, other_times=others, cells=cells)

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

    def like(self, columns: Mapping[str, Column], time: str | None = None) -> Any:
        """Columns as a frame of the same kind as this table came in.

        Args:
            columns: by name.
            time: the column whose time zone all dates have; each has its own where omitted.
        """
        types, zones = self.types or {}, self.zones or {}
        of_time = {name: time or name for name, values in columns.items() if values.dtype.kind == "M"}
        plain: dict[str, Any] = {}
        for name, values in columns.items():
            kind = types.get(of_time.get(name, name), ColumnType())
            zone, shown = zones.get(of_time.get(name, "")), of_time.get(name) in self.by_clock
            if zone is not None and (kind.form is not None) is not shown:
                values = clock_of(values, zone) if kind.form else utc_of(values, zone)
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
            if name in of_time and zone is not None and form is None:
                series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            if source in types and values.dtype.kind != "f":
                series = types[source].series(series)
            frame = frame.with_columns(series.alias(name))
        return frame.to_native()


def _utc_or_clock(utc: Column, clock: Column) -> tuple[Column, Column, bool]:
    """Of two ways to write times that to count by, the other, and whether the clock's was taken."""
    if counts_by_clock(utc, clock):
        return clock, utc, True
    return utc, clock, False


def read_file(path: str | Path, *, header: bool = True) -> Table:
    """A CSV file (plain or ``.gz``; comma, semicolon or tab), or a Parquet file, as its content shows.

    Args:
        path: of the file.
        header: whether the first line of a CSV file names its columns; without it they are called by their
            numbers, "1" for the first.

    Raises:
        DataError: the file is missing, empty, not UTF-8, of another kind, or a row has not as many cells as
            the header.
        ArgumentError: it is a Parquet file, and ``header`` is False.
        MissingExtraError: it is a Parquet file, and pyarrow is not installed.
    """
    path = Path(path)
    if problem := file_problem(path):
        raise DataError(f"{str(path)!r} {problem}; expected a CSV or Parquet file.")
    kind = file_kind(path)
    if is_parquet(path) or (kind is not None and kind.name == "parquet"):
        if not header:
            raise ArgumentError(
                f"header=False, but {str(path)!r} is a Parquet file, whose columns have names; leave header= "
                "out."
            )
        arrow = _arrow()
        try:
            return Table.of(arrow.parquet.read_table(path), repr(str(path)))
        except (arrow.ArrowInvalid, OSError) as error:
            told = "no intact Parquet file" if kind is None or kind.name == "parquet" else kind.told
            raise DataError(f"{str(path)!r} is {told}: {error}") from error
    cells = read_cells(path, header=header, expected="a CSV or Parquet file")
    found = {name: _typed(values) for name, values in cells.columns.items()}
    return Table(found, name=cells.name, cells=cells.columns)


def file_cells(path: str | Path, *, header: bool = True, expected: str = "a CSV or Parquet file") -> Cells:
    """The cells of a table in a file, of CSV as they are written there, of Parquet as text files have them.

    Args:
        path: of the file.
        header: whether the first line of a CSV file names its columns.
        expected: what the file should be, for errors.

    Raises:
        DataError, ArgumentError, MissingExtraError: as ``read_file``.
    """
    kind = None if file_problem(path) else file_kind(path)
    if not is_parquet(Path(path)) and (kind is None or kind.name != "parquet"):
        return read_cells(path, header=header, expected=expected)
    table = read_file(path, header=header)
    return Cells(table.name, {name: table.written(name) for name in table.columns})


def _typed(cells: Sequence[str]) -> Column:
    """Cells as numbers where all of them are, as a Parquet file would hold them; 007 is a word."""
    if not all(_NUMBER.fullmatch(cell) for cell in cells if cell) or not any(cells):
        return np.array(cells)
    if all(_WHOLE.fullmatch(cell) for cell in cells):
        return np.array(cells, dtype=np.int64)
    return np.array([float(cell or "nan") for cell in cells])


def file_content(columns: Mapping[str, Sequence[Any]], path: str | Path) -> bytes:
    """A table as the file of this name holds it: Parquet where it ends so, else CSV.

    Args:
        columns: plain Python values by name, all columns of one length.
        path: of the file.

    Raises:
        MissingExtraError: it is to be a Parquet file, and pyarrow is not installed.
    """
    if is_parquet(Path(path)):
        arrow, buffer = _arrow(), io.BytesIO()
        arrow.parquet.write_table(arrow.table(dict(columns)), buffer)
        return buffer.getvalue()
    text = io.StringIO()
    # A cell without a number is empty, as readers of CSV expect it, and as it came.
    cells = ([None if each != each else each for each in column] for column in columns.values())
    csv.writer(text, lineterminator="\n").writerows([list(columns), *zip(*cells, strict=True)])
    return text.getvalue().encode("utf-8")


def is_parquet(path: Path) -> bool:
    """Whether a file of this name is a Parquet file."""
    return path.suffix.lower() in (".parquet", ".pq")


def _arrow() -> Any:
    """The module pyarrow, with its part for Parquet."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(
            "Parquet files need pyarrow; install it with: pip install 'gatewise[parquet]'"
        ) from error
    return pyarrow


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
