"""Intervals that follow the newest errors.

A calibration on the past holds as far as the future is like it. Where steps have come since a model was
trained, what it would have forecast of them says how wide its intervals should be by now. Each quantile's
distance from the middle follows its own misses: quantile tracking (Angelopoulos, Candès & Tibshirani 2023,
conformal PID control; Gibbs & Candès 2021, adaptive conformal inference). The distance is taken exp(θ) times;
with α the share promised beyond the quantile, and m that of the values of a horizon which lay there,

    θ ← θ + η (m - α).

Over T horizons the misses then differ from α by no more than the range of θ over ηT, whatever the data do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.tasks.forecasting.intervals import in_order
from gatewise.types import IntArray

__all__ = ["following_errors", "horizons_before"]

Floats = npt.NDArray[np.float64]

_RATE = 0.2
"""η. The half of an error in a normal 80 % interval is gone after 15 horizons."""

_HORIZONS = 64
"""Most horizons looked back on; what lies before them would count less than a hundredth part."""


def horizons_before(windows: IntArray, firsts: IntArray, horizon: int) -> IntArray:
    """Windows (series, position) whose targets lie side by side before those of other windows.

    Args:
        windows: (M, 2) those others.
        firsts: (N,) for each series, the first step that training has not seen.
        horizon: S.

    Returns:
        (L, 2), each once, in order.
    """
    series, positions = np.repeat(windows, _HORIZONS, axis=0).T
    earlier = positions - horizon * np.tile(np.arange(1, _HORIZONS + 1), len(windows))
    kept = earlier >= firsts[series]
    return np.unique(np.stack([series[kept], earlier[kept]], axis=1), axis=0)


def following_errors(
    forecasts: Forecasts,
    windows: IntArray,
    past: Forecasts,
    past_windows: IntArray,
    actual: Floats,
    levels: Sequence[float],
) -> Forecasts:
    """Forecasts whose intervals are as wide as the errors of the horizons before them ask for.

    Args:
        forecasts: calibrated, of ``windows`` (M, 2).
        windows: series and position of each.
        past: calibrated forecasts of ``past_windows`` (L, 2), as ``horizons_before`` gives them.
        past_windows: series and position of each.
        actual: (L, S) what came of these, NaN where missing.
        levels: of the quantiles.
    """
    horizon = actual.shape[1]
    upper = np.array(levels) > 0.5
    beyond = np.where(upper, 1 - np.array(levels), levels)
    theta = np.zeros((len(windows), len(levels)))
    places = {(series, position): row for row, (series, position) in enumerate(past_windows.tolist())}
    for back in range(_HORIZONS, 0, -1):
        before = [
            places.get((series, position - back * horizon), -1) for series, position in windows.tolist()
        ]
        rows = np.array(before, dtype=np.intp)
        known = np.flatnonzero(rows >= 0)
        if len(known) == 0:
            continue
        came = actual[rows[known], :, None]
        quantiles = _spread(past.at(rows[known]), theta[known], levels).quantiles
        missed = np.where(upper, came > quantiles, came < quantiles).sum(axis=1)
        present = (~np.isnan(came)).sum(axis=1)
        share = missed / np.maximum(present, 1) - beyond
        theta[known] += _RATE * np.where((present > 0) & (np.array(levels) != 0.5), share, 0.0)
    return _spread(forecasts, theta, levels)


def _spread(forecasts: Forecasts, theta: Floats, levels: Sequence[float]) -> Forecasts:
    """Forecasts with each quantile's distance from the middle times exp(θ), θ of (M, Q)."""
    quantiles = forecasts.quantiles
    middle = quantiles[..., [list(levels).index(0.5)]] if 0.5 in levels else forecasts.point[..., None]
    spread = middle + (quantiles - middle) * np.exp(theta)[:, None, :]
    return forecasts._replace(quantiles=in_order(spread, levels))
