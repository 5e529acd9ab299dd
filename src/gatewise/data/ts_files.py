"""``.ts`` files: labelled series as the UCR/UEA archive, sktime and aeon write them.

A header of ``#`` comments and ``@`` lines, then one case a line: its channels with ``:`` between them, a
channel's values with ``,`` between them, the class label last.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from gatewise.data.text import TextSource
from gatewise.errors import DataError
from gatewise.types import Array

__all__ = ["LabelledSeries", "read_ts"]


class LabelledSeries(NamedTuple):
    """Series of one length or not, and their labels.

    Attributes:
        X: N arrays (T_i, D), float64.
        y: N labels as the file writes them; None where it has none.
    """

    X: list[Array]
    y: list[str] | None


def read_ts(path: str | Path) -> LabelledSeries:
    """Read a ``.ts`` file.

    Args:
        path: of a file whose series have no time stamps and no missing values.

    Raises:
        DataError: the file cannot be read, or a line is not what its header promises; the message gives the
            line.
    """
    source = TextSource(Path(path))
    reader = _Reader(source.name)
    for number, line in enumerate(source.read().split("\n"), start=1):
        if line.strip():
            reader.take(line.strip(), number)
    return reader.result()


class _Reader:
    """Takes a file's lines one by one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0
        self.in_data = False
        self.classes: list[str] | None = None
        self.X: list[Array] = []
        self.y: list[str] = []

    def take(self, line: str, number: int) -> None:
        """One line that is not blank."""
        self.number = number
        if self.in_data:
            self._take_case(line)
        elif line.startswith("@"):
            self._take_tag(line[1:].split())
        elif not line.startswith("#"):
            self._refuse(f"{line[:40]!r} before @data", "expected a header of lines that begin with # or @")

    def result(self) -> LabelledSeries:
        """All that was taken."""
        if not self.X:
            missing = "no case after @data" if self.in_data else "no line @data"
            raise DataError(f"{self.name} has {missing}; expected a .ts file as sktime and aeon write it.")
        return LabelledSeries(self.X, None if self.classes is None else self.y)

    def _take_tag(self, words: list[str]) -> None:
        tag, values = (words[0].lower(), words[1:]) if words else ("", [])
        yes = bool(values) and values[0].lower() == "true"
        if tag == "data":
            self.in_data = True
        elif tag == "timestamps" and yes:
            self._refuse("the series have time stamps", "expected values alone, at equal distances")
        elif tag == "targetlabel" and yes:
            self._refuse("the labels are numbers to predict", "expected classes, @classLabel true A B C")
        elif tag == "classlabel" and yes:
            self.classes = values[1:]

    def _take_case(self, line: str) -> None:
        channels = line.split(":")
        if self.classes is not None:
            label = channels.pop().strip()
            if self.classes and label not in self.classes:
                self._refuse(
                    f"label {label!r:.60}", f"expected one of {', '.join(self.classes)}, after a colon"
                )
            self.y.append(label)
        rows = [self._values(channel) for channel in channels]
        if len({len(row) for row in rows}) != 1:
            lengths = ", ".join(str(len(row)) for row in rows) or "none"
            self._refuse(f"channels of {lengths} values", "expected channels of one length")
        series = np.array(rows).T
        if self.X and series.shape[1] != self.X[0].shape[1]:
            self._refuse(
                f"{series.shape[1]} channels", f"expected {self.X[0].shape[1]}, as in the first case"
            )
        self.X.append(series)

    def _values(self, channel: str) -> list[float]:
        texts = channel.split(",")
        try:
            values = [float(text) for text in texts]
        except ValueError:
            wrong = next(text for text in texts if not _is_number(text))
            remedy = "fill in what is missing" if wrong.strip() == "?" else "expected numbers between commas"
            self._refuse(f"the value {wrong.strip()!r:.40}", remedy)
        return values

    def _refuse(self, found: str, expected: str) -> NoReturn:
        raise DataError(f"{self.name}, line {self.number}: {found}; {expected}.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
