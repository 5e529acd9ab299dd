"""Time zones: their names, fixed offsets among them, and times in UTC and as the clocks there show them."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

__all__ = ["clock_of", "time_zone", "utc_of", "with_offsets", "without_zone", "zone_info"]

Times = npt.NDArray[Any]

_FIXED = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>[01]\d|2[0-3])(?::?(?P<minutes>[0-5]\d))?")
_OF_A_FILE = re.compile(r"tzfile\('.*/zoneinfo/(?P<name>.+)'\)")


def zone_info(name: str) -> tzinfo:
    """A zone by its name: of the IANA's data base, as in "Europe/Berlin", or an offset as in "+05:30".

    Raises:
        ValueError: there is none of this name.
    """
    if fixed := _FIXED.fullmatch(name):
        span = timedelta(hours=int(fixed["hours"]), minutes=int(fixed["minutes"] or 0))
        return timezone(-span if fixed["sign"] == "-" else span)
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"there is no time zone {name!r}") from error


def time_zone(series: Any) -> str | None:
    """The time zone of a column by a name that ``zone_info`` knows; None where it has none.

    Args:
        series: of narwhals, which does not see every zone of pandas.

    Raises:
        ValueError: the zone has no such name.
    """
    own = getattr(getattr(series.to_native(), "dtype", None), "tz", None)
    zone = own or getattr(series.dtype, "time_zone", None)
    if zone is None:
        return None
    name = str(zone)
    if of_a_file := _OF_A_FILE.fullmatch(name):  # dateutil's
        name = of_a_file["name"]
    offset = zone.utcoffset(None) if isinstance(zone, tzinfo) else None
    if offset is not None and not isinstance(zone, ZoneInfo):  # of pytz or dateutil, whatever they call it
        minutes = round(offset.total_seconds() / 60)
        sign, minutes = "-" if minutes < 0 else "+", abs(minutes)
        name = f"{sign}{minutes // 60:02}:{minutes % 60:02}" if minutes else "UTC"
    zone_info(name)
    return name


def without_zone(series: Any) -> tuple[Times, Times]:
    """Times with a zone in UTC, and as the clocks there show them."""
    native = series.to_native()
    if getattr(getattr(native, "dtype", None), "tz", None) is not None:  # pandas
        return native.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), native.dt.tz_localize(
            None
        ).to_numpy()
    utc = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return utc.to_numpy(), series.dt.replace_time_zone(None).to_numpy()


def utc_of(clock: Times, zone: str) -> Times:
    """Times in UTC of what clocks show: of an hour shown twice the first, of one left out the next."""
    return _moved(clock, zone_info(zone), UTC)


def with_offsets(utc: Times, zone: str) -> list[str]:
    """Times in UTC as texts: what clocks show, and their offset to UTC, as in 2026-01-31 18:00:00+01:00."""
    place = zone_info(zone)
    times = utc.astype("M8[us]").tolist()
    return ["" if time is None else str(time.replace(tzinfo=UTC).astimezone(place)) for time in times]


def clock_of(utc: Times, zone: str) -> Times:
    """What clocks show at times in UTC."""
    return _moved(utc, UTC, zone_info(zone))


def _moved(times: Times, there: tzinfo, here: tzinfo) -> Times:
    """The same moments by the clocks of another zone."""
    found = [
        None if time is None else time.replace(tzinfo=there).astimezone(here).replace(tzinfo=None)
        for time in times.astype("M8[us]").tolist()
    ]
    return np.array(found, dtype="M8[us]")
