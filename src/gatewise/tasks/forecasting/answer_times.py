"""Whether the times of an answer can be of the type that the times of the data have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gatewise.data.column_types import ColumnType
from gatewise.data.frames import Table
from gatewise.data.frequency import Frequency, Times
from gatewise.data.panel import Series
from gatewise.errors import DataError

__all__ = ["refuse_no_room"]

_LAST = np.datetime64("9999-12-31T00:00:00", "us")
"""Beyond it neither texts nor dates of Python have a form."""
_LAST_IN_NANOSECONDS = np.datetime64((2**63 - 1) // 1000, "us")


def refuse_no_room(
    table: Table, time: str, series: Sequence[Series], frequency: Frequency, horizon: int
) -> None:
    """Refuse series whose forecasts their column of times could not hold.

    Args:
        table: that the series came in.
        time: its column of times.
        series: the series.
        frequency: of them.
        horizon: steps that are forecast after each; 0 where only steps of the series are handed back.

    Raises:
        DataError: a step lies beyond the last time of the type, or between two of its times.
    """
    if frequency.unit == "number" or not series:
        return
    kind = (table.types or {}).get(time, ColumnType())
    of = f"column {time!r} of {table.name}"
    for each in (series[0], max(series, key=lambda one: _end(one, frequency))):
        # Where the second and the third step are whole days, so are all that follow.
        steps = np.unique([*range(min(3, len(each) + horizon)), *range(len(each), len(each) + horizon)])
        times = frequency.times(each.start, steps.astype(np.int64))
        in_nanoseconds = kind.time_unit == "ns"
        last = _LAST_IN_NANOSECONDS if in_nanoseconds else _LAST
        if (times > last).any():
            remedy = "Keep the times in microseconds" if in_nanoseconds else "Forecast fewer steps"
            raise DataError(
                f"{of}: forecasts of series {each.key!r} reach {times.max()}, and its type holds times up to "
                f"{last}. {remedy}, or count the steps."
            )
        if kind.time_unit is not None and (cut := times != _cut(times, kind.time_unit)).any():
            raise DataError(
                f"{of} has times in {_UNITS[kind.time_unit]}, between which its steps of {frequency} lie, as "
                f"{times[cut][0]} of series {each.key!r}. Give times in a finer unit, or a step with freq= "
                "that is whole in this one."
            )


_UNITS = {
    **{"Y": "whole years", "M": "whole months", "W": "whole weeks", "D": "whole days", "h": "whole hours"},
    **{"m": "whole minutes", "s": "whole seconds", "ms": "milliseconds", "us": "microseconds"},
    "ns": "nanoseconds",
}


def _cut(times: Times, unit: str) -> Times:
    return times.astype(f"M8[{unit}]").astype("M8[us]") if unit != "ns" else times


def _end(series: Series, frequency: Frequency) -> np.datetime64:
    end: np.datetime64 = frequency.times(series.start, np.array([len(series) - 1]))[0]
    return end
