"""``gatewise anomalies``: which steps of a series a forecaster did not expect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatewise.cli.columns import NoHeaderOption
from gatewise.cli.console import JsonOption, note, say
from gatewise.cli.forecast import columns_of
from gatewise.cli.models import load_forecaster
from gatewise.cli.tables import TableOption, check_table, write_table
from gatewise.data.frames import Table
from gatewise.data.table_files import is_parquet, read_file

__all__ = ["RateOption", "ThresholdOption", "anomalies"]

RateOption = Annotated[
    float | None,
    typer.Option(
        help="Share of the steps of each series to mark, those with the highest scores, whether anything "
        "happened or not.",
        show_default="0.01 without a threshold",
    ),
]
ThresholdOption = Annotated[
    float | None,
    typer.Option(
        help="Mark instead the steps whose score is above it, be they many or none; 1 is the border of the "
        "interval.",
        show_default="none",
    ),
]


def anomalies(
    model: Annotated[Path, typer.Argument(help="Model file of a forecaster.")],
    data: Annotated[Path, typer.Argument(help="CSV or Parquet file of the series to look at.")],
    rate: RateOption = None,
    threshold: ThresholdOption = None,
    no_header: NoHeaderOption = False,
    output: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score each step of DATA by how far it lies from what was forecast a step ahead, and mark the highest.

    A row a step: the score is the distance over half the width of the interval.
    """
    check_table(output, as_json)
    loaded = load_forecaster(model)
    table = read_file(data, header=not no_header)
    found = loaded.anomalies(table, rate=rate, threshold=threshold)
    for each in loaded.context_notes_:
        note(each)
    marked = int(Table.of(found).columns["anomaly"].sum())
    columns = columns_of(loaded, found, typed=output is not None and is_parquet(output))
    write_table(columns, output, as_json, {"anomalies": marked})
    if output is not None and not as_json:
        say(f"marked {marked:,} of them; see them: gatewise plot {model} --anomalies {output} -o events.html")
