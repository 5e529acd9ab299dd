"""Times written as text: read with their offset to UTC, and written again in the form they had."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.clock_times import by_clocks, in_row
from gatewise.data.missing import is_blank, is_missing
from gatewise.data.periods import PERIOD_UNITS, period_of_text, period_text
from gatewise.data.zones import clock_of, offset_text, offset_texts, utc_of
from gatewise.errors import DataError

__all__ = ["TextForm", "TextTimes", "Zones", "times_of_texts", "too_fine"]

_OFFSET = re.compile(r"(?P<time>.*\S)\s?(?P<offset>Z|(?<=\d)[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)")
_TIME = re.compile(r"\d{4}([-/]\d\d([-/]\d\d([T ]\d\d(:\d\d(:\d\d(\.\d{1,6}(?P<finer>\d*))?)?)?)?)?)?")
_HAS_CLOCK = re.compile(r"\d[T ]\d")
_UNITS = (*PERIOD_UNITS, "Y", "M", "D", "h", "m", "s", "ms", "us", "ns")


class TextForm(NamedTuple):
    """How times are written.

    Attributes:
        unit: NumPy's letter of the finest part; of quarters and weeks one of ``PERIOD_UNITS``.
        between: what stands between date and time of day.
        dash: between the parts of a date.
        suffix: the offset, as it is written behind each.
        zone: by whose clocks they are written, each with its own offset instead.
    """

    unit: str
    between: str = " "
    dash: str = "-"
    suffix: str = ""
    zone: str | None = None

    def write(self, times: npt.NDArray[Any]) -> list[str]:
        """Times (datetime64) as texts of this form: what clocks show, but in UTC where it has a zone."""
        if self.zone is not None:
            texts = self._replace(zone=None).write(clock_of(times, self.zone))
            return [text + offset for text, offset in zip(texts, offset_texts(times, self.zone), strict=True)]
        if self.unit in PERIOD_UNITS:
            return [period_text(day, self.unit, self.dash) for day in times.astype("M8[D]").tolist()]
        texts = np.datetime_as_string(times.astype(f"M8[{self.unit}]")).tolist()
        return [text.replace("-", self.dash).replace("T", self.between) + self.suffix for text in texts]


class TextTimes(NamedTuple):
    """What texts say.

    Attributes:
        times: (N,) datetime64[us], as the clock shows them; or numbers, where time is only counted.
        zone: whose clock that is, "UTC", as in "+05:30" or by its name; None where they have none.
        form: how they are written; None of numbers, and where some were no texts.
        utc: (N,) the same in UTC, where they have a zone.
    """

    times: npt.NDArray[Any]
    zone: str | None = None
    form: TextForm | None = None
    utc: npt.NDArray[Any] | None = None


class Zones(NamedTuple):
    """What is known of the time zone of a column.

    Attributes:
        named: by the user: times without an offset are read by its clocks, and all are brought into it.
        learnt: by a model: of times with several offsets to UTC.
    """

    named: str | None = None
    learnt: str | None = None


_UNKNOWN = Zones()


def times_of_texts(
    column: npt.NDArray[Any],
    name: str,
    where: str,
    zones: Zones = _UNKNOWN,
    place: Callable[[int], str] = in_row,
) -> TextTimes:
    """Read dates in ISO 8601, with slashes for dashes and an offset to UTC if there is one; or numbers.

    Quarters as 2026Q1 and weeks as 2026-W05 or 2026-01-26/2026-02-01 are where they begin.

    Args:
        column: of texts, or of objects that are written so.
        name: of the column.
        where: what messages call the data.
        zones: what is known of their zone. Days and longer have none.
        place: says of a row where it stands.

    Raises:
        DataError: a text is neither, or finer than a microsecond; offsets differ and no zone is known, or
            some times have one and others none; clocks of the zone show a time twice or never; some are
            quarters or weeks and others not.
    """
    texts = ["" if is_missing(value) or is_blank(value) else str(value).strip() for value in column]
    try:
        return TextTimes(np.array([float(text or "nan") for text in texts]))
    except ValueError:
        pass
    times = np.empty(len(texts), "M8[us]")
    units: dict[str, int] = {}
    offsets: dict[str | None, int] = {}
    each: list[str | None] = []
    for row, text in enumerate(texts):
        plain, suffix = _cut(text)
        try:
            times[row], unit, is_exact = _time_of(plain)
        except ValueError:
            raise DataError(
                f"{where}: column {name!r} has {text!r} in {place(row)}; expected dates as in 2026-01-31, "
                "2026-01-31 18:00:00 or 2026-01-31 18:00:00+02:00, quarters as 2026Q1, weeks as 2026-W05, "
                "or numbers."
            ) from None
        if not is_exact:
            raise too_fine(plain, place(row), name, where)
        if text:
            units.setdefault(unit, row)
            offsets.setdefault(suffix, row)
        each.append(suffix)
    fine = units.keys() & set(_UNITS[_UNITS.index("h") :])
    differ = len({_zone(suffix) for suffix in offsets}) > 1
    zone = zones.named if fine else None
    if zone is None and differ and None not in offsets:
        zone = zones.learnt
    local = None if zone is None else _in_zone(texts, times, each, zone, name, where, place)
    if zone is None:
        zone = _common_zone(offsets, name, where, place)
    of_periods = units.keys() & set(PERIOD_UNITS)
    if len(units) > 1 and of_periods:
        first, second, *_ = units.values()
        raise DataError(
            f"{where}: column {name!r} has {texts[first]!r} in {place(first)} and {texts[second]!r} in "
            f"{place(second)}; expected quarters or weeks of one form, or dates, in all rows. Write all of "
            "them as dates."
        )
    utc = local
    if local is not None:
        times = clock_of(local, zone or "")
    elif zone is not None:
        utc = utc_of(times, zone)
    if not all(isinstance(value, str) for value in column if not is_missing(value)):
        return TextTimes(times, zone, utc=utc)
    sample = next((text for text in texts if text), "")
    form = TextForm(
        max(units, key=_UNITS.index, default="D"),
        "T" if "T" in sample else " ",
        "/" if "/" in sample else "-" if "-" in sample or not of_periods else "",
        "" if local is not None else next(iter(offsets), None) or "",
        None if local is None else zone,
    )
    return TextTimes(times, zone, form, utc)


def _in_zone(
    texts: Sequence[str],
    times: npt.NDArray[Any],
    offsets: Sequence[str | None],
    zone: str,
    name: str,
    where: str,
    place: Callable[[int], str],
) -> npt.NDArray[Any]:
    """Times in UTC, by the offset of each, and of those without one as the clocks of a zone show them.

    Raises:
        DataError: clocks show a time without an offset twice, or never.
    """
    read = {suffix: _minutes(suffix) for suffix in set(offsets) if suffix is not None}
    own = np.array([0 if suffix is None else read[suffix] for suffix in offsets], "m8[m]")
    bare = np.array([suffix is None for suffix in offsets])
    return np.where(bare, by_clocks(times, zone, name, where, place, bare, texts), times - own)


def _cut(text: str) -> tuple[str, str | None]:
    """The time, and its offset to UTC if it has one; a day behind a month is none."""
    found = _OFFSET.fullmatch(text) if text.endswith("Z") or _HAS_CLOCK.search(text) else None
    return (found["time"], found["offset"]) if found else (text, None)


def _time_of(text: str) -> tuple[np.datetime64, str, bool]:
    """One time down to microseconds, NumPy's letter of its finest part, and whether that is all it says."""
    if not text:
        return np.datetime64("NaT"), "D", True
    if (period := period_of_text(text)) is not None:
        return *period, True
    found = _TIME.fullmatch(text)
    if found is None:  # NumPy reads "now", years without end, and zones, which it drops
        raise ValueError(text)
    # Of ten digits NumPy makes picoseconds, which reach 106 days from 1970, and any other date another one.
    finer = found["finer"] or ""
    time = np.datetime64(text.removesuffix(finer).replace("/", "-"))
    unit = "ns" if finer else np.datetime_data(time.dtype)[0]
    return time.astype("M8[us]"), unit, not finer.strip("0")


