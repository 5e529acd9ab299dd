"""Days that come in each month, such as the 15th and the last, or the last business day."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.types import IntArray

__all__ = ["ENDS", "dates", "parse", "positions", "times"]

ENDS = ("end", "bend", "bstart")
"""Words for days: the last, and the last and the first that is a business day."""

_LATE = (29, 30, 31, "end", "bend")
"""Of these a month has but one at most."""


def parse(text: str) -> tuple[int | str, ...] | None:
    """Days of a month by a list, as "1,15", "15,end" or "30"; None where it is none."""
    words = text.split(",")
    if not all(word in ("end", "31") or (word.isdecimal() and 1 <= int(word) <= 30) for word in words):
        return None
    days = [int(word) for word in words if word not in ("end", "31")]
    last: list[int | str] = ["end"] if len(days) < len(words) else []
    late = [day for day in [*days, *last] if day in _LATE]
    if len(late) > 1 or sorted(set(days)) != days or len(words) - len(days) > 1:
        return None
    return (*days, *last)


def dates(day: int | str, months: Any) -> npt.NDArray[np.datetime64]:
    """A day of each month (datetime64[M]) as datetime64[us]; where there is none, the last."""
    first, following = months.astype("M8[D]"), (months + 1).astype("M8[D]")
    if day == "bstart":
        found = np.busday_offset(first, 0, roll="forward")
    elif day == "bend":
        found = np.busday_offset(following - 1, 0, roll="backward")
    elif day == "end":
        found = following - 1
    else:
        found = np.minimum(first + (int(day) - 1), following - 1)
    return np.asarray(found).astype("M8[us]")


def times(
    days: tuple[int | str, ...], start: Any, positions: IntArray, step: int
) -> npt.NDArray[np.datetime64]:
    """The days this many after ``start``, or where it is none of them after the next one.

    Args:
        days: of the month, rising.
        start: datetime64.
        positions: steps.
        step: months from one with such days to the next.
    """
    month = start.astype("M8[M]")
    turn, which = np.divmod(_before(days, month, start) + positions, len(days))
    months = month + turn * step
    each = np.stack([dates(day, months) for day in days])
    return np.asarray(np.take_along_axis(each, np.asarray(which)[None], axis=0)[0])


def positions(days: tuple[int | str, ...], start: Any, moments: Any, step: int) -> IntArray:
    """How many such days lie between ``start`` and each moment."""
    month = start.astype("M8[M]")
    turn = (moments.astype("M8[M]") - month).astype(np.int64) // step
    counted = turn * len(days) + _before(days, moments.astype("M8[M]"), moments)
    return np.asarray(counted - _before(days, month, start))


def _before(days: tuple[int | str, ...], months: Any, moments: Any) -> Any:
    """How many of the days of its month lie before each moment's."""
    of_day = moments.astype("M8[D]").astype("M8[us]")
    return np.sum([dates(day, months) < of_day for day in days], axis=0)
