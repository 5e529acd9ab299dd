"""Tables in text files as they are written: cells by column, and the line of each row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gatewise.data.file_kinds import suffix_of
from gatewise.data.lines import numbered_lines
from gatewise.data.number_lines import is_comment, is_number
from gatewise.errors import DataError

__all__ = ["Cells", "read_cells"]

_DELIMITERS = ",;\t"
_LOOKED_AT = 50
"""Lines of a table without a header that must be parted alike."""


class Cells(NamedTuple):
    """A table.

    Attributes:
        name: of its file, for errors.
        columns: by name, or where they have none by number, "1" for the first; texts, or what a Parquet file
            holds.
        lines: the line where each row ends; empty where a file has no lines.
    """

    name: str
    columns: dict[str, Sequence[Any]]
    lines: Sequence[int] = ()

    def where(self, row: int) -> str:
        """Where a row stands, for errors."""
        return f"{self.name}, line {self.lines[row]}" if self.lines else f"{self.name}, row {row + 1}"

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(next(iter(self.columns.values())))


def read_cells(path: str | Path, *, header: bool = True, expected: str = "a table, CSV or TSV") -> Cells:
    """Read a table, with commas, semicolons or tabs between its cells, and quotes around them where needed.

    Args:
        path: UTF-8, or that compressed by gzip.
        header: whether the first line names the columns; without it they are called by their numbers.
        expected: what the file should be, for errors.

    Raises:
        DataError: the file is missing or of another kind, its header names a column twice, a row has not as
            many cells as the first, or there is no row; the message gives the line.
    """
    name, lines = repr(str(path)), [line for _, line in numbered_lines(path, expected, ("numbers", "csv"))]
    if not any(map(str.strip, lines)):
        raise DataError(f"{name} is empty; expected {expected}.")
    rows = csv.reader((line + "\n" for line in lines), strict=True, delimiter=_delimiter(path, lines, header))
    found: list[list[str]] = []
    numbers: list[int] = []
    names: list[str] = []
    try:
        if header:
            names = next(rows, [])
            _check_header(names, name)
        for row in filter(None, rows):
            names = names or [str(number) for number in range(1, len(row) + 1)]
            if len(row) != len(names):
                like = "as in the header" if header else "as in the first row"
                raise DataError(
                    f"{name}, line {rows.line_num}: {len(row)} cells; expected {len(names)}, {like}. Put a "
                    "text with a delimiter in it in quotes."
                )
            found.append(row)
            numbers.append(rows.line_num)
    except csv.Error as error:
        raise DataError(
            f"{name}, line {rows.line_num}: {error}; expected a table, in quotes where needed."
        ) from error
    if not found:
        raise DataError(f"{name} has no rows{' below its header' if header else ''}; expected {expected}.")
    return Cells(name, dict(zip(names, zip(*found, strict=True), strict=True)), numbers)


def _check_header(names: list[str], name: str) -> None:
    says_something = len(names) == 1 and is_comment(names[0])
    if says_something or (names and names[0].strip() == "sep="):
        told = "a comment" if says_something else "what tells Excel the delimiter"
        raise DataError(
            f"{name}, line 1 is {told}; expected the names of the columns. Take away what stands above them, "
            "as with: sed 1d FILE"
        )
    cells = names if len(names) != 1 else names[0].split()
    if all(map(is_number, cells[1:])) and not all(cell.strip().isdigit() for cell in cells[1:]):
        raise DataError(
            f"{name}, line 1 has numbers where the names of columns stand, {', '.join(cells)[:40]}; expected "
            "a header, or header=False for a table without one."
        )
    if not names or len(set(names)) < len(names):
        told = f"{names}"[:80]
        raise DataError(
            f"{name}, line 1: {told} is no header; expected a different name for each column, or "
            "header=False for a table without one."
        )


def _delimiter(path: str | Path, lines: Sequence[str], header: bool) -> str:
    """What stands between the cells, as the header shows, or where there is none all first rows alike."""
    first = next(filter(None, lines), "")
    if suffix_of(path) == ".tsv" and "\t" in first:
        return "\t"
    by_count = max(_DELIMITERS, key=first.count)
    if header:
        return by_count
    widths = {each: _width(lines[:_LOOKED_AT], each) for each in _DELIMITERS}
    return by_count if widths[by_count] else max(widths, key=widths.__getitem__)


def _width(lines: Iterable[str], delimiter: str) -> int:
    """How many cells all of the first rows have; 0 if not all have as many, or only one."""
    try:
        widths = {len(row) for row in csv.reader(lines, delimiter=delimiter) if row}
    except csv.Error:
        return 0
    return max(widths) if len(widths) == 1 and widths != {1} else 0
