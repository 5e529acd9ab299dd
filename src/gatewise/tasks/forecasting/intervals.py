"""The intervals of forecasts: moved by what was learnt on windows held out, so that they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.types import IntArray

__all__ = ["calibrated", "calibrated_apart", "calibration_of", "in_order"]

Floats = npt.NDArray[np.float64]

_ENOUGH = 100
"""Windows by which a step of the horizon is calibrated; where there are fewer, with the steps beside it."""


def calibration_of(
    forecasts: Forecasts, actual: Floats, levels: Sequence[float], windows: IntArray | None = None
) -> npt.NDArray[np.float32]:
    """What to add to each quantile, in scaled units, so that it holds on these windows.

    Conformalised quantile regression with each tail by itself (Romano et al. 2019, theorem 2): the quantile
    of level τ is moved by the τ-quantile of the actual values' distance from it, a little further out for
    the windows being finitely many. The median stays.

    Args:
        forecasts: of windows that were not trained on.
        actual: (M, S) what came, NaN where missing.
        levels: of the quantiles.
        windows: (M, 2) series and position of each, by which it is told how many of them miss together;
            where omitted each counts by itself.

    Returns:
        (S, Q).
    """
    _, horizon, width = forecasts.quantiles.shape
    distance = (actual[..., None] - forecasts.quantiles) / forecasts.scale[:, None, None]
    shifts = np.zeros((horizon, width), np.float32)
    for step in range(horizon):
        near = _with_neighbours(distance, step)
        for column, level in enumerate(levels):
            if level != 0.5 and not np.isnan(near[..., column]).all():
                shifts[step, column] = _conformal_quantile(near[..., column], level, step + 1, windows)
    return shifts


def _with_neighbours(distance: Floats, step: int) -> Floats:
    """The distances of a step, and of as many steps before and after it as it takes to have enough."""
    present = ~np.isnan(distance[..., 0]) if distance.shape[-1] else np.zeros(distance.shape[:2], bool)
    for reach in range(distance.shape[1]):
        near = slice(max(0, step - reach), step + reach + 1)
        if present[:, near].sum() >= _ENOUGH:
            break
    return distance[:, near]


def _conformal_quantile(distance: Floats, level: float, lead: int, windows: IntArray | None) -> float:
    """The quantile of distances (M, steps), further out the fewer of them are independent."""
    ordered = np.sort(distance[~np.isnan(distance)])
    count, is_upper = len(ordered), level > 0.5
    border = ordered[_rank(count, count, max(level, 1 - level)) * (1 if is_upper else -1) - is_upper]
    beyond = distance > border if is_upper else distance < border
    independent = count * _share_independent(beyond, lead, windows)
    rank = _rank(count, independent, max(level, 1 - level))
    return float(ordered[rank - 1] if is_upper else ordered[count - rank])


def _rank(count: int, independent: float, level: float) -> int:
    """Place from 1, in their order, of the value at or below which a fresh one lies with this probability.

    It is the (n + 1) τ-th of n independent values; of as many as hang together it is that share of them.
    """
    place = (count + count / independent) * level
    return int(np.clip(np.ceil(place - 1e-9), 1, count))


def _share_independent(beyond: npt.NDArray[np.bool_], lead: int, windows: IntArray | None) -> float:
    """Clusters of values beyond a border, for each such value: the extremal index, by its runs estimator.

    Windows that overlap miss together, and are one observation rather than many (Leadbetter et al. 1983).
    Two misses belong to one cluster where they are less than the root of the lead apart; so the intervals of
    correct forecasts hold for white noise as for random walks.
    """
    count = int(beyond.sum())
    if windows is None or count == 0:
        return 1.0
    series, positions = windows[beyond.any(axis=1)].T
    apart = np.abs(np.diff(positions)) > np.sqrt(lead)
    return float(1 + np.count_nonzero(apart | (np.diff(series) != 0))) / count


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
    return forecasts._replace(quantiles=in_order(moved, levels))


def calibrated_apart(
    forecasts: Forecasts, actual: Floats, levels: Sequence[float], windows: IntArray, parts: IntArray
) -> Forecasts:
    """Forecasts calibrated without what they are then judged by.

    Args:
        forecasts: as the network gives them.
        actual: (M, S) what came, NaN where missing.
        levels: of the quantiles.
        windows: (M, 2) series and position of each.
        parts: (M,) the windows of each are calibrated by those of the others; where there is one alone, by
            themselves.
    """
    quantiles = forecasts.quantiles.copy()
    for part in np.unique(parts):
        mine = parts == part
        others = mine if mine.all() else ~mine
        shifts = calibration_of(forecasts.at(others), actual[others], levels, windows[others])
        quantiles[mine] = calibrated(forecasts.at(mine), shifts, levels).quantiles
    return forecasts._replace(quantiles=quantiles)


def in_order(quantiles: Floats, levels: Sequence[float]) -> Floats:
    """Quantiles that rise: from the median, which stays, outwards none comes before the one within."""
    if 0.5 not in levels:
        return np.sort(quantiles, axis=-1)
    middle = list(levels).index(0.5)
    above = np.maximum.accumulate(quantiles[..., middle:], axis=-1)
    below = np.minimum.accumulate(quantiles[..., middle::-1], axis=-1)[..., ::-1]
    return np.concatenate([below[..., :-1], above], axis=-1)
