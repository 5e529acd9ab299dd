"""Files of sequences to classify, of whatever kind: series or texts, with labels, ids and other columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from gatewise.data.arff_files import read_arff
from gatewise.data.cells import Cells
from gatewise.data.column_roles import (
    ALL_COLUMNS,
    NO_LABELS,
    ColumnRoles,
    SequenceColumns,
    check_labels,
)
from gatewise.data.file_kinds import file_kind, refuse_other_kinds, suffix_of
from gatewise.data.labelled import filled_lines, is_table, labelled_lines
from gatewise.data.lines import numbered_lines
from gatewise.data.missing import is_missing
from gatewise.data.number_lines import (
    between,
    fields_of,
    is_comment,
    is_missing_number,
    is_number,
    looks_like_series,
    looks_like_words,
)
from gatewise.data.series_tables import plain_label, series_of, steps_of
from gatewise.data.table_files import file_cells, is_parquet
from gatewise.data.ts_files import LabelledSeries, read_ts
from gatewise.errors import ArgumentError, DataError
from gatewise.storage import file_problem

__all__ = ["Sequences", "read_sequences", "read_series"]

_TABLES = ("numbers", "csv")
_INDEX = ("", "Unnamed: 0")
"""Names by which tables have the index of a data frame."""
_EXPECTED = "series in a table, a .ts or an ARFF file, or texts, one a line or in a table"


class Sequences(NamedTuple):
    """Sequences of a file.

    Attributes:
        X: N series (T_i, D), or N texts; where no labels are needed a text may be empty.
        y: (N,) labels; None where the file has none, or they are not needed.
        carried: the id and the columns that were to be kept, by name.
        notes: what was done with the file that its owner should know.
    """

    X: list[Any]
    y: list[str] | None
    carried: dict[str, list[Any]]
    notes: list[str]


def read_series(
    path: str | Path,
    *,
    label_column: str | None = None,
    id_column: str | None = None,
    keep: Sequence[str] = (),
    header: bool = True,
) -> LabelledSeries:
    """Read series with labels: a ``.ts`` file, an ARFF file, or a table of numbers with a series in each row.

    Args:
        path: of a table as the UCR archive has them, a label and then the steps of a series on each line,
            with tabs, commas or spaces between; of a table with a header, .csv or .tsv or Parquet, whose
            columns of numbers are the steps; or of another of these files, which may be packed by gzip.
        label_column: which holds the labels: its name, or where there is no header its number from "1";
            "none" for a table without. Where omitted "label", the first column where there is no header, and
            the last nominal attribute of ARFF.
        id_column: which says whose row it is, and is no step; where omitted "id", if there is one.
        keep: names of other columns that are no steps.
        header: False for a table without one that would be taken for one.

    Returns:
        The series, (T_i, D) each, and their labels; those that are whole numbers as "1" or "-1". What is
        missing at the end of a row is no part of its series.

    Raises:
        DataError: the file cannot be read or holds no series; the message gives line and column.
        ArgumentError: there is no such column.
    """
    columns = SequenceColumns(label=label_column, id=id_column, keep=tuple(keep), header=header)
    unlabelled = label_column == NO_LABELS or suffix_of(path) == ".ts"
    found = read_sequences(path, columns, labels=not unlabelled, kind="series")
    if found.X and isinstance(found.X[0], str):
        raise DataError(f"{str(path)!r} holds texts; expected series of numbers.")
    return LabelledSeries(found.X, found.y)


def read_sequences(
    path: str | Path,
    columns: SequenceColumns | None = None,
    *,
    labels: bool = True,
    kind: str | None = None,
    classes: Collection[str] = (),
) -> Sequences:
    """Read a file of sequences.

    Args:
        path: a ``.ts`` or ARFF file; a table, .csv, .tsv or Parquet, of texts or of series; lines as the UCR
            archive writes them; or texts, a label before each where they are needed.
        columns: of a table.
        labels: whether each sequence needs a label.
        kind: "series" or "texts", where it is known which it must be.
        classes: labels that are known: by them labels before series are known where they are not needed.

    Raises:
        DataError: the file cannot be read; the message says what it is, or gives the line.
        ArgumentError: there is no such column.
    """
    path, columns = Path(path), columns or SequenceColumns()
    name = repr(str(path))
    if problem := file_problem(path):
        raise DataError(f"{name} {problem}; expected {_EXPECTED}.")
    told = file_kind(path)
    found = None if told is None else told.name
    if found == "ts" or suffix_of(path) == ".ts":
        _refuse_columns(columns, name)
        X, y = read_ts(path)
        if y is None and labels:
            raise DataError(
                f"{name} has no labels; expected a .ts file with @classLabel true and the classes."
            )
        return Sequences(X, y, {}, [])
    if found == "arff":
        return _from_arff(path, columns, labels)
    if found == "parquet" or is_parquet(path):
        cells = file_cells(path, header=columns.header)
        return _from_table(cells, columns, labels, kind)
    refuse_other_kinds(path, _EXPECTED, _TABLES)
    lines = filled_lines(path, _TABLES)
    written = [line for _, line in lines]
    if kind != "texts" and columns.text is None and _is_series(written, columns, kind):
        lines = [each for each in lines if not is_comment(each[1])]
        return _from_lines(name, lines, columns, labels, classes)
    if is_table(path) or columns.first_given() or (found == "numbers" and kind != "texts"):
        expected = "a table of texts or series"
        return _from_table(file_cells(path, header=columns.header, expected=expected), columns, labels, kind)
    if kind == "texts" and looks_like_series(written) and not looks_like_words(written):
        refuse_other_kinds(path, "texts, on which the model was trained")
    if labels:
        texts, y = labelled_lines(path, lines)
        return Sequences(texts, y, {}, [])
    every = [line.strip() for _, line in numbered_lines(path, _EXPECTED, _TABLES)]
    while not every[-1]:
        every.pop()
    return Sequences(every, None, {}, [])


def _refuse_columns(columns: SequenceColumns, name: str) -> None:
    if option := columns.first_given():
        raise ArgumentError(f"{option} is for tables; {name} has no columns. Leave it out.")


def _is_series(lines: Sequence[str], columns: SequenceColumns, kind: str | None) -> bool:
    """Whether lines are series of numbers without a header."""
    lines = [line for line in lines if not is_comment(line)] or lines
    first = fields_of(lines[0], between(lines[0]))
    if columns.header and (
        (columns.label or "label") in first
        or (not is_number(first[0]) and [*map(str.strip, first[1:])] in _counted(len(first) - 1))
    ):
        return False
    if looks_like_series(lines):
        return True
    if kind != "series":
        return False
    rows = [fields_of(line, between(lines[0])) for line in lines]
    return all(is_number(value) or is_missing_number(value) for row in rows for value in row)


def _counted(count: int) -> tuple[list[str], list[str]]:
    """Names of columns that only count them, as pandas gives them."""
    return [str(number) for number in range(count)], [str(number) for number in range(1, count + 1)]


def _from_lines(
    name: str,
    lines: Sequence[tuple[int, str]],
    columns: SequenceColumns,
    labels: bool,
    classes: Collection[str],
) -> Sequences:
    """Series of lines without a header, of one length or not."""
    delimiter = between(lines[0][1])
    rows = [fields_of(line, delimiter) for _, line in lines]
    fewest = min(map(len, rows))
    of_label = (
        None if columns.label == NO_LABELS else _number(columns.label or "1", "label_column", name, fewest)
    )
    notes: list[str] = []
    if not labels and columns.label is None:
        if all(plain_label(row[0]) in classes for row in rows):
            notes.append(
                f"the first column of {name} holds labels, which are not read; label_column='none' reads them"
            )
        else:
            of_label = None
    of_id = None if columns.id is None else _number(columns.id, "id_column", name, fewest)
    kept = [_number(each, "keep", name, fewest) for each in columns.keep if each != ALL_COLUMNS]
    if labels and of_label is None:
        raise ArgumentError(
            f"label_column='none', but the labels of {name} are needed; give the number of their column."
        )
    others = {of_label, of_id, *kept}
    places = [[place for place in range(len(row)) if place not in others] for row in rows]
    if ALL_COLUMNS in columns.keep:
        kept = [place for place in range(fewest) if place != of_id]
    values = [[row[place] for place in chosen] for row, chosen in zip(rows, places, strict=True)]
    X = series_of(
        values, lambda row, step: f"{name}, line {lines[row][0]}: column {_at(places[row], step) + 1}"
    )
    y = None
    if of_label is not None:
        y = [plain_label(row[of_label]) for row in rows]
        check_labels(y, of_label + 1, lambda row: f"{name}, line {lines[row][0]}")
        if columns.label is None and labels:
            _refuse_values(y, f"{name}, line {lines[0][0]}")
    carried = {
        str(place + 1): [row[place] for row in rows] for place in ([] if of_id is None else [of_id]) + kept
    }
    return Sequences(X, y, carried, notes)


def _refuse_values(labels: Sequence[str], where: str) -> None:
    """Refuse a first column that goes on with the numbers of the others: a table of series side by side."""
    fractions = sum(is_number(each) and not float(each).is_integer() for each in labels)
    if 2 * fractions > len(labels) and 2 * len(set(labels)) > len(labels):
        raise DataError(
            f"{where}: column 1 is {labels[0]!r}, and most rows have another number there; expected the "
            "label of a series, and behind it its steps. Name the column of the labels with --label, if "
            "there is one."
        )


def _at(places: Sequence[int], step: int) -> int:
    return places[step] if step < len(places) else 0


def _number(text: str, argument: str, name: str, fewest: int) -> int:
    """The index of a column by its number from 1."""
    if not text.isdecimal() or not 1 <= int(text) <= fewest:
        raise ArgumentError(
            f"{argument}={text!r}, but {name} has no header, and {fewest} columns; expected a number from 1 "
            f"to {fewest}."
        )
    return int(text) - 1


def _from_arff(path: Path, columns: SequenceColumns, labels: bool) -> Sequences:
    arff = read_arff(path)
    if columns.text is not None or not columns.header:
        raise ArgumentError(
            f"{columns.first_given()} is for tables of texts; {arff.name} is an ARFF file of series."
        )
    if columns.label is None and "label" not in arff.classes and arff.classes:
        columns = columns._replace(label=list(arff.classes)[-1])
    values: dict[str, Sequence[Any]] = {
        each: [None if value == "?" else value for value in column] for each, column in arff.columns.items()
    }
    cells = Cells(arff.name, values, arff.lines)
    if arff.relational is None:
        return _from_table(cells, columns, labels, "series")
    roles = ColumnRoles(cells, columns, labels)
    if others := roles.others(but=(arff.relational,)):
        raise DataError(
            f"{arff.name} has the attributes {', '.join(others)} beside the series {arff.relational!r}; "
            "leave them out, or name them with keep=."
        )

    def where(row: int, channel: int, step: int) -> str:
        return f"{cells.where(row)}: channel {channel + 1}, step {step + 1}"

    X = [steps_of(text or "", partial(where, row)) for row, text in enumerate(values[arff.relational])]
    return Sequences(X, roles.labels(), roles.carried(), [])


def _from_table(cells: Cells, columns: SequenceColumns, labels: bool, kind: str | None) -> Sequences:
    roles = ColumnRoles(cells, columns, labels)
    of_text = roles.text(kind)
    if of_text is not None:
        texts = ["" if is_missing(each) else str(each).strip() for each in cells.columns[of_text]]
        if labels and "" in texts:
            raise DataError(
                f"{cells.where(texts.index(''))}: column {of_text!r} is empty; leave the line out."
            )
        return Sequences(texts, roles.labels(plain=False), roles.carried(), [])
    others = roles.others()
    steps = [name for name in others if name not in _INDEX]
    notes = [
        f"the column {name!r} of {cells.name} is an index and no step; give it a name if it is one"
        for name in others
        if name in _INDEX
    ]
    if not steps:
        raise DataError(
            f"{cells.name} has no column of numbers beside its labels; expected the steps of a series."
        )
    rows = list(zip(*(cells.columns[name] for name in steps), strict=True))
    try:
        X = series_of(rows, lambda row, step: f"{cells.where(row)}: column {steps[step]!r}")
    except DataError as error:
        raise DataError(
            f"{error} Leave a column out that is no step of a series, or name it with keep= or id_column=."
        ) from None
    return Sequences(X, roles.labels(), roles.carried(), notes)
