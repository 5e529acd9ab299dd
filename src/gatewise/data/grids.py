"""The grids that series' times lie on: their common step, and where on it each time is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from gatewise.data.frequency import Frequency, Times
from gatewise.data.frequency_aliases import anchor_of
from gatewise.data.frequency_search import infer_frequency, never_seen
from gatewise.data.week_slots import WEEK
from gatewise.errors import ArgumentError, DataError
from gatewise.types import IntArray

__all__ = ["common_frequency", "positions_on_grid", "refuse_other_kind"]

_SURE = 10
"""Steps of a series from which its own frequency can be told."""

_SPARSEST = 1000
"""Steps of a grid for each row of the data, beyond which a wrong date is likelier than a gap."""


def common_frequency(
    series: Mapping[Hashable, Times], freq: str | None, column: str, where: str, *, of_spans: bool = False
) -> tuple[Frequency, tuple[str, ...]]:
    """The step of all series, and what is to be said of it.

    Args:
        series: times of each, in order.
        freq: the step by name; found in the times where omitted.
        column: of the times, for messages.
        where: what messages call the data.
        of_spans: whether the times are the beginnings of spans, which pandas names by their ends.

    Raises:
        ArgumentError: freq is no frequency, or does not fit the times.
        DataError: no step can be found, or a series has a longer one than the others.
    """
    each = list(series.values())
    if freq is None:
        frequency = infer_frequency(each, column)
    else:
        frequency = Frequency.parse(freq)
        refuse_other_kind(frequency, np.concatenate(each), column, where)
        if of_spans:
            frequency = _of_spans(frequency)
        else:
            _refuse_other_anchor(freq, frequency, series, column, where)
            frequency = _with_late_days(frequency, each)
    _refuse_coarser(frequency, series, column, where)
    absent = never_seen(frequency, each)
    if not absent:
        return frequency, ()
    shown = ", ".join(absent[:8]) + (", ..." if len(absent) > 8 else "")
    return frequency, (
        f"no time in column {column!r} is on {shown}, and with the step {frequency} forecasts will be; name "
        "the times that come with freq=, as '1b', '1d@mon-sat' or '1h@mon-fri 09:00-16:00'",
    )


def refuse_other_kind(frequency: Frequency, times: Times, column: str, where: str) -> None:
    """Refuse numbers where the step is one of dates, and dates where it is a number."""
    if (frequency.unit == "number") is (times.dtype.kind == "M"):
        kind = "dates" if times.dtype.kind == "M" else "numbers"
        raise ArgumentError(f"freq='{frequency}', but column {column!r} of {where} holds {kind}.")


def _refuse_other_anchor(
    freq: str, frequency: Frequency, series: Mapping[Hashable, Times], column: str, where: str
) -> None:
    """Refuse quarters or years that begin or end in another month than the name of the step says."""
    anchor, step = anchor_of(freq), int(frequency.step)
    for key, times in series.items():
        month = int(times[0].astype("M8[M]").astype(np.int64)) % 12 + 1
        if anchor is not None and (month - anchor) % step:
            raise ArgumentError(
                f"freq={freq!r}, but series {key!r} of {where} has the time {times[0]} in column {column!r}; "
                "expected a month that the step names. Name another, or leave freq out."
            )


def _of_spans(frequency: Frequency) -> Frequency:
    """The step from one quarter or week to the next, wherever in them its name says that they are told."""
    if frequency.unit == "month":
        return Frequency("month", frequency.step)
    if frequency.unit == "week" and len(frequency.on) == 1:
        return Frequency("time", frequency.step * WEEK)
    return frequency


def _with_late_days(frequency: Frequency, series: list[Times]) -> Frequency:
    """Months that begin on a day that not each has by that day's number, which a February does not tell."""
    if frequency.unit != "month" or frequency.on:
        return frequency
    days = np.concatenate([times.astype("M8[D]") - times.astype("M8[M]").astype("M8[D]") for times in series])
    latest = int(days.astype(np.int64).max()) + 1
    by_number = Frequency("month", frequency.step, (latest if latest < 31 else "end",))
    fits = latest > 28 and all(by_number.positions(times[0], times)[1].all() for times in series)
    return by_number if fits else frequency


def _refuse_coarser(frequency: Frequency, series: Mapping[Hashable, Times], column: str, where: str) -> None:
    """Refuse a series whose every step is longer than the others'."""
    for key, times in series.items():
        positions, on_grid = frequency.positions(times[0], times)
        steps = np.diff(positions)
        if len(steps) >= _SURE and on_grid.all() and steps.min() > 1:
            raise DataError(
                f"{where}: series {key!r} has rows in column {column!r} only {steps.min()} steps apart, "
                f"where the step is {frequency}. Forecast series of different steps apart, or name the "
                "step with freq=."
            )


def positions_on_grid(frequency: Frequency, times: Times, key: Any, column: str, where: str) -> IntArray:
    """How many steps each time of a series lies after its first.

    Raises:
        DataError: a time lies off the grid, or they reach too far.
    """
    positions, on_grid = frequency.positions(times[0], times)
    if not on_grid.all():
        wrong = times[int(np.flatnonzero(~on_grid)[0])]
        raise DataError(
            f"{where}: series {key!r} has the time {wrong} in column {column!r}, which lies off its grid "
            f"of {frequency} from {times[0]} on. Correct the time, resample the series, or name its step "
            "with freq=, as '1b', '1d@tue,thu', '1h@09:00-16:00', '1mo-bend' or '1mo@15,end'."
        )
    if positions[-1] > _SPARSEST * (len(times) + 10):
        raise DataError(
            f"{where}: series {key!r} has {len(times)} rows in column {column!r}, which reach over "
            f"{positions[-1]:,} steps of {frequency}. Correct a wrong time, or give another freq=."
        )
    return positions
