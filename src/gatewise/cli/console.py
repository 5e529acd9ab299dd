"""What the commands print, and how they fail."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any

import typer

from gatewise.cli.wording import worded
from gatewise.errors import CheckpointWarning, GatewiseError, OutputError
from gatewise.storage import json_text

__all__ = [
    "InterruptionError",
    "JsonOption",
    "aside",
    "fail",
    "figure",
    "json_line",
    "note",
    "print_json",
    "printable",
    "say",
    "telling_of_checkpoints",
    "write",
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


class InterruptionError(GatewiseError):
    """Ctrl-C has ended a command that has kept something all the same; the message says what."""


_UNPRINTABLE = "·"


def printable(text: str, signs: Mapping[str, str]) -> str:
    """A text without what steers a terminal.

    Args:
        text: from a user or a file.
        signs: what to show for some symbols; others that cannot be printed become a dot.
    """
    return "".join(each if each.isprintable() else signs.get(each, _UNPRINTABLE) for each in text)


def write(text: str) -> None:
    """Put text on standard output at once.

    Raises:
        typer.Exit: the reader has had enough, as ``head`` has after ten lines; that is no error.
        OutputError: it cannot be written.
    """
    try:
        text.encode(_encoding())
    except UnicodeEncodeError:
        _note_missing_letters(_encoding())
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer would be tried again, and fail again, when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(0) from None
        raise OutputError(f"cannot write to standard output: {error.strerror}.") from error


def say(text: str = "") -> None:
    """A line of the result, on standard output."""
    write(text + "\n")


def print_json(value: Mapping[str, Any]) -> None:
    """A result, a row or an event as one object of JSON, on a line of its own."""
    write(json_line(value))


def json_line(value: Mapping[str, Any]) -> str:
    """An object as a line of JSON that standard output can write."""
    return json_text(value, _encoding()) + "\n"


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


@cache
def _note_missing_letters(encoding: str) -> None:
    """Once: what has been told need not be told with each line."""
    note(
        f"standard output is in {encoding}, which lacks some of these letters: they are written as numbers, "
        r"as in \u20ac. Set PYTHONIOENCODING=utf-8, or have a file written with --output where there is one."
    )


def aside(text: str) -> None:
    """Lines beside the result, on standard error."""
    print(text, file=sys.stderr, flush=True)


def figure(value: float | None, form: str) -> str:
    """A number in a form, or that there is none."""
    return "none" if value is None else format(value, form)


def note(message: str) -> None:
    """A note beside the result, on standard error."""
    print(f"note: {worded(message)}", file=sys.stderr, flush=True)


def fail(message: str) -> None:
    """One line on standard error, that ends sentences once."""
    line = re.sub(r"(?<=[^\s./])\.\.(?=\s|$)", ".", " ".join(message.split()))
    print(f"gatewise: error: {line}", file=sys.stderr, flush=True)


@contextmanager
def telling_of_checkpoints() -> Iterator[None]:
    """Show each ``CheckpointWarning`` as one line on standard error; other warnings go their way.

    Python's way to show warnings is one for the whole process, as a command has it to itself.
    """
    show = warnings.showwarning

    def tell(message: Warning | str, category: type[Warning], *rest: Any, **options: Any) -> None:
        if issubclass(category, CheckpointWarning):
            print(f"gatewise: warning: {' '.join(worded(str(message)).split())}", file=sys.stderr, flush=True)
        else:
            show(message, category, *rest, **options)

    with warnings.catch_warnings():
        warnings.simplefilter("always", CheckpointWarning)
        warnings.showwarning = tell
        yield
