"""What a forecaster hands back, as the columns of long frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.columns import Column
from gatewise.data.frequency import Frequency
from gatewise.data.panel import ColumnNames, Series
from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.types import IntArray

__all__ = ["actual_values", "anomaly_columns", "forecast_columns"]

Floats = npt.NDArray[np.float64]


def actual_values(series: Sequence[Series], windows: IntArray, horizon: int) -> Floats:
    """What came in windows (series, position), (M, S), NaN where it is missing."""
    found = [series[index].values[position : position + horizon] for index, position in windows]
    return np.stack(found) if found else np.zeros((0, horizon))


def forecast_columns(
    series: Sequence[Series],
    windows: IntArray,
    forecasts: Forecasts,
    levels: Sequence[float],
    names: ColumnNames,
    frequency: Frequency,
    *,
    with_actual: bool = False,
) -> dict[str, Column]:
    """Forecasts of windows, a row a step; ``with_actual`` also what came, and when they were made."""
    horizon = forecasts.point.shape[1]
    steps = np.arange(horizon)
    columns = {names.id: _keys([series[index].key for index, _ in windows for _ in steps])}
    if with_actual:
        cutoffs = [frequency.times(series[index].start, np.array([at - 1])) for index, at in windows]
        columns["cutoff"] = np.repeat(np.concatenate(cutoffs), horizon)
    columns[names.time] = np.concatenate(
        [frequency.times(series[index].start, position + steps) for index, position in windows]
    )
    if with_actual:
        columns[names.target] = actual_values(series, windows, horizon).ravel()
    columns["y_hat"] = forecasts.point.ravel()
    for column, level in enumerate(levels):
        columns[f"q{level:g}"] = forecasts.quantiles[..., column].ravel()
    return columns


def anomaly_columns(
    series: Sequence[Series],
    before: IntArray,
    windows: IntArray,
    forecasts: Forecasts,
    rate: float | None,
    threshold: float | None,
    names: ColumnNames,
    frequency: Frequency,
) -> dict[str, Column]:
    """Each step's value, what was expected a step before, the score, and whether it is marked.

    Args:
        series: the series.
        before: of each, steps at its beginning that are not asked for.
        windows: (series, position) of the steps that were forecast.
        forecasts: of these steps.
        rate: share of the scored steps of each series that is marked; None to go by the threshold.
        threshold: score above which a step is marked, where there is no rate.
        names: of the columns.
        frequency: of the series.
    """
    half = (forecasts.quantiles[:, 0, -1] - forecasts.quantiles[:, 0, 0]) / 2
    half = np.maximum(half, 1e-6 * forecasts.scale)  # quantiles may meet
    residual = np.abs(actual_values(series, windows, 1)[:, 0] - forecasts.point[:, 0])
    lengths = np.array([len(each) for each in series])
    starts = np.cumsum(lengths) - lengths
    rows = starts[windows[:, 0]] + windows[:, 1]
    score, expected = (np.full(lengths.sum(), np.nan) for _ in range(2))
    score[rows], expected[rows] = residual / half, forecasts.point[:, 0]
    if threshold is not None:
        marked = score > threshold  # never true of NaN
    elif rate is not None:
        marked = np.zeros(len(score), dtype=bool)
        for start, length in zip(starts, lengths, strict=True):
            part = score[start : start + length]
            count = round(rate * np.count_nonzero(~np.isnan(part)))
            order = np.argsort(np.where(np.isnan(part), -np.inf, part), kind="stable")
            marked[start + order[length - count :]] = True
    columns = {
        names.id: _keys([each.key for each in series for _ in range(len(each))]),
        names.time: np.concatenate([frequency.times(e.start, np.arange(len(e))) for e in series]),
        names.target: np.concatenate([each.values for each in series]),
        "y_hat": expected,
        "score": score,
        "anomaly": marked,
    }
    asked = np.concatenate([np.arange(length) >= kept for length, kept in zip(lengths, before, strict=True)])
    return {name: values[asked] for name, values in columns.items()}


def _keys(keys: Sequence[Any]) -> Column:
    """Ids as a column; words as objects, as data frames hold them, and so numbers of several kinds."""
    alike = len({type(key) for key in keys}) == 1 and not isinstance(keys[0], str)
    return np.array(keys, dtype=None if alike else object)
