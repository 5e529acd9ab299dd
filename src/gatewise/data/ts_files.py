"""``.ts`` files: labelled series as the UCR/UEA archive, sktime and aeon write them.

A header of ``#`` comments and ``@`` lines, then one case a line: its channels with ``:`` between them, a
channel's values with ``,`` between them, the class label last.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np

from gatewise.data.lines import numbered_lines
from gatewise.errors import DataError
from gatewise.types import Array

__all__ = ["LabelledSeries", "read_ts"]


class LabelledSeries(NamedTuple):
    """Series of one length or not, and their labels.

    Attributes:
        X: N arrays (T_i, D), float64.
        y: N labels as the file writes them, in their case and with their spaces; None where it has none.
    """

    X: list[Array]
    y: list[str] | None


def read_ts(path: str | Path) -> LabelledSeries:
    """Read a ``.ts`` file.

    Lines that begin with ``#`` are comments, also among the cases. A file without labels may end each case
    with the ``:`` that aeon and sktime write before none.

    Args:
        path: of a file whose series have no time stamps and no missing values.

    Raises:
        DataError: the file cannot be read, or a line is not what its header promises; the message gives the
            line, and of a value that is missing or no finite number the channel and the step too.
    """
    reader = _Reader(repr(str(path)))
    for number, line in numbered_lines(path, "a .ts file as sktime and aeon write it", ("ts",)):
        if line.strip():
            reader.take(line.strip(), number)
    return reader.result()


class _Reader:
    """Takes a file's lines one by one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = 0
        self.in_data = self.equal_length = False
        self.channels: int | None = None
        self.classes: list[str] | None = None
        self.X: list[Array] = []
        self.y: list[str] = []

    def take(self, line: str, number: int) -> None:
        """One line that is not blank."""
        self.number = number
        if line.startswith("#"):
            return
        if self.in_data:
            self._take_case(line)
        elif line.startswith("@"):
            self._take_tag(line[1:].split())
        else:
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
        elif tag == "univariate" and yes:
            self.channels = 1
        elif tag in ("dimension", "dimensions") and values and values[0].isdecimal():
            self.channels = int(values[0])
        elif tag == "equallength":
            self.equal_length = yes

    def _take_case(self, line: str) -> None:
        channels = line.split(":")
        if self.classes is not None:
            self.y.append(self._label(channels.pop().strip(), self.classes))
        elif len(channels) > 1 and not channels[-1].strip():
            channels.pop()  # of the empty label that aeon and sktime write where there are no labels
        rows = [self._values(channel, number) for number, channel in enumerate(channels, start=1)]
        if len({len(row) for row in rows}) != 1:
            lengths = ", ".join(str(len(row)) for row in rows) or "none"
            self._refuse(f"channels of {lengths} values", "expected channels of one length")
        series = np.array(rows).T
        if self.X and series.shape[1] != self.X[0].shape[1]:
            self._refuse(
                f"{series.shape[1]} channels", f"expected {self.X[0].shape[1]}, as in the first case"
            )
        if self.channels not in (None, series.shape[1]):
            promised = "one" if self.channels == 1 else str(self.channels)
            found = "1 channel" if len(rows) == 1 else f"{len(rows)} channels"
            self._refuse(found, f"expected {promised}, as the header says")
        if self.equal_length and self.X and len(series) != len(self.X[0]):
            self._refuse(
                f"{len(series)} values", f"expected {len(self.X[0])}, for the header says @equalLength true"
            )
        self.X.append(series)

    def _label(self, label: str, classes: list[str]) -> str:
        """The label of a case, if it is one of the header's."""
        if not label:
            self._refuse(
                "no label after the last colon", "expected one, for the header says @classLabel true"
            )
        # The header has spaces between its classes and in them, so where one ends it does not say.
        if classes and f" {' '.join(label.split())} " not in f" {' '.join(classes)} ":
            self._refuse(f"label {label!r:.60}", f"expected one of {', '.join(classes)}, after a colon")
        return label

    def _values(self, channel: str, number: int) -> Array:
        texts = channel.split(",")
        try:
            # Python would take 1_000 for a number.
            values = np.array([float("_" if "_" in text else text) for text in texts])
        except ValueError:
            step = next(step for step, text in enumerate(texts) if not _is_number(text))
        else:
            finite = np.isfinite(values)
            if finite.all():
                return values
            step = int(np.argmin(finite))
        wrong = texts[step].strip()
        if wrong.lower() in ("?", "nan", "+nan", "-nan"):
            remedy = "fill in what is missing"
        elif _is_number(wrong):
            remedy = "expected finite numbers; put a finite one in its place, or leave the case out"
        else:
            remedy = "expected numbers between commas"
        self._refuse(f"channel {number}, step {step + 1}: the value {wrong!r:.40}", remedy)

    def _refuse(self, found: str, expected: str) -> NoReturn:
        raise DataError(f"{self.name}, line {self.number}: {found}; {expected}.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
