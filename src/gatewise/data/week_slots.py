"""Times that come in each week, such as opening hours: named, and counted past those between them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.types import IntArray

__all__ = ["DAY", "MONDAY", "WEEK", "counted", "name_of", "parse", "times"]

DAY = 86_400 * 10**6
"""Microseconds."""

WEEK = 7 * DAY
MONDAY = np.datetime64("1969-12-29", "us")
"""A Monday, from which weeks are counted."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


def counted(slots: IntArray, moments: Any) -> IntArray:
    """Which of all the weeks' times each moment is, or where it is none the next one.

    Args:
        slots: (M,) microseconds from Monday on, rising.
        moments: datetime64[us].
    """
    week, rest = np.divmod((moments - MONDAY).astype(np.int64), WEEK)
    found: IntArray = week * len(slots) + np.searchsorted(slots, rest)
    return found


def times(slots: IntArray, numbers: IntArray) -> npt.NDArray[np.datetime64]:
    """The inverse of ``counted``."""
    week, slot = np.divmod(numbers, len(slots))
    return np.asarray(MONDAY + (week * WEEK + slots[slot]).astype("m8[us]"))


def name_of(slots: IntArray, base: int) -> str:
    """As ``parse`` reads it: "mon-fri", "09:00-16:00" or "mon-fri 09:00-16:00;sat 09:00-12:00".

    Args:
        slots: as ``counted`` takes them.
        base: microseconds between those that follow each other; a day where the time of day is left open.
    """
    if base == DAY:
        return _runs((slots // DAY).tolist(), 1, _DAYS.__getitem__)
    days_of: dict[str, list[int]] = {}
    for day in np.unique(slots // DAY).tolist():
        clock = slots[slots // DAY == day] - day * DAY
        whole = len(clock) == DAY // base and clock[0] == 0
        days_of.setdefault("" if whole else _runs(clock.tolist(), base, _clock), []).append(day)
    parts = [
        " ".join(part for part in (_runs(days, 1, _DAYS.__getitem__) if len(days) < 7 else "", clock) if part)
        for clock, days in days_of.items()
    ]
    return ";".join(parts)


def parse(text: str, base: int) -> tuple[int, ...] | None:
    """The times of a week of this name; None where it is none, or the base does not divide a day."""
    if DAY % base:
        return None
    found: set[int] = set()
    for part in text.split(";"):
        words = part.split()
        days: list[int] | None = list(range(7))
        if words and words[0][:3] in _DAYS:
            days = _listed(words.pop(0), 1, 7, lambda day: _DAYS.index(day) if day in _DAYS else None)
        clock: list[int] | None = list(range(0, DAY, base)) if not words else None
        if len(words) == 1 and base < DAY:
            clock = _listed(words[0], base, DAY, _microseconds)
        if not days or not clock or not part.strip():
            return None
        found |= {day * DAY + time for day in days for time in clock}
    phases = {slot % base for slot in found}
    return tuple(sorted(found)) if len(phases) == 1 else None


def _runs(values: list[int], step: int, word: Any) -> str:
    """Numbers as ranges and single ones, as "mon-fri,sun"."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value - runs[-1][-1] == step:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ",".join(
        f"{word(run[0])}-{word(run[-1])}" if len(run) > 2 else ",".join(map(word, run)) for run in runs
    )


def _listed(text: str, step: int, whole: int, number: Any) -> list[int] | None:
    """The inverse of ``_runs``; a range that ends before it begins goes over the end of the week or day."""
    found: list[int] = []
    for part in text.split(","):
        ends = [number(end) for end in part.split("-")]
        if len(ends) > 2 or any(end is None for end in ends):
            return None
        first, last = ends[0], ends[-1]
        found += [
            value % whole for value in range(first, (last if last >= first else last + whole) + 1, step)
        ]
    return found


def _clock(time: int) -> str:
    seconds = time // 10**6
    whole = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return whole if seconds % 60 == 0 else f"{whole}:{seconds % 60:02}"


def _microseconds(text: str) -> int | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    return 10**6 * (3600 * int(found[1]) + 60 * int(found[2]) + int(found[3] or 0))
