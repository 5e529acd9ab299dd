"""Progress as plain lines, for logs, pipes and notebooks."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO

from gatewise.training.events import CrossFitting, Ended, Event, Started, Stepped, Validated

__all__ = ["PlainProgress", "clock"]


class PlainProgress:
    """Writes a line at the start, at each validation, at the end, and every so often between them.

    Args:
        stream: where to; standard error where omitted.
        every: seconds between the lines in between.
    """

    def __init__(self, stream: TextIO | None = None, every: float = 10.0) -> None:
        self._stream = stream
        self._every = every
        self._total = 0
        self._told = 0.0

    def __call__(self, event: Event) -> None:
        """Tell one event."""
        line = self._line(event)
        if line is not None:
            # Looked up now, for notebooks exchange the stream. A reader that has gone must not end training.
            with contextlib.suppress(OSError):
                print(line, file=self._stream or sys.stderr, flush=True)

    def _line(self, event: Event) -> str | None:
        match event:
            case Started():
                self._total = event.total_steps
                gone = f", going on after step {event.step:,}" if event.step else ""
                return (
                    f"training {event.parameters:,} parameters for {event.epochs} epochs, "
                    f"{event.total_steps:,} steps{gone}"
                )
            case Stepped() if event.seconds - self._told >= self._every:
                self._told = event.seconds
                return f"step {event.step:,}/{self._total:,}  loss {event.loss:.4f}  {clock(event.seconds)}"
            case Validated():
                self._told = event.seconds
                mark = "" if event.improved else "  (not better)"
                return (
                    f"epoch {event.epoch}  step {event.step:,}/{self._total:,}  "
                    f"training loss {event.train_loss:.4f}  validation loss {event.loss:.4f}{mark}  "
                    f"{clock(event.seconds)}"
                )
            case Ended():
                best = "" if event.best_loss is None else f", best validation loss {event.best_loss:.4f}"
                return f"ended ({event.reason}) after step {event.step:,}{best}  {clock(event.seconds)}"
            case CrossFitting():
                return (
                    f"intervals: network {event.number} of {event.parts}, trained without the part that it "
                    "then forecasts"
                )
            case _:
                return None


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
