"""``gatewise evaluate``: measure a model on data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli import classify, forecast, tag, text, translate
from gatewise.cli.columns import (
    IdOption,
    KeepOption,
    LabelOption,
    NoHeaderOption,
    SourceOption,
    TargetOption,
    TextOption,
    of_columns,
    sequence_columns,
)
from gatewise.cli.console import JsonOption, note, print_json, say
from gatewise.cli.hyperparameters import with_options_of
from gatewise.cli.models import check_kind
from gatewise.cli.wording import worded
from gatewise.tasks import (
    DynamicEvaluation,
    Estimator,
    Forecaster,
    LanguageModel,
    NeuralCache,
    SequenceClassifier,
    SequenceTagger,
    Translator,
    load,
)

__all__ = ["evaluate"]


_EVALUATE: dict[type[Estimator], Callable[..., tuple[dict[str, Any], list[str]]]] = {
    Forecaster: forecast.evaluate,
    LanguageModel: text.evaluate,
    SequenceClassifier: classify.evaluate,
    SequenceTagger: tag.evaluate,
    Translator: translate.evaluate,
}
"""For each kind of model what measures it: given the model and the file, the result and its lines."""


@with_options_of(DynamicEvaluation, prefix="dynamic_", about="With --dynamic: ")
@with_options_of(NeuralCache, prefix="cache_", about="With --cache: ")
@with_options_of(Translator.translate, names=translate.SEARCH, about="Of a translator: ")
def evaluate(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    data: Annotated[Path, typer.Argument(help="File to measure on, of the kind the model was trained on.")],
    target: Annotated[
        Path | None,
        typer.Argument(
            help="Of a translator: the targets, where DATA has sources only.", show_default="none"
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Of a language model: places of the text read side by side; 1 is exact.", show_default="1"
        ),
    ] = None,
    dynamic: Annotated[
        bool,
        typer.Option(
            "--dynamic", help="Of a language model: let a copy go on learning from what it has read."
        ),
    ] = False,
    cache: Annotated[
        bool,
        typer.Option("--cache", help="Of a language model: let words come again that came a while ago."),
    ] = False,
    beam_size: Annotated[
        int | None, typer.Option(help="Of a translator: hypotheses kept of each text.", show_default="4")
    ] = None,
    target_language: Annotated[
        str | None,
        typer.Option(
            help="Of a translator: code of the targets' language, as zh or ja, by which BLEU finds words.",
            show_default="one with spaces between words",
        ),
    ] = None,
    text_column: TextOption = None,
    label_column: LabelOption = None,
    id_column: IdOption = None,
    keep: KeepOption = None,
    source_column: SourceOption = None,
    target_column: TargetOption = None,
    no_header: NoHeaderOption = False,
    as_json: JsonOption = False,
    **values: Any,
) -> None:
    """Measure a model on data.

    A value of --dynamic or --cache asks for it by itself.
    """
    loaded = load(model)
    if target is not None:
        check_kind(f"TARGET={str(target)!r}", (Translator,), loaded, model)
    options: dict[str, Any] = {} if target is None else {"target": target}
    asked: list[tuple[str, Any, type[Estimator]]] = [
        ("batch_size", batch_size, LanguageModel),
        ("dynamic", dynamic, LanguageModel),
        ("cache", cache, LanguageModel),
        ("beam_size", beam_size, Translator),
        ("target_language", target_language, Translator),
        *((n, v, Translator if n in translate.SEARCH else LanguageModel) for n, v in values.items()),
    ]
    for name, given, of in asked:
        if given is None or (given is False and name in ("dynamic", "cache")):
            continue
        check_kind(f"{name}={given!r}", (of,), loaded, model)
        options[name] = given
    options |= of_columns(
        loaded,
        model,
        sequence_columns(text_column, label_column, id_column, keep, no_header),
        source_column,
        target_column,
    )
    result, lines = _EVALUATE[type(loaded)](loaded, data, **options)
    if "notes" in result:
        result["notes"] = [worded(note) for note in result["notes"]]
    if as_json:
        print_json(result)
        return
    for line in lines:
        say(line)
    if not isinstance(loaded, Forecaster):  # its verdict has them
        for each in result.get("notes", ()):
            note(each)
