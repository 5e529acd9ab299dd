"""Pairs of texts, a source and what it should become: one file of two columns, or two aligned files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple, overload

from gatewise.data.cells import Cells
from gatewise.data.file_kinds import file_kind, suffix_of
from gatewise.data.lines import numbered_lines, without_end
from gatewise.data.missing import is_missing
from gatewise.data.table_files import file_cells, is_parquet
from gatewise.data.text import is_utf8
from gatewise.errors import ArgumentError, DataError
from gatewise.storage import file_problem

__all__ = [
    "PairColumns",
    "Pairs",
    "as_pairs",
    "check_text",
    "column_of",
    "is_pair_table",
    "pair_cells",
    "read_lines",
    "read_pairs",
]

_SHOWN = 60
"""Characters of a text that an error shows."""


_SIDES = ("source", "target")


class PairColumns(NamedTuple):
    """Which columns of a table are what; of a table without a header they are numbers, from "1".

    Attributes:
        source: holds the sources; where omitted "source", or the first.
        target: holds the targets; where omitted "target", or the second.
        id: says whose row it is; where omitted "id", if there is one.
        keep: others that are to be carried along; "all" carries all.
        header: whether the first line names the columns.
    """

    source: str | None = None
    target: str | None = None
    id: str | None = None
    keep: tuple[str, ...] = ()
    header: bool = True


class Pairs(Sequence[tuple[str, str]]):
    """Pairs of texts that know where they come from, so that an error can say it.

    Args:
        sources: N texts; a line end that one brings, as those of ``readlines`` do, is no part of it.
        targets: what each of them should become.
        origin: the argument that they came from; or the files of the sources and of the targets, twice the
            same where they are columns of one.
        numbers: (N,) of each pair in the argument, from 0, or of its line in a file, from 1; where omitted
            they are counted from 0.

    Raises:
        ArgumentError: there are not as many targets as sources, or a text is no str, or empty.
    """

    def __init__(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        origin: str | tuple[str, str] = "pairs",
        numbers: Sequence[int] | None = None,
    ) -> None:
        self.sources, self.targets, self._origin = list(sources), list(targets), origin
        if len(self.sources) != len(self.targets):
            raise ArgumentError(
                f"there are {len(self.sources)} sources and {len(self.targets)} targets; expected as many."
            )
        self._numbers = list(range(len(self.sources)) if numbers is None else numbers)
        for index, pair in enumerate(self):
            for side, text in enumerate(pair):
                check_text(self.where(index, side), text)
        self.sources, self.targets = (list(map(without_end, texts)) for texts in (self.sources, self.targets))

    def __len__(self) -> int:
        return len(self.sources)

    @overload
    def __getitem__(self, index: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, index: slice) -> Pairs: ...
    def __getitem__(self, index: int | slice) -> tuple[str, str] | Pairs:
        if isinstance(index, slice):
            return self.take(range(len(self))[index])
        return self.sources[index], self.targets[index]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.sources, self.targets, strict=True)

    def take(self, indices: Sequence[int]) -> Pairs:
        """The pairs of these numbers, in this order."""
        part = copy(self)
        part.sources, part.targets = (
            [texts[index] for index in indices] for texts in (self.sources, self.targets)
        )
        part._numbers = [self._numbers[index] for index in indices]
        return part

    def name(self, side: int) -> str:
        """What errors call all texts of a side: 0 the sources, 1 the targets."""
        name = ("the sources", "the targets")[side]
        return name if isinstance(self._origin, str) else f"{name} in {self._origin[side]!r}"

    def where(self, index: int, side: int) -> str:
        """Where a text stands: ``side`` is 0 for a source, 1 for a target."""
        if isinstance(self._origin, str):
            return f"{self._origin}[{self._numbers[index]}][{side}]"
        return f"{self._origin[side]!r}, line {self._numbers[index]}"


def read_pairs(
    source: str | Path,
    target: str | Path | None = None,
    *,
    source_column: str | None = None,
    target_column: str | None = None,
    header: bool = True,
) -> Pairs:
    """Read pairs of texts, in UTF-8 or that compressed by gzip.

    Args:
        source: a file with a source, a tab and a target on each line; or with ``target`` a file with a source
            on each line; or a table: a ``.csv`` or Parquet file, any where a column is named or ``header`` is
            False, and lines with tabs of which the first is "source" and "target".
        target: a file whose line n is what line n of ``source`` should become.
        source_column: of a table; where omitted "source", or the first where there is no header.
        target_column: of a table; where omitted "target", or the second where there is no header.
        header: whether the first line of a table names its columns; without it they are called by their
            numbers, "1" for the first.

    Raises:
        DataError: a file cannot be read, has an empty line or one that is no pair; or the two have not the
            same number of lines, or one of them holds both columns. The message gives file and line.
        ArgumentError: a table has no such column.
    """
    columns = PairColumns(source_column, target_column, header=header)
    if target is None and is_pair_table(source, columns):
        cells = pair_cells(source, columns)
        sides = [column_of(cells, columns, side) for side in (0, 1)]
        for side, texts in zip(_SIDES, sides, strict=True):
            if "" in texts:
                raise DataError(f"{cells.where(texts.index(''))}: the {side} is empty; leave the line out.")
        numbers = cells.lines or range(1, cells.rows + 1)
        return Pairs(sides[0], sides[1], (str(source), str(source)), numbers)
    if target is None:
        return _columns(Path(source))
    sources, targets = read_lines(source), read_lines(target)
    for path, texts, other in ((source, sources, target), (target, targets, source)):
        if all("\t" in text for text in texts):
            raise DataError(
                f"{str(path)!r} has a tab in each line, so sources and targets both stand in it; leave "
                f"{str(other)!r} out."
            )
    if len(sources) != len(targets):
        raise DataError(
            f"{str(source)!r} has {len(sources):,} lines and {str(target)!r} has {len(targets):,}; "
            "expected as many, for line n of one is to become line n of the other."
        )
    return Pairs(sources, targets, (str(source), str(target)), range(1, len(sources) + 1))


def is_pair_table(path: str | Path, columns: PairColumns | None = None) -> bool:
    """Whether a file is a table whose columns have names or are named by number, and not a source a line."""
    if is_parquet(Path(path)) or columns not in (None, PairColumns()):
        return True
    if file_problem(path):
        return False
    kind = file_kind(path)
    if kind is not None and kind.name not in ("csv", "numbers"):
        return kind.name == "parquet"
    _, first = next(iter(numbered_lines(path, "a table of sources and targets", ("csv", "numbers"))), (1, ""))
    if set(_SIDES) <= set(first.split("\t")):
        return True
    return suffix_of(path) == ".csv" and "\t" not in first and (kind is None or kind.name == "csv")


def pair_cells(path: str | Path, columns: PairColumns) -> Cells:
    """A table of pairs, or of sources alone.

    Raises:
        DataError: it cannot be read.
    """
    if problem := file_problem(path):
        raise DataError(f"{str(path)!r} {problem}; expected a table of sources and targets.")
    return file_cells(path, header=columns.header, expected="a table of sources and targets")


def column_of(cells: Cells, columns: PairColumns, side: int) -> list[str]:
    """The texts of a side, 0 the sources and 1 the targets; empty ones too.

    Raises:
        ArgumentError: there is no such column.
    """
    default = _SIDES[side] if columns.header else str(side + 1)
    name = columns[side] or default
    if name not in cells.columns:
        raise ArgumentError(
            f"a column {name!r} is needed, but {cells.name} has the columns {', '.join(cells.columns)}; "
            f"rename one of them, or name the one that is meant with {_SIDES[side]}_column=, or "
            "header=False if the first line has no names."
        )
    return ["" if is_missing(value) else str(value).strip() for value in cells.columns[name]]


def read_lines(path: str | Path) -> list[str]:
    """Read texts, one a line; a tab is white space in them.

    Raises:
        DataError: the file cannot be read, has no line, or an empty one; the message gives the line.
    """
    return [line.strip() for _, line in _filled_lines(Path(path), "a file with a text on each line")]


def _columns(path: Path) -> Pairs:
    sources, targets, lines = [], [], []
    for number, line in _filled_lines(path, "a file with a source, a tab and a target on each line"):
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) != 2:
            raise DataError(f"{str(path)!r}, line {number}: {_wrong_columns(columns, path)}")
        for name, column in zip(("source", "target"), columns, strict=True):
            if not column:
                raise DataError(f"{str(path)!r}, line {number}: the {name} is empty; leave the line out.")
        sources.append(columns[0])
        targets.append(columns[1])
        lines.append(number)
    return Pairs(sources, targets, (str(path), str(path)), lines)


def _wrong_columns(columns: Sequence[str], path: Path) -> str:
    """What is wrong with columns that are not two, and what to do about it."""
    expected = "expected 2, a source and its target"
    if len(columns) == 1:
        return (
            f"1 column between tabs; {expected}. Put a tab between the two; where each language has a file "
            "of its own, give that of the targets too, with target=."
        )
    texts = [number for number, column in enumerate(columns, start=1) if not column.isdecimal()]
    kept = ",".join(map(str, texts if len(texts) == 2 else (1, 2)))
    return (
        f"{len(columns)} columns between tabs; {expected}. Keep those two and leave out the rest, as "
        f"Tatoeba's numbers and attributions, with: {cut(path, kept)}"
    )


def cut(path: Path, columns: str) -> str:
    """The command that writes some columns of a file, for advice."""
    name = shlex.quote(str(path))
    zipped = path.suffix.lower() == ".gz"
    return f"gzip -dc {name} | cut -f{columns}" if zipped else f"cut -f{columns} {name}"


def _filled_lines(path: Path, expected: str) -> Iterator[tuple[int, str]]:
    """The lines of a file, none of them empty, with their numbers."""
    number = 0
    for number, line in numbered_lines(path, expected):
        if not line.strip():
            raise DataError(
                f"{str(path)!r}, line {number} is empty; leave it out, with its other half where that stands "
                "in a file of its own."
            )
        yield number, line
    if not number:
        raise DataError(f"{str(path)!r} is empty; expected {expected}.")


def as_pairs(name: str, value: Any) -> Pairs:
    """Pairs of texts from whatever a caller gave.

    Args:
        name: of the argument.
        value: ``Pairs``, or a sequence of (source, target).

    Raises:
        ArgumentError: it is something else, or a text is empty.
    """
    if isinstance(value, Pairs):
        return value
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        raise ArgumentError(
            f"{name} has type {type(value).__name__}; expected a list of (source, target), "
            "or read_pairs of a file."
        )
    sources, targets = [], []
    for index, pair in enumerate(value):
        if isinstance(pair, str | bytes) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise ArgumentError(f"{name}[{index}] is {_shown(pair)}; expected (source, target), two str.")
        sources.append(pair[0])
        targets.append(pair[1])
    return Pairs(sources, targets, name)


def check_text(where: str, text: Any) -> None:
    """Refuse what is no text with something in it.

    Raises:
        ArgumentError: it is no str, is empty, or has half a surrogate pair; ``where`` says where it stands.
    """
    if not isinstance(text, str):
        raise ArgumentError(f"{where} has type {type(text).__name__}; expected a str.")
    if not is_utf8(text):
        raise ArgumentError(f"{where} is {_shown(text)}; expected a str that UTF-8 can write.")
    if not text.strip():
        raise ArgumentError(f"{where} is {_shown(text)}; expected a text with something in it.")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
