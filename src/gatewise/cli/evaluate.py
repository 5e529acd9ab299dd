"""``gatewise evaluate``: measure a model on data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatewise.cli.console import JsonOption, print_json, say
from gatewise.cli.models import load_language_model

__all__ = ["evaluate"]


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    data: Annotated[Path, typer.Argument(help="UTF-8 text file to measure on.")],
    batch_size: Annotated[
        int, typer.Option(help="Places of the text read side by side: 1 is exact, more is faster.")
    ] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure a language model on a text."""
    result = load_language_model(model).evaluate(data, batch_size=batch_size)
    if as_json:
        print_json(result)
        return
    say(f"loss           {result['loss']:.4f} nats a token")
    say(f"perplexity     {result['perplexity']:.3f}")
    say(f"bits per char  {result['bits_per_char']:.4f}")
    say(f"tokens         {result['tokens']:,}, {result['unknown']:,} of them unknown to the model")
