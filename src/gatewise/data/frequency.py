"""How time steps from one value of a series to the next: by name, and counted forth and back."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from gatewise.data import month_days, week_slots
from gatewise.data.frequency_aliases import alias_of
from gatewise.errors import ArgumentError
from gatewise.types import IntArray

__all__ = ["Frequency", "Times", "written"]

Times: TypeAlias = npt.NDArray[Any]
"""(N,) of datetime64[us], or of integers or floats where time is only counted."""

_DAY = week_slots.DAY
_MICROSECONDS = {
    "us": 1,
    "ms": 10**3,
    "s": 10**6,
    "min": 60 * 10**6,
    "h": 3600 * 10**6,
    "d": _DAY,
    "w": 7 * _DAY,
}
_MONTHS = {"mo": 1, "q": 3, "y": 12}
_BUSINESS_DAYS = tuple(day * _DAY for day in range(5))
_LONGEST_SEASON = 288


@dataclass(frozen=True)
class Frequency:
    """The step of a series.

    Attributes:
        unit: "number" for counted time, "time" for a fixed span, "month", or "week" for some times of each
            week alone, such as business days or opening hours.
        step: of that unit: a number, microseconds, months, or how many of the week's times.
        on: of months the days, as numbers, "end", "bstart" or "bend" (the first and the last day that is a
            business day), none where the start of a series says it; of weeks the times, as microseconds from
            Monday on.
        base: of weeks: microseconds between times that follow each other; a day where only the day counts,
            and the start of a series says the time of day.
    """

    unit: str
    step: float
    on: tuple[int | str, ...] = ()
    base: int = _DAY

    @property
    def month_end(self) -> bool:
        """Whether months are counted from their ends."""
        return self.unit == "month" and self.on == ("end",)

    def __str__(self) -> str:
        """As ``parse`` reads it."""
        if self.unit == "number":
            return np.format_float_positional(self.step, trim="-")
        if self.unit == "week":
            if self.on == _BUSINESS_DAYS and self.base == _DAY:
                return f"{int(self.step)}b"
            count = f"{int(self.step)}d" if self.base == _DAY else _spelled(self.base, _MICROSECONDS)
            return f"{count}@{week_slots.name_of(self._slots, self.base)}"
        name = _spelled(int(self.step), _MONTHS if self.unit == "month" else _MICROSECONDS)
        if not self.on:
            return name
        return (
            f"{name}-{self.on[0]}"
            if self.on[0] in month_days.ENDS and len(self.on) == 1
            else (f"{name}@{','.join(map(str, self.on))}")
        )

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """A frequency by name, or by that of a pandas offset, as "W-MON" or "QE-NOV".

        Names are "15min", "1h", "1d", "1w", "1mo", "1q", "1y" with any count; "1mo-end"; "1mo-bend" and
        "1mo-bstart" for the last and the first business day; "1mo@15,end" or "1mo@30" for days of the month,
        in a shorter month its last; "1b", "2b" for business days; "1d@sun-thu" for days of the week;
        "1h@09:00-16:00" and "30min@mon-fri 09:30-11:30,13:00-15:00;sat 09:30-11:30" for times of day; or a
        number.

        Raises:
            ArgumentError: it is none of these.
        """
        name, at, on = alias_of(text).partition("@")
        match = re.fullmatch(r"(\d+\.?\d*|\.\d+|)([a-z]*)(?:-(end|bend|bstart))?", name)
        if match and (match[1] or match[2]) and bool(at) is bool(on):
            count, unit, end = float(match[1] or 1), match[2], match[3]
            if count * _MICROSECONDS.get(unit, _DAY if unit else 1) >= 2.0**62:
                raise ArgumentError(f"freq={text!r} is longer than all time; expected a smaller number.")
            found = _made(cls, count, unit, end, on) if count > 0 else None
            if found is not None:
                return found
        raise ArgumentError(
            f"freq={text!r}; expected a number and a unit, as in '15min', '1h', '1d', '1b' (business days), "
            "'1w', '1mo', '1mo-end', '1q' or '1y', with the times of a week or a month where they are not "
            "all, as in '1h@mon-fri 09:00-16:00', '1d@sun-thu', '1mo-bend' or '1mo@15,end'; the name of a "
            "pandas offset, as 'QE-NOV'; or a number alone where time is counted."
        )

    @property
    def _slots(self) -> IntArray:
        return np.array(self.on, dtype=np.int64)

    @property
    def season_length(self) -> int:
        """Steps of the season that this frequency usually has: a day, a week or a year; 1 for none."""
        if self.unit == "number":
            return 1
        if self.unit == "week":
            return self._season_of_weeks()
        if self.unit == "month":
            return int(12 // self.step) * max(1, len(self.on)) if 12 % self.step == 0 else 1
        if self.step % (7 * _DAY) == 0:
            return 52 if self.step == 7 * _DAY else 1
        if self.step % _DAY == 0:
            return 7 if self.step == _DAY else 1
        for span in (_DAY, _MICROSECONDS["h"], _MICROSECONDS["min"]):
            steps = span / self.step
            if steps.is_integer() and 1 < steps <= _LONGEST_SEASON:
                return int(steps)
        return 1

    def _season_of_weeks(self) -> int:
        """Steps of an open day where all have as many, else of a week, or of as many as come out even."""
        count, step = len(self.on), int(self.step)
        if self.base == _DAY:
            if count == 1:
                return 52 if step == 1 else 1
            return count // math.gcd(count, step)
        _, each = np.unique(self._slots // _DAY, return_counts=True)
        steps = int(each[0]) if (each == each[0]).all() and each[0] > 1 else count
        return steps if steps <= _LONGEST_SEASON else 1

    def times(self, start: Any, positions: IntArray) -> Times:
        """The times this many steps after ``start``."""
        if self.unit == "number":
            moved: Times = start + positions * (
                int(self.step) if float(self.step).is_integer() else self.step
            )
            return moved
        if self.unit == "time":
            return np.asarray(start + (positions * int(self.step)).astype("m8[us]"))
        clock = start - start.astype("M8[D]")  # of days and months the time of day is that of the start
        if self.unit == "week":
            of_day = clock if self.base == _DAY else np.timedelta64(0, "us")
            first = week_slots.counted(self._slots, start - of_day)
            return np.asarray(week_slots.times(self._slots, first + positions * int(self.step)) + of_day)
        if self.on and not self.month_end:
            return np.asarray(month_days.times(self.on, start, positions, int(self.step)) + clock)
        month, step = start.astype("M8[M]"), positions * int(self.step)
        if self.month_end:
            return np.asarray((month + 1 + step).astype("M8[us]") + (start - (month + 1).astype("M8[us]")))
        # Where a month has no such day, its last one.
        day = (start.astype("M8[D]") - month.astype("M8[D]")).astype(np.int64) + 1
        return np.asarray(month_days.dates(int(day), month + step) + clock)

    def positions(self, start: Any, times: Times) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """How many steps each time lies after ``start``, and whether it lies on a step at all."""
        if self.unit == "number":
            steps = (times - start) / self.step
            whole = np.rint(steps)
            return whole.astype(np.int64), np.abs(steps - whole) < 1e-6 * np.maximum(1, np.abs(steps))
        if self.unit == "time":
            span = (times - start).astype(np.int64)
            return span // int(self.step), span % int(self.step) == 0
        if self.unit == "week":
            of_day = start - start.astype("M8[D]") if self.base == _DAY else np.timedelta64(0, "us")
            counted = week_slots.counted(self._slots, times - of_day)
            counted = (counted - week_slots.counted(self._slots, start - of_day)) // int(self.step)
        elif self.on and not self.month_end:
            counted = month_days.positions(self.on, start, times, int(self.step))
        else:
            months = times.astype("M8[M]").astype(np.int64) - start.astype("M8[M]").astype(np.int64)
            counted = months // int(self.step)
        return counted, self.times(start, counted) == times


def _made(cls: type[Frequency], count: float, unit: str, end: str | None, on: str) -> Frequency | None:
    """From the parts of a name; None where they do not fit together."""
    if unit == "":
        return None if end or on else cls("number", count)
    if not count.is_integer() or (end and on):
        return None
    if unit in _MONTHS:
        days = (end,) if end else month_days.parse(on) if on else ()
        return None if days is None else cls("month", int(count) * _MONTHS[unit], days)
    if end or (unit == "b" and on):
        return None
    if unit == "b":
        return cls("week", int(count), _BUSINESS_DAYS)
    if unit not in _MICROSECONDS:
        return None
    span = int(count) * _MICROSECONDS[unit]
    if not on:
        return cls("time", span)
    base = _DAY if unit == "d" else span
    slots = week_slots.parse(on, base)
    return None if slots is None else cls("week", int(count) if unit == "d" else 1, slots, base)


def _spelled(step: int, units: dict[str, int]) -> str:
    """A step in the largest unit of which it is a whole number."""
    name, size = next((n, s) for n, s in reversed(units.items()) if step % s == 0)
    return f"{step // size}{name}"


def written(times: Times) -> list[Any]:
    """Times as text files have them: dates in ISO 8601 without the digits that are all zero; others as is.

    A date that is missing is an empty text.
    """
    if times.dtype.kind != "M":
        values: list[Any] = times.tolist()
        return values
    absent = np.isnat(times)
    whole = (unit for unit in ("D", "s") if (absent | (times == times.astype(f"M8[{unit}]"))).all())
    unit = next(whole, np.datetime_data(times.dtype)[0])
    texts = np.datetime_as_string(times.astype(f"M8[{unit}]")).tolist()
    return [
        "" if missing else text.replace("T", " ")
        for text, missing in zip(texts, absent.tolist(), strict=True)
    ]
