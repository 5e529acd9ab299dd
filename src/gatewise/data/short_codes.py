"""Calendar codes that may as well be counts, such as 2412 for a month: told by where they go over.

Of such numbers alone nothing can be said. Where they leap just as the calendar goes over, from 2412 to 2501,
and are regular by the calendar but for that, they are no counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["ShortCode", "short_code"]

Whole = npt.NDArray[np.int64]

_FEWEST = 4
_SMALL = 1000
_MOST_STEPS = 2
"""Kinds of steps that days may have, as over a weekend."""


class ShortCode(NamedTuple):
    """A way to write times as numbers.

    Attributes:
        form: in letters.
        digits: of each part, from left to right.
        steps: how many these parts are since the beginning; None where one of them is no such part.
        remedy: how to write such times instead.
    """

    form: str
    digits: tuple[int, ...]
    steps: Callable[..., Whole | None]
    remedy: str

    def counted(self, numbers: Whole) -> Whole | None:
        """The steps of numbers of this form; None where they are not all of it."""
        parts, rest = [], numbers
        for digits in reversed(self.digits[1:]):
            rest, part = np.divmod(rest, 10**digits)
            parts.append(part)
        if ((rest < 0) | (rest >= 10 ** self.digits[0])).any():
            return None
        return self.steps(rest, *reversed(parts))


def _within(part: Whole, least: int, greatest: int) -> bool:
    return bool(((part >= least) & (part <= greatest)).all())


def _months(year: Whole, month: Whole) -> Whole | None:
    return year * 12 + month if _within(month, 1, 12) else None


def _days(year: Whole, month: Whole, day: Whole) -> Whole | None:
    months = _months(np.where(year < 100, 2000 + year, year) - 1970, month)
    if months is None or not _within(day, 1, 31) or not _within(year, 0, 2100):
        return None
    first = (months - 1).astype("M8[M]").astype("M8[D]")
    found = first + (day - 1)
    return found.astype(np.int64) if (found.astype("M8[M]") == first.astype("M8[M]")).all() else None


def _parts_of(year: Whole, part: Whole, fewest: int, most: int) -> Whole | None:
    """Weeks or days of years, of which each but the last has as many as the numbers show."""
    if not _within(part, 1, most):
        return None
    years = np.unique(year)
    ends = np.array([part[year == each].max() for each in years])
    if (ends[:-1] < fewest).any():
        return None
    before = np.cumsum([0, *ends[:-1]])
    counted: Whole = before[np.searchsorted(years, year)] + part
    return counted


def _quarters(year: Whole, quarter: Whole) -> Whole | None:
    return year * 4 + quarter if _within(quarter, 1, 4) else None


def _minutes(hour: Whole, minute: Whole) -> Whole | None:
    return hour * 60 + minute if _within(hour, 0, 23) and _within(minute, 0, 59) else None


_DATE, _MONTH, _MONDAY = "2026-01-31", "2026-01", "2026-W05"
_QUARTER, _CLOCK = "2026Q1", "2026-01-31 18:00"
_YEAR = np.full(1, 2024)  # has a 29th of February
_CODES: Sequence[ShortCode] = (
    ShortCode("MMDD", (2, 2), lambda m, d: _days(_YEAR, m, d), _DATE),
    ShortCode("DDMM", (2, 2), lambda d, m: _days(_YEAR, m, d), _DATE),
    ShortCode("YYMMDD", (2, 2, 2), _days, _DATE),
    ShortCode("DDMMYY", (2, 2, 2), lambda d, m, y: _days(y, m, d), _DATE),
    ShortCode("MMDDYY", (2, 2, 2), lambda m, d, y: _days(y, m, d), _DATE),
    ShortCode("DDMMYYYY", (2, 2, 4), lambda d, m, y: _days(y, m, d), _DATE),
    ShortCode("MMDDYYYY", (2, 2, 4), lambda m, d, y: _days(y, m, d), _DATE),
    ShortCode("MMYYYY", (2, 4), lambda m, y: _months(y, m), _MONTH),
    ShortCode("YYMM", (2, 2), _months, _MONTH),
    ShortCode("MMYY", (2, 2), lambda m, y: _months(y, m), _MONTH),
    ShortCode("HHMM", (2, 2), _minutes, _CLOCK),
    ShortCode("YYWW", (2, 2), lambda y, w: _parts_of(y, w, 52, 53), _MONDAY),
    ShortCode("WWYYYY", (2, 4), lambda w, y: _parts_of(y, w, 52, 53), _MONDAY),
    ShortCode("YYDDD", (2, 3), lambda y, d: _parts_of(y, d, 365, 366), _DATE),
    ShortCode("QYYYY", (1, 4), lambda q, y: _quarters(y, q), _QUARTER),
    ShortCode("YYQ", (2, 1), _quarters, _QUARTER),
)


def short_code(numbers: npt.NDArray[Any]) -> ShortCode | None:
    """The calendar code of which numbers are, going over at least once; None where they may be counts.

    Args:
        numbers: different ones, rising; whole ones, or months behind a point as in 2026.01.
    """
    if len(numbers) < _FEWEST:
        return None
    if (np.rint(numbers) != numbers).any():
        months = 100 * numbers
        if not (np.abs(months - np.rint(months)) < 1e-4).all() or not _within(
            numbers.astype(int), 1900, 2100
        ):
            return None
        by_point = ShortCode("YYYY.MM", (4, 2), _months, _MONTH)
        return by_point if _goes_over(by_point, np.rint(months).astype(np.int64)) else None
    whole = numbers.astype(np.int64)
    return next((code for code in _CODES if _goes_over(code, whole)), None)


def _goes_over(code: ShortCode, numbers: Whole) -> bool:
    """Whether numbers are regular as such a code, and leap as numbers."""
    counted = code.counted(numbers)
    if counted is None:
        return False
    steps, leaps = np.unique(np.diff(np.sort(counted))), np.diff(numbers)
    if steps[0] < 1 or len(steps) > min(_MOST_STEPS, len(np.unique(leaps)) - 1):
        return False
    # One gap among small numbers may be a gap.
    return bool(numbers[-1] >= _SMALL or np.count_nonzero(leaps > steps[-1]) > 1)
