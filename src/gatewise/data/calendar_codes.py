"""Calendar codes written as numbers, such as 202252 for a week: counted, each new year would be a gap."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.short_codes import ShortCode, short_code

__all__ = ["CalendarCode", "calendar_code"]


class CalendarCode(NamedTuple):
    """A way to write times as numbers.

    Attributes:
        form: in letters.
        parts: what follows the year: how many digits each has, its least and its greatest value.
        remedy: how to write such times instead.
    """

    form: str
    parts: tuple[tuple[int, int, int], ...]
    remedy: str

    def fits(self, numbers: npt.NDArray[np.int64]) -> bool:
        """Whether all of the numbers can be read so."""
        rest = numbers
        for digits, least, greatest in reversed(self.parts):
            rest, part = np.divmod(rest, 10**digits)
            if ((part < least) | (part > greatest)).any():
                return False
        return bool(((rest >= 1900) & (rest <= 2100)).all())


_DATE = ((2, 1, 12), (2, 1, 31))
_CLOCK = "2026-01-31 18:00"
_CODES = (
    CalendarCode("YYYYMMDD", _DATE, "2026-01-31"),
    CalendarCode("YYYYMMDDHH", (*_DATE, (2, 0, 23)), _CLOCK),
    CalendarCode("YYYYMMDDHHMM", (*_DATE, (2, 0, 23), (2, 0, 59)), _CLOCK),
    CalendarCode("YYYYMMDDHHMMSS", (*_DATE, (2, 0, 23), (2, 0, 59), (2, 0, 59)), _CLOCK),
    CalendarCode("YYYYMM", ((2, 1, 12),), "2026-01"),
    CalendarCode("YYYYWW", ((2, 1, 53),), "2026-W05"),
    CalendarCode("YYYYDDD", ((3, 1, 366),), "2026-01-31"),
    CalendarCode("YYYYQ", ((1, 1, 4),), "2026Q1"),
)


def calendar_code(times: npt.NDArray[Any]) -> CalendarCode | ShortCode | None:
    """The calendar code that all of these numbers are, whether many or few; None where they may be counts.

    Few numbers of five digits may well be counted. They are quarters where one year goes over into the next.
    """
    if len(times) == 0 or not (np.abs(times) < 1e15).all():
        return None
    if (np.rint(times) != times).any():
        return short_code(np.unique(times))
    numbers = np.unique(times.astype(np.int64))
    found = next((code for code in _CODES if code.fits(numbers)), None)
    if found is not None and found.form == "YYYYQ" and len(np.unique(numbers // 10)) < 2:
        return None
    return found or short_code(numbers)
