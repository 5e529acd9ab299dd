"""What the commands print, and how they fail."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gatewise.errors import OutputError

__all__ = ["JsonOption", "fail", "note", "print_json", "printable", "say", "write"]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


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
    """A result on one line of JSON, in ASCII, which every encoding of standard output can write."""
    say(json.dumps(value))


def note(message: str) -> None:
    """A note beside the result, on standard error."""
    print(f"note: {message}", file=sys.stderr, flush=True)


def fail(message: str) -> None:
    """One line on standard error."""
    print(f"gatewise: error: {' '.join(message.split())}", file=sys.stderr, flush=True)