def too_fine(time: object, place: str, name: str, where: str) -> DataError:
    """What is said of a time between two microseconds."""
    return DataError(
        f"{where}: column {name!r} has {time} in {place}; expected whole microseconds. Round "
        "the times, or count the steps."
    )


def _common_zone(
    offsets: dict[str | None, int], name: str, where: str, place: Callable[[int], str]
) -> str | None:
    """The one offset that all have; ``offsets`` has the first row of each."""
    zones: dict[str | None, int] = {}
    for suffix, row in offsets.items():
        zones.setdefault(_zone(suffix), row)
    if len(zones) > 1:
        (one, first), (other, second), *_ = zones.items()
        raise DataError(
            f"{where}: column {name!r} has times of different offsets to UTC, {one or 'none'} in "
            f"{place(first)} and {other or 'none'} in {place(second)}; expected one for all. Name the zone "
            "by whose clocks they are with time_zone=."
        )
    return next(iter(zones), None)


def _zone(suffix: str | None) -> str | None:
    if suffix is None:
        return None
    minutes = _minutes(suffix)
    return offset_text(minutes) if minutes else "UTC"


def _minutes(suffix: str) -> int:
    """An offset to UTC in minutes."""
    digits = suffix.removeprefix("Z").replace(":", "")
    minutes = 60 * int(digits[1:3] or 0) + int(digits[3:] or 0)
    return -minutes if digits.startswith("-") else minutes
