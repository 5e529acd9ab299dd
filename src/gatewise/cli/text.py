"""Language models on the command line: training, and measuring on a text."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli.console import JsonOption, figure, note
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.train import (
    InitOption,
    MagnifyOption,
    OutputOption,
    RestartOption,
    ResumeOption,
    run_training,
    sample_text,
)
from gatewise.cli.wording import renamed
from gatewise.data import TextSource
from gatewise.data.file_kinds import file_kind
from gatewise.tasks import DynamicEvaluation, LanguageModel, NeuralCache
from gatewise.tasks.language.presets import PRESETS

__all__ = ["evaluate", "train"]


@with_hyperparameters(LanguageModel)
def train(
    data: Annotated[Path, typer.Argument(help="UTF-8 text file to learn.")],
    output: OutputOption,
    validation: Annotated[
        Path | None, typer.Option(help="Text file to measure on, instead of the last part of DATA.")
    ] = None,
    init: InitOption = None,
    resume: ResumeOption = False,
    restart: RestartOption = False,
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"A recipe: {', '.join(PRESETS)}; options that are given change it.",
            show_default="none",
        ),
    ] = None,
    magnify: MagnifyOption = None,
    as_json: JsonOption = False,
    *,
    context: typer.Context,
    **hyperparameters: Any,
) -> None:
    """Learn a text.

    A checkpoint is kept beside the model while training runs; --resume goes on from it to the very bits
    of a run without a stop.
    """
    if preset is None:
        model = LanguageModel(**hyperparameters, progress=False)
    else:
        given = {name: value for name, value in hyperparameters.items() if _is_given(context, name)}
        model = LanguageModel.from_preset(preset, **given, progress=False)
    TextSource(data)  # which refuses what cannot be learnt
    if kind := file_kind(data):
        note(f"{str(data)!r} is {kind.told}; it is learnt as it is written, with its marks.")
    run_training(
        model,
        lambda checkpoint, tell: model.fit(
            data, validation=validation, init=init, checkpoint=checkpoint, resume=resume, listeners=[tell]
        ),
        output,
        resume=resume,
        restart=restart,
        as_json=as_json,
        next_step=f"let it write: gatewise generate {output}",
        magnify=magnify,
        sample=lambda: sample_text(next(TextSource(data).chunks()), model.level),
    )


def _is_given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def evaluate(
    model: LanguageModel,
    data: Path,
    *,
    batch_size: int = 1,
    dynamic: bool = False,
    cache: bool = False,
    **values: Any,
) -> tuple[dict[str, Any], list[str]]:
    """The measurements for machines, and the same as lines for people.

    Args:
        model: the language model.
        data: text file to measure on.
        batch_size: places read side by side.
        dynamic: by dynamic evaluation.
        cache: with a neural cache.
        values: of either, by the names of their options: each asks for it.
    """
    kinds = (("dynamic_", DynamicEvaluation), ("cache_", NeuralCache))
    given = [{n.removeprefix(p): v for n, v in values.items() if n.startswith(p)} for p, _ in kinds]
    names = {field.name: prefix + field.name for prefix, kind in kinds for field in fields(kind)}
    with renamed(**names):
        result = model.evaluate(
            data,
            batch_size=batch_size,
            dynamic=DynamicEvaluation(**given[0]) if dynamic or given[0] else None,
            cache=NeuralCache(**given[1]) if cache or given[1] else None,
        )
    bits, unknown = result["bits_per_char"], result["unknown"]
    return result, [
        f"loss           {result['loss']:.4f} nats a token",
        f"perplexity     {figure(result['perplexity'], '.3f')}",
        f"bits per char  {'none, for some tokens are unknown' if bits is None else f'{bits:.4f}'}",
        f"tokens         {result['tokens']:,}, {unknown:,} of them unknown to the model",
    ]
