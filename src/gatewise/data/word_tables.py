"""Tables of words: a word and what is said of it on each line, an empty line after each sentence.

CoNLL-U, CoNLL-U Plus, whose first line names its columns, and files of columns without names, as those of the
CoNLL shared tasks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from itertools import chain
from numbers import Integral
from pathlib import Path
from typing import NamedTuple, Protocol

from gatewise.data.file_kinds import file_kind
from gatewise.data.lines import numbered_lines
from gatewise.data.placed import PlacedLists
from gatewise.errors import ArgumentError, DataError

__all__ = ["CONLLU_NAMES", "WordTable", "is_conllu", "read_word_table"]

CONLLU_NAMES = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
"""The columns of CoNLL-U (universaldependencies.org/format.html)."""

_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=(?P<names>.*)")
_ID = re.compile(r"(?P<number>[1-9][0-9]*)(?P<skipped>-[1-9][0-9]*|\.[1-9][0-9]*)?|(?P<empty>0\.[1-9][0-9]*)")

_NONE = "_"
"""What CoNLL-U writes where nothing is known, or where there is nothing."""
_MAY_BE_NONE = {"feats", "deps", "misc"}
"""Columns where it says that there is nothing, which can be learnt as well as what there is."""
_OF_TWO = ("upos", "xpos")
"""Names that also stand for the one column of tags of a file without names."""


class WordTable:
    """Sentences with all columns of their words.

    Args:
        path: of the file, for errors.
        names: of the columns; None where the file does not name them.
        rows: for each sentence its words, none without one; each with the number of its line, and its fields.
    """

    def __init__(
        self, path: Path, names: tuple[str, ...] | None, rows: list[list[tuple[int, list[str]]]]
    ) -> None:
        self._path, self._rows = repr(str(path)), rows
        self.names = names
        self.width = len(rows[0][0][1])
        lower = [] if names is None else [name.lower() for name in names]
        self._index = {name: index for index, name in enumerate(lower)}
        self._word = self._index.get("form", 0)

    def words(self) -> PlacedLists:
        """The words of each sentence."""
        return self._values(self._word)

    def tags(self, column: str | int | None = None) -> PlacedLists:
        """A column: a tag for each word of each sentence.

        Args:
            column: its number from 1, -1 or "last" for the last, or its name where the file names its
                columns; where omitted "upos" of a file with names, and the last of another.

        Raises:
            ArgumentError: the file has no such column, or no tags in it.
            DataError: the file has words alone, or a word has no tag; the message gives the line.
        """
        if not self._tag_columns():
            raise DataError(
                f"{self._path}, line {self._rows[0][0][0]}: {_counted(self.width)}, and no tags; expected "
                "a word and its tags, in columns with a tab or a space between."
            )
        chosen = self._chosen(column)
        if chosen is None or chosen not in self._tag_columns():
            raise self._no_such(column)
        for number, fields in chain.from_iterable(self._rows):
            if not fields[chosen].strip() or self._lacks(chosen, fields):
                raise DataError(
                    f"{self._path}, line {number}: the word {fields[self._word]!r} has no tag in column "
                    f"{self._called(chosen)}; tag every word, or read another column of: {self._choice()}."
                )
        return self._values(chosen)

    def column_of(self, known: Collection[str]) -> int | None:
        """The number of the column with most of certain tags, from 1; None if they are in none."""
        counts = {
            index: sum(
                fields[index] in known and not (self.names is not None and fields[index] == _NONE)
                for _, fields in chain.from_iterable(self._rows)
            )
            for index in self._tag_columns()
        }
        best = max(counts, key=counts.__getitem__, default=None)
        return None if best is None or not counts[best] else best + 1

    def _values(self, index: int) -> PlacedLists:
        return PlacedLists(
            [[fields[index] for _, fields in sentence] for sentence in self._rows],
            self._path,
            [[number for number, _ in sentence] for sentence in self._rows],
        )

    def _tag_columns(self) -> list[int]:
        """Indices of the columns that may hold tags, the likeliest first."""
        if self.names is None:
            return list(range(self.width - 1, 0, -1))
        first = [self._index[name] for name in _OF_TWO if name in self._index]
        none = {self._index.get("id"), self._word, *first}
        return first + [index for index in range(self.width) if index not in none]

    def _chosen(self, column: object) -> int | None:
        """The index that was meant; None for none of this file."""
        if column is None:
            return self.width - 1 if self.names is None else self._index.get("upos")
        if isinstance(column, str):
            name = column.strip().lower()
            if self.names is None and self.width == 2 and name in _OF_TWO:
                return 1
            if name in self._index:
                return self._index[name]
            if name != "last" and not re.fullmatch(r"-?[0-9]{1,9}", name):
                return None
            column = -1 if name == "last" else int(name)
        if isinstance(column, bool) or not isinstance(column, Integral):
            return None
        return self.width - 1 if column == -1 else int(column) - 1

    def _lacks(self, index: int, fields: list[str]) -> bool:
        """Whether a field says that its tag is not known."""
        if self.names is None or fields[index] != _NONE:
            return False
        name = self.names[index].lower()
        return name not in _MAY_BE_NONE and not (name == "lemma" and fields[self._word] == _NONE)

    def _called(self, index: int) -> str:
        return str(index + 1) if self.names is None else self.names[index].lower()

    def _choice(self) -> str:
        """What ``column`` may be."""
        tags = self._tag_columns()
        numbers = ", ".join(str(index + 1) for index in sorted(tags))
        names = "" if self.names is None else f"{', '.join(map(self._called, tags))}; or a number, "
        last = ", or -1 for the last" if self.width - 1 in tags else ""
        return f"{names}{numbers}{last}"

    def _no_such(self, column: object) -> ArgumentError:
        given = "" if column is None else f"column={column!r}, but "
        named = "columns" if self.names is None else f"columns, {' '.join(self.names)}"
        begin = f"{given}{self._path} has {self.width} {named}, the words in column {self._word + 1}"
        return ArgumentError(f"{begin}; expected as column one of: {self._choice()}.")


def is_conllu(path: str | Path) -> bool:
    """Whether a file's name says that it is CoNLL-U, or Plus: ``.conllu``, ``.conllup``, maybe ``.gz``."""
    return Path(path).name.lower().removesuffix(".gz").endswith((".conllu", ".conllup"))


