"""Windows over a panel: so much context, so much to forecast, at any place of any series.

All series lie end to end in one array with room around them, so that a batch of windows is one look-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.calendar import calendar_features
from gatewise.data.frequency import Frequency
from gatewise.data.gaps import filled_by_season, with_gaps
from gatewise.data.local_clock import LocalClock, moved_within, on_slots
from gatewise.data.panel import Series
from gatewise.random_streams import Purpose, stream
from gatewise.types import Array, IntArray

__all__ = ["CovariateScale", "ForecastBatch", "ForecastWindows", "SeriesScale", "WindowShape"]

Floats = npt.NDArray[np.float64]

_WITH_GAPS = 0.5
"""Share of the contexts that lose values in training."""


class WindowShape(NamedTuple):
    """Steps of a window.

    Attributes:
        context: C, steps looked back on, a multiple of ``patch``.
        horizon: S, steps to forecast.
        patch: P, consecutive steps that the network reads as one.
    """

    context: int
    horizon: int
    patch: int

    @property
    def padded_horizon(self) -> int:
        """The horizon, filled up to whole patches."""
        return -(-self.horizon // self.patch) * self.patch


class SeriesScale(NamedTuple):
    """What a series' numbers are divided by, and its middle, which stands in where a context is empty."""

    centre: float
    scale: float


class ForecastBatch(NamedTuple):
    """Windows as the network takes them; the values are scaled, and centred on the end of each context.

    Attributes:
        context: (B, C); where a value is missing, the one before it.
        features: ((C + padded S) / P, B, F): for each patch its values, which of them were observed, the
            covariates and the calendar. To the network the values of the horizon are unknown.
        target: (B, S), 0 where missing.
        observed: (B, S), False where the target is missing.
        centre: (B,) what was subtracted, in the data's unit.
        scale: (B,) what was divided by.
    """

    context: Array
    features: Array
    target: Array
    observed: npt.NDArray[np.bool_]
    centre: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]


@dataclass(frozen=True)
class CovariateScale:
    """Mean and spread of the covariates that change in time, over the training part."""

    mean: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]


