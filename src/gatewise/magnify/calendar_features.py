"""Features of a series' steps, with which units can be compared: its position, and what the calendar says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.data.frequency import Times
from gatewise.data.spread import never_changes

__all__ = ["series_features"]

Columns = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_DAY = np.timedelta64(1, "D")
_CYCLES = {
    "hour of the day": _DAY,
    "day of the week": 7 * _DAY,
    "day of the month": np.timedelta64(2_629_746, "s"),
    "time of the year": np.timedelta64(31_556_952, "s"),
}
"""Mean lengths; a year of the Gregorian calendar has 365.2425 days."""

_MONDAY = np.datetime64("1969-12-29", "D")
_EDGE = 3
"""Days that count as the start of a month, and as its end."""


def series_features(count: int, times: Times | None = None) -> dict[str, Columns]:
    """The features of a series by name, a row for each step: (N, 1), or (N, 2) where it goes in a circle.

    Always "position in the series". Where the steps have dates: "hour of the day", "day of the week", "day
    of the month" and "time of the year", each the sine and the cosine of how much of the day, the seven days,
    the month or the year is over; months and years by their own lengths, all but the first in whole days.
    With the week comes "weekend", with the month its "start" and "end", three days each. A cycle is left out
    where a step is as long as it or longer, or where the steps do not cover it twice: once in the half of
    them on which a unit is sought, once in the other. What does not change is left out too.

    Args:
        count: N.
        times: (N,) of datetime64, rising; None where the steps are only counted.
    """
    found = {"position in the series": _column(np.arange(count))}
    if times is None or count < 2:
        return found
    step = np.median(np.diff(times))
    covered = times[-1] - times[0] + step
    gone, flags = _gone(times), _flags(times)
    for name, cycle in _CYCLES.items():
        if step < cycle and 2 * cycle <= covered:
            angle = 2 * np.pi * gone[name]
            # The sine of a whole turn is 0, and not the 1e-16 of rounding, which would pass for a change.
            circle = np.stack([np.sin(angle), np.cos(angle)], axis=1).round(12)
            found[name] = circle.astype(np.float32)
            found |= {flag: _column(days) for flag, days in flags.get(name, {}).items()}
    return {name: columns for name, columns in found.items() if not never_changes(columns).all()}


def _gone(times: Times) -> dict[str, Floats]:
    """How much of each cycle is over at each time, in [0, 1)."""
    days = times.astype("M8[D]")
    return {
        "hour of the day": (times - days) / _DAY,
        "day of the week": (days - _MONDAY) % (7 * _DAY) / (7 * _DAY),
        "day of the month": _share(days, "M8[M]"),
        "time of the year": _share(days, "M8[Y]"),
    }


def _share(days: Times, unit: str) -> Floats:
    """How much of the calendar's month or year is over."""
    first = days.astype(unit).astype("M8[D]")
    share: Floats = (days - first) / (_next(days, unit) - first)
    return share


def _next(days: Times, unit: str) -> Times:
    """The day on which the next month or year begins."""
    after: Times = (days.astype(unit) + 1).astype("M8[D]")
    return after


def _flags(times: Times) -> dict[str, dict[str, npt.NDArray[np.bool_]]]:
    """What is so on some days, by the cycle that it belongs to."""
    days = times.astype("M8[D]")
    since = days - days.astype("M8[M]").astype("M8[D]")
    return {
        "day of the week": {"weekend": (days - _MONDAY) % (7 * _DAY) >= 5 * _DAY},
        "day of the month": {
            "start of the month": since < _EDGE * _DAY,
            "end of the month": _next(days, "M8[M]") - days <= _EDGE * _DAY,
        },
    }


def _column(values: npt.NDArray[np.generic]) -> Columns:
    return values.astype(np.float32)[:, None]
