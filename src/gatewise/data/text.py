"""Where a text comes from: a file, a string or a list of strings, in chunks that fit in memory."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TypeAlias

from gatewise.data.file_kinds import open_unpacked, refuse_other_kinds
from gatewise.data.lines import byte_lines, without_end
from gatewise.errors import ArgumentError, DataError
from gatewise.storage import file_problem

__all__ = ["CHUNK", "TextLike", "TextSource", "is_utf8"]

TextLike: TypeAlias = str | Path | Sequence[str]
"""A path, a text, or a list of lines, with their ends or without."""

CHUNK = 1 << 20
"""Characters handed on at a time."""

_LONGEST_PATH = 4096

_TEXTS = ("words", "csv", "html", "xml", "json", "jsonl", "yaml", "conllu", "conll")
"""Kinds of files that are texts, which somebody may want to learn as they stand."""

_LOOKS_LIKE_PATH = re.compile(r"\S+\.[A-Za-z]\w{0,7}")
"""One word with a suffix is no text, but a path that was mistyped."""


class TextSource:
    r"""A text that can be read again and again, a megabyte at a time.

    A ``Path``, or a ``str`` that names a file, is read as UTF-8, unpacked if it is gzip (a byte order mark is
    skipped and any line ending becomes a newline, as Python's ``open`` does). Any other ``str`` is the text
    itself. The texts of a list are lines: they are joined by newlines, and mean the same whether each brings
    a line end of its own (``\n``, ``\r\n`` or ``\r``), as those of ``readlines`` do, or none.

    Args:
        text: path, text or list of lines.

    Raises:
        DataError: the file is missing or empty, a folder, binary, not UTF-8, or known to be of another kind,
            as a table of numbers; the text is empty.
        ArgumentError: ``text`` is something else.
    """

    def __init__(self, text: TextLike) -> None:
        self._path: Path | None = None
        self._texts: Sequence[str] = ()
        if isinstance(text, Path) or (isinstance(text, str) and _names_file(text)):
            self._path = _checked_file(Path(text))
        elif isinstance(text, str):
            if _LOOKS_LIKE_PATH.fullmatch(text):
                raise DataError(f"text file {text!r} does not exist; check the path.")
            self._texts = (text,)
        else:
            self._texts = [without_end(line) for line in _checked_lines(text)]
        if self._path is None and not any(self._texts):
            raise DataError(
                "the text is empty; expected a path, a str or a list of str with something in it."
            )

    @property
    def name(self) -> str:
        """What error messages call it."""
        if self._path is not None:
            return repr(str(self._path))
        if len(self._texts) == 1 and len(self._texts[0]) <= 60:
            return f"the text {self._texts[0]!r} (no file of that name exists)"
        return "the text"

    def chunks(self) -> Iterator[str]:
        """The text in order, in pieces of at most ``CHUNK`` characters.

        Raises:
            DataError: the file cannot be read as UTF-8 text; the message gives the line.
        """
        if self._path is None:
            yield from _joined(self._texts)
            return
        try:
            with TextIOWrapper(open_unpacked(self._path), encoding="utf-8-sig") as file:
                while chunk := file.read(CHUNK):
                    if "\0" in chunk:
                        raise DataError(
                            f"{self.name} is a binary file: it contains zero bytes. Expected UTF-8 text."
                        )
                    yield chunk
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self.name}, line {_first_bad_line(self._path)}: byte 0x{error.object[error.start]:02x} "
                "is not UTF-8. Expected UTF-8 text; convert it, as with: iconv -f WINDOWS-1252 -t UTF-8 FILE"
            ) from None
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{self.name} cannot be read: {reason}.") from error

    def read(self) -> str:
        """The whole text at once."""
        return "".join(self.chunks())


def _joined(texts: Sequence[str]) -> Iterator[str]:
    """The texts with newlines between them, in pieces of about ``CHUNK`` characters."""
    gathered: list[str] = []
    size = 0
    for number, text in enumerate(texts):
        gathered.append("\n" + text if number else text)
        size += len(gathered[-1])
        if size >= CHUNK or number == len(texts) - 1:
            piece = "".join(gathered)
            yield from (piece[start : start + CHUNK] for start in range(0, len(piece), CHUNK))
            gathered, size = [], 0


def _checked_lines(texts: object) -> Sequence[str]:
    if not isinstance(texts, Sequence) or not all(isinstance(each, str) for each in texts):
        raise ArgumentError(
            f"text has type {type(texts).__name__}; expected a path, a str, or a list of str."
        )
    return texts


def is_utf8(text: object) -> bool:
    """Whether it is a str that UTF-8 can write: one without half a surrogate pair."""
    try:
        return isinstance(text, str) and text.encode("utf-8") is not None
    except UnicodeEncodeError:
        return False


def _names_file(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_PATH and os.path.exists(text)  # noqa: PTH110 (Path.exists raises for long names)


def _checked_file(path: Path) -> Path:
    match file_problem(path):
        case None:
            pass
        case "does not exist":
            raise DataError(f"text file {str(path)!r} does not exist; check the path.")
        case "is not a regular file":
            raise DataError(f"{str(path)!r} is a folder or a device; expected a text file.")
        case problem:
            raise DataError(f"text file {str(path)!r} {problem}.")
    if path.stat().st_size == 0:
        raise DataError(f"text file {str(path)!r} is empty; expected a text with something in it.")
    refuse_other_kinds(path, "a text file", _TEXTS)
    return path


def _first_bad_line(path: Path) -> int:
    """The number of the first line that is not UTF-8, counting from 1."""
    with open_unpacked(path) as file:
        for number, line in enumerate(byte_lines(file), start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1
