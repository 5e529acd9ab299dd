"""Data frames in and out: pandas, polars, pyarrow and plain dicts of columns, through narwhals.

Whatever comes in becomes NumPy arrays by column name, and what goes out is again of the caller's kind.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.zones import time_zone, utc_of, without_zone
from gatewise.errors import ArgumentError, DataError, MissingExtraError
from gatewise.storage import file_problem

__all__ = ["Column", "Table", "as_numbers", "as_times", "file_content", "read_file"]

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9]\d*)?(\.\d*)?([eE][-+]?\d+)?(?<=[\d.])")

_BACKENDS = ("pandas", "polars", "pyarrow", "modin", "cudf")

Column = npt.NDArray[Any]


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
        name: what messages call the data.
    """

    columns: Mapping[str, Column]
    backend: str | None = None
    zones: Mapping[str, str] | None = None
    by_clock: tuple[str, ...] = ()
    other_times: Mapping[str, Column] | None = None
    name: str = "the data"

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
            return cls(given, name=name)
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
            if zone := time_zone(series):
                zones[column] = zone
                columns[column], other[column] = without_zone(series)
                if (np.diff(np.unique(other[column])) % np.timedelta64(1, "D") == np.timedelta64(0)).all():
                    columns[column], other[column] = other[column], columns[column]
                    by_clock.append(column)
            else:
                columns[column] = series.to_numpy()
        return cls(columns, frame.implementation.name.lower(), zones, tuple(by_clock), other, name)

    def column(self, name: str, argument: str) -> Column:
        """One column.

        Raises:
            DataError: there is none of this name.
        """
        if name not in self.columns:
            raise DataError(
                f"{self.name}: no column {name!r}; there are {', '.join(map(repr, self.columns)) or 'none'}. "
                f"Name the column with {argument}=."
            )
        return self.columns[name]

    @classmethod
    def of_kind(cls, backend: Any, zones: Any, by_clock: Any) -> Table:
        """No columns yet, of a kind that a file names.

        Raises:
            DataError: there is no such kind.
        """
        if backend not in (None, *_BACKENDS) or not isinstance(zones, dict):
            raise DataError(f"its data came as {backend!r} with the time zones {zones!r:.60}")
        if not all(isinstance(zone, str) for zone in zones.values()) or not isinstance(by_clock, list):
            raise DataError(f"its data came with the time zones {zones!r:.60}")
        return cls({}, backend, zones, tuple(by_clock))

    def times(self, column: str, argument: str, by_clock: bool | None = None) -> Column:
        """A column of times, as they are, or where it has a time zone by the clock or in UTC."""
        times = self.column(column, argument)
        if by_clock is None or column not in (self.other_times or {}):
            return times
        return times if (column in self.by_clock) is by_clock else (self.other_times or {})[column]

    def empty(self) -> Table:
        """The kind of frame, without its columns."""
        return Table({}, self.backend, self.zones, self.by_clock, name=self.name)

    def like(self, columns: Mapping[str, Column], time: str | None = None) -> Any:
        """Columns as a frame of the same kind as this table came in.

        Args:
            columns: by name.
            time: the column whose time zone all dates have; each has its own where omitted.
        """
        if self.backend is None:
            return dict(columns)
        import narwhals as nw

        plain = {name: list(v) if v.dtype == object else v for name, v in columns.items()}
        for column in (name for name, values in columns.items() if values.dtype.kind == "M"):
            if (time or column) in self.by_clock:
                plain[column] = utc_of(columns[column], (self.zones or {})[time or column])
        try:
            frame: Any = nw.from_dict(plain, backend=self.backend)  # type: ignore[arg-type]
        except ImportError as error:
            raise MissingExtraError(
                f"the data came as a frame of {self.backend}, which is not installed: install it, or give "
                "the data to go on from as a file or as a dict of columns."
            ) from error
        for column in (name for name, values in columns.items() if values.dtype.kind == "M"):
            zone = (self.zones or {}).get(time or column)
            if zone is None:
                continue
            zoned = frame[column].dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            frame = frame.with_columns(zoned.alias(column))
        return frame.to_native()