class ForecastWindows:
    """Windows over series.

    Args:
        series: the series.
        frequency: their step.
        scales: of each series.
        shape: of a window.
        cycles: of the calendar.
        covariates: scale of the covariates, known ones first.
        static: (N, Z) static features of each series.
        future: known covariates after the end of each series, (steps, K) each; their means where omitted.
        room: steps after the end of each series into which windows may reach; those of a horizon at least.
        clock: by which windows are cut, so that a day back is the same hour: their steps are its slots then.
        windows: (series, position) of each window's first step to forecast, (M, 2).
    """

    def __init__(
        self,
        series: Sequence[Series],
        frequency: Frequency,
        scales: Sequence[SeriesScale],
        shape: WindowShape,
        *,
        cycles: Sequence[str],
        covariates: CovariateScale,
        static: Array,
        season: int = 1,
        future: Sequence[npt.NDArray[np.float64]] | None = None,
        room: int = 0,
        clock: LocalClock | None = None,
        windows: IntArray,
    ) -> None:
        self.shape = shape
        self.windows = windows
        self._season = season
        self._gaps: int | None = None
        self._centres = np.array([scale.centre for scale in scales])
        self._scales = np.array([scale.scale for scale in scales])
        self._static = static
        before, after = shape.context, shape._replace(horizon=max(room, shape.horizon)).padded_horizon
        slots = [
            np.arange(len(each) + after)
            if clock is None
            else clock.slots(each.start, np.arange(len(each) + after))
            for each in series
        ]
        lengths = [int(of_one[: len(each)].max()) + 1 for each, of_one in zip(series, slots, strict=True)]
        self._slots = None if clock is None else np.concatenate(slots)
        self._first_slots = np.cumsum([0, *map(len, slots[:-1])])
        # Forecasts of a horizon in which clocks go forward reach as much further.
        after += 0 if clock is None else 2 * clock.margin + shape.padded_horizon
        ends = np.cumsum([before + length + after for length in lengths])
        self._starts = ends - [length + after for length in lengths]
        self._phases = np.zeros(0 if clock is None else ends[-1])
        self._values = np.full(ends[-1], np.nan)
        self._known = np.zeros((ends[-1], series[0].known.shape[1]), np.float32)
        self._past = np.zeros((ends[-1], series[0].past.shape[1]), np.float32)
        self._calendar = np.zeros((ends[-1], 2 * len(cycles)), np.float32)
        split = self._known.shape[1]
        known_mean, past_mean = covariates.mean[:split], covariates.mean[split:]
        known_spread, past_spread = covariates.spread[:split], covariates.spread[split:]
        for index, (each, at) in enumerate(zip(series, self._starts, strict=True)):
            here, known = slots[index][: len(each)], each.known
            if future is not None:
                known = np.concatenate([known, future[index]])
            for array, values in (
                (self._values, on_slots(each.values, here)),
                (
                    self._known,
                    _carried(on_slots((known - known_mean) / known_spread, slots[index][: len(known)])),
                ),
                (self._past, _carried(on_slots((each.past - past_mean) / past_spread, here))),
            ):
                array[at : at + len(values)] = values
            whole = np.arange(-before, lengths[index] + after)
            if clock is not None:
                self._phases[at - before : at + len(whole) - before] = clock.phases(each.start, whole)
            if cycles:
                times = (
                    frequency.times(each.start, whole) if clock is None else clock.times(each.start, whole)
                )
                self._calendar[at - before : at + len(whole) - before] = calendar_features(times, cycles)

    def at(self, windows: IntArray) -> ForecastWindows:
        """Other windows (series, position), (M, 2), of the same series; their values are not read again."""
        others = copy(self)
        others.windows = windows
        return others

    def thinned(self, seed: int) -> ForecastWindows:
        """The same for training: a share of the contexts has gaps, so that a network gets used to them."""
        others = copy(self)
        others._gaps = seed
        return others

    @property
    def lengths(self) -> IntArray:
        """All windows are of one length."""
        return np.full(len(self.windows), self.shape.context)

    def batch(self, indices: IntArray, delay: int = 0) -> ForecastBatch:
        """The windows of these numbers.

        Args:
            indices: their numbers.
            delay: slots by which they begin later, of which the values are then not known.
        """
        series, positions = self.windows[indices].T
        context, horizon = self.shape.context, self.shape.horizon
        steps = self.steps_from(series, positions) + delay
        past = self.past_of(steps, delay)
        if self._gaps is not None:
            # The same windows lose the same values, wherever a training that was stopped goes on.
            past = with_gaps(past, stream(self._gaps, Purpose.GAPS, *indices.tolist()), _WITH_GAPS)
        ahead = steps[:, context : context + horizon]
        target = moved_within(self._values[ahead], -self._phases_of(ahead, steps))
        return self.assemble(past, target, steps, series)

    def assemble(
        self,
        past: npt.NDArray[np.float64],
        target: npt.NDArray[np.float64],
        steps: IntArray,
        series: IntArray,
    ) -> ForecastBatch:
        """A batch from contexts (B, C) and targets (B, S) in the data's unit, NaN where missing.

        Args:
            past: the contexts, which need not be those of the panel: a recursive forecast appends its own.
            target: the targets.
            steps: (B, C + padded S), where in the panel the window lies.
            series: (B,), of which series.
        """
        shape, batch = self.shape, len(past)
        observed = ~np.isnan(past)
        scale = self._scales[series]
        centre = _centre(past, observed, shape.patch, self._centres[series])
        filled = filled_by_season(past, observed, centre, self._season)
        context = ((filled - centre[:, None]) / scale[:, None]).astype(np.float32)
        patches = (shape.context + shape.padded_horizon) // shape.patch

        def in_patches(values: Array) -> Array:
            """(B, C + S, ...) as (patches, B, P * ...)."""
            return values.reshape(batch, patches, -1).swapaxes(0, 1)

        ahead = np.zeros((batch, shape.padded_horizon), np.float32)
        known, past_only = self._known[steps], self._past[steps]
        known[:, shape.context + shape.horizon :] = 0  # a forecast does not have them either
        past_only[:, shape.context :] = 0
        first = steps[:, :: shape.patch]
        is_future = np.zeros((patches, batch, 1), np.float32)
        is_future[shape.context // shape.patch :] = 1
        features = np.concatenate(
            [
                in_patches(np.concatenate([context * observed, ahead], axis=1)),
                in_patches(np.concatenate([observed.astype(np.float32), ahead], axis=1)),
                in_patches(known),
                in_patches(past_only),
                self._calendar[first].swapaxes(0, 1),
                np.broadcast_to(self._static[series], (patches, batch, self._static.shape[1])),
                is_future,
            ],
            axis=-1,
        )
        present = ~np.isnan(target)
        scaled = np.where(present, (target - centre[:, None]) / scale[:, None], 0)
        return ForecastBatch(
            context, np.ascontiguousarray(features), scaled.astype(np.float32), present, centre, scale
        )

    def steps_from(self, series: IntArray, positions: IntArray) -> IntArray:
        """Where in the panel windows lie that begin to forecast at these positions, (B, C + padded S)."""
        first = (self._starts[series] + self._slots_at(series, positions))[:, None]
        return first + np.arange(-self.shape.context, self.shape.padded_horizon)

    def by_steps(self, indices: IntArray, forecasts: Floats, steps: int) -> Floats:
        """Forecasts (B, slots, ...) of windows' slots as those of their first steps, (B, steps, ...)."""
        if self._slots is None:
            return forecasts[:, :steps]
        places = self.steps_from(*self.windows[indices].T)
        slots = places[:, self.shape.context, None] + np.arange(forecasts.shape[1])
        moved = moved_within(forecasts, self._phases_of(slots, places))
        return np.asarray(moved[np.arange(len(indices))[:, None], self.slots_ahead(indices, steps)])

    def slots_ahead(self, indices: IntArray, steps: int) -> IntArray:
        """Which slot of a window each of its first steps to forecast has, (B, steps).

        It is the number of the step but where clocks change: then a slot is left out, or has two steps.
        """
        series, positions = self.windows[indices].T
        first = self._slots_at(series, positions)[:, None]
        ahead = positions[:, None] + np.arange(steps)
        found: IntArray = np.maximum(self._slots_at(series[:, None], ahead) - first, 0)
        return found

    def _slots_at(self, series: IntArray, positions: IntArray) -> IntArray:
        if self._slots is None:
            return positions
        found: IntArray = self._slots[self._first_slots[series] + positions]
        return found

    def past_of(self, steps: IntArray, unknown: int = 0) -> Floats:
        """The contexts (B, C) of windows at these steps, NaN where missing, or unknown at the end."""
        past = steps[:, : self.shape.context]
        values = self._values[past]
        values[:, self.shape.context - unknown :] = np.nan
        return moved_within(values, -self._phases_of(past, steps))

    def _phases_of(self, slots: IntArray, steps: IntArray) -> Floats:
        """By how much of a slot some of a window's slots lie later than its first one to forecast."""
        if self._slots is None:
            return np.zeros(slots.shape)
        found: Floats = self._phases[slots] - self._phases[steps[:, self.shape.context, None]]
        return found


def _carried(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Covariates (T, K), in a slot that clocks leave out those of the slot before."""
    for slot in np.flatnonzero(np.isnan(values).any(axis=1)).tolist():
        values[slot] = values[slot - 1]
    return values


def _centre(
    past: npt.NDArray[np.float64],
    observed: npt.NDArray[np.bool_],
    patch: int,
    fallback: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Mean of the last patch; of the whole context where that is missing; of the series where that is too."""
    centre = fallback.copy()
    for start in (0, past.shape[1] - patch):
        count = observed[:, start:].sum(axis=1)
        total = np.where(observed[:, start:], past[:, start:], 0).sum(axis=1)
        centre = np.where(count > 0, total / np.maximum(count, 1), centre)
    return centre
