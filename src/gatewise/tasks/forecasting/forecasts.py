"""From windows to forecasts: quantiles or sampled paths, in the data's unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.windows import ForecastBatch, ForecastWindows
from gatewise.tasks.forecasting.heads import Head
from gatewise.tasks.forecasting.network import ForecastNetwork
from gatewise.types import IntArray

__all__ = ["Forecasts", "Sampling", "forecast_windows", "sample_paths"]

Floats = npt.NDArray[np.float64]

_AT_ONCE = 2048
"""Windows or paths that go through the network together."""


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

    def at(self, rows: IntArray | npt.NDArray[np.bool_]) -> Forecasts:
        """Those of some windows, by their numbers or by a mask."""
        return Forecasts(*(part[rows] for part in self))


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


def forecast_windows(
    network: ForecastNetwork,
    head: Head,
    windows: ForecastWindows,
    horizon: int,
    levels: Sequence[float],
    sampling: Sampling,
) -> Forecasts:
    """Forecasts of all windows as the network gives them; ``intervals`` makes what is between them hold.

    Args:
        network: whose.
        head: reads its outputs.
        windows: with room for the horizon after each.
        horizon: first steps to forecast; where the network gives fewer at once, it goes on from its draws.
        levels: of the quantiles.
        sampling: how to draw, where the forecast goes on from draws.
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
            point, spread, scale = _of_slots(network, head, windows, indices, horizon)
            points.append(point)
            quantiles.append(spread)
        scales.append(scale)
    point, spread, scale = map(np.concatenate, (points, quantiles, scales))
    return Forecasts(point, spread, scale)


def _of_slots(
    network: ForecastNetwork, head: Head, windows: ForecastWindows, indices: IntArray, horizon: int
) -> tuple[Floats, Floats, Floats]:
    """Point forecasts (B, S), quantiles (B, S, Q) and scales (B,), step by step from the windows' slots."""

    def read(batch: ForecastBatch) -> tuple[Floats, Floats]:
        outputs = network(batch).astype(np.float64)
        centre, scale = batch.centre[:, None], batch.scale[:, None]
        return head.point(outputs) * scale + centre, head.quantiles(outputs) * scale[..., None] + centre[
            ..., None
        ]

    ahead, slots = windows.slots_ahead(indices, horizon), network.shape.horizon
    batch = windows.batch(indices)
    point, spread = read(batch)
    more = int(ahead.max()) - slots + 1
    if more > 0:  # clocks go forward within the horizon: the network is asked again, from that much later on
        late = np.flatnonzero(ahead.max(axis=1) >= slots)
        found = read(windows.batch(indices[late], delay=more))
        point, spread = (
            np.concatenate([part, np.repeat(part[:, -1:], more, axis=1)], axis=1) for part in (point, spread)
        )
        new = max(slots, more)
        point[late, new:], spread[late, new:] = (part[:, new - more :] for part in found)
    point, spread = (windows.by_steps(indices, part, horizon) for part in (point, spread))
    return point, spread, batch.scale


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
    past = windows.past_of(steps)
    unknown = np.full((len(past), shape.horizon), np.nan)
    blocks = []
    ahead = windows.slots_ahead(indices, horizon)
    for done in range(0, int(ahead.max()) + 1, shape.horizon):
        batch = windows.assemble(past, unknown, steps + done, series)
        values = head.draw(network(batch), sampling.rng) * batch.scale[:, None] + batch.centre[:, None]
        blocks.append(values)
        past = np.concatenate([past, values], axis=1)[:, -shape.context :]
    drawn = np.concatenate(blocks, axis=-1).reshape(len(indices), samples, -1)
    paths = np.moveaxis(windows.by_steps(indices, np.moveaxis(drawn, 1, -1), horizon), -1, 1)
    return paths, batch.scale.reshape(len(indices), -1)[:, 0]
