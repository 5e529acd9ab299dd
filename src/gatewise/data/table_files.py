"""Tables in files: CSV and Parquet, read and written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gatewise.data.cells import Cells, read_cells
from gatewise.data.columns import Column
from gatewise.data.file_columns import FileColumn, in_parquet
from gatewise.data.file_kinds import FileKind, file_kind
from gatewise.data.frames import Table
from gatewise.data.missing import is_missing
from gatewise.errors import ArgumentError, DataError, MissingExtraError
from gatewise.storage import file_problem

__all__ = ["file_cells", "file_content", "is_parquet", "read_file"]

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9]\d*)?(\.\d*)?([eE][-+]?\d+)?(?<=[\d.])")


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
        return Table.of(_read_parquet(path, kind, header), repr(str(path)))
    cells = read_cells(path, header=header, expected="a CSV or Parquet file")
    found = {name: _typed(values) for name, values in cells.columns.items()}
    return Table(found, name=cells.name, cells=cells.columns, lines=cells.lines)


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
    arrow = _read_parquet(Path(path), kind, header)
    table = Table.of(arrow, repr(str(path)))
    return Cells(
        table.name, {name: FileColumn.of(table.written(name), arrow[name]) for name in table.columns}
    )


def _read_parquet(path: Path, kind: FileKind | None, header: bool) -> Any:
    if not header:
        raise ArgumentError(
            f"header=False, but {str(path)!r} is a Parquet file, whose columns have names; leave header= out."
        )
    arrow = _arrow()
    try:
        return arrow.parquet.read_table(path)
    except (arrow.ArrowInvalid, OSError) as error:
        told = "no intact Parquet file" if kind is None or kind.name == "parquet" else kind.told
        raise DataError(f"{str(path)!r} is {told}: {error}") from error


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
        columns: plain Python values by name, all columns of one length; a ``FileColumn`` goes into a Parquet
            file as it was in the one that it came from.
        path: of the file.

    Raises:
        MissingExtraError: it is to be a Parquet file, and pyarrow is not installed.
    """
    if is_parquet(Path(path)):
        arrow, buffer = _arrow(), io.BytesIO()
        arrow.parquet.write_table(
            arrow.table({name: in_parquet(each) for name, each in columns.items()}), buffer
        )
        return buffer.getvalue()
    text = io.StringIO()
    # A cell without a number is empty, as readers of CSV expect it, and as it came.
    cells = ([None if is_missing(each) else each for each in column] for column in columns.values())
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
