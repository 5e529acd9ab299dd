"""Files of texts with labels: lines ``label text``, or tables with a column of each."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple

from gatewise.data.lines import numbered_lines
from gatewise.data.text import TextSource
from gatewise.errors import ArgumentError, DataError

__all__ = ["LabelledTexts", "read_labelled_texts", "read_texts"]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


class LabelledTexts(NamedTuple):
    """Texts (N), and their labels (N)."""

    X: list[str]
    y: list[str]


def read_labelled_texts(
    path: str | Path, *, text_column: str = "text", label_column: str = "label"
) -> LabelledTexts:
    """Read texts with labels, in UTF-8.

    Args:
        path: a ``.csv`` or ``.tsv`` file whose first line names its columns; of any other name, a file with a
            label, a tab and a text on each line, where the first has a tab (then labels may have spaces), or
            else a label, a space and a text. Blank lines are skipped.
        text_column: of a table.
        label_column: of a table.

    Raises:
        DataError: the file cannot be read, or a line has no label or no text; the message gives the line.
        ArgumentError: a table has no such column.
    """
    if Path(path).suffix.lower() in _DELIMITERS:
        texts, labels = _columns(path, {"text_column": text_column, "label_column": label_column})
        return LabelledTexts(texts, labels)
    X, y = [], []
    lines = _lines(path)
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


def read_texts(path: str | Path, *, text_column: str = "text") -> list[str]:
    """Read texts without labels, in UTF-8.

    Args:
        path: a ``.csv`` or ``.tsv`` file whose first line names its columns; of any other name, a file with a
            text on each line. Blank lines are skipped.
        text_column: of a table.

    Raises:
        DataError, ArgumentError: as ``read_labelled_texts``.
    """
    if Path(path).suffix.lower() in _DELIMITERS:
        [texts] = _columns(path, {"text_column": text_column})
        return texts
    return [line.strip() for _, line in _lines(path)]


def _lines(path: str | Path) -> list[tuple[int, str]]:
    """The lines with something on them, and their numbers."""
    lines = list(numbered_lines(path, "a file with a text on each line"))
    found = [(number, line) for number, line in lines if line.strip()]
    if not found:
        what = "has blank lines only" if lines else "is empty"
        raise DataError(f"{str(path)!r} {what}; expected texts.")
    return found


def _columns(path: str | Path, wanted: dict[str, str]) -> list[list[str]]:
    """Columns of a table by the argument that names each."""
    source = TextSource(Path(path))
    delimiter = _DELIMITERS[Path(path).suffix.lower()]
    rows = csv.reader(io.StringIO(source.read(), newline=""), delimiter=delimiter, strict=True)
    values: list[list[str]] = [[] for _ in wanted]
    try:
        header = next(rows, [])
        for argument, name in wanted.items():
            if name not in header:
                raise ArgumentError(
                    f"{argument}={name!r}, but {source.name} has the columns {', '.join(header)}; "
                    "rename the one that is meant."
                )
        places = [header.index(name) for name in wanted.values()]
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise DataError(
                    f"{source.name}, line {rows.line_num}: {len(row)} cells; expected {len(header)}, "
                    "one for each column. Put a text with a delimiter in it in quotes."
                )
            for column, name, place in zip(values, wanted.values(), places, strict=True):
                if not row[place].strip():
                    raise DataError(
                        f"{source.name}, line {rows.line_num}: column {name!r} is empty; leave the line out."
                    )
                column.append(row[place].strip())
    except csv.Error as error:
        raise DataError(
            f"{source.name}, line {rows.line_num}: {error}; expected a table in quotes where needed."
        ) from None
    if not values[0]:
        raise DataError(f"{source.name} has no line below its header; expected texts.")
    return values