def read_file(path: str | Path) -> Table:
    """A CSV file with a header (plain or ``.gz``; comma, semicolon or tab), or a Parquet file.

    Raises:
        DataError: the file is missing, empty, not UTF-8, or a row has not as many cells as the header.
        MissingExtraError: it is a Parquet file, and pyarrow is not installed.
    """
    path = Path(path)
    if problem := file_problem(path):
        raise DataError(f"{str(path)!r} {problem}; expected a CSV or Parquet file.")
    if _is_parquet(path):
        arrow = _arrow()
        try:
            return Table.of(arrow.parquet.read_table(path), repr(str(path)))
        except (arrow.ArrowInvalid, OSError) as error:
            raise DataError(f"{str(path)!r} is no intact Parquet file: {error}") from error
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{str(path)!r} cannot be read as UTF-8 text: {error}.") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        header, cells = _rows_of(rows, path)
    except csv.Error as error:
        raise DataError(f"{str(path)!r}, line {rows.line_num}: {error}.") from error
    if not cells:
        raise DataError(f"{str(path)!r} has no rows below its header.")
    columns = zip(*cells, strict=True)
    found = {name: _typed(values) for name, values in zip(header, columns, strict=True)}
    return Table(found, name=repr(str(path)))


def _typed(cells: Sequence[str]) -> Column:
    """Cells as numbers where all of them are, as a Parquet file would hold them; 007 is a word."""
    if not all(_NUMBER.fullmatch(cell) for cell in cells if cell) or not any(cells):
        return np.array(cells)
    if all(_WHOLE.fullmatch(cell) for cell in cells):
        return np.array(cells, dtype=np.int64)
    return np.array([float(cell or "nan") for cell in cells])


