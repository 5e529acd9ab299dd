"""``gatewise evaluate``: measure a model on data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli import classify, forecast, tag, text
from gatewise.cli.console import JsonOption, print_json, say
from gatewise.tasks import Estimator, Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, load

__all__ = ["evaluate"]

_EVALUATE: dict[type[Estimator], Callable[..., tuple[dict[str, Any], list[str]]]] = {
    Forecaster: forecast.evaluate,
    LanguageModel: text.evaluate,
    SequenceClassifier: classify.evaluate,
    SequenceTagger: tag.evaluate,
}
"""For each kind of model what measures it: given model, file and batch size, the result and its lines."""


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    data: Annotated[Path, typer.Argument(help="File to measure on, of the kind the model was trained on.")],
    batch_size: Annotated[
        int,
        typer.Option(help="Sequences at a time. For a text, places read side by side: 1 is exact."),
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure a model on data."""
    loaded = load(model)
    result, lines = _EVALUATE[type(loaded)](loaded, data, batch_size=batch_size)
    if as_json:
        print_json(result)
        return
    for line in lines:
        say(line)
