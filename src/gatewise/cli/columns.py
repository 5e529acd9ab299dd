"""Options that say which columns of a table are what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from gatewise.cli.models import check_kind
from gatewise.data.column_roles import SequenceColumns
from gatewise.data.pairs import PairColumns
from gatewise.tasks import Estimator, Forecaster, SequenceClassifier, Translator

__all__ = [
    "IdOption",
    "KeepOption",
    "LabelOption",
    "NoHeaderOption",
    "SourceOption",
    "TargetOption",
    "TextOption",
    "beside",
    "of_columns",
    "rows_told",
    "sequence_columns",
]

_COLUMN = "COLUMN"
_SHOWN = 5
"""Rows that a note names."""

_KINDS: dict[str, tuple[type[Estimator], ...]] = {
    "text_column": (SequenceClassifier,),
    "label_column": (SequenceClassifier,),
    "id_column": (SequenceClassifier, Translator),
    "keep": (SequenceClassifier, Translator),
    "source_column": (Translator,),
    "target_column": (Translator,),
    "header": (Forecaster, SequenceClassifier, Translator),
}
"""Kinds of models that have a use for what is said of columns."""

TextOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--text", metavar=_COLUMN, help="Of a table: which holds texts.", show_default="text"),
]
LabelOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--label",
        metavar=_COLUMN,
        help="Of a table: which holds labels; none for a table without.",
        show_default="label, or the first where there is no header",
    ),
]
IdOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar=_COLUMN,
        help="Of a table: whose row it is, and no step of a series.",
        show_default="id, where there is one",
    ),
]
KeepOption: TypeAlias = Annotated[
    list[Any] | None,
    typer.Option(
        "--keep",
        metavar=_COLUMN,
        parser=lambda text: (text,),
        help="Of a table: a column that is no step of a series, and that predict carries along; again for "
        "more, or all.",
        show_default="none",
    ),
]
NoHeaderOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--no-header", help="The table has no line with names; columns are named by number, from 1."
    ),
]


SourceOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--source-column",
        metavar=_COLUMN,
        help="Of a table of pairs: which holds the sources.",
        show_default="source, or the first where there is no header",
    ),
]
TargetOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--target-column",
        metavar=_COLUMN,
        help="Of a table of pairs: which holds the targets.",
        show_default="target, or the second where there is no header",
    ),
]


def sequence_columns(
    text: str | None = None,
    label: str | None = None,
    id_column: str | None = None,
    keep: Any = None,
    no_header: bool = False,
) -> SequenceColumns:
    """What these options say; ``keep`` may hold tuples of names."""
    names = [name for each in keep or () for name in ((each,) if isinstance(each, str) else each)]
    return SequenceColumns(text, label, id_column, tuple(names), not no_header)


def of_columns(
    model: Estimator,
    path: Path,
    columns: SequenceColumns,
    source_column: str | None = None,
    target_column: str | None = None,
) -> dict[str, Any]:
    """What these options say to a command that takes a model of any kind, as its arguments.

    Args:
        model: of any kind.
        path: of its file.
        columns: what is said of tables of sequences.
        source_column: of tables of pairs.
        target_column: the same.

    Raises:
        ArgumentError: one is given that this kind has no use for.
    """
    sides = {"source_column": source_column, "target_column": target_column}
    given = columns.given() | {name: value for name, value in sides.items() if value is not None}
    for name, value in given.items():
        check_kind(f"{name}={value!r}", _KINDS[name], model, path)
    if not given:
        return {}
    if isinstance(model, Translator):
        return {"columns": PairColumns(source_column, target_column, *columns[2:])}
    return {"header": False} if isinstance(model, Forecaster) else {"columns": columns}


def beside(carried: Mapping[str, list[Any]], answer: Collection[str]) -> dict[str, list[Any]]:
    """Columns of a file, by other names where the answer has such columns itself."""
    named: dict[str, list[Any]] = {}
    for name, values in carried.items():
        while name in answer or name in named:
            name = f"given_{name}"
        named[name] = values
    return named


def rows_told(rows: Sequence[int]) -> str:
    """The first of some rows, for a note."""
    return ", ".join(map(str, rows[:_SHOWN])) + ", ..." * (len(rows) > _SHOWN)
