"""``gatewise predict``: a model's answers for the rows of a file, as a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli import classify, forecast, tag, translate
from gatewise.cli.console import JsonOption
from gatewise.cli.tables import Columns, TableOption, check_table, write_table
from gatewise.data.frames import is_parquet
from gatewise.errors import ArgumentError
from gatewise.tasks import Estimator, Forecaster, SequenceClassifier, SequenceTagger, Translator, load

__all__ = ["predict"]

_PREDICT: dict[type[Estimator], Callable[..., Columns]] = {
    Forecaster: forecast.predict,
    SequenceClassifier: classify.predict,
    SequenceTagger: tag.predict,
    Translator: translate.predict,
}
"""For each kind of model that predicts what makes its table: given the model and the file, or None."""


def predict(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    data: Annotated[
        Path | None, typer.Argument(help="File of the kind the model was trained on.", show_default="none")
    ] = None,
    future: Annotated[
        Path | None,
        typer.Option(help="File with the known covariates of the steps to forecast.", show_default="none"),
    ] = None,
    output: TableOption = None,
    beam_size: Annotated[
        int | None, typer.Option(help="Of a translator: hypotheses kept of each text.", show_default="4")
    ] = None,
    n_best: Annotated[
        int | None, typer.Option(help="Of a translator: most translations of each text.", show_default="1")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Predict for each row of DATA.

    A forecaster goes on from its training data where DATA is left out; a translator then reads standard
    input, and writes line by line. Of a table of pairs, as its first line shows, it reads the sources.
    """
    check_table(output, as_json)
    loaded = load(model)
    if type(loaded) not in _PREDICT:
        raise ArgumentError(
            f"{str(model)!r} holds a {type(loaded).__name__}, which does not predict rows; expected "
            f"{' or '.join(kind.__name__ for kind in _PREDICT)}."
        )
    if future is not None and not isinstance(loaded, Forecaster):
        raise ArgumentError(f"--future={str(future)!r}, but a {type(loaded).__name__} forecasts nothing.")
    options: dict[str, Any] = {"future": future, "beam_size": beam_size, "n_best": n_best}
    options = {name: value for name, value in options.items() if value is not None}
    for name in ("beam_size", "n_best"):
        if name in options and not isinstance(loaded, Translator):
            option = name.replace("_", "-")
            raise ArgumentError(f"--{option}={options[name]}, but a {type(loaded).__name__} has no beam.")
    if isinstance(loaded, Translator) and output is None:
        translate.stream(loaded, data, as_json=as_json, **options)
        return
    if isinstance(loaded, Forecaster) and output is not None and is_parquet(output):
        options["typed"] = True
    write_table(_PREDICT[type(loaded)](loaded, data, **options), output, as_json)
