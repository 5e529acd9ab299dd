"""What commands read where no file is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from gatewise.data.lines import decoded_lines
from gatewise.errors import DataError

__all__ = ["DASH", "STANDARD_INPUT", "standard_input_lines"]

DASH = Path("-")
"""Said of a file to mean standard input."""

STANDARD_INPUT = "standard input"
"""What it is called in messages."""


def standard_input_lines() -> Iterator[tuple[int, str]]:
    """The lines of standard input, without their ends, numbered from 1; each as soon as it is there.

    Raises:
        DataError: it is closed, cannot be read, is binary or not UTF-8.
    """
    if sys.stdin is None:  # as Python has it where it is closed
        raise DataError(f"{STANDARD_INPUT} is closed; expected a text on each line, or a file as DATA.")
    try:
        yield from decoded_lines(sys.stdin.buffer, STANDARD_INPUT)
    except OSError as error:
        raise DataError(f"{STANDARD_INPUT} cannot be read: {error.strerror or error}.") from error
