"""The step of series, found in their times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.frequency import Frequency, Times
from gatewise.data.week_slots import DAY, MONDAY, WEEK
from gatewise.errors import DataError
from gatewise.types import IntArray

__all__ = ["counts_by_clock", "infer_frequency", "never_seen", "weekly_pattern"]

_MONTH, _SPREAD = 30.436875 * DAY, 5 * DAY
"""Mean length of a month, and how far the days of two months may be from it, business days among them."""

_FINEST = 10**6
"""Microseconds; of what comes more often no times of a week are told apart."""

_CHANCE = 0.01
"""Of gaps to look like times that never come, below which they are taken for such."""

_NOTABLE = 0.1
"""The same, below which they are told of."""

_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_WEEKEND = (5, 6)

Flags = npt.NDArray[np.bool_]


def infer_frequency(series: Sequence[Times], column: str) -> Frequency:
    """The frequency that most steps have.

    Days of the week and times of day that never come, though the series go past them again and again, are no
    gaps: the frequency leaves them out.

    Args:
        series: each series' times, in order and without duplicates.
        column: their column's name, for the error.

    Raises:
        DataError: no series has two times.
    """
    series = [times for times in series if len(times)]
    steps = [np.diff(times) for times in series if len(times) > 1]
    if not steps:
        raise DataError(
            f"column {column!r}: no series has two times, so that their step cannot be found; "
            "give more data, or name the step with freq=."
        )
    values, counts = np.unique(np.concatenate(steps), return_counts=True)
    usual = values[counts.argmax()]
    if not np.issubdtype(values.dtype, np.timedelta64):
        return Frequency("number", float(usual))
    span = int(usual.astype("m8[us]").astype(np.int64))
    if found := _months(series, span):
        return found
    fixed = Frequency("time", span)
    on_grid = _fits(fixed, series)
    if on_grid and span % DAY == 0 and not any(_passed(fixed, series)):
        return fixed
    # One time that lies off the usual steps is a mistake, and no pattern.
    if (found := weekly_pattern(series)) and (on_grid or not _is_exceptional(found, series)):
        return found
    weekdays = all(np.is_busday(times.astype("M8[D]")).all() for times in series)
    if span == DAY and weekdays and max(map(len, series)) > 5:
        return Frequency.parse("1b")
    return fixed if on_grid else _days_of_months(series) or fixed


def _fits(frequency: Frequency, series: Sequence[Times]) -> bool:
    return all(frequency.positions(times[0], times)[1].all() for times in series)


def _months(series: Sequence[Times], span: int) -> Frequency | None:
    """Months whose days come at such a distance, and on which all times lie."""
    months = round(span / _MONTH)
    if months == 0 or abs(span - months * _MONTH) > _SPREAD:
        return None
    days = [times.astype("M8[D]") for times in series]
    latest = max(int((each - each.astype("M8[M]").astype("M8[D]")).astype(int).max()) + 1 for each in days)
    ends = all((each + 1 == (each + 1).astype("M8[M]").astype("M8[D]")).all() for each in days)
    # The 30th is told by its number, for in February it is another day.
    ways: list[tuple[int | str, ...]] = [("end",)] if ends else [(latest,), ()] if latest > 28 else [()]
    if max(map(len, series)) > 2:
        ways += [("bend",), ("bstart",)]
    # Steps of four weeks or of thirty days are no months.
    found = (Frequency("month", months, on) for on in ways)
    return next((frequency for frequency in found if _fits(frequency, series)), None)


def _days_of_months(series: Sequence[Times]) -> Frequency | None:
    """A few days of each month, as the 15th and the last, where all times are on them."""
    days = np.concatenate([times.astype("M8[D]") for times in series])
    last = (days + 1).astype("M8[M]").astype("M8[D]") == days + 1
    number = (days - days.astype("M8[M]").astype("M8[D]")).astype(np.int64) + 1
    for closing in (last, number > 31):  # the 28th of a February may be the last day, or the 28th
        numbers = np.unique(number[~closing]).tolist()
        on = (*numbers, *["end"] * bool(closing.any()))
        _, counts = np.unique(np.where(closing, 32, number), return_counts=True)
        often = 2 * counts.min() >= counts.max() > 1
        if 2 <= len(on) <= 4 and often and (not numbers or numbers[-1] <= 28):
            found = Frequency("month", 1, on)
            if _fits(found, series):
                return found
    return None


class _Cells(NamedTuple):
    """What a week's times are, how often the series went past each, and how often it was there.

    Attributes:
        base: microseconds from one to the next.
        phase: of the first.
        passed: (M,) times of a week, how often the series went past.
        seen: (M,) how often it was there.
        days: how many days with a time there are, of all series.
    """

    base: int
    phase: int
    passed: IntArray
    seen: IntArray
    days: int

    @property
    def day(self) -> IntArray:
        """(M,) day of the week."""
        found: IntArray = (np.arange(len(self.passed)) * self.base + self.phase) // DAY
        return found


def _cells(series: Sequence[Times]) -> _Cells | None:
    since = [(times - MONDAY).astype(np.int64) for times in series]
    if all((np.diff(each) % DAY == 0).all() for each in since):
        base, phase, since = DAY, 0, [each // DAY * DAY for each in since]
    else:
        clock = np.unique(np.concatenate([each % DAY for each in since]))
        base = int(np.gcd.reduce(np.append(clock - clock[0], DAY)))
        phase = int(clock[0] % base)
    if base < _FINEST:
        return None
    width, days = WEEK // base, 0
    passed, seen = np.zeros(width, np.int64), np.zeros(width, np.int64)
    for each in since:
        place = (each - phase) // base
        weeks, rest = divmod(int(place[-1] - place[0]) + 1, width)
        passed += weeks
        passed[(place[0] + np.arange(rest)) % width] += 1
        seen += np.bincount(place % width, minlength=width)
        days += len(np.unique(each // DAY))
    return _Cells(base, phase, passed, seen, days)


def _is_no_gap(passed: IntArray, absent: Flags, present: float, every: int = 1) -> bool:
    """Whether times that never came never come, so seldom are the others missing.

    Args:
        passed: (K,) how often the series went past each.
        absent: (K,) which never came.
        present: how often the others were there.
        every: only each n-th of them is expected.
    """
    if not absent.any():
        return False
    missing = 1 - min(1.0, (present + 1) / (float(passed[~absent].sum()) / every + 2))
    return bool(len(passed) * missing ** (passed[absent].min() / every) < _CHANCE)


def weekly_pattern(series: Sequence[Times]) -> Frequency | None:
    """The times of the week that ever come, where others never do though the series go past them.

    Args:
        series: times of each (datetime64[us]), in order.
    """
    cells = _cells(series)
    if cells is None:
        return None
    week = cells.day
    open_days = np.zeros(7, bool)
    open_days[week[cells.seen > 0]] = True
    if cells.base == DAY:
        return _days_of_weeks(series, cells, open_days)
    passed = np.array([cells.passed[week == day].max() for day in range(7)])
    if not _is_no_gap(passed, ~open_days, cells.days) and not _is_weekend(
        open_days, cells.days, float(passed[open_days].sum())
    ):
        open_days[:] = True
    per_day = DAY // cells.base
    clock = np.arange(len(week)) % per_day
    inside = open_days[week]
    by_clock = np.bincount(clock[inside], cells.seen[inside], per_day)
    passed = np.bincount(clock[inside], cells.passed[inside], per_day).astype(np.int64)
    total = int(cells.seen.sum())
    closed = by_clock == 0
    if _is_no_gap(passed, closed, total):
        inside &= ~closed[clock]
    absent = cells.seen[inside] == 0
    if _is_no_gap(cells.passed[inside], absent, total):
        inside[inside] = ~absent
    if inside.all():
        return None
    slots = np.flatnonzero(inside) * cells.base + cells.phase
    found = Frequency("week", 1, tuple(slots.tolist()), cells.base)
    # Six hours by the clock would be two of four pairs of hours in UTC.
    return found if _usual_step(found, series)[0] == 1 else None


def _days_of_weeks(series: Sequence[Times], cells: _Cells, open_days: Flags) -> Frequency | None:
    if open_days.all():
        return None
    on = tuple((np.flatnonzero(open_days) * DAY).tolist())
    found = Frequency("week", 1, on)
    usual, is_every = _usual_step(found, series)
    every = usual if is_every else 1
    expected = float(cells.passed[open_days].sum())
    total = int(cells.seen.sum())
    is_no_gap = _is_no_gap(cells.passed, ~open_days, total, every)
    if not is_no_gap and not (total > 5 and _is_weekend(open_days, total * every, expected)):
        return None
    found = Frequency("week", every, on)
    return found if _fits(found, series) else None


def _usual_step(frequency: Frequency, series: Sequence[Times]) -> tuple[int, bool]:
    """How many of its steps mostly lie between two times, and whether a multiple of that always does."""
    steps = np.concatenate([np.diff(frequency.positions(times[0], times)[0]) for times in series])
    values, counts = np.unique(steps, return_counts=True)
    usual = int(values[counts.argmax()]) if len(values) else 1
    return usual, bool((steps % usual == 0).all())


def _is_exceptional(frequency: Frequency, series: Sequence[Times]) -> bool:
    """Whether a time of the week that came was mostly missing."""
    cells = _cells(series)
    if cells is None:
        return False
    passed = cells.passed / frequency.step
    return bool(((cells.seen > 0) & (passed >= 3) & (3 * cells.seen <= passed)).any())


def _is_weekend(open_days: Flags, present: float, expected: float) -> bool:
    """Whether Saturdays and Sundays alone are missing, and hardly any other day."""
    return tuple(np.flatnonzero(~open_days).tolist()) == _WEEKEND and present >= 0.9 * expected


def never_seen(frequency: Frequency, series: Sequence[Times]) -> list[str]:
    """Days of the week and times of day, in words, that steps of a fixed length go over and no time ever has.

    Args:
        frequency: the step.
        series: times of each.
    """
    days, clocks = _passed(frequency, series)
    if not days and not clocks:
        return []
    # Where other times come, and hardly ever fail to, one pass says as much as many among gaps.
    least = 1 if weekly_pattern(series) else 2
    rows = sum(map(len, series))
    steps = sum(int(frequency.positions(times[0], times[-1:])[0][0]) + 1 for times in series)
    weekdays = sum(int((times[-1] - times[0]) / np.timedelta64(1, "D")) + 1 for times in series)
    expected = steps * (1 - sum(days.values()) / weekdays) * (1 - sum(clocks.values()) / steps)
    gap = 0 if least == 1 else 1 - min(1.0, (rows + 1) / (max(0.0, expected) + 2))
    kinds = max(1, DAY // int(frequency.step))
    words = [_DAYS[day] for day, often in days.items() if often >= least and 7 * gap**often < _NOTABLE]
    absent = [at for at, often in clocks.items() if often >= least and kinds * gap**often < _NOTABLE]
    return words + [f"{at // 3_600_000_000:02}:{at // 60_000_000 % 60:02}" for at in absent]


def counts_by_clock(utc: Times, clock: Times) -> bool:
    """Whether the steps of times are regular by the clocks of their zone rather than in UTC.

    So are days, whatever their hour, and opening hours; hours that never stop are so in UTC.

    Args:
        utc: the times, of one series or many, NaT among them.
        clock: the same times.
    """
    moments, first = np.unique(utc[~np.isnat(utc)].astype("M8[us]"), return_index=True)
    shown = clock[~np.isnat(clock)].astype("M8[us]")[first]
    if (np.diff(np.unique(shown)) % np.timedelta64(1, "D") == np.timedelta64(0)).all():
        return True
    if (np.diff(shown) <= np.timedelta64(0)).any():  # an hour that the clocks show twice
        return False
    by_utc, by_clock = infer_frequency([moments], ""), infer_frequency([shown], "")
    if not _fits(by_clock, [shown]):
        return False
    if not _fits(by_utc, [moments]):
        return True
    if by_utc.unit == "time" and not any(_passed(by_utc, [moments])):
        return False
    return by_clock.unit == "week" and not (by_utc.unit == "week" and len(by_utc.on) < len(by_clock.on))


def _passed(fixed: Frequency, series: Sequence[Times]) -> tuple[dict[int, int], dict[int, int]]:
    """Days of the week, and times of day in microseconds, never seen: how often the grid has lain on each."""
    step = int(fixed.step)
    if fixed.unit != "time" or step < _FINEST or step % WEEK == 0:
        return {}, {}
    cycle = WEEK // math.gcd(WEEK, step)
    on_days, on_clocks = np.zeros(7, np.int64), []
    seen_days, seen_clocks = np.zeros(7, bool), []
    for times in series:
        count = int(fixed.positions(times[0], times[-1:])[0][0]) + 1
        turns = max(1, count // cycle)
        grid = fixed.times(times[0], np.arange(min(count, cycle)))
        since, there = ((each - MONDAY).astype(np.int64) for each in (grid, times))
        on_days += turns * np.bincount(np.unique(since // DAY) % 7, minlength=7)
        on_clocks.append(np.repeat(since % DAY, turns))
        seen_days[np.unique(there // DAY) % 7] = True
        seen_clocks.append(np.unique(there % DAY))
    found, counts = np.unique(np.concatenate(on_clocks), return_counts=True)
    absent = ~np.isin(found, np.concatenate(seen_clocks))
    missing = np.flatnonzero(~seen_days & (on_days > 0)).tolist()
    return (
        {day: int(on_days[day]) for day in missing},
        dict(zip(found[absent].tolist(), counts[absent].tolist(), strict=True)),
    )
