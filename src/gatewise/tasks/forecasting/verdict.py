"""How good a forecast is beside forecasts that cost nothing, in numbers and in words.

The measures are those of Hyndman & Koehler (2006) and of the M4 competition (Makridakis et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.errors import DataError
from gatewise.tasks.scores import noted

__all__ = ["Accuracy", "Judged", "Verdict", "mase_scale", "nominal_share"]

Floats = npt.NDArray[np.float64]

_LEVEL = 0.01
"""Differences below one percent decide nothing."""

_ROUNDING = 256 * np.finfo(np.float64).eps
"""Share of the largest value below which a difference is one of rounding."""


@dataclass(frozen=True)
class Accuracy:
    """Measures of one forecaster.

    Attributes:
        name: whose.
        mae: mean absolute error, in the data's unit.
        rmse: root of the mean squared error, in the data's unit.
        mase: mean over the windows of the MAE, divided by that of repeating the last season in the
            training part; NaN where no window has such a scale.
        smape: symmetric mean absolute percentage error, 0 to 200; NaN where all values are 0, for then any
            forecast but 0 has 200, however close it is.
        coverage: share of values inside the interval between the outermost quantiles; None without one.
    """

    name: str
    mae: float
    rmse: float
    mase: float
    smape: float
    coverage: float | None = None


@dataclass(frozen=True)
class Judged:
    """Forecasts to be judged together, a row for each window.

    Attributes:
        actual: (M, S), NaN where missing.
        scale: (M,) of MASE, NaN where there is none.
        low: (M, S) lower bound of the interval, or None.
        high: the upper one.
    """

    actual: Floats
    scale: Floats
    low: Floats | None = None
    high: Floats | None = None

    def accuracy(self, name: str, forecast: Floats, interval: bool = False) -> Accuracy:
        """The measures of one forecast (M, S).

        Raises:
            DataError: all values are missing.
        """
        present = ~np.isnan(self.actual)
        if not present.any():
            raise DataError("there is no value to measure forecasts on: all are missing.")
        error = np.where(present, np.abs(self.actual - forecast), 0)
        count, zero = int(present.sum()), not self.actual[present].any()
        total = np.abs(np.where(present, self.actual, 0)) + np.where(present, np.abs(forecast), 0)
        relative = np.divide(error, total, out=np.zeros_like(error), where=total > 0)
        steps = present.sum(axis=1)
        scaled = (error.sum(axis=1) / np.maximum(steps, 1) / self.scale)[(steps > 0) & (self.scale > 0)]
        coverage = None
        if interval and self.low is not None and self.high is not None:
            inside = (self.actual >= self.low) & (self.actual <= self.high)
            coverage = float(inside[present].mean())
        return Accuracy(
            name,
            float(error.sum() / count),
            float(np.sqrt((error**2).sum() / count)),
            float(scaled.mean()) if len(scaled) else float("nan"),
            float("nan") if zero and error.any() else float(200 * relative.sum() / count),
            coverage,
        )


@dataclass(frozen=True)
class Verdict:
    """A forecaster beside its baselines.

    Attributes:
        data: what was forecast, in words.
        interval: nominal share of values between the outermost quantiles; None without an interval.
        forecaster: its measures.
        baselines: those of the baselines.
    """

    data: str
    interval: float | None
    forecaster: Accuracy
    baselines: Sequence[Accuracy]

    @property
    def best_baseline(self) -> Accuracy:
        """The baseline with the lowest error."""
        return min(self.baselines, key=self._error)

    @property
    def baseline_wins(self) -> bool:
        """Whether a baseline is better, by more than a percent."""
        return self._error(self.best_baseline) < (1 - _LEVEL) * self._error(self.forecaster)

    def _error(self, accuracy: Accuracy) -> float:
        """What decides: MASE, which weighs series of different size alike, or where there is none MAE."""
        return accuracy.mae if np.isnan(self.forecaster.mase) else accuracy.mase

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        measure = "MAE" if np.isnan(self.forecaster.mase) else "MASE"
        ours, best = self._error(self.forecaster), self._error(self.best_baseline)
        figures = f"{measure} {ours:.3g} against {best:.3g} of {self.best_baseline.name}"
        if self.baseline_wins:
            return (
                f"A BASELINE WINS: {figures}. Use {self.best_baseline.name} instead, or try more data, more "
                "epochs or other hyperparameters."
            )
        if ours >= (1 - _LEVEL) * best:
            return f"The forecaster is no better than the best baseline: {figures}."
        return f"The forecaster beats every baseline: {figures}, {100 * (1 - ours / best):.0f} % less."

    @property
    def notes(self) -> list[str]:
        """Why a measure does not exist."""
        notes = []
        if np.isnan(self.forecaster.mase):
            notes.append(
                "no MASE: its unit is how far values lie from those of a season before, in the part that is "
                "learnt from, and there is none such; MAE decides"
            )
        if np.isnan(self.forecaster.smape):
            notes.append(
                "no sMAPE: all values are 0, of which any other number is 200 % off, however close it is"
            )
        return notes

    def __str__(self) -> str:
        rows = [self.forecaster, *self.baselines]
        interval = "" if self.interval is None else f"{100 * self.interval:.10g} % interval"
        lines = [
            f"forecasts of {self.data}:",
            f"{'':<16}{'MAE':>11}{'RMSE':>11}{'MASE':>8}{'sMAPE':>8}  {interval}".rstrip(),
        ]
        for row in rows:
            coverage = "" if row.coverage is None else f"covers {100 * row.coverage:.1f} %"
            relative = f"{_figure(row.mase, '.3f'):>8}{_figure(row.smape, '.2f'):>8}"
            lines.append(f"{row.name:<16}{row.mae:>11.4g}{row.rmse:>11.4g}{relative}  {coverage}".rstrip())
        return "\n".join([*lines, *self.notes, self.words])

    def as_dict(self) -> dict[str, Any]:
        """For JSON; a measure that does not exist is None."""
        rows = [asdict(row) for row in (self.forecaster, *self.baselines)]
        for row in rows:
            row |= {name: None for name in ("mase", "smape") if np.isnan(row[name])}
        found = {
            "data": self.data,
            "interval": self.interval,
            "forecasters": rows,
            "baseline_wins": self.baseline_wins,
            "verdict": self.words,
        }
        return noted(found, self.notes)


def _figure(value: float, form: str) -> str:
    """A number, or a dash where there is none."""
    return "-" if np.isnan(value) else format(value, form)


def nominal_share(levels: Sequence[float]) -> float | None:
    """Share of values between the outermost quantiles, as decimal numbers give it; None without two levels.

    From 0.05 to 0.95 are 0.9, where binary fractions make 0.8999999999999999 of it.
    """
    if len(levels) < 2:
        return None
    return float(Decimal(repr(float(levels[-1]))) - Decimal(repr(float(levels[0]))))


def mase_scale(values: Floats, season: int) -> float:
    """Mean absolute difference to the season before, NaN where nothing can be compared.

    A season that repeats the one before but for rounding, as a computed wave does, has no difference either.
    """
    differences = np.abs(values[season:] - values[:-season])
    differences = differences[~np.isnan(differences)]
    if len(differences) == 0:
        return float("nan")
    rounding = _ROUNDING * float(np.nanmax(np.abs(values)))
    return float(differences.mean()) if differences.max() > rounding else float("nan")
