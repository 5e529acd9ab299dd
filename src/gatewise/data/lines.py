r"""The lines of a text file with their numbers, for readers whose errors name them.

A line ends at ``\n``, ``\r\n`` or ``\r``, and at nothing else: form feeds and the separators of Unicode, at
which ``str.splitlines`` ends one too, stand inside of texts.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from gatewise.data.file_kinds import binary_kind, open_unpacked, refuse_other_kinds
from gatewise.errors import DataError
from gatewise.storage import file_problem

__all__ = ["byte_lines", "decoded_lines", "numbered_lines", "without_end"]


def without_end(line: str) -> str:
    """A line less the one end that it may bring, as those that ``readlines`` gives do."""
    return line.removesuffix("\n").removesuffix("\r")


def byte_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of an open file, without their ends; each is handed on as soon as its newline is there."""
    for part in file:
        yield from part.removesuffix(b"\n").removesuffix(b"\r").split(b"\r")


def numbered_lines(
    path: str | Path, expected: str, takes: Collection[str] = ("words",)
) -> Iterator[tuple[int, str]]:
    """The lines of a file, without their ends, numbered from 1.

    Args:
        path: UTF-8, or that compressed by gzip.
        expected: what the file should be, for errors.
        takes: kinds of files beside plain text, as in ``refuse_other_kinds``.

    Raises:
        DataError: the file is missing, binary, of another kind than is taken, no whole gzip file, or not
            UTF-8; the message says what it is, or gives the line.
    """
    path = Path(path)
    if problem := file_problem(path):
        raise DataError(f"{str(path)!r} {problem}; expected {expected}.")
    refuse_other_kinds(path, expected, takes)
    try:
        with open_unpacked(path) as file:
            yield from decoded_lines(file, repr(str(path)))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"{str(path)!r} is no whole gzip file ({error}); fetch it again, or pack it anew."
        ) from None
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error


def decoded_lines(file: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    """The lines of an open file, without their ends, numbered from 1.

    Args:
        file: UTF-8.
        name: of the file, for errors.

    Raises:
        DataError: it is binary, or not UTF-8; the message gives the line.
    """
    for number, line in enumerate(byte_lines(file), start=1):
        if number == 1 and (kind := binary_kind(line)):
            raise DataError(f"{name} is {kind.told}; expected UTF-8 text. {kind.remedy}")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{name}, line {number}: byte 0x{error.object[error.start]:02x} is not UTF-8. "
                "Expected UTF-8 text; convert it, as with: iconv -f WINDOWS-1252 -t UTF-8 FILE"
            ) from None
        if "\0" in text:
            raise DataError(
                f"{name}, line {number} has a zero byte, so this is a binary file. Expected UTF-8 text."
            )
        yield number, text
