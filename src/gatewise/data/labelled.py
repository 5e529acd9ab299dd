"""Files of texts with labels: lines ``label text``, or tables with a column of each."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gatewise.data.cells import Cells, read_cells
from gatewise.data.file_kinds import open_unpacked, suffix_of
from gatewise.data.lines import numbered_lines
from gatewise.data.number_lines import between, fields_of
from gatewise.errors import ArgumentError, DataError

__all__ = ["LabelledTexts", "filled_lines", "is_table", "labelled_lines", "read_labelled_texts", "read_texts"]

_EXPECTED = "a file with a text on each line, or a table, .csv or .tsv"

_LONGEST_HEADER = 1 << 16
"""Bytes of a first line that are looked at."""


class LabelledTexts(NamedTuple):
    """Texts (N), and their labels (N)."""

    X: list[str]
    y: list[str]


def read_labelled_texts(
    path: str | Path, *, text_column: str = "text", label_column: str = "label"
) -> LabelledTexts:
    """Read texts with labels, in UTF-8 or that compressed by gzip.

    Args:
        path: a ``.csv`` or ``.tsv`` file whose first line names its columns, or one of any name whose first
            line has "label" and "text" between tabs or commas; else a file with a label, a tab and a text on
            each line, where the first has a tab (then labels may have spaces), or a label, a space and a
            text. Blank lines are skipped.
        text_column: of a table.
        label_column: of a table.

    Raises:
        DataError: the file cannot be read or is of another kind, as a table of numbers, or a line has no
            label or no text; the message says what it is, or gives the line.
        ArgumentError: a table has no such column.
    """
    if is_table(path):
        cells = read_cells(path, expected="a table of texts with labels")
        texts, labels = (
            _column(cells, argument, name)
            for argument, name in (("text_column", text_column), ("label_column", label_column))
        )
        return LabelledTexts(texts, labels)
    return labelled_lines(path, filled_lines(path))


def read_texts(path: str | Path, *, text_column: str = "text") -> list[str]:
    """Read texts without labels, in UTF-8 or that compressed by gzip.

    Args:
        path: a table, as ``read_labelled_texts`` knows it, or else a file with a text on each line. Blank
            lines are skipped.
        text_column: of a table.

    Raises:
        DataError, ArgumentError: as ``read_labelled_texts``.
    """
    if is_table(path):
        return _column(read_cells(path, expected="a table of texts"), "text_column", text_column)
    return [line.strip() for _, line in filled_lines(path)]


def is_table(path: str | Path) -> bool:
    """Whether a file is a table in text: by its name, .csv or .tsv, or by a line with label and text."""
    if suffix_of(path) in (".csv", ".tsv"):
        return True
    try:
        with open_unpacked(path) as file:
            first = file.readline(_LONGEST_HEADER).decode("utf-8-sig", errors="ignore")
    except (OSError, EOFError, zlib.error, ValueError):
        return False
    delimiter = between(first)
    return delimiter is not None and {"label", "text"} <= set(fields_of(first, delimiter))


def labelled_lines(path: str | Path, lines: Sequence[tuple[int, str]]) -> LabelledTexts:
    """The labels and texts of numbered lines, none of them blank.

    Raises:
        DataError: one has no label or no text.
    """
    X, y = [], []
    first, tabs = lines[0][0], "\t" in lines[0][1]
    for number, line in lines:
        before, _, after = (line if tabs else line.strip()).partition("\t" if tabs else " ")
        label, text = before.strip(), after.strip()
        if tabs and "\t" not in line:
            problem = f"has no tab, and line {first} has one; put a tab between label and text in all lines"
        elif not tabs and "\t" in label:
            problem = f"has a tab behind its label, and line {first} a space; put the same in all lines"
        elif not label or not text:
            what = "text" if label else "label"
            problem = f"has no {what}; expected a label, a {'tab' if tabs else 'space'} and a text"
        else:
            X.append(text)
            y.append(label)
            continue
        raise DataError(f"{str(path)!r}, line {number}: {line.strip()[:60]!r} {problem}.")
    return LabelledTexts(X, y)


def filled_lines(path: str | Path, takes: Sequence[str] = ("words",)) -> list[tuple[int, str]]:
    """The lines with something on them, and their numbers.

    Raises:
        DataError: there are none, or the file cannot be read or is of a kind that is not taken.
    """
    lines = list(numbered_lines(path, _EXPECTED, takes))
    found = [(number, line) for number, line in lines if line.strip()]
    if not found:
        what = "has blank lines only" if lines else "is empty"
        raise DataError(f"{str(path)!r} {what}; expected texts.")
    return found


def _column(cells: Cells, argument: str, name: str) -> list[str]:
    """A column of texts of which none is empty."""
    if name not in cells.columns:
        raise ArgumentError(
            f"{argument}={name!r}, but {cells.name} has the columns {', '.join(cells.columns)}; give the "
            "name of the one that is meant."
        )
    values = [value.strip() for value in cells.columns[name]]
    if "" in values:
        raise DataError(f"{cells.where(values.index(''))}: column {name!r} is empty; leave the line out.")
    return values
