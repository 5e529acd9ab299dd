"""ARFF files, as Weka and the UEA/UCR archive write them: a header that names attributes, and a row a line.

Series of several channels stand in one attribute of the type relational: a text in quotes, in which a channel
follows the other behind an escaped newline (timeseriesclassification.com).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple, NoReturn

from gatewise.data.lines import numbered_lines
from gatewise.errors import DataError

__all__ = ["Arff", "read_arff"]

_EXPECTED = "an ARFF file"
_ATTRIBUTE = re.compile(r"""@attribute\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s{]+)\s*(.*)""", re.I)
_NUMBERS = ("numeric", "real", "integer")
_FIELD = re.compile(
    r"""\s*(?:'(?P<single>(?:[^'\\]|\\.)*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>[^,'"]*?))\s*(?P<end>,|$)"""
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class Arff(NamedTuple):
    """An ARFF file.

    Attributes:
        name: of the file, for errors.
        columns: the values of each attribute as they are written, less quotes; "?" where one is missing.
        classes: the values that each nominal attribute may have.
        relational: the attribute that holds series of several channels, a line each; None if there is none.
        lines: the line of each row.
    """

    name: str
    columns: dict[str, list[str]]
    classes: dict[str, list[str]]
    relational: str | None
    lines: list[int]


def read_arff(path: str | Path) -> Arff:
    """Read an ARFF file of numbers and classes.

    Args:
        path: UTF-8, or that compressed by gzip.

    Raises:
        DataError: it cannot be read; an attribute is a string or a date; a row is sparse, has not a value for
            each attribute, or a class that the header does not name. The message gives the line.
    """
    reader = _Reader(repr(str(path)))
    for number, line in numbered_lines(path, _EXPECTED, ("arff",)):
        text = line.strip()
        if text and not text.startswith("%"):
            reader.take(text, number)
    return reader.result()


class _Reader:
    """Takes a file's lines one by one."""

    def __init__(self, name: str) -> None:
        self.name, self.number = name, 0
        self.columns: dict[str, list[str]] = {}
        self.classes: dict[str, list[str]] = {}
        self.relational: str | None = None
        self.inside = self.in_data = False
        self.lines: list[int] = []

    def take(self, line: str, number: int) -> None:
        """One line that is neither blank nor a comment."""
        self.number = number
        tag = line.split()[0].lower()
        if self.in_data:
            self._take_row(line)
        elif tag == "@data":
            self.in_data = True
        elif tag == "@end":
            self.inside = False
        elif tag == "@attribute":
            self._take_attribute(line)
        elif tag != "@relation":
            self._refuse(f"{line[:40]!r} before @data", "expected @relation, @attribute or a comment, %")

    def result(self) -> Arff:
        """All that was taken."""
        if not self.lines:
            missing = "no row after @data" if self.in_data else "no line @data"
            raise DataError(f"{self.name} has {missing}; expected {_EXPECTED}.")
        return Arff(self.name, self.columns, self.classes, self.relational, self.lines)

    def _take_attribute(self, line: str) -> None:
        if self.inside:
            return  # of the relational one; each of its own is a step
        match = _ATTRIBUTE.fullmatch(line)
        if match is None:
            self._refuse(f"{line[:60]!r}", "expected @attribute NAME TYPE")
        name, kind = _unquoted(match[1]), match[2].strip()
        if name in self.columns:
            self._refuse(f"the attribute {name!r} a second time", "give each a name of its own")
        self.columns[name] = []
        if kind.startswith("{"):
            self.classes[name] = self._fields(kind.strip("{} \t"))
        elif kind.lower() == "relational":
            if self.relational is not None:
                self._refuse("a second attribute of the type relational", "expected one, of the series")
            self.relational, self.inside = name, True
        elif kind.split()[:1] == [] or kind.split()[0].lower() not in _NUMBERS:
            self._refuse(
                f"the attribute {name!r} of the type {kind[:20]!r}",
                "expected numbers, classes in braces, or relational; write texts as a table, CSV",
            )

    def _take_row(self, line: str) -> None:
        if line.startswith("{"):
            self._refuse(
                "a sparse row, in braces", "expected a value for each attribute, with commas between"
            )
        fields = self._fields(line)
        if len(fields) != len(self.columns):
            self._refuse(f"{len(fields)} values", f"expected {len(self.columns)}, one for each attribute")
        for (name, column), value in zip(self.columns.items(), fields, strict=True):
            classes = self.classes.get(name)
            if classes is not None and value not in classes and value != "?":
                self._refuse(
                    f"{value[:40]!r} as {name!r}",
                    f"expected one of {', '.join(classes)[:200]}, as its header says",
                )
            column.append(value)
        self.lines.append(self.number)

    def _fields(self, line: str) -> list[str]:
        """The values between commas, less quotes and escapes."""
        fields, place, end = [], 0, ","
        while end == ",":
            match = _FIELD.match(line, place)
            if match is None:
                self._refuse(
                    f"{line[place : place + 40]!r}", "expected values with commas between, and whole quotes"
                )
            quoted = match["single"] if match["single"] is not None else match["double"]
            fields.append(match["bare"] if quoted is None else _unescaped(quoted))
            place, end = match.end(), match["end"]
        return fields

    def _refuse(self, found: str, expected: str) -> NoReturn:
        raise DataError(f"{self.name}, line {self.number}: {found}; {expected}.")


def _unquoted(text: str) -> str:
    return _unescaped(text[1:-1]) if text[0] in "'\"" else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text, flags=re.S)
