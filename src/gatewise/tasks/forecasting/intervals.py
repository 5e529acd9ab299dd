"""The intervals of forecasts: moved by what was learnt on windows held out, so that they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gatewise.tasks.forecasting.forecasts import Forecasts

__all__ = ["calibrated", "calibration_of"]

Floats = npt.NDArray[np.float64]

_ENOUGH = 100
"""Windows from which on each step of the horizon is calibrated by itself; with fewer, all together."""


def calibration_of(forecasts: Forecasts, actual: Floats, levels: Sequence[float]) -> npt.NDArray[np.float32]:
    """What to add to each quantile, in scaled units, so that it holds on these windows.

    Conformalised quantile regression with each tail by itself (Romano et al. 2019, theorem 2): the quantile
    of level τ is moved by the τ-quantile of the actual values' distance from it, a little further out for
    the windows being finitely many. The median stays.

    Args:
        forecasts: of windows that were not trained on.
        actual: (M, S) what came, NaN where missing.
        levels: of the quantiles.

    Returns:
        (S, Q).
    """
    _, horizon, width = forecasts.quantiles.shape
    distance = (actual[..., None] - forecasts.quantiles) / forecasts.scale[:, None, None]
    shifts = np.zeros((horizon, width), np.float32)
    for column, level in enumerate(levels):
        if level == 0.5:
            continue
        each_step = [distance[:, step, column] for step in range(horizon)]
        each_step = [values[~np.isnan(values)] for values in each_step]
        if min(map(len, each_step)) < _ENOUGH:
            each_step = [np.concatenate(each_step)] * horizon
        for step, values in enumerate(each_step):
            if len(values):
                shifts[step, column] = _conformal_quantile(values, level)
    return shifts


def _conformal_quantile(values: Floats, level: float) -> float:
    ordered, count = np.sort(values), len(values)
    rank = np.ceil((count + 1) * level) if level > 0.5 else np.floor((count + 1) * level)
    return float(ordered[int(np.clip(rank, 1, count)) - 1])


def calibrated(
    forecasts: Forecasts, calibration: npt.NDArray[np.floating], levels: Sequence[float]
) -> Forecasts:
    """Forecasts of S steps whose intervals hold.

    Args:
        forecasts: as the network gives them.
        calibration: of ``calibration_of``, over S steps or more.
        levels: of the quantiles.
    """
    steps = forecasts.quantiles.shape[1]
    moved = forecasts.quantiles + calibration[:steps] * forecasts.scale[:, None, None]
    return forecasts._replace(quantiles=_in_order(moved, levels))


def _in_order(quantiles: Floats, levels: Sequence[float]) -> Floats:
    """Quantiles that rise: from the median, which stays, outwards none comes before the one within."""
    if 0.5 not in levels:
        return np.sort(quantiles, axis=-1)
    middle = list(levels).index(0.5)
    above = np.maximum.accumulate(quantiles[..., middle:], axis=-1)
    below = np.minimum.accumulate(quantiles[..., middle::-1], axis=-1)[..., ::-1]
    return np.concatenate([below[..., :-1], above], axis=-1)
