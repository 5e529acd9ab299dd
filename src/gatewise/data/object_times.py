"""Times that are objects of Python: dates, and moments with a time zone or without one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.missing import is_missing
from gatewise.data.text_times import too_fine
from gatewise.data.zones import zone_info, zone_name
from gatewise.errors import DataError

__all__ = ["ObjectTimes", "as_objects", "times_of_objects"]


class ObjectTimes(NamedTuple):
    """What objects say.

    Attributes:
        times: (N,) datetime64[us], in UTC where they have a zone.
        zone: that of all of them, by a name that ``zone_info`` knows; None where they have none.
        kind: "date", or "datetime" where one has a time of day.
    """

    times: npt.NDArray[Any]
    zone: str | None
    kind: str


def times_of_objects(
    column: npt.NDArray[Any], name: str, where: str, place: Callable[[int], str]
) -> ObjectTimes | None:
    """Read dates and datetimes; None of any other values.

    Args:
        column: of objects, missing values among them.
        name: of the column.
        where: what messages call the data.
        place: says of a row where it stands.

    Raises:
        DataError: some have a time zone and others none, or another one, or a zone that has no name; or one
            is finer than a microsecond.
    """
    values = column.tolist()
    there = [row for row, value in enumerate(values) if not is_missing(value)]
    if column.dtype != object or not there or not all(isinstance(values[row], date) for row in there):
        return None
    zones: dict[str | None, int] = {}
    names: dict[int, str | None] = {}
    for row in there:
        info = getattr(values[row], "tzinfo", None)
        if id(info) not in names:
            names[id(info)] = None if info is None else _named(info, name, where, place(row))
        zones.setdefault(names[id(info)], row)
        if getattr(values[row], "nanosecond", 0):  # of pandas
            raise too_fine(values[row], place(row), name, where)
    if len(zones) > 1:
        (one, first), (other, second), *_ = zones.items()
        raise DataError(
            f"{where}: column {name!r} has times of different time zones, {one or 'none'} in {place(first)} "
            f"and {other or 'none'} in {place(second)}; expected one for all. Bring them into one."
        )
    zone = next(iter(zones))
    times = np.full(len(values), "NaT", "M8[us]")
    for row in there:
        value = values[row]
        times[row] = value if zone is None else value.astimezone(UTC).replace(tzinfo=None)
    is_date = not any(isinstance(values[row], datetime) for row in there)
    return ObjectTimes(times, zone, "date" if is_date else "datetime")


def _named(info: Any, name: str, where: str, place: str) -> str:
    try:
        return zone_name(info)
    except ValueError as error:
        raise DataError(
            f"{where}: column {name!r} has in {place} a time zone that no other machine would know: {error}. "
            "Bring it into a known one."
        ) from None


def as_objects(times: npt.NDArray[Any], kind: str, zone: str | None) -> npt.NDArray[Any]:
    """Times as ``times_of_objects`` read them, as objects of this kind."""
    values: list[Any] = times.astype("M8[D]" if kind == "date" else "M8[us]").tolist()
    if zone is not None:
        place = zone_info(zone)
        values = [value and value.replace(tzinfo=UTC).astimezone(place) for value in values]
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
