"""Times written as text: read with their offset to UTC, and written again in the form they had."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.missing import is_blank, is_missing
from gatewise.data.periods import PERIOD_UNITS, period_of_text, period_text
from gatewise.errors import DataError

__all__ = ["TextForm", "TextTimes", "as_the_clock_shows", "times_of_texts", "too_fine"]

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
    """

    unit: str
    between: str = " "
    dash: str = "-"
    suffix: str = ""

    def write(self, times: npt.NDArray[Any]) -> list[str]:
        """Times (datetime64) as texts of this form."""
        if self.unit in PERIOD_UNITS:
            return [period_text(day, self.unit, self.dash) for day in times.astype("M8[D]").tolist()]
        texts = np.datetime_as_string(times.astype(f"M8[{self.unit}]")).tolist()
        return [text.replace("-", self.dash).replace("T", self.between) + self.suffix for text in texts]


class TextTimes(NamedTuple):
    """What texts say.

    Attributes:
        times: (N,) datetime64[us], as the clock shows them where they were written; or numbers, where time is
            only counted.
        zone: their offset, "UTC" or as in "+05:30"; None where they have none.
        form: how they are written; None of numbers, and where some were no texts.
    """

    times: npt.NDArray[Any]
    zone: str | None = None
    form: TextForm | None = None


def times_of_texts(column: npt.NDArray[Any], name: str, where: str) -> TextTimes:
    """Read dates in ISO 8601, with slashes for dashes and an offset to UTC if there is one; or numbers.

    Quarters as 2026Q1 and weeks as 2026-W05 or 2026-01-26/2026-02-01 are where they begin.

    Args:
        column: of texts, or of objects that are written so.
        name: of the column.
        where: what messages call the data.

    Raises:
        DataError: a text is neither, or finer than a microsecond; offsets differ, or some times have one and
            others none; some are quarters or weeks and others not.
    """
    texts = ["" if is_missing(value) or is_blank(value) else str(value).strip() for value in column]
    try:
        return TextTimes(np.array([float(text or "nan") for text in texts]))
    except ValueError:
        pass
    times = np.empty(len(texts), "M8[us]")
    units: dict[str, int] = {}
    offsets: dict[str | None, int] = {}
    for row, text in enumerate(texts):
        plain, suffix = _cut(text)
        try:
            times[row], unit, is_exact = _time_of(plain)
        except ValueError:
            raise DataError(
                f"{where}: column {name!r} has {text!r} in row {row + 1}; expected dates as in 2026-01-31, "
                "2026-01-31 18:00:00 or 2026-01-31 18:00:00+02:00, quarters as 2026Q1, weeks as 2026-W05, "
                "or numbers."
            ) from None
        if not is_exact:
            raise too_fine(plain, row, name, where)
        if text:
            units.setdefault(unit, row)
            offsets.setdefault(suffix, row)
    zone = _common_zone(offsets, name, where)
    of_periods = units.keys() & set(PERIOD_UNITS)
    if len(units) > 1 and of_periods:
        first, second, *_ = units.values()
        raise DataError(
            f"{where}: column {name!r} has {texts[first]!r} in row {first + 1} and {texts[second]!r} in row "
            f"{second + 1}; expected quarters or weeks of one form, or dates, in all rows. Write all of them "
            "as dates."
        )
    if not all(isinstance(value, str) for value in column if not is_missing(value)):
        return TextTimes(times, zone)
    sample = next((text for text in texts if text), "")
    form = TextForm(
        max(units, key=_UNITS.index, default="D"),
        "T" if "T" in sample else " ",
        "/" if "/" in sample else "-" if "-" in sample or not of_periods else "",
        next(iter(offsets), None) or "",
    )
    return TextTimes(times, zone, form)


def as_the_clock_shows(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Texts of times without their offsets to UTC, which differ where clocks are set; others as they are."""
    if column.dtype.kind not in "OU":
        return column
    return np.array([_cut(str(each).strip())[0] for each in column.tolist()], dtype=object)


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


def too_fine(time: object, row: int, name: str, where: str) -> DataError:
    """What is said of a time between two microseconds."""
    return DataError(
        f"{where}: column {name!r} has {time} in row {row + 1}; expected whole microseconds. Round "
        "the times, or count the steps."
    )


def _common_zone(offsets: dict[str | None, int], name: str, where: str) -> str | None:
    """The one offset that all have; ``offsets`` has the first row of each."""
    zones: dict[str | None, int] = {}
    for suffix, row in offsets.items():
        zones.setdefault(_zone(suffix), row)
    if len(zones) > 1:
        (one, first), (other, second), *_ = zones.items()
        raise DataError(
            f"{where}: column {name!r} has times of different offsets to UTC, {one or 'none'} in row "
            f"{first + 1} and {other or 'none'} in row {second + 1}; expected one for all. Bring them into "
            "one time zone first, as in pd.to_datetime(column, utc=True).dt.tz_convert('Europe/Berlin')."
        )
    return next(iter(zones), None)


def _zone(suffix: str | None) -> str | None:
    if suffix is None:
        return None
    digits = suffix.removeprefix("Z").replace(":", "")
    hours, minutes = digits[:3] or "+00", digits[3:] or "00"
    return "UTC" if int(hours) == int(minutes) == 0 else f"{hours}:{minutes}"
