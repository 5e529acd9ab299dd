"""Which columns of a table of sequences hold texts, labels, ids, and what is carried along."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from gatewise.data.cells import Cells
from gatewise.data.file_columns import FileColumn
from gatewise.data.missing import is_missing
from gatewise.data.number_lines import is_missing_number, is_number
from gatewise.data.series_tables import plain_label
from gatewise.errors import ArgumentError, DataError

__all__ = ["ALL_COLUMNS", "NO_LABELS", "ColumnRoles", "SequenceColumns", "check_labels"]

ALL_COLUMNS = "all"
"""Said of the columns to keep."""
NO_LABELS = "none"
"""Said of the column of labels, where a table has none."""
_ID = "id"
_SHOWN = 20
"""Columns that an error names."""


class SequenceColumns(NamedTuple):
    """Which columns of a table are what; of a table without a header they are numbers, from "1".

    Attributes:
        text: holds texts; where omitted "text", if there is one.
        label: holds labels; where omitted "label", or the first of a table without a header; "none" for a
            table that has no labels.
        id: says whose row it is, and is no step of a series; where omitted "id", if there is one.
        keep: others that are to be carried along, and are no steps; "all" carries all, and says nothing of
            steps.
        header: whether the first line names the columns.
    """

    text: str | None = None
    label: str | None = None
    id: str | None = None
    keep: tuple[str, ...] = ()
    header: bool = True

    def given(self) -> dict[str, Any]:
        """What was said, by the names of arguments."""
        said = {"text_column": self.text, "label_column": self.label, "id_column": self.id, "keep": self.keep}
        return {name: value for name, value in said.items() if value} | (
            {} if self.header else {"header": False}
        )

    def first_given(self) -> str | None:
        """The first of them, as an error names it; None if nothing was said."""
        return next((f"{name}={value!r}" for name, value in self.given().items()), None)


class ColumnRoles:
    """Which column of a table is what.

    Args:
        cells: the table.
        columns: those that were named.
        labels: whether labels are needed.

    Raises:
        ArgumentError: a column that was named is not there, or that of the labels is not.
    """

    def __init__(self, cells: Cells, columns: SequenceColumns, labels: bool) -> None:
        self.cells, self.columns, self._needed = cells, columns, labels
        self.label = columns.label or ("label" if columns.header else "1")
        if not columns.header and columns.label is None and not labels and len(cells.columns) == 1:
            self.label = NO_LABELS
        self.id = columns.id or (_ID if _ID in cells.columns else None)
        self.kept = [each for name in columns.keep if name != ALL_COLUMNS for each in self._named(name)]
        if columns.id is not None:
            self._check(columns.id, "id_column")
        if labels:
            self._check(self.label, "label_column", needed=columns.label is None)

    def others(self, but: Collection[str] = ()) -> list[str]:
        """The columns that have no role."""
        taken = {self.label, self.id, *self.kept, *but}
        return [name for name in self.cells.columns if name not in taken]

    def labels(self, plain: bool = True) -> list[str] | None:
        """The labels, if there are any; whole numbers as such where they are to be plain."""
        if self.label not in self.cells.columns or not self._needed:
            return None
        found = ["" if is_missing(each) else str(each).strip() for each in self.cells.columns[self.label]]
        check_labels(found, self.label, self.cells.where)
        return [plain_label(each) for each in found] if plain else found

    def carried(self) -> dict[str, list[Any]]:
        """The id, and the columns to keep."""
        names = (
            [name for name in self.cells.columns if name != self.id]
            if ALL_COLUMNS in self.columns.keep
            else self.kept
        )
        chosen = dict.fromkeys([*([] if self.id is None else [self.id]), *names])
        columns = ((name, self.cells.columns[name]) for name in chosen)
        return {name: each if isinstance(each, FileColumn) else list(each) for name, each in columns}

    def text(self, kind: str | None) -> str | None:
        """The column of texts; None if it holds series."""
        columns = self.columns
        if columns.text is not None:
            self._check(columns.text, "text_column")
            return columns.text
        if kind == "series":
            return None
        default = "text"
        if not columns.header and len(self.others()) == 1:
            [default] = self.others()
        if default in self.cells.columns:
            return default
        if kind is None and self._holds_series():
            return None
        self._check("text", "text_column", needed=True)
        return default

    def _holds_series(self) -> bool:
        """Whether most of the columns without a role hold numbers."""
        others = self.others()
        of_numbers = sum(_holds_numbers(self.cells.columns[name]) for name in others)
        return of_numbers >= 2 and of_numbers > len(others) / 2

    def _named(self, name: str) -> list[str]:
        """The columns that one of ``keep`` names, one or several with commas between."""
        names = [name] if name in self.cells.columns else name.split(",")
        for each in names:
            self._check(each, "keep")
        return names

    def _check(self, name: str, argument: str, needed: bool = False) -> None:
        if name in self.cells.columns:
            return
        begin = f"a column {name!r} is needed" if needed else f"{argument}={name!r}"
        remedy = "expected one of them"
        if needed:
            remedy = f"rename one of them, or name the one that is meant with {argument}="
        if self.columns.header:
            remedy += ", or header=False if the first line has no names"
        shown = ", ".join(list(self.cells.columns)[:_SHOWN]) + ", ..." * (len(self.cells.columns) > _SHOWN)
        raise ArgumentError(f"{begin}, but {self.cells.name} has the columns {shown}; {remedy}.")


def _holds_numbers(values: Sequence[Any]) -> bool:
    """Whether a column holds numbers, some of which may be missing."""
    filled = [each for each in values if not (is_missing(each) or is_missing_number(str(each)))]
    return bool(filled) and all(is_number(str(each)) for each in filled)


def check_labels(labels: Sequence[str], column: object, where: Callable[[int], str]) -> None:
    """Refuse an empty label.

    Raises:
        DataError: there is one; ``where`` says where a row stands.
    """
    if "" in labels:
        raise DataError(f"{where(labels.index(''))}: column {column!r} is empty; leave the line out.")
