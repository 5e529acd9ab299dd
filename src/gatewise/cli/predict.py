"""``gatewise predict``: a model's answers for the rows of a file, as a table."""

from __future__ import annotations

from collections.abc import Callable
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
    of_columns,
    sequence_columns,
)
from gatewise.cli.console import JsonOption
from gatewise.cli.hyperparameters import with_options_of
from gatewise.cli.models import check_kind, kinds_told
from gatewise.cli.standard_input import DASH
from gatewise.cli.tables import Columns, TableOption, check_table, write_table
from gatewise.data.table_files import is_parquet
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


@with_options_of(Translator.translate, names=translate.SEARCH, about="Of a translator: ")
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
    text_column: Annotated[
        str | None,
        typer.Option(
            "--text",
            help="Of a table: column that holds texts. Of a tagger: sentences to tag, one a line, instead of "
            "DATA.",
            show_default="text",
        ),
    ] = None,
    label_column: LabelOption = None,
    id_column: IdOption = None,
    keep: KeepOption = None,
    source_column: SourceOption = None,
    no_header: NoHeaderOption = False,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            help="The least probability of a label or tag. What is less sure is left empty; a tag of a span "
            "becomes O, with its whole span.",
            show_default="none",
        ),
    ] = None,
    attention: Annotated[
        bool,
        typer.Option(
            "--attention",
            help="Of a translator: also tell which word of the source each word looked at most, as in 0-0 "
            "2-1; with --json how much at each.",
        ),
    ] = False,
    as_json: JsonOption = False,
    **search: Any,
) -> None:
    """Predict for each row of DATA.

    A forecaster goes on from its training data where DATA is left out; a translator then reads standard
    input, and writes line by line. Of a table of pairs, as its first line shows, it reads the sources. A
    tagger reads raw sentences from standard input, one a line, and says where each word stands in its line.
    DATA may be - for standard input where that is read.
    """
    check_table(output, as_json)
    loaded = load(model)
    if type(loaded) not in _PREDICT:
        raise ArgumentError(
            f"{str(model)!r} holds {kinds_told(type(loaded))}, which does not predict rows; expected "
            f"{kinds_told(*_PREDICT)}."
        )
    if future is not None:
        check_kind(f"future={str(future)!r}", (Forecaster,), loaded, model)
    search |= {"beam_size": beam_size, "n_best": n_best, "attention": attention or None}
    options = {name: value for name, value in {**search, "future": future}.items() if value is not None}
    for name in search:
        if name in options:
            check_kind(f"{name}={options[name]!r}", (Translator,), loaded, model)
    if text_column is not None:
        check_kind(f"text_column={text_column!r}", (SequenceClassifier, SequenceTagger), loaded, model)
    if isinstance(loaded, SequenceTagger):
        options |= {} if text_column is None else {"text": text_column}
        text_column = None
    named = sequence_columns(text_column, label_column, id_column, keep, no_header)
    options |= of_columns(loaded, model, named, source_column)
    if min_confidence is not None:
        kinds = (SequenceClassifier, SequenceTagger)
        check_kind(f"min_confidence={min_confidence!r}", kinds, loaded, model)
        options["min_confidence"] = min_confidence
    if data == DASH:
        check_kind("DATA -, which is standard input,", (SequenceTagger, Translator), loaded, model)
        data = None
    if isinstance(loaded, Translator) and output is None and not translate.is_table(data, **options):
        translate.stream(loaded, data, as_json=as_json, **options)
        return
    if isinstance(loaded, Forecaster) and output is not None and is_parquet(output):
        options["typed"] = True
    if attention:
        options["as_json"] = as_json
    write_table(_PREDICT[type(loaded)](loaded, data, **options), output, as_json)
