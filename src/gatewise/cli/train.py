"""``gatewise train``: what the trainings of all tasks have in common; each task has its own file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from gatewise.cli.console import InterruptionError, note, print_json, say
from gatewise.cli.progress import listener
from gatewise.cli.wording import worded
from gatewise.errors import ArgumentError, OutputError, TrainingError
from gatewise.magnify import Snapshots, snapshots_path
from gatewise.storage import check_suffix, check_writable
from gatewise.tasks import Estimator, Forecaster
from gatewise.training import Event, Listener, checkpoint_path, mark_ended, was_ended

__all__ = [
    "SAMPLE_STEPS",
    "InitOption",
    "MagnifyOption",
    "OutputOption",
    "RestartOption",
    "ResumeOption",
    "run_training",
    "sample_text",
]

SAMPLE_STEPS = 80
"""Most steps of the sequence that snapshots look at."""

OutputOption: TypeAlias = Annotated[
    Path, typer.Option("--output", "-o", help="Model file to write, .safetensors.")
]
ResumeOption: TypeAlias = Annotated[
    bool, typer.Option("--resume", help="Go on from the checkpoint beside the model.")
]
RestartOption: TypeAlias = Annotated[
    bool, typer.Option("--restart", help="Start anew although an unfinished run left a checkpoint.")
]
InitOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--init",
        help="Model file whose weights to begin with, of the same sizes; what it did not know is added.",
        show_default="none",
    ),
]
MagnifyOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--magnify",
        metavar="every=N",
        help="Every N updates, look into the network at a short sample of DATA; see it with gatewise magnify "
        "MODEL --training -o report.html.",
        show_default="none",
    ),
]


def run_training(
    model: Estimator,
    fit: Callable[[Path, Listener], object],
    output: Path,
    *,
    resume: bool,
    restart: bool,
    as_json: bool,
    next_step: str,
    magnify: str | None,
    sample: Callable[[], Any],
    report: Callable[[], None] = lambda: None,
) -> None:
    """Train with a checkpoint beside the model, save the model, and say what came out.

    Args:
        model: the estimator that ``fit`` trains.
        fit: trains it, given the checkpoint's path and a listener.
        output: where the model goes.
        resume: go on from the checkpoint.
        restart: start anew although there is one.
        as_json: print JSON.
        next_step: a command to try on the model.
        magnify: "every=N", to keep snapshots beside the model.
        sample: the sequence that these are to look at.
        report: tells what more there is to tell of the trained model.

    Raises:
        InterruptionError: Ctrl-C has ended training; all is written and told.
        ArgumentError: there is the checkpoint of a run that was cut off, and the user did not say what to do
            with it, or both; or there is none to go on from.
        TrainingError: training diverged; the best weights are saved if there are any.
    """
    checkpoint = checkpoint_path(check_suffix(output))
    check_writable(output)
    if resume and restart:
        raise ArgumentError(
            "--resume goes on from the checkpoint, --restart begins anew; expected one of them."
        )
    if resume and not checkpoint.exists():
        raise ArgumentError(
            f"--resume, but no unfinished run left a checkpoint {str(checkpoint)!r}; leave the option out to "
            "begin one."
        )
    ended = was_ended(checkpoint) if checkpoint.exists() and not (resume or restart) else None
    if ended is not None:
        note(
            f"the {ended} ended the run of {str(checkpoint)!r}, which will be replaced, for want of --resume"
        )
    elif checkpoint.exists() and not (resume or restart):
        raise ArgumentError(
            f"an unfinished run left the checkpoint {str(checkpoint)!r}: go on from it with --resume, "
            "or start anew with --restart, if you like with the weights of a model: --init FILE."
        )
    listeners: list[Listener] = []
    if magnify is not None:
        listeners.append(Snapshots(model, sample(), snapshots_path(output), _every(magnify)))
    try:
        with listener(as_json) as tell:
            listeners.append(tell)
            fit(checkpoint, _all_of(listeners))
    except TrainingError as error:
        if not getattr(model, "history_", None):
            raise TrainingError(f"{error} No model was written.") from error
        model.save(output)
        raise TrainingError(f"{error} {str(output)!r} has the best weights so far.") from error
    model.save(output)
    # Not before: had the model not been written, its checkpoint would still have it all.
    if model.stopped_by_ in ("finished", "early stopping"):
        checkpoint.unlink(missing_ok=True)
    elif model.stopped_by_ == "time limit":
        mark_ended(checkpoint, model.stopped_by_)
    try:
        _tell_saved(model, output, as_json, next_step, magnify)
        report()
    except (OutputError, typer.Exit):  # Ctrl-C has ended what reads in the pipe, too
        if model.stopped_by_ != "interrupted":
            raise
    # Another code than that of a complete training: what follows in a script must not take it for one.
    if model.stopped_by_ == "interrupted":
        raise InterruptionError(
            f"interrupted: training is not complete. {str(output)!r} has the best weights so far and can be "
            "used; go on with the same command and --resume."
        )
    if model.stopped_by_ == "time limit" and not as_json:
        say(
            "the time limit ended training; go on with the same command and --resume, or later, on other "
            f"data, with --init {output}"
        )


def _tell_saved(model: Estimator, output: Path, as_json: bool, next_step: str, magnify: str | None) -> None:
    """Say where the model is, what was noticed in its data, and how it compares with baselines."""
    # A forecaster's notes come with its verdict.
    notes = [] if isinstance(model, Forecaster) else [worded(note) for note in model.notes_]
    verdict = None if isinstance(model, Forecaster) else model.verdict_
    if as_json and verdict is not None:
        print_json({"event": "verdict", **verdict.as_dict()})
    if as_json and notes:
        print_json({"event": "notes", "notes": notes})
    if as_json:
        print_json({"event": "saved", "path": str(output), "stopped_by": model.stopped_by_})
        return
    say(f"saved {output} ({output.stat().st_size / 1e6:.1f} MB); {next_step}")
    for each in notes:
        say(f"note: {each}")
    if magnify is not None:
        say(f"see how it came to remember: gatewise magnify {output} --training -o training.html")
    if verdict is not None:
        say(str(verdict))


def sample_text(text: str, level: str) -> str:
    """The beginning of a text, for snapshots to look at: 80 characters, or 80 words."""
    if level == "char":
        return text[:SAMPLE_STEPS]
    words = re.match(rf"(?:\s*\S+){{0,{SAMPLE_STEPS}}}", text)
    return words[0] if words else text


def _every(option: str) -> int:
    """N of ``--magnify every=N``."""
    match = re.fullmatch(r"every=([1-9][0-9]{0,8})", option)
    if match is None:
        raise ArgumentError(f"--magnify={option!r}; expected every=N, N updates from one look to the next.")
    return int(match[1])


def _all_of(listeners: list[Listener]) -> Listener:
    """One listener that passes each event on."""

    def tell(event: Event) -> None:
        for each in listeners:
            each(event)

    return tell
