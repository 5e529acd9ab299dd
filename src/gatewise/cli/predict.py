"""``gatewise predict``: a model's answers for the rows of a file, as a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli import classify, forecast, tag, translate
from gatewise.cli.columns import (
    IdOption,
    KeepOption,
    LabelOption,
    NoHeaderOption,
    SourceOption,
    TextOption,
    of_columns,
    sequence_columns,
)
from gatewise.cli.console import JsonOption, say, write
from gatewise.data.frames import file_content, is_parquet
from gatewise.errors import ArgumentError
from gatewise.storage import check_writable, write_bytes
from gatewise.tasks import Estimator, Forecaster, SequenceClassifier, SequenceTagger, Translator, load

__all__ = ["predict"]

Columns = Mapping[str, Sequence[Any]]
"""A table: plain Python values by column, all columns of one length."""

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
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV or Parquet file to write, instead of standard output."),
    ] = None,
    beam_size: Annotated[
        int | None, typer.Option(help="Of a translator: hypotheses kept of each text.", show_default="4")
    ] = None,
    n_best: Annotated[
        int | None, typer.Option(help="Of a translator: most translations of each text.", show_default="1")
    ] = None,
    text: TextOption = None,
    label: LabelOption = None,
    id_column: IdOption = None,
    keep: KeepOption = None,
    source_column: SourceOption = None,
    no_header: NoHeaderOption = False,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            help="Of a classifier: the least probability of a label; a prediction below it has an empty one.",
            show_default="none",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Predict for each row of DATA.

    A forecaster goes on from its training data where DATA is left out; a translator then reads standard
    input, and writes line by line. Of a table of pairs, as its first line shows, it reads the sources.
    """
    if output is not None:
        endings = (".json", ".jsonl") if as_json else (".csv", ".parquet", ".pq")
        if output.suffix.lower() not in endings:
            raise ArgumentError(
                f"--output={str(output)!r}; expected a name that ends in {' or '.join(endings)}."
            )
        check_writable(output)
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
    options |= of_columns(
        loaded,
        sequence_columns(text, label, id_column, keep, no_header),
        source_column,
    )
    if min_confidence is not None:
        if not isinstance(loaded, SequenceClassifier):
            raise ArgumentError(f"--min-confidence is for a classifier, not a {type(loaded).__name__}.")
        options["min_confidence"] = min_confidence
    if isinstance(loaded, Translator) and output is None and not translate.is_table(data, **options):
        translate.stream(loaded, data, as_json=as_json, **options)
        return
    if isinstance(loaded, Forecaster) and output is not None and is_parquet(output):
        options["typed"] = True
    table = _PREDICT[type(loaded)](loaded, data, **options)
    if as_json:
        rows = zip(*table.values(), strict=True)
        content = "".join(json.dumps(dict(zip(table, row, strict=True))) + "\n" for row in rows).encode()
    else:
        content = file_content(table, output or "")
    if output is None:
        write(content.decode("utf-8"))
    else:
        write_bytes(output, content)
        say(f"wrote {len(next(iter(table.values()))):,} rows to {output}")
