"""``gatewise generate``: let a language model write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gatewise.cli.console import JsonOption, print_json, say, write
from gatewise.cli.models import load_language_model

__all__ = ["generate"]


def generate(
    model: Annotated[Path, typer.Argument(help="Model file of a language model.")],
    prompt: Annotated[str, typer.Option(help="How the text begins.")] = "",
    max_tokens: Annotated[int, typer.Option(help="Tokens to write.")] = 400,
    temperature: Annotated[
        float, typer.Option(help="Below 1 bolder, above 1 more even, 0 the likeliest.")
    ] = 0.8,
    top_k: Annotated[
        int | None, typer.Option(help="Only the k likeliest tokens.", show_default="all")
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(help="Only the likeliest tokens that make up this probability.", show_default="all"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write on from a prompt, as the text comes."""
    pieces = load_language_model(model).generate_stream(
        prompt, max_tokens=max_tokens, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed
    )
    if as_json:
        print_json({"prompt": prompt, "text": prompt + "".join(pieces)})
        return
    write(prompt)
    for piece in pieces:
        write(piece)
    say()
