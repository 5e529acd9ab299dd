"""Training progress on the command line: a bar on a terminal, plain lines in a pipe, JSON for machines."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gatewise.cli.console import print_json
from gatewise.training import Ended, Event, Listener, PlainProgress, Started, Stepped, Validated, clock

__all__ = ["listener"]


def listener(as_json: bool) -> Listener:
    """The listener that fits where the output goes."""
    if as_json:
        return _tell_json
    return BarProgress() if sys.stderr.isatty() else PlainProgress()


def _tell_json(event: Event) -> None:
    if not isinstance(event, Stepped):
        print_json(event.as_dict())


class BarProgress:
    """A bar on standard error, with a line above it for each validation."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=self._console,
            transient=True,
        )

    def __call__(self, event: Event) -> None:
        """Tell one event."""
        match event:
            case Started():
                self._task = self._bar.add_task(
                    "", total=event.total_steps, completed=event.step, loss=float("nan")
                )
                self._bar.start()
                self._console.print(f"training {event.parameters:,} parameters; Ctrl-C ends it cleanly")
            case Stepped():
                self._bar.update(self._task, completed=event.step, loss=event.loss)
            case Validated():
                mark = "" if event.improved else "  [dim]not better[/dim]"
                self._console.print(
                    f"epoch {event.epoch:>3}  training loss {event.train_loss:.4f}  "
                    f"validation loss [bold]{event.loss:.4f}[/bold]  {clock(event.seconds)}{mark}"
                )
            case Ended():
                self._bar.stop()
                self._console.print(f"ended: {event.reason}, {clock(event.seconds)}")
            case _:
                pass

    def close(self) -> None:
        """Leave the terminal as it was, whatever happened."""
        self._bar.stop()