def read_word_table(path: str | Path, conllu: bool | None = None) -> WordTable:
    """Read a file of sentences.

    Args:
        path: UTF-8, or that compressed where the name ends in ``.gz``.
        conllu: whether it is CoNLL-U or CoNLL-U Plus; where omitted its name says so, or its content.

    Raises:
        DataError: the file is missing or holds something else; the message gives the line.
    """
    path = Path(path)
    lines = numbered_lines(path, "a file of sentences", ("words", "conllu", "conll"))
    first = next(lines, None)
    header = None if first is None else _GLOBAL_COLUMNS.fullmatch(first[1])
    layout: _Layout = _Columns()
    try:
        if conllu or (conllu is None and (header or is_conllu(path) or _looks_like_conllu(path))):
            plus = path.name.lower().removesuffix(".gz").endswith(".conllup")
            layout = _Conllu(_names(header["names"] if header else "", plus))
    except ValueError as error:
        raise DataError(f"{str(path)!r}, line 1: {error}.") from None
    rows = _sentences(path, layout, chain([] if first is None else [first], lines))
    if isinstance(layout, _Columns) and len(rows[0][0][1]) > 1 and _numbers_words(rows):
        raise DataError(
            f"{str(path)!r}, line {rows[0][0][0]}: the first column numbers the words, 1, 2 and so on; "
            f"expected the words there: leave the column out, as with: {layout.cut}"
        )
    return WordTable(path, layout.names, rows)


def _looks_like_conllu(path: Path) -> bool:
    kind = file_kind(path)
    return kind is not None and kind.name == "conllu"


def _numbers_words(rows: list[list[tuple[int, list[str]]]]) -> bool:
    """Whether the first column only counts, in each sentence from 1 on, or in several that run together."""
    counted = 0
    for sentence in rows:
        before = 0
        for _, fields in sentence:
            if fields[0] not in ("1", str(before + 1)) or (before == 0 and fields[0] != "1"):
                return False
            before = int(fields[0])
            counted += before > 1
    return counted > 1


class _Layout(Protocol):
    """How the lines of a file are to be read; ValueErrors say what is wrong with one."""

    names: tuple[str, ...] | None
    """Of the columns; None where the file does not name them."""

    def ends_sentence(self, line: str) -> bool:
        """Whether a line stands between sentences."""

    def fields(self, line: str, number: int) -> list[str] | None:
        """The columns of a line; None if there is no word in it."""


def _sentences(
    path: Path, layout: _Layout, lines: Iterator[tuple[int, str]]
) -> list[list[tuple[int, list[str]]]]:
    sentences: list[list[tuple[int, list[str]]]] = [[]]
    for number, line in lines:
        if layout.ends_sentence(line):
            if sentences[-1]:
                sentences.append([])
            continue
        try:
            fields = layout.fields(line, number)
        except ValueError as error:
            raise DataError(f"{str(path)!r}, line {number}: {error}.") from None
        if fields is not None:
            # Most fields are a few tags again and again, which are kept once.
            sentences[-1].append((number, [*map(sys.intern, fields)]))
    if not sentences[-1]:
        sentences.pop()
    if not sentences:
        raise DataError(f"{str(path)!r} has no sentence in it; expected words, one a line.")
    return sentences


