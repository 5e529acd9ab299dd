"""``gatewise predict``: a model's answers for the rows of a file, as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli.console import JsonOption, say, write
from gatewise.errors import ArgumentError
from gatewise.storage import check_writable, write_bytes
from gatewise.tasks import Estimator, load

__all__ = ["predict"]

Columns = Mapping[str, Sequence[Any]]
"""A table: plain Python values by column, all columns of one length."""

_PREDICT: dict[type[Estimator], Callable[..., Columns]] = {}
"""For each kind of model that predicts what makes its table: given the model and the file, or None."""


def predict(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    data: Annotated[
        Path | None, typer.Argument(help="File of the kind the model was trained on.", show_default="none")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV file to write, instead of standard output."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Predict for each row of DATA; a forecaster goes on from its training data where DATA is left out."""
    if output is not None:
        check_writable(output)
    loaded = load(model)
    if type(loaded) not in _PREDICT:
        raise ArgumentError(
            f"{str(model)!r} holds a {type(loaded).__name__}, which does not predict rows; expected "
            f"{' or '.join(kind.__name__ for kind in _PREDICT)}."
        )
    table = _PREDICT[type(loaded)](loaded, data)
    rows = list(zip(*table.values(), strict=True))
    if as_json:
        text = "".join(json.dumps(dict(zip(table, row, strict=True))) + "\n" for row in rows)
    else:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([list(table), *rows])
        text = buffer.getvalue()
    if output is None:
        write(text)
    else:
        write_bytes(output, text.encode("utf-8"))
        say(f"wrote {len(rows):,} rows to {output}")
