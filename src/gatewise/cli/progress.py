"""Training progress on the command line: a bar on a terminal, plain lines in a pipe, JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gatewise.cli.console import print_json
from gatewise.errors import OutputError
from gatewise.training import (
    CrossFitting,
    Ended,
    Event,
    Listener,
    PlainProgress,
    Started,
    Stepped,
    Validated,
    clock,
)

__all__ = ["listener"]


@contextmanager
def listener(as_json: bool) -> Iterator[Listener]:
    """The listener that fits where the output goes; it leaves the terminal as it was, whatever happens."""
    if as_json:
        yield _tell_json
    elif sys.stderr.isatty():
        bar = BarProgress()
        try:
            yield bar
        finally:
            bar.close()
    else:
        yield PlainProgress()


def _tell_json(event: Event) -> None:
    # A reader that has gone must not end training.
    with suppress(OutputError, typer.Exit):
        if not isinstance(event, Stepped):
            print_json(event.as_dict())


class BarProgress:
    """A bar on standard error, with a line above it for each validation."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps  loss {task.fields[loss]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=self._console,
            transient=True,
        )

    def __call__(self, event: Event) -> None:
        """Tell one event."""
        match event:
            case Started():
                self._task = self._bar.add_task("", total=event.total_steps, completed=event.step, loss="-")
                self._bar.start()
                gone = f", going on after step {event.step:,}" if event.step else ""
                self._console.print(f"training {event.parameters:,} parameters{gone}; Ctrl-C ends it cleanly")
            case Stepped():
                self._bar.update(self._task, completed=event.step, loss=f"{event.loss:.4f}")
            case Validated():
                mark = "" if event.improved else "  [dim]not better[/dim]"
                self._console.print(
                    f"epoch {event.epoch:>3}  training loss {event.train_loss:.4f}  "
                    f"validation loss [bold]{event.loss:.4f}[/bold]  {clock(event.seconds)}{mark}"
                )
            case Ended():
                self._bar.stop()
                best = "" if event.best_loss is None else f", best validation loss {event.best_loss:.4f}"
                self._console.print(
                    f"ended ({event.reason}) after step {event.step:,}{best}  {clock(event.seconds)}"
                )
            case CrossFitting():
                self._console.print(f"intervals: network {event.number} of {event.parts}")
            case _:
                pass

    def close(self) -> None:
        """Leave the terminal as it was, whatever happened."""
        self._bar.stop()