class _First(NamedTuple):
    """The line that says what columns a file has."""

    number: int
    tabs: bool
    width: int


class _Columns:
    """Columns without names, as many in each line as in the first, and between the same."""

    names: tuple[str, ...] | None = None

    def __init__(self) -> None:
        self._first: _First | None = None

    @property
    def cut(self) -> str:
        """The command that leaves the first column out."""
        spaces = self._first is not None and not self._first.tabs
        return "cut -d ' ' -f2- FILE" if spaces else "cut -f2- FILE"

    def ends_sentence(self, line: str) -> bool:
        return not line.strip() or line.startswith("-DOCSTART-")

    def fields(self, line: str, number: int) -> list[str]:
        tabs = "\t" in line if self._first is None else self._first.tabs
        fields = line.split("\t") if tabs else [field for field in line.split(" ") if field]
        if self._first is None:
            self._first = _First(number, tabs, len(fields))
            if tabs and len(fields) == len(CONLLU_NAMES) and _ID.fullmatch(fields[0]):
                raise ValueError(
                    "10 columns, the first a word's number, as in CoNLL-U; name the file .conllu"
                )
        first = self._first
        if not tabs and "\t" in line:
            raise ValueError(
                f"a tab, but line {first.number} has {_counted(first.width)} and no tab; expected the same "
                "in each line: put tabs in all, or in none"
            )
        if len(fields) != first.width:
            between = "tabs" if tabs else "spaces"
            raise ValueError(
                f"{_counted(len(fields))} between {between}; expected {first.width}, as in line "
                f"{first.number}: give every line the same columns, with {between} between them"
            )
        if not fields[0].strip():
            raise ValueError("the first column, the word, is empty; expected a word")
        return fields


class _Conllu:
    """Columns with names, between tabs; comments, ranges of words and empty nodes are passed over."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names: tuple[str, ...] | None = names
        lower = [name.lower() for name in names]
        self._width = len(names)
        self._form = lower.index("form")
        self._id = lower.index("id") if "id" in lower else None
        self._words = 0

    def ends_sentence(self, line: str) -> bool:
        if line.strip():
            return False
        self._words = 0
        return True

    def fields(self, line: str, number: int) -> list[str] | None:
        if line.startswith("#"):
            if self._id is None and self._words:
                raise ValueError("a comment inside of a sentence; put an empty line after each sentence")
            return None
        fields = line.split("\t")
        if len(fields) != self._width:
            expected = f"the {self._width} that line 1 names"
            if self.names == CONLLU_NAMES:
                expected = "the 10 of CoNLL-U. Name a file of other columns otherwise than .conllu"
            raise ValueError(f"{_counted(len(fields))} between tabs; expected {expected}")
        if self._id is not None and not self._is_word(fields[self._id]):
            return None
        if not fields[self._form].strip():
            raise ValueError(f"column {self._form + 1}, the word, is empty; expected a word")
        self._words += 1
        return fields

    def _is_word(self, text: str) -> bool:
        """Whether an ID is that of a word, and of the next one."""
        found = _ID.fullmatch(text)
        if found is None:
            raise ValueError(f"the ID is {text!r}; expected a word's number, as 1, 1-2 or 1.1")
        if found["skipped"] or found["empty"]:
            return False
        after = f" after {self._words}" if self._words else " at the beginning of a sentence"
        if text == "1" and self._words:
            raise ValueError(
                f"the word's number is 1{after}, so a new sentence begins; put an empty line before it, and "
                "before its comments"
            )
        if text != str(self._words + 1):
            raise ValueError(
                f"the word's number is {text}{after}; expected {self._words + 1}: put back the line that is "
                "missing, or number the words of each sentence 1, 2, 3 and so on"
            )
        return True


def _names(written: str, plus: bool) -> tuple[str, ...]:
    """The columns that the first line of a file names; those of CoNLL-U where there is no such line."""
    names = tuple(written.split())
    if not names:
        if plus:
            raise ValueError("it names no columns; expected # global.columns = ID FORM UPOS and so on")
        return CONLLU_NAMES
    lower = [name.lower() for name in names]
    if "form" not in lower or len(set(lower)) < len(lower):
        raise ValueError(
            f"it names the columns {' '.join(names)}; expected FORM, the words, among them, and none twice"
        )
    return names


def _counted(columns: int) -> str:
    return "1 column" if columns == 1 else f"{columns} columns"