def _rows_of(rows: Any, path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the rows that are not empty, each as wide as the header."""
    header: list[str] = next(rows, [])
    if not header or len(set(header)) < len(header):
        raise DataError(
            f"{str(path)!r}, line 1: {header} is no header; expected a different name for each column."
        )
    found: list[list[str]] = []
    for row in rows:
        if row and len(row) != len(header):
            raise DataError(
                f"{str(path)!r}, line {rows.line_num}: {len(row)} cells; expected {len(header)}, "
                "as in the header."
            )
        if row:
            found.append(row)
    return header, found


def file_content(columns: Mapping[str, Sequence[Any]], path: str | Path) -> bytes:
    """A table as the file of this name holds it: Parquet where it ends so, else CSV.

    Args:
        columns: plain Python values by name, all columns of one length.
        path: of the file.

    Raises:
        MissingExtraError: it is to be a Parquet file, and pyarrow is not installed.
    """
    if _is_parquet(Path(path)):
        arrow, buffer = _arrow(), io.BytesIO()
        arrow.parquet.write_table(arrow.table(dict(columns)), buffer)
        return buffer.getvalue()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([list(columns), *zip(*columns.values(), strict=True)])
    return text.getvalue().encode("utf-8")


def _is_parquet(path: Path) -> bool:
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


def as_numbers(column: Column, name: str, where: str) -> npt.NDArray[np.float64]:
    """A column as float64, NaN where a value is missing.

    Raises:
        DataError: a value is neither a number nor missing, or is infinite.
    """
    if column.dtype.kind in "iufb":
        numbers = column.astype(np.float64)
    else:
        if not (column.dtype == object or column.dtype.kind in "UT"):
            raise DataError(f"{where}: column {name!r} has dtype {column.dtype}; expected numbers.")
        numbers = np.empty(len(column))  # one by one, to name the row of a word
        for row, value in enumerate(column):
            try:
                numbers[row] = np.nan if _is_missing(value) else float(value)
            except (TypeError, ValueError):
                raise DataError(
                    f"{where}: column {name!r} has {str(value)!r} in row {row + 1}; expected a number. "
                    "Give another column, or turn its words into numbers first."
                ) from None
    if np.isinf(numbers).any():
        row = int(np.flatnonzero(np.isinf(numbers))[0])
        raise DataError(
            f"{where}: column {name!r} has an infinite value in row {row + 1}; expected finite numbers."
        )
    return numbers


def as_times(column: Column, name: str, where: str) -> npt.NDArray[Any]:
    """A column as datetime64[us], or as int64 or float64 where time is only counted.

    Raises:
        DataError: a value is neither a date nor a number, or is missing.
    """
    times: npt.NDArray[Any] = column
    if column.dtype == object or column.dtype.kind in "UT":
        times = _times_of_texts(column, name, where)
    if times.dtype.kind in "iuf" and (form := _written_as_numbers(times)):
        raise DataError(
            f"{where}: column {name!r} has numbers as {times[0]:.0f}, which look like dates as {form} "
            "and would be counted. Write them as 2026-01-31 or 2026-01, or count the steps from 0."
        )
    if times.dtype.kind not in "Miuf":
        raise DataError(f"{where}: column {name!r} has dtype {column.dtype}; expected dates or numbers.")
    if times.dtype.kind == "M":
        missing, year = np.isnat(times), times.astype("M8[Y]").astype(np.int64) + 1970
        beyond, limits = ~missing & ((year < 1) | (year > 9999)), "dates in the years 1 to 9999"
    else:
        missing, limits = np.isnan(times.astype(np.float64)), "numbers below 2^53"
        beyond = ~missing & (np.abs(times.astype(np.float64)) >= 2.0**53)
    for wrong, what in ((missing, "no time"), (beyond, "a time too far off")):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{where}: column {name!r} has {what} in row {row + 1}; expected {limits}. "
                "Correct the time, or remove the row."
            )
    if times.dtype.kind == "M":
        return times.astype("M8[us]")
    return times.astype(np.int64) if (np.rint(times) == times).all() else times.astype(np.float64)


def _written_as_numbers(times: Column) -> str | None:
    """How numbers that are plainly dates are written: 20260131, or 202601 with a leap from 12 to 01."""
    if len(times) == 0 or not (np.abs(times) < 1e9).all() or (np.rint(times) != times).any():
        return None
    whole = times.astype(np.int64)
    year, month, day = whole // 10_000, whole // 100 % 100, whole % 100
    if ((year >= 1700) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all():
        return "YYYYMMDD"
    year, month = whole // 100, whole % 100
    if ((year >= 1700) & (year < 2200) & (month >= 1) & (month <= 12)).all():
        return "YYYYMM" if (np.diff(np.unique(whole)) == 89).any() else None
    return None


def _times_of_texts(column: Column, name: str, where: str) -> npt.NDArray[Any]:
    texts = ["NaT" if _is_missing(value) else str(value).strip() for value in column]
    try:
        return np.array([float(text.replace("NaT", "nan")) for text in texts])
    except ValueError:
        pass
    times = np.empty(len(texts), "M8[us]")
    for row, text in enumerate(texts):
        try:
            if not re.match(r"\d{4}\b|NaT$", text):  # NumPy reads "now" and "today", and years without end
                raise ValueError(text)
            with warnings.catch_warnings(action="error"):  # NumPy warns of an offset to UTC, and drops it
                times[row] = np.datetime64(text.replace("/", "-").removesuffix("Z"), "us")
        except (ValueError, UserWarning):
            raise DataError(
                f"{where}: column {name!r} has {text!r} in row {row + 1}; expected dates as in 2026-01-31 or "
                "2026-01-31 18:00:00, or numbers."
            ) from None
    return times


def _as_column(key: str, values: Any, name: str) -> Column:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ArgumentError(f"{name}: column {key!r} is no sequence of values ({error}).") from None


def _is_missing(value: object) -> bool:
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas' own, which are neither equal nor unequal
        return True
    return (
        value is None
        or value != value
        or (isinstance(value, str) and value.strip().lower() in ("", "na", "nan"))
    )
