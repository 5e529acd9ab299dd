"""A verdict on forecasts of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.local_clock import LocalClock, on_slots
from gatewise.data.panel import Series
from gatewise.errors import DataError
from gatewise.tasks.forecasting.baselines import Baselines
from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.tasks.forecasting.frames import actual_values
from gatewise.tasks.forecasting.verdict import Accuracy, Judged, Verdict, mase_scale, nominal_share
from gatewise.types import IntArray

__all__ = ["count_of", "judge", "verdict_from"]


def judge(
    series: Sequence[Series],
    windows: IntArray,
    learnt: IntArray,
    forecasts: Forecasts,
    levels: Sequence[float],
    season: int,
    data: str,
    clock: LocalClock | None = None,
) -> Verdict:
    """Compare forecasts with baselines that are given the same past.

    Args:
        series: the series.
        windows: (series, position) that were forecast.
        learnt: (N,) first steps of each series, over which MASE's scale is taken.
        forecasts: of the windows.
        levels: of their quantiles.
        season: steps of a season; 1 for none.
        data: what was forecast, in words.
        clock: by which a season is one of days.
    """
    horizon = forecasts.point.shape[1]
    slots = [
        None if clock is None else clock.slots(each.start, np.arange(len(each) + horizon)) for each in series
    ]
    scales = [
        mase_scale(each.values[:end] if on is None else on_slots(each.values[:end], on[:end]), season)
        for each, end, on in zip(series, learnt, slots, strict=True)
    ]
    has_interval = len(levels) > 1
    judged = Judged(
        actual_values(series, windows, horizon),
        np.array(scales)[windows[:, 0]],
        forecasts.quantiles[..., 0] if has_interval else None,
        forecasts.quantiles[..., -1] if has_interval else None,
    )
    baselines: dict[str, npt.NDArray[np.float64]] = {}
    for index in np.unique(windows[:, 0]):
        mine = windows[:, 0] == index
        naive = Baselines(series[index].values, season, slots[index])
        for name, rows in naive.at(windows[mine, 1], horizon).items():
            baselines.setdefault(name, np.empty(forecasts.point.shape))[mine] = rows
    return Verdict(
        f"{data}, {len(windows):,} forecast{'s' * (len(windows) > 1)} of {horizon} step{'s' * (horizon > 1)}",
        nominal_share(levels),
        judged.accuracy("forecaster", forecasts.point, interval=True),
        [judged.accuracy(name, rows) for name, rows in baselines.items()],
    )


def count_of(windows: IntArray) -> str:
    """How many series windows (series, position) are of, in words."""
    count = len(np.unique(windows[:, 0]))
    return "one series" if count == 1 else f"{count:,} series"


def verdict_from(values: Mapping[str, Any]) -> Verdict:
    """A verdict from what its ``as_dict`` gave.

    Raises:
        DataError: it did not.
    """
    try:
        ours, *baselines = (
            Accuracy(**{**row, "mase": float("nan") if row["mase"] is None else row["mase"]})
            for row in values["forecasters"]
        )
        found = Verdict(values["data"], values["interval"], ours, baselines)
        str(found)  # finds its words anew, and what they lack
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"its verdict cannot be read: {error!r}") from error
    return found
