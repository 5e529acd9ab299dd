"""Time zones: their names, fixed offsets among them, and times in UTC and as the clocks there show them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

__all__ = [
    "LocalTimes",
    "clock_of",
    "is_fixed",
    "local_times",
    "offset_text",
    "offset_texts",
    "offsets_of",
    "time_zone",
    "utc_of",
    "with_offsets",
    "without_zone",
    "zone_info",
    "zone_name",
]

Times = npt.NDArray[Any]

_FIXED = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>[01]\d|2[0-3])(?::?(?P<minutes>[0-5]\d))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (
    (datetime(year, month, 3, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    for year, month in ((1, 1), (9999, 12))
)
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


def is_fixed(name: str) -> bool:
    """Whether the offset of a zone to UTC is said by its name, and never changes."""
    return isinstance(zone_info(name), timezone) or name in ("UTC", "GMT") or name.startswith("Etc/")


def offsets_of(utc: Times, zone: str) -> npt.NDArray[np.int64]:
    """Offsets to UTC in microseconds at times in UTC; of many times on a day, the clocks are asked once."""
    days, which = np.unique(utc.astype("M8[D]"), return_inverse=True)
    numbers = days.astype(np.int64).tolist()
    begins, ends = (
        np.array([_offset(zone, (number + later) * 86_400 * 10**6) for number in numbers], dtype=np.int64)
        for later in (0, 1)
    )
    found = begins[which]
    for row in np.flatnonzero((begins != ends)[which]).tolist():
        found[row] = _offset(zone, int(utc[row].astype("M8[us]").astype(np.int64)))
    return found


@lru_cache(maxsize=1 << 16)
def _offset(zone: str, moment: int) -> int:
    """At microseconds since 1970; before and after all that the calendar holds, as at its ends."""
    within = min(max(moment, _FIRST), _LAST)
    offset = (_EPOCH + timedelta(microseconds=within)).astimezone(zone_info(zone)).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


def time_zone(series: Any) -> str | None:
    """The time zone of a column by a name that ``zone_info`` knows; None where it has none.

    Args:
        series: of narwhals, which does not see every zone of pandas.

    Raises:
        ValueError: the zone has no such name.
    """
    own = getattr(getattr(series.to_native(), "dtype", None), "tz", None)
    zone = own or getattr(series.dtype, "time_zone", None)
    return None if zone is None else zone_name(zone)


def zone_name(zone: str | tzinfo) -> str:
    """A name of a zone that ``zone_info`` knows.

    Raises:
        ValueError: it has none.
    """
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


class LocalTimes(NamedTuple):
    """What clocks show, as times in UTC.

    Attributes:
        utc: (N,) datetime64[us]; of an hour shown twice the first, of one left out the next.
        twice: (N,) which are shown twice.
        never: (N,) which are left out.
    """

    utc: Times
    twice: npt.NDArray[np.bool_]
    never: npt.NDArray[np.bool_]


def local_times(clock: Times, zone: str) -> LocalTimes:
    """Read what clocks show, of which some hours come twice a year, and some never."""
    clock = clock.astype("M8[us]")
    day = np.timedelta64(1, "D")
    around = [offsets_of(clock + by, zone).astype("m8[us]") for by in (-day, day)]
    meant = [clock - offset for offset in around]
    holds = [
        offsets_of(utc, zone).astype("m8[us]") == offset for utc, offset in zip(meant, around, strict=True)
    ]
    twice = holds[0] & holds[1] & (meant[0] != meant[1])
    return LocalTimes(utc_of(clock, zone), twice, ~holds[0] & ~holds[1] & ~np.isnat(clock))


def with_offsets(utc: Times, zone: str) -> list[str]:
    """Times in UTC as texts: what clocks show, and their offset to UTC, as in 2026-01-31 18:00:00+01:00."""
    place = zone_info(zone)
    times = utc.astype("M8[us]").tolist()
    return ["" if time is None else str(time.replace(tzinfo=UTC).astimezone(place)) for time in times]


def offset_texts(utc: Times, zone: str) -> list[str]:
    """Offsets to UTC at times in UTC, as +01:00."""
    return [offset_text(each) for each in (offsets_of(utc, zone) // 60_000_000).tolist()]


def offset_text(minutes: int) -> str:
    """An offset to UTC, as +01:00."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


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
