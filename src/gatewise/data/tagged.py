"""Sentences with a tag for each word: CoNLL-U files, and files of two columns."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gatewise.data.lines import numbered_lines
from gatewise.errors import ArgumentError, DataError

__all__ = [
    "CONLLU_COLUMNS",
    "TaggedSentences",
    "is_conllu",
    "read_columns",
    "read_conllu",
    "read_tagged",
    "read_words",
    "tagged_digest",
]

CONLLU_COLUMNS = {"upos": 3, "xpos": 4}
"""Tag columns of CoNLL-U by name, with their index: universal and language-specific parts of speech."""

_CONLLU_WIDTH = 10
_ID = re.compile(r"[1-9][0-9]*(?P<skipped>-[1-9][0-9]*|\.[1-9][0-9]*)?|(?P<empty>0\.[1-9][0-9]*)")

_Row = tuple[str, str | None]
"""A word and its tag, None where tags are not read."""


class TaggedSentences(NamedTuple):
    """Sentences as lists of words, and a list of tags for each."""

    sentences: list[list[str]]
    tags: list[list[str]]


def read_tagged(path: str | Path, column: str = "upos") -> TaggedSentences:
    """Read a file of sentences with tags: CoNLL-U if its name says ``.conllu``, else two columns.

    Args:
        path: UTF-8, or that compressed where the name ends in ``.gz``.
        column: which tags to read of CoNLL-U, "upos" or "xpos".

    Raises:
        DataError: the file is missing or holds something else; the message gives file and line.
        ArgumentError: there is no such column.
    """
    return read_conllu(path, column) if is_conllu(path) else read_columns(path)


def read_words(path: str | Path) -> list[list[str]]:
    """Read the sentences alone, of a file as ``read_tagged`` reads it; here the tags may be missing.

    Raises:
        DataError: as ``read_tagged``.
    """
    rows = _conllu_rows(Path(path), None) if is_conllu(path) else _column_rows(Path(path), need_tags=False)
    return [[word for word, _ in sentence] for sentence in rows]


def is_conllu(path: str | Path) -> bool:
    """Whether a file's name says that it is CoNLL-U: ``.conllu`` or ``.conllu.gz``."""
    return Path(path).name.lower().removesuffix(".gz").endswith(".conllu")


def read_conllu(path: str | Path, column: str = "upos") -> TaggedSentences:
    """Read a CoNLL-U file (universaldependencies.org/format.html).

    Comments, ranges of multiword tokens (1-2) and empty nodes (1.1) are no words and are passed over.

    Args:
        path: UTF-8, or that compressed where the name ends in ``.gz``.
        column: which tags to read, "upos" or "xpos".

    Raises:
        DataError: the file is missing, or a line is no CoNLL-U or has no tag; the message gives the line.
        ArgumentError: there is no such column.
    """
    if column not in CONLLU_COLUMNS:
        raise ArgumentError(f"column={column!r}; expected one of {', '.join(CONLLU_COLUMNS)}.")
    return _apart(_conllu_rows(Path(path), column))


def read_columns(path: str | Path) -> TaggedSentences:
    """Read a file with a word and its tag on each line, and an empty line after each sentence.

    The columns are separated by a tab (then a word may have spaces in it) or by spaces. Lines that begin
    with ``-DOCSTART-`` are no words and end a sentence.

    Args:
        path: UTF-8, or that compressed where the name ends in ``.gz``.

    Raises:
        DataError: the file is missing, or a line has not two columns; the message gives the line.
    """
    return _apart(_column_rows(Path(path), need_tags=True))


def tagged_digest(*parts: Sequence[Sequence[str]]) -> str:
    """A fingerprint of sentences or tags."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(f"{len(part)}\n".encode())
        for sentence in part:
            digest.update(json.dumps([str(each) for each in sentence]).encode())
    return digest.hexdigest()


def _apart(sentences: list[list[_Row]]) -> TaggedSentences:
    return TaggedSentences(
        [[word for word, _ in sentence] for sentence in sentences],
        [[tag for _, tag in sentence if tag is not None] for sentence in sentences],
    )


def _conllu_rows(path: Path, column: str | None) -> list[list[_Row]]:
    """The words of each sentence with their tags, which are not looked at if ``column`` is None."""

    def row(line: str) -> _Row | None:
        if line.startswith("#"):
            return None
        fields = line.split("\t")
        if len(fields) != _CONLLU_WIDTH:
            raise ValueError(
                f"{len(fields)} columns between tabs; expected the {_CONLLU_WIDTH} of CoNLL-U. "
                "Name a file of two columns otherwise than .conllu"
            )
        number = _ID.fullmatch(fields[0])
        if number is None:
            raise ValueError(f"the first column is {fields[0]!r}; expected a word's number, as 1, 1-2 or 1.1")
        if number["skipped"] or number["empty"]:
            return None
        if not fields[1]:
            raise ValueError("the second column, the word, is empty; expected a word")
        if column is None:
            return fields[1], None
        tag = fields[CONLLU_COLUMNS[column]]
        if tag in ("", "_"):
            others = " or ".join(repr(name) for name in CONLLU_COLUMNS if name != column)
            raise ValueError(
                f"the word {fields[1]!r} has no {column} tag; tag every word, or read the column {others}"
            )
        return fields[1], tag

    return _sentences(path, row)


def _column_rows(path: Path, *, need_tags: bool) -> list[list[_Row]]:
    def row(line: str) -> _Row | None:
        fields = line.split("\t") if "\t" in line else line.split()
        if len(fields) == 1 and not need_tags:
            return fields[0], None
        if len(fields) != 2:
            raise ValueError(
                f"{len(fields)} columns; expected 2, a word and its tag, with a tab or a space between. "
                + (
                    "This looks like CoNLL-U: name the file .conllu."
                    if len(fields) == 10
                    else "Keep those two."
                )
            )
        if not all(fields):
            raise ValueError(f"the columns are {fields[0]!r} and {fields[1]!r}; expected a word and its tag")
        return fields[0], fields[1]

    return _sentences(path, row, ends_sentence="-DOCSTART-")


def _sentences(
    path: Path, row: Callable[[str], _Row | None], ends_sentence: str | None = None
) -> list[list[_Row]]:
    """The rows between empty lines; ``row`` says with a ValueError what is wrong with a line."""
    sentences: list[list[_Row]] = [[]]
    for number, line in numbered_lines(path, "a file of sentences"):
        if not line.strip() or (ends_sentence is not None and line.startswith(ends_sentence)):
            if sentences[-1]:
                sentences.append([])
            continue
        try:
            found = row(line)
        except ValueError as error:
            raise DataError(f"{str(path)!r}, line {number}: {error}.") from None
        if found is not None:
            sentences[-1].append(found)
    if not sentences[-1]:
        sentences.pop()
    if not sentences:
        raise DataError(f"{str(path)!r} has no sentence in it; expected words, one a line.")
    return sentences
