"""Forecasters on the command line: training on a table of series, forecasting, and measuring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from gatewise.cli.columns import NoHeaderOption
from gatewise.cli.console import JsonOption, note, print_json, say
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.train import (
    InitOption,
    MagnifyOption,
    OutputOption,
    RestartOption,
    ResumeOption,
    run_training,
)
from gatewise.cli.wording import worded
from gatewise.data.frames import Table
from gatewise.data.table_files import read_file
from gatewise.data.text_times import Zones
from gatewise.errors import ArgumentError
from gatewise.tasks import Forecaster

__all__ = [
    "IdType",
    "IdTypeOption",
    "columns_of",
    "evaluate",
    "one_by_one",
    "predict",
    "read_series",
    "train",
]


class IdType(StrEnum):
    """What ids of a text file are taken for."""

    TEXT = "text"
    NUMBER = "number"


IdTypeOption: TypeAlias = Annotated[
    IdType, typer.Option(help="What the ids of a CSV file are: words as they are written, or numbers.")
]


@with_hyperparameters(Forecaster)
def train(
    data: Annotated[
        Path, typer.Argument(help="CSV or Parquet file with a row for each series and time.", metavar="DATA")
    ],
    output: OutputOption,
    validation: Annotated[
        Path | None,
        typer.Option(
            help="File of later steps, or of other series, to measure on, instead of each one's end."
        ),
    ] = None,
    init: InitOption = None,
    resume: ResumeOption = False,
    restart: RestartOption = False,
    magnify: MagnifyOption = None,
    id_type: IdTypeOption = IdType.TEXT,
    no_header: NoHeaderOption = False,
    as_json: JsonOption = False,
    **hyperparameters: Any,
) -> None:
    """Learn to forecast the series of a table, and say whether it beats forecasts that cost nothing.

    The table has the columns unique_id, ds and y, or those named with --id, --time and --target; without an
    id column it is one series. A checkpoint is kept beside the model while training runs; --resume goes on
    from it to the very bits of a run without a stop.
    """
    table = read_series(data, id_type, header=not no_header)
    measured = None if validation is None else read_series(validation, id_type, header=not no_header)
    model = Forecaster(**hyperparameters, progress=False)
    run_training(
        model,
        lambda checkpoint, tell: model.fit(
            table, validation=measured, init=init, checkpoint=checkpoint, resume=resume, listeners=[tell]
        ),
        output,
        resume=resume,
        restart=restart,
        as_json=as_json,
        next_step=f"forecast with it: gatewise predict {output}",
        magnify=magnify,
        sample=lambda: one_by_one(table, model)[0],
        report=lambda: _tell_verdict(model, as_json),
    )


def _tell_verdict(model: Forecaster, as_json: bool) -> None:
    """What was noticed in the data, and how the forecasts compare with baselines."""
    verdict, notes = model.verdict_, [worded(note) for note in model.notes_]
    if as_json:
        facts = verdict.as_dict() if verdict else {}
        print_json({"event": "verdict", **facts, "notes": [*notes, *facts.get("notes", ())]})
        return
    for each in notes:
        say(f"note: {each}")
    if verdict is not None:
        say(str(verdict))


def read_series(data: Path, id_type: IdType, *, header: bool = True) -> Table:
    """A table of series, its ids as they are to be taken."""
    table = read_file(data, header=header)
    return table.with_numbers() if id_type is IdType.NUMBER else table


def predict(
    model: Forecaster,
    data: Path | None,
    *,
    future: Path | None = None,
    typed: bool = False,
    header: bool = True,
) -> Mapping[str, Sequence[Any]]:
    """The steps that follow the series of a file, or those of the training data.

    Args:
        model: the forecaster.
        data: file of the series; those of the training where omitted.
        future: file of what is known of the steps to forecast.
        header: whether the files name their columns.
        typed: for files that know times and numbers apart; else all as it is to be read by people.

    Raises:
        ArgumentError: there is no file, and ``header`` is False.
    """
    if not header and data is None and future is None:
        raise ArgumentError("header=False is of a table; give one with DATA or future=.")
    found = model.predict(
        None if data is None else read_file(data, header=header),
        future=None if future is None else read_file(future, header=header),
    )
    for each in model.context_notes_:
        note(each)
    return columns_of(model, found, typed=typed)


def columns_of(model: Forecaster, found: Any, *times: str, typed: bool) -> Mapping[str, Sequence[Any]]:
    """A frame that a forecaster gave, by column.

    Args:
        model: the forecaster.
        found: the frame.
        times: columns of times beside the model's own.
        typed: for files that know times and numbers apart; else all as it is to be read by people.
    """
    table = Table.of(found)
    if not typed:
        return {name: table.written(name) for name in table.columns}
    if table.backend != "pyarrow":
        for name in (model.time, *times):
            table = table.with_times(name, Zones(model.time_zone, model._zone))
        found = table.as_kind("pyarrow")
    return {name: found[name] for name in found.column_names}


def evaluate(model: Forecaster, data: Path, *, header: bool = True) -> tuple[dict[str, Any], list[str]]:
    """The measurements for machines, and the same as lines for people."""
    result = model.evaluate(read_file(data, header=header))
    for each in model.context_notes_:
        note(each)
    return result, str(model.verdict_).split("\n")


def one_by_one(table: Table, model: Forecaster) -> list[Table]:
    """The rows of each series, in the order in which the series come."""
    if model.id not in table.columns:
        return [table]
    if not model._ids_are_numbers():
        table = table.with_words(model.id)
    keys = table.columns[model.id]
    return [table.rows(keys == key) for key in dict.fromkeys(keys.tolist())]
