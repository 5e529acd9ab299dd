"""Sentences with a tag for each word: CoNLL-U files, and files of columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gatewise.data.word_tables import CONLLU_NAMES, WordTable, is_conllu, read_word_table

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

CONLLU_COLUMNS = {name.lower(): index for index, name in enumerate(CONLLU_NAMES) if index > 1}
"""Columns of CoNLL-U that may be read as tags by name, with their index."""


class TaggedSentences(NamedTuple):
    """Sentences as lists of words, and a list of tags for each."""

    sentences: list[list[str]]
    tags: list[list[str]]


def read_tagged(path: str | Path, column: str | int | None = None) -> TaggedSentences:
    """Read a file of sentences with tags: CoNLL-U if its name or its first line says so, else columns.

    Args:
        path: UTF-8, or that compressed where the name ends in ``.gz``. CoNLL-U has a name in ``.conllu``;
            CoNLL-U Plus one in ``.conllup``, or any whose first line is ``# global.columns = ID FORM ...``.
        column: which tags to read: a column's number from 1, -1 or "last" for the last; of CoNLL-U also its
            name, as "upos", "xpos", "deprel". Where omitted, "upos" of CoNLL-U, and of other files the last
            column: of CoNLL-2003's four (word, part of speech, chunk, entity) the entities. "upos" and
            "xpos" may also be said of the second of two columns.

    Raises:
        DataError: the file is missing or holds something else; the message gives file and line.
        ArgumentError: there is no such column; the message says which there are.
    """
    return _tagged(read_word_table(path), column)


def read_words(path: str | Path) -> list[list[str]]:
    """Read the sentences alone, of a file as ``read_tagged`` reads it; here the tags may be missing.

    Raises:
        DataError: as ``read_tagged``.
    """
    return read_word_table(path).words()


def read_conllu(path: str | Path, column: str | int = "upos") -> TaggedSentences:
    """Read a CoNLL-U or CoNLL-U Plus file (universaldependencies.org/format.html), whatever its name.

    Comments, ranges of multiword tokens (1-2) and empty nodes (1.1) are no words and are passed over. The
    words of a sentence must be numbered 1, 2, 3 and so on.

    Args:
        path: UTF-8, or that compressed where the name ends in ``.gz``.
        column: which tags to read, by name or number, as in ``read_tagged``.

    Raises:
        DataError: the file is missing, or a line is no CoNLL-U or has no tag, or there is no empty line
            between two sentences; the message gives the line.
        ArgumentError: there is no such column.
    """
    return _tagged(read_word_table(path, conllu=True), column)


def read_columns(path: str | Path, column: str | int | None = None) -> TaggedSentences:
    """Read a file with a word and its tags on each line, and an empty line after each sentence.

    The word is the first column. The first line shows how many there are, and whether tabs (then a word may
    have spaces in it) or spaces are between them; all others must be as it is. Lines that begin with
    ``-DOCSTART-`` are no words and end a sentence.

    Args:
        path: UTF-8, or that compressed where the name ends in ``.gz``.
        column: which tags to read, by number from 1, -1 or "last" for the last, which is the default.

    Raises:
        DataError: the file is missing, has words alone, or a line has other columns than the first; the
            message gives the line.
        ArgumentError: there is no such column.
    """
    return _tagged(read_word_table(path, conllu=False), column)


def _tagged(table: WordTable, column: str | int | None) -> TaggedSentences:
    tags = table.tags(column)
    return TaggedSentences(table.words(), tags)


def tagged_digest(*parts: Sequence[Sequence[str]]) -> str:
    """A fingerprint of sentences or tags."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(f"{len(part)}\n".encode())
        for sentence in part:
            digest.update(json.dumps([str(each) for each in sentence]).encode())
    return digest.hexdigest()
