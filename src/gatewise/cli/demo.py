"""``gatewise demo``: learn a real text that every Python carries, and write more of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from gatewise.cli.console import InterruptionError, JsonOption, print_json, say
from gatewise.cli.magnify import colored
from gatewise.cli.progress import listener
from gatewise.data import TextSource, tokenize
from gatewise.errors import DataError
from gatewise.lab import NGram
from gatewise.magnify import Magnification, Meaning, index_units, meanings
from gatewise.magnify import magnify as look_into
from gatewise.storage import check_suffix, check_writable
from gatewise.tasks import LanguageModel

__all__ = ["demo"]

_VALIDATION_FRACTION = 0.1
_PROMPT = "The "
_FOLLOWED = 50_000
"""Characters of the held-out part over which units are compared with features of the text."""


def demo(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Keep the model in this .safetensors file.")
    ] = None,
    hidden_size: Annotated[int, typer.Option(help="Units of each layer.")] = 128,
    epochs: Annotated[int, typer.Option(help="Passes over the text.")] = 12,
    time_limit: Annotated[float, typer.Option(help="Seconds after which training ends.")] = 110.0,
    seed: Annotated[int, typer.Option(help="Seed of weights, dropout and sample.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Train, evaluate, generate and magnify on the documentation of Python, in about two minutes."""
    if output is not None:
        check_writable(check_suffix(output))
    text = _python_documentation()
    cut = round(len(text) * (1 - _VALIDATION_FRACTION))
    training, validation = text[:cut], text[cut:]
    if not as_json:
        say(f"learning {len(training):,} characters of Python's own documentation,")
        say(f"measuring on the {len(validation):,} that follow")
    model = LanguageModel(
        hidden_size=hidden_size, epochs=epochs, dropout=0.1, time_limit=time_limit, seed=seed, progress=False
    )
    with listener(as_json) as tell:
        model.fit(training, validation=validation, listeners=[tell])
    if output is not None:
        model.save(output)
    if model.stopped_by_ == "interrupted":
        kept = "" if output is None else f"; {str(output)!r} has the best weights so far and can be used"
        raise InterruptionError(f"interrupted: training is not complete{kept}.")

    losses = {"LSTM": model.evaluate(validation)["loss"], **_baselines(model, training, validation)}
    sample = model.generate(_PROMPT, max_tokens=400, temperature=0.6, seed=seed)
    inside, followed = look_into(model, sample), meanings(index_units(model, validation[:_FOLLOWED]))
    if as_json:
        print_json({"event": "demo", "loss": losses, "sample": sample})
        return
    say(f"\n--- what it writes after {_PROMPT!r} ---\n{sample}\n---")
    say("\nloss on the part it has not seen, in nats a character (lower is better):")
    for name, loss in sorted(losses.items(), key=lambda item: item[1]):
        say(f"  {name:<8} {loss:.3f}")
    if losses["LSTM"] > losses["trigram"]:
        say("The trigram model is better: the LSTM had too little time. Give it more --time-limit.")
    say("\n--- what it does while it reads that again ---")
    say(inside.summary())
    if followed:
        _show(inside, followed[0])
    say("\nNext, a text of your own:  gatewise train text YOUR.txt -o model.safetensors")
    say("let it write:              gatewise generate model.safetensors --prompt 'Once '")
    say("and look inside:           gatewise magnify model.safetensors --text 'Once upon a time'")


def _show(inside: Magnification, best: Meaning) -> None:
    """Say what the unit that means most stands for, and on a terminal colour the text by it."""
    view = inside.layer()
    say(
        f"unit {best.unit} of {view.name} goes with {best.feature!r}: correlation {best.held_out:.2f} "
        "on text held out"
    )
    console = Console(highlight=False, soft_wrap=True)
    if console.is_terminal:
        say("the text by what that unit holds, blue below 0 and orange above:")
        console.print(colored(inside, view, best.unit))


def _python_documentation() -> str:
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise DataError(
            "this Python comes without pydoc_data.topics, the text the demo learns; learn a file instead: "
            "gatewise train text YOUR.txt -o model.safetensors"
        ) from None
    return "\n".join(topics.values())


def _baselines(model: LanguageModel, training: str, validation: str) -> dict[str, float]:
    """Losses of n-gram models with the same tokens."""
    size = model.tokenizer_.vocabulary_size
    seen, unseen = (
        tokenize(TextSource(text), model.tokenizer_).tokens.astype(np.int64)
        for text in (training, validation)
    )
    return {name: NGram(seen, order, size).loss(unseen) for name, order in (("unigram", 1), ("trigram", 3))}
