"""How time steps from one value of a series to the next: found in the data, and checked against it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError, DataError
from gatewise.types import IntArray

__all__ = ["Frequency", "Times", "infer_frequency", "written"]

Times: TypeAlias = npt.NDArray[Any]
"""(N,) of datetime64[us], or of integers or floats where time is only counted."""

_MICROSECONDS = {
    "us": 1,
    "ms": 10**3,
    "s": 10**6,
    "min": 60 * 10**6,
    "h": 3600 * 10**6,
    "d": 86_400 * 10**6,
    "w": 7 * 86_400 * 10**6,
}
_MONTHS = {"mo": 1, "q": 3, "y": 12}
_DAY = _MICROSECONDS["d"]


@dataclass(frozen=True)
class Frequency:
    """The step of a series.

    Attributes:
        unit: "number" for counted time, "time" for a fixed span, "month", or "business day" (Monday to
            Friday).
        step: of that unit: a number, microseconds, months, or days.
        month_end: whether months are counted from their ends.
    """

    unit: str
    step: float
    month_end: bool = False

    def __str__(self) -> str:
        """As ``parse`` reads it."""
        if self.unit == "number":
            return np.format_float_positional(self.step, trim="-")
        if self.unit == "business day":
            return "1b"
        units = _MONTHS if self.unit == "month" else _MICROSECONDS
        name, size = next((n, s) for n, s in reversed(units.items()) if self.step % s == 0)
        return f"{int(self.step // size)}{name}" + ("-end" if self.month_end else "")

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """A frequency by name: "1h", "15min", "1d", "1w", "1mo", "1mo-end", "1q", "1y", "1b", or a number.

        Raises:
            ArgumentError: it is none of these.
        """
        match = re.fullmatch(r"(\d+\.?\d*|\.\d+|)([a-z]*)(-end)?", text)
        if match and (match[1] or match[2]):
            count, unit = float(match[1] or 1), match[2]
            if count * _MICROSECONDS.get(unit, _DAY if unit else 1) >= 2.0**62:
                raise ArgumentError(f"freq={text!r} is longer than all time; expected a smaller number.")
            if count > 0 and unit == "" and not match[3]:
                return cls("number", count)
            if count > 0 and count.is_integer() and unit in _MONTHS:
                return cls("month", int(count) * _MONTHS[unit], bool(match[3]))
            if count > 0 and count.is_integer() and unit in _MICROSECONDS and not match[3]:
                return cls("time", int(count) * _MICROSECONDS[unit])
            if count == 1 and unit == "b" and not match[3]:
                return cls("business day", 1)
        raise ArgumentError(
            f"freq={text!r}; expected a number and a unit, as in '15min', '1h', '1d', '1b' (business days), "
            "'1w', '1mo', '1mo-end', '1q' or '1y', or a number alone where time is counted."
        )

    @property
    def season_length(self) -> int:
        """Steps of the season that this frequency usually has: a day, a week or a year; 1 for none."""
        if self.unit == "number":
            return 1
        if self.unit == "business day":
            return 5
        if self.unit == "month":
            return int(12 // self.step) if 12 % self.step == 0 else 1
        if self.step % (7 * _DAY) == 0:
            return 52 if self.step == 7 * _DAY else 1
        if self.step % _DAY == 0:
            return 7 if self.step == _DAY else 1
        for span in (_DAY, _MICROSECONDS["h"], _MICROSECONDS["min"]):
            steps = span / self.step
            if steps.is_integer() and 1 < steps <= 288:
                return int(steps)
        return 1

    def times(self, start: Any, positions: IntArray) -> Times:
        """The times this many steps after ``start``."""
        if self.unit == "number":
            moved: Times = start + positions * (
                int(self.step) if float(self.step).is_integer() else self.step
            )
            return moved
        if self.unit == "time":
            return np.asarray(start + (positions * int(self.step)).astype("m8[us]"))
        if self.unit == "business day":
            day = start.astype("M8[D]")
            days = np.busday_offset(day, positions, roll="forward")
            return np.asarray(days.astype("M8[us]") + (start - day))
        month, offset = self._split(start)
        return np.asarray(self._join(month + positions * int(self.step), offset))

    def positions(self, start: Any, times: Times) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """How many steps each time lies after ``start``, and whether it lies on a step at all."""
        if self.unit == "number":
            steps = (times - start) / self.step
            whole = np.rint(steps)
            return whole.astype(np.int64), np.abs(steps - whole) < 1e-6 * np.maximum(1, np.abs(steps))
        if self.unit == "time":
            span = (times - start).astype(np.int64)
            return span // int(self.step), span % int(self.step) == 0
        if self.unit == "business day":
            day = times.astype("M8[D]")
            counted = np.busday_count(start.astype("M8[D]"), day).astype(np.int64)
        else:
            months = times.astype("M8[M]").astype(np.int64) - start.astype("M8[M]").astype(np.int64)
            counted = months // int(self.step)
        return counted, self.times(start, counted) == times

    def _split(self, start: Any) -> tuple[Any, Any]:
        month = start.astype("M8[M]")
        if self.month_end:
            return month, start - (month + 1).astype("M8[us]")
        return month, start - month.astype("M8[us]")

    def _join(self, months: Any, offset: Any) -> Any:
        return (months + int(self.month_end)).astype("M8[us]") + offset


def infer_frequency(series: Sequence[Times], column: str) -> Frequency:
    """The frequency that most steps have.

    Args:
        series: each series' times, in order and without duplicates.
        column: their column's name, for the error.

    Raises:
        DataError: no series has two times.
    """
    steps = [np.diff(times) for times in series if len(times) > 1]
    if not steps:
        raise DataError(
            f"column {column!r}: no series has two times, so that their step cannot be found; "
            "give more data, or name the step with freq=."
        )
    values, counts = np.unique(np.concatenate(steps), return_counts=True)
    usual = values[counts.argmax()]
    if not np.issubdtype(values.dtype, np.timedelta64):
        return Frequency("number", float(usual))
    span = int(usual.astype("m8[us]").astype(np.int64))
    for days, months in (((28, 31), 1), ((89, 92), 3), ((181, 184), 6), ((365, 366), 12)):
        if days[0] * _DAY <= span <= days[1] * _DAY:
            found = Frequency("month", months, all(_ends_a_month(times) for times in series))
            # Steps of four weeks or of thirty days are no months.
            if all(found.positions(times[0], times)[1].all() for times in series):
                return found
    weekdays = all(np.is_busday(times.astype("M8[D]")).all() for times in series)
    if span == _DAY and weekdays and max(map(len, series)) > 5:
        return Frequency("business day", 1)
    return Frequency("time", span)


def _ends_a_month(times: Times) -> bool:
    tomorrow = times.astype("M8[D]") + 1
    return bool((tomorrow.astype("M8[M]").astype("M8[D]") == tomorrow).all())


def written(times: Times) -> list[Any]:
    """Times as text files have them: dates in ISO 8601 without the digits that are all zero; others as is."""
    if times.dtype.kind != "M":
        values: list[Any] = times.tolist()
        return values
    unit = "D" if (times == times.astype("M8[D]")).all() else "s"
    whole = (times == times.astype(f"M8[{unit}]")).all()
    return [str(time).replace("T", " ") for time in (times.astype(f"M8[{unit}]") if whole else times)]
