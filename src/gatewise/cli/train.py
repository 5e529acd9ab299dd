"""``gatewise train``: learn from a file, write a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli.console import JsonOption, print_json, say
from gatewise.cli.progress import listener
from gatewise.errors import ArgumentError, TrainingError
from gatewise.storage import check_suffix, check_writable
from gatewise.tasks import LanguageModel
from gatewise.training import checkpoint_path

__all__ = ["app"]

app = typer.Typer(help="Train a model.", no_args_is_help=True, rich_markup_mode=None)

_DEFAULTS = LanguageModel().get_params()


@app.callback()
def _train() -> None:
    """Train a model."""


@app.command("text")
def text(
    data: Annotated[Path, typer.Argument(help="UTF-8 text file to learn.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Model file to write, .safetensors.")],
    validation: Annotated[
        Path | None, typer.Option(help="Text file to measure on, instead of the last part of DATA.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint beside the model.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start anew although an unfinished run left a checkpoint.")
    ] = False,
    as_json: JsonOption = False,
    level: Annotated[str, typer.Option(help="Tokens: char, word or bpe.")] = _DEFAULTS["level"],
    hidden_size: Annotated[int, typer.Option(help="Units of each layer.")] = _DEFAULTS["hidden_size"],
    num_layers: Annotated[int, typer.Option(help="Layers.")] = _DEFAULTS["num_layers"],
    embedding_size: Annotated[int, typer.Option(help="Width of the embedding.")] = _DEFAULTS[
        "embedding_size"
    ],
    cell: Annotated[str, typer.Option(help="lstm or rnn.")] = _DEFAULTS["cell"],
    vocab_size: Annotated[
        int | None, typer.Option(help="Most symbols to keep.", show_default="all; 2048 for bpe")
    ] = _DEFAULTS["vocab_size"],
    dropout: Annotated[float, typer.Option(help="Dropout rate.")] = _DEFAULTS["dropout"],
    window: Annotated[int, typer.Option(help="Steps through which gradients flow.")] = _DEFAULTS["window"],
    batch_size: Annotated[int, typer.Option(help="Places of the text read side by side.")] = _DEFAULTS[
        "batch_size"
    ],
    reset_rate: Annotated[
        float, typer.Option(help="How often a place begins a window with a state of zeros.")
    ] = _DEFAULTS["reset_rate"],
    epochs: Annotated[int, typer.Option(help="Passes over the text.")] = _DEFAULTS["epochs"],
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate.")] = _DEFAULTS["learning_rate"],
    schedule: Annotated[
        str, typer.Option(help="Learning rate: constant, linear, cosine or exponential.")
    ] = _DEFAULTS["schedule"],
    weight_decay: Annotated[float, typer.Option(help="Decoupled weight decay.")] = _DEFAULTS["weight_decay"],
    clip_norm: Annotated[float, typer.Option(help="Largest gradient norm.")] = _DEFAULTS["clip_norm"],
    validation_fraction: Annotated[
        float, typer.Option(help="Last part of DATA that is kept to measure on.")
    ] = _DEFAULTS["validation_fraction"],
    patience: Annotated[
        int | None,
        typer.Option(help="Stop after so many validations without improvement.", show_default="never"),
    ] = _DEFAULTS["patience"],
    seed: Annotated[int, typer.Option(help="Seed of weights and dropout.")] = _DEFAULTS["seed"],
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds after which training ends.", show_default="none")
    ] = _DEFAULTS["time_limit"],
) -> None:
    """Learn a text.

    A checkpoint is kept beside the model while training runs; --resume goes on from it to the very bits
    of a run without a stop.
    """
    values: dict[str, Any] = locals()
    model = LanguageModel(**{name: values[name] for name in _DEFAULTS if name != "progress"}, progress=False)
    checkpoint = checkpoint_path(check_suffix(output))
    check_writable(output)
    if checkpoint.exists() and not (resume or restart):
        raise ArgumentError(
            f"an unfinished run left the checkpoint {str(checkpoint)!r}: go on from it with --resume, "
            "or start anew with --restart."
        )
    try:
        with listener(as_json) as tell:
            model.fit(data, validation=validation, checkpoint=checkpoint, resume=resume, listeners=[tell])
    except TrainingError as error:
        if not model.history_:
            raise TrainingError(f"{error} No model was written.") from error
        model.save(output)
        raise TrainingError(f"{error} {str(output)!r} has the best weights so far.") from error
    model.save(output)
    complete = model.stopped_by_ in ("finished", "early stopping")
    if complete:  # and not before: had the model not been written, its checkpoint would still have it all
        checkpoint.unlink(missing_ok=True)
    if as_json:
        print_json({"event": "saved", "path": str(output), "stopped_by": model.stopped_by_})
        return
    say(f"saved {output} ({output.stat().st_size / 1e6:.1f} MB); let it write: gatewise generate {output}")
    if not complete:
        say("training is not complete; go on with the same command and --resume")
