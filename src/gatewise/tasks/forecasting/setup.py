"""What a forecaster learns of its data beside the network: step, season, scales and window shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.calendar import CYCLES, seen_cycles
from gatewise.data.frequency import Frequency
from gatewise.data.local_clock import LocalClock
from gatewise.data.panel import ColumnNames, Panel, Series, named
from gatewise.data.spread import never_changes, spread
from gatewise.data.windows import CovariateScale, ForecastWindows, SeriesScale, WindowShape
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks.forecasting.statics import StaticEncoder
from gatewise.types import IntArray

__all__ = ["SCALINGS", "ForecastSetup", "choose_shape"]

SCALINGS = ("standard", "mean")
"""What a series is divided by: its standard deviation, or its mean magnitude (Salinas et al. 2020)."""


_LARGEST = 1e100
"""Beyond it, or below its inverse, squares of numbers leave their range."""

_FAR, _ENOUGH = 5.0, 30
"""Scales beyond which new values of a series are taken for a mistake, and how many are enough to say so."""

_LONGEST = 1 << 24
"""Steps of a window, beyond which a file is more likely damaged than right."""


def choose_shape(
    horizon: int, season: int, context: int | None, patch: int | None, longest: int
) -> WindowShape:
    """The shape of the windows, where the user leaves it open.

    A patch is a season, or the largest whole part of one that the horizon holds. The context is at least
    seven seasons of up to a day's hours, three of longer ones, and two horizons, but no more than half of
    what there is to learn from.

    Args:
        horizon: S.
        season: steps of a season, 1 for none.
        context: C, or None.
        patch: P, or None.
        longest: steps of the longest training part.

    Raises:
        ArgumentError: the context is no multiple of the patch.
    """
    if patch is None:
        fits = [size for size in range(1, min(season, horizon) + 1) if season % size == 0]
        patch = max(size for size in fits if context is None or context % size == 0)
    if context is None:
        wanted = max(2 * horizon, 3 * season, min(7 * season, 168), 8)
        context = max(1, min(wanted, longest // 2) // patch) * patch
    if context % patch:
        raise ArgumentError(
            f"context_length={context} is no multiple of patch_size={patch}; expected whole patches, as "
            f"{-(-context // patch) * patch}."
        )
    return WindowShape(int(context), int(horizon), int(patch))


@dataclass(frozen=True)
class ForecastSetup:
    """All that turns a panel into windows of scaled numbers.

    Attributes:
        frequency: of the series.
        season: steps of a season; 1 for none.
        shape: of the windows that the network takes.
        cycles: of the calendar.
        scaling: one of ``SCALINGS``.
        scales: of each series of the training data, by its key.
        covariates: of those that change in time, known ones first.
        statics: encodes the others.
        fills_by_season: whether gaps of a context are filled from other seasons; models before 0.2 were
            trained without gaps, and with the last value in their place.
        draws_tails: whether paths are drawn from beyond the outermost quantiles too; not so before 0.2.
        clock: by which windows are cut and the calendar is read; models before 0.2 had UTC for all.
    """

    frequency: Frequency
    season: int
    shape: WindowShape
    cycles: tuple[str, ...]
    scaling: str
    scales: Mapping[Any, SeriesScale]
    covariates: CovariateScale
    statics: StaticEncoder
    fills_by_season: bool = True
    draws_tails: bool = True
    clock: LocalClock | None = None

    @classmethod
    def learn(
        cls,
        training: Panel,
        used: IntArray,
        names: ColumnNames,
        *,
        season: int,
        shape: WindowShape,
        scaling: str,
        calendar: bool,
    ) -> ForecastSetup:
        """From the training part of a panel alone.

        Args:
            training: the training part of each series.
            used: numbers of the series that are learnt from; the others are too short, and only scaled.
            names: of the columns.
            season: steps of a season.
            shape: of the windows.
            scaling: one of ``SCALINGS``.
            calendar: whether the network is told the calendar.

        Raises:
            DataError: a series that is learnt from is constant; a covariate is too large.
        """
        learnt = training.only(used).series
        time_varying = np.concatenate([np.hstack([each.known, each.past]) for each in learnt])
        mean, widths = spread(time_varying)
        for name, width in zip((*names.known, *names.past), widths, strict=True):
            if not width < _LARGEST:
                raise DataError(f"column {name!r} has a spread of {width:g}; give it in another unit.")
        short = set(range(len(training.series))) - set(used.tolist())
        starts = [(np.array([each.start]), len(each)) for each in learnt]
        return cls(
            training.frequency,
            int(season),
            shape,
            seen_cycles(training.frequency, starts) if calendar else (),
            scaling,
            {
                each.key: series_scale(each, scaling, names.target, may_be_constant=number in short)
                for number, each in enumerate(training.series)
            },
            CovariateScale(mean, widths),
            StaticEncoder.learn(learnt, names.static),
            clock=training.clock,
        )

    @property
    def kept_steps(self) -> int:
        """Steps at the end of a series from which it can be forecast."""
        return self.shape.context if self.clock is None else self.clock.steps_of(self.shape.context)

    @property
    def features(self) -> int:
        """F, width of a patch's features, as ``ForecastWindows`` lays them out."""
        per_step = 2 + len(self.covariates.mean)
        return self.shape.patch * per_step + 2 * len(self.cycles) + self.statics.width + 1

    def windows(
        self,
        series: Sequence[Series],
        windows: IntArray,
        *,
        target: str,
        future: Sequence[npt.NDArray[np.float64]] | None = None,
        room: int = 0,
        seen: IntArray | None = None,
    ) -> ForecastWindows:
        """Windows over series; those that were not in the training data are scaled by what they show here.

        Args:
            series: the series.
            windows: as ``ForecastWindows`` takes them.
            target: column of the values, for the error.
            future: as ``ForecastWindows`` takes it.
            room: the same.
            seen: first steps of each series, by which one that is new is scaled; all of them where omitted.
        """
        scales = [self.scales.get(each.key, SeriesScale(0.0, 1.0)) for each in series]
        for number in np.unique(windows[:, 0]):
            each = series[number]
            if each.key not in self.scales:
                part = each if seen is None else each.cut(0, int(seen[number]), self.frequency)
                scales[number] = series_scale(part, self.scaling, target, may_be_constant=True)
        return ForecastWindows(
            series,
            self.frequency,
            scales,
            self.shape,
            cycles=self.cycles,
            covariates=self.covariates,
            static=self.statics.encode(series),
            season=self.season if self.fills_by_season else 1,
            future=future,
            room=room,
            clock=self.clock,
            windows=windows,
        )

    def refuse_other_units(self, series: Sequence[Series], target: str) -> None:
        """Refuse new values that the scale learnt under the same name would push far out of range.

        A shop that is closed, or a sensor that is stuck, is of the same unit: 0 is 0 in all of them, and what
        never changes has no size to be told by.

        Raises:
            DataError: values of some series are of another size than those of the training.
        """
        wrong = []
        for each in series:
            known, values = self.scales.get(each.key), each.values[~np.isnan(each.values)]
            if known is None or not values.any():
                continue
            if self._is_far(values, known) and self._is_far(values[values != 0], known):
                wrong.append((each.key, values.mean(), known))
        if not wrong:
            return
        (key, mean, known), *others = wrong
        keys = [other for other, _, _ in others]
        raise DataError(
            f"series {key!r} of column {target!r} has a mean of {mean:.4g}, far from what was learnt under "
            f"this name (mean {known.centre:.4g}, scale {known.scale:.4g}): another unit, or another "
            "series? Give it in the same unit, or under an id of its own, so that it is scaled anew."
            + (f" {named(keys, ('is', 'are'))} far off too." if keys else "")
        )

    def _is_far(self, values: npt.NDArray[np.float64], known: SeriesScale) -> bool:
        """Whether values are of another size than those by which a scale was learnt."""
        if self.scaling == "mean":
            width, shift, least = float(np.abs(values).mean()), 0.0, known.scale
        else:
            width, shift, least = float(values.std()), abs(values.mean() - known.centre), 0.25 * known.scale
            if values.min() == values.max():
                return bool(shift > _FAR * known.scale)
        # A short piece of a series may well be flat.
        flat = len(values) >= _ENOUGH and width * _FAR < least
        return bool(width > _FAR * known.scale or shift > _FAR * known.scale or flat)

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which ``from_json`` makes the same again."""
        return {
            "frequency": str(self.frequency),
            "season": self.season,
            "shape": list(self.shape),
            "cycles": list(self.cycles),
            "scaling": self.scaling,
            "fills_by_season": self.fills_by_season,
            "draws_tails": self.draws_tails,
            "zone": None if self.clock is None else self.clock.zone,
            "scales": [[key, *scale] for key, scale in self.scales.items()],
            "covariates": [self.covariates.mean.tolist(), self.covariates.spread.tolist()],
            "statics": [dict(column) for column in self.statics.columns],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], names: ColumnNames) -> ForecastSetup:
        """What came from a file.

        Raises:
            DataError: it is not what ``to_json`` gives for columns of these names.
        """
        try:
            shape = WindowShape(*(int(size) for size in values["shape"]))
            cycles, season = tuple(values["cycles"]), int(values["season"])
            mean, widths = (np.array(part, dtype=np.float64) for part in values["covariates"])
            scales = {key: SeriesScale(float(at), float(scale)) for key, at, scale in values["scales"]}
            covariates = (len(names.known) + len(names.past),)
            sound = {
                f"shape {shape}": 1 <= min(shape) <= max(shape) < _LONGEST
                and shape.context % shape.patch == 0,
                f"season {season}": season >= 1,
                f"cycles {cycles}": set(cycles) <= set(CYCLES),
                f"scaling {values['scaling']!r}": values["scaling"] in SCALINGS,
                f"scales of {len(scales)} series": all(
                    0 < scale.scale < _LARGEST for scale in scales.values()
                ),
                f"covariates {widths}": mean.shape == widths.shape == covariates and (widths > 0).all(),
            }
            if wrong := [what for what, holds in sound.items() if not holds]:
                raise ValueError(", ".join(wrong))
            frequency = Frequency.parse(values["frequency"])
            statics = StaticEncoder.from_json(values["statics"], names.static)
            clock = None
            if values.get("zone") is not None:
                clock = LocalClock.where_needed(values["zone"], int(frequency.step))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"its forecasting setup cannot be read: {error!r}") from error
        return cls(
            frequency,
            season,
            shape,
            cycles,
            values["scaling"],
            scales,
            CovariateScale(mean, widths),
            statics,
            values.get("fills_by_season") is True,
            values.get("draws_tails") is True,
            clock,
        )


def series_scale(series: Series, scaling: str, target: str, may_be_constant: bool = False) -> SeriesScale:
    """Centre and scale of a series' values.

    Raises:
        DataError: the series is constant, so that there is nothing to learn or to divide by; or it has no
            value, or none that can be scaled.
    """
    values = series.values[~np.isnan(series.values)]
    if len(values) == 0:
        raise DataError(f"series {series.key!r} has no value in column {target!r} to go on from.")
    constant = bool(never_changes(values[:, None]))
    if constant and not may_be_constant:
        raise DataError(
            f"series {series.key!r} of column {target!r} is constant: all {len(values)} values to learn from "
            f"are {values[0]:g}. Remove the series; its forecast is that value."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        magnitude = float(np.abs(values).mean())
        scale = magnitude if scaling == "mean" or constant else float(values.std())
    if constant and not scale:
        scale = 1.0
    if not 1 / _LARGEST < scale < _LARGEST:
        raise DataError(
            f"series {series.key!r} of column {target!r} has values of the size {magnitude:g}; give it in "
            "another unit."
        )
    return SeriesScale(float(values[0] if constant else values.mean()), scale)
