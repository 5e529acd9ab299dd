"""From windows to forecasts: quantiles or sampled paths, in the data's unit, and their calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.panel import Series
from gatewise.data.windows import ForecastWindows
from gatewise.tasks._forecast.heads import Head
from gatewise.tasks._forecast.network import ForecastNetwork
from gatewise.types import IntArray

__all__ = ["Forecasts", "Sampling", "calibration_of", "forecast_windows", "origins", "sample_paths"]

Floats = npt.NDArray[np.float64]

_AT_ONCE = 2048
"""Windows or paths that go through the network together."""

_ENOUGH = 100
"""Windows from which on each step of the horizon is calibrated by itself; with fewer, all together."""


class Forecasts(NamedTuple):
    """Forecasts of windows, in the data's unit.

    Attributes:
        point: (M, S).
        quantiles: (M, S, Q), rising along the last axis.
        scale: (M,), what one scaled unit is.
    """

    point: Floats
    quantiles: Floats
    scale: Floats


class Sampling(NamedTuple):
    """How forecasts are made of draws.

    Attributes:
        samples: paths a window.
        point: "median" or "mean" of the paths.
        rng: where draws come from.
    """

    samples: int
    point: str
    rng: np.random.Generator


def origins(
    series: Sequence[Series], firsts: IntArray, lasts: IntArray, horizon: int, most: int | None = None
) -> IntArray:
    """Windows (series, position), (M, 2), whose targets lie between firsts and lasts and are not all missing.

    Args:
        series: the series.
        firsts: for each the first position to forecast.
        lasts: the position after the last one.
        horizon: S.
        most: where there would be more windows, only each n-th is taken, counted from the end.
    """
    total = np.maximum(lasts - horizon - firsts + 1, 0).sum()
    stride = 1 if most is None else max(1, -(-int(total) // most))
    found = [np.zeros((0, 2), dtype=np.intp)]
    for index, (each, first, last) in enumerate(zip(series, firsts, lasts, strict=True)):
        positions = np.arange(last - horizon, first - 1, -stride)[::-1]
        seen = np.concatenate([[0], np.cumsum(~np.isnan(each.values))])
        positions = positions[seen[positions + horizon] > seen[positions]]
        found.append(np.stack([np.full(len(positions), index), positions], axis=1))
    return np.concatenate(found)


def forecast_windows(
    network: ForecastNetwork,
    head: Head,
    windows: ForecastWindows,
    horizon: int,
    levels: Sequence[float],
    sampling: Sampling,
    calibration: npt.NDArray[np.floating] | None = None,
) -> Forecasts:
    """Forecasts of all windows.

    Args:
        network: whose.
        head: reads its outputs.
        windows: with room for the horizon after each.
        horizon: first steps to forecast; where the network gives fewer at once, it goes on from its draws.
        levels: of the quantiles.
        sampling: how to draw, where the forecast goes on from draws.
        calibration: (S, Q), added to the quantiles in scaled units.
    """
    points, quantiles, scales = [], [], []
    block_by_block = network.shape.horizon < horizon
    at_once = max(1, _AT_ONCE // sampling.samples) if block_by_block else _AT_ONCE
    if len(windows.windows) == 0:
        empty = np.zeros((0, horizon))
        return Forecasts(empty, np.zeros((*empty.shape, len(levels))), np.zeros(0))
    for start in range(0, len(windows.windows), at_once):
        indices = np.arange(start, min(start + at_once, len(windows.windows)))
        if block_by_block:
            paths, scale = sample_paths(network, head, windows, indices, horizon, sampling)
            centre = np.median if sampling.point == "median" else np.mean
            points.append(centre(paths, axis=1))
            quantiles.append(np.moveaxis(np.quantile(paths, levels, axis=1), 0, -1))
        else:
            batch = windows.batch(indices)
            outputs = network(batch).astype(np.float64)
            centre_of, scale = batch.centre[:, None], batch.scale
            outputs = outputs[:, :horizon]
            points.append(head.point(outputs) * scale[:, None] + centre_of)
            quantiles.append(head.quantiles(outputs) * scale[:, None, None] + centre_of[..., None])
        scales.append(scale)
    point, spread, scale = map(np.concatenate, (points, quantiles, scales))
    if calibration is not None:
        spread = _in_order(spread + calibration[:horizon] * scale[:, None, None], levels)
    return Forecasts(point, spread, scale)


def _in_order(quantiles: Floats, levels: Sequence[float]) -> Floats:
    """Quantiles that rise: from the median, which stays, outwards none comes before the one within."""
    if 0.5 not in levels:
        return np.sort(quantiles, axis=-1)
    middle = list(levels).index(0.5)
    above = np.maximum.accumulate(quantiles[..., middle:], axis=-1)
    below = np.minimum.accumulate(quantiles[..., middle::-1], axis=-1)[..., ::-1]
    return np.concatenate([below[..., :-1], above], axis=-1)


def sample_paths(
    network: ForecastNetwork,
    head: Head,
    windows: ForecastWindows,
    indices: IntArray,
    horizon: int,
    sampling: Sampling,
) -> tuple[Floats, Floats]:
    """Paths (B, samples, S) drawn along the horizon, each block going on from its own past (DeepAR).

    Returns:
        The paths in the data's unit, and the scale of each window (B,).
    """
    shape, samples = network.shape, sampling.samples
    series, positions = windows.windows[indices].T
    series, positions = np.repeat(series, samples), np.repeat(positions, samples)
    steps = windows.steps_from(series, positions)
    past = windows.values_at(steps[:, : shape.context])
    unknown = np.full((len(past), shape.horizon), np.nan)
    blocks = []
    for done in range(0, horizon, shape.horizon):
        batch = windows.assemble(past, unknown, steps + done, series)
        values = head.draw(network(batch), sampling.rng) * batch.scale[:, None] + batch.centre[:, None]
        blocks.append(values)
        past = np.concatenate([past, values], axis=1)[:, -shape.context :]
    paths = np.concatenate(blocks, axis=-1)[:, :horizon].reshape(len(indices), samples, horizon)
    return paths, batch.scale.reshape(len(indices), -1)[:, 0]


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
