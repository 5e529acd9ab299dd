"""Options that say which columns of a table are what."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import typer

from gatewise.data.column_roles import SequenceColumns
from gatewise.errors import ArgumentError
from gatewise.tasks import Estimator, Forecaster, SequenceClassifier

__all__ = [
    "IdOption",
    "KeepOption",
    "LabelOption",
    "NoHeaderOption",
    "TextOption",
    "of_columns",
    "sequence_columns",
]

_COLUMN = "COLUMN"

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
    text: str | None,
    label: str | None,
    id_column: str | None,
    keep: Any,
    no_header: bool,
) -> dict[str, Any]:
    """What these options say to a command that takes a model of any kind, as its arguments.

    Raises:
        ArgumentError: one is given that this kind has no use for.
    """
    columns = sequence_columns(text, label, id_column, keep, no_header)
    if columns == SequenceColumns():
        return {}
    if isinstance(model, SequenceClassifier):
        return {"columns": columns}
    if isinstance(model, Forecaster) and columns == SequenceColumns(header=False):
        return {"header": False}
    option = columns.named() or "--no-header"
    raise ArgumentError(f"{option} is for tables of a classifier, and a {type(model).__name__} was given.")
