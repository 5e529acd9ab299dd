"""``gatewise backtest``: how good forecasts from the past would have been."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli.columns import NoHeaderOption
from gatewise.cli.console import InterruptionError, JsonOption, aside, note, say
from gatewise.cli.forecast import IdType, IdTypeOption, columns_of, read_series
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.models import load_forecaster
from gatewise.cli.progress import listener
from gatewise.cli.tables import TableOption, check_table, write_table
from gatewise.data.table_files import is_parquet
from gatewise.errors import ArgumentError
from gatewise.tasks import Forecaster

__all__ = ["backtest"]


@with_hyperparameters(Forecaster)
def backtest(
    context: typer.Context,
    model_or_data: Annotated[
        Path,
        typer.Argument(help="Model file of a forecaster, for its hyperparameters, and DATA; or DATA alone."),
    ],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="CSV or Parquet file with a row for each series and time.", show_default="the first"
        ),
    ] = None,
    windows: Annotated[
        int, typer.Option(help="Origins; the last one leaves a horizon to the end of each series.")
    ] = 3,
    step: Annotated[
        int | None, typer.Option(help="Steps from origin to origin.", show_default="a horizon")
    ] = None,
    refit: Annotated[
        bool, typer.Option("--refit", help="Train anew at each origin, on all that precedes it.")
    ] = False,
    id_type: IdTypeOption = IdType.TEXT,
    no_header: NoHeaderOption = False,
    output: TableOption = None,
    as_json: JsonOption = False,
    **hyperparameters: Any,
) -> None:
    """Forecast DATA from several origins in its past, by models that have not seen what they forecast.

    Fresh models are trained on what precedes the origins, with the hyperparameters of a model file, or the
    options of train forecast; options that are given count more than those of the file. A row a step, with
    what came; the verdict is told on standard error, or where the table goes into a file as the result.
    """
    check_table(output, as_json)
    if data is None and model_or_data.suffix.lower() == ".safetensors":
        raise ArgumentError(
            f"DATA is missing: {str(model_or_data)!r} is a model file; name the file of the series behind it."
        )
    if data is None:
        table = read_series(model_or_data, id_type, header=not no_header)
        asked = Forecaster(**hyperparameters, progress=False)
    else:
        loaded = load_forecaster(model_or_data)
        if loaded._ids_are_numbers():
            id_type = IdType.NUMBER
        table = read_series(data, id_type, header=not no_header)
        asked = Forecaster(**loaded.get_params())
        asked.set_params(**_given(context, hyperparameters), progress=False)
    try:
        with listener(False) as tell:
            found = asked.backtest(table, windows=windows, step=step, refit=refit, listeners=[tell])
    except KeyboardInterrupt:
        told = "interrupted: the backtest is not complete, and nothing was written."
        raise InterruptionError(told) from None
    for each in asked.context_notes_:
        note(each)
    verdict, typed = asked.verdict_, output is not None and is_parquet(output)
    facts = {"verdict": None if verdict is None else verdict.as_dict()}
    write_table(columns_of(asked, found, "cutoff", typed=typed), output, as_json, facts)
    if output is None:
        aside(str(verdict))
    elif not as_json:
        say(str(verdict))


def _given(context: typer.Context, hyperparameters: dict[str, Any]) -> dict[str, Any]:
    """Those that stand on the command line, and are no defaults."""
    return {
        name: value
        for name, value in hyperparameters.items()
        if getattr(context.get_parameter_source(name), "name", "") != "DEFAULT"
    }
