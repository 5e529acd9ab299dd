"""Quarters, weeks and other spans as times: a span is where it begins."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.missing import is_missing

__all__ = [
    "PERIOD_UNITS",
    "period_name",
    "period_of_text",
    "period_starts",
    "period_text",
    "periods_of_arrow",
]

Times = npt.NDArray[Any]

PERIOD_UNITS = ("Q", "W", "WD", "7D")
"""Letters of what texts name: a quarter, a week by its number, a day of such a week, a week by its days."""

_QUARTER = re.compile(r"(\d{4})-?Q([1-4])")
_WEEK = re.compile(r"(\d{4})-?W(\d\d)(?:-?([1-7]))?")
_DAYS = re.compile(r"(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)")


def period_name(values: Any) -> str | None:
    """The type of spans in pandas, as "period[Q-DEC]", that values have or are of; None of others."""
    name = str(getattr(values, "dtype", ""))
    if name.startswith("period["):
        return name
    if isinstance(values, np.ndarray) and values.ndim != 1:
        return None
    if name != "object" and not isinstance(values, (list, tuple)):
        return None
    first = next((value for value in values if not is_missing(value)), None)
    step = getattr(first, "freqstr", None)
    return f"period[{step}]" if step is not None and hasattr(first, "to_timestamp") else None


def periods_of_arrow(frame: Any) -> dict[str, str]:
    """The columns of a table of Arrow that hold spans of pandas, as bare numbers, and their type."""
    found = {}
    for field in getattr(frame, "schema", ()) if type(frame).__module__.startswith("pyarrow") else ():
        told = (field.metadata or {}).get(b"ARROW:extension:name", b"").decode()
        if getattr(field.type, "extension_name", told) == "pandas.period":
            found[field.name] = f"period[{getattr(field.type, 'freq', '')}]"
    return found


def period_starts(values: Any) -> Times:
    """When the spans begin.

    Args:
        values: of which ``period_name`` knows the type: a series, an index, an array or a list.
    """
    if str(getattr(values, "dtype", "object")) == "object":
        found = [None if is_missing(value) else value.to_timestamp(how="start") for value in values]
        return np.array(found, dtype="M8[us]")
    whole = getattr(values, "dt", values)
    starts: Times = whole.to_timestamp(how="start").to_numpy()
    return starts


def period_of_text(text: str) -> tuple[np.datetime64, str] | None:
    """When a quarter or a week written as text begins, and its unit; None where it is neither.

    Raises:
        ValueError: the year has no such week, or it is no week from its first day to its last.
    """
    if found := _QUARTER.fullmatch(text):
        first = np.datetime64(found[1], "M") + 3 * (int(found[2]) - 1)
        return first.astype("M8[us]"), "Q"
    if found := _WEEK.fullmatch(text):
        day = date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or 1))
        return np.datetime64(day, "us"), "WD" if found[3] else "W"
    if found := _DAYS.fullmatch(text):
        first_day, last = map(date.fromisoformat, found.groups())
        if last - first_day != timedelta(days=6):
            raise ValueError(text)
        return np.datetime64(first_day, "us"), "7D"
    return None


def period_text(time: date, unit: str, dash: str) -> str:
    """A time as the quarter or week that it begins.

    Args:
        time: its day.
        unit: one of ``PERIOD_UNITS``.
        dash: between the parts.
    """
    if unit == "Q":
        return f"{time.year:04}{dash}Q{(time.month + 2) // 3}"
    if unit == "7D":
        return f"{time}/{time + timedelta(days=6)}"
    year, week, day = time.isocalendar()
    return f"{year:04}{dash}W{week:02}" + (f"{dash}{day}" if unit == "WD" else "")
