"""A model beside baselines that cost nothing: in a table, in words, and as a dict.

What the estimators judge themselves by. A forecaster's verdict has measures of its own, and the same face:
``data``, ``baselines``, ``best_baseline``, ``baseline_wins``, ``words``, ``as_dict()`` and ``str()``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from gatewise.errors import DataError

__all__ = ["MEASURES", "Compared", "Measure", "Verdict"]

_LEVEL = 0.01
"""Differences in error below one percent decide nothing."""


@dataclass(frozen=True)
class Measure:
    """How a measure is told.

    Attributes:
        title: of its column.
        digits: after the point.
        best: the value of a perfect model, from which errors are counted.
    """

    title: str
    digits: int = 4
    best: float = 0.0


MEASURES = {
    "accuracy": Measure("accuracy", best=1.0),
    "f1": Measure("F1", best=1.0),
    "span_f1": Measure("span F1", best=1.0),
    "exact": Measure("exact", best=1.0),
    "error_rate": Measure("error rate"),
    "loss": Measure("loss"),
    "perplexity": Measure("perplexity", digits=2),
}
"""Measures by the name that ``evaluate`` and ``as_dict`` have for them."""


@dataclass(frozen=True)
class Compared:
    """What was measured of one model or baseline.

    Attributes:
        name: whose.
        measures: by name, one of ``MEASURES``; None for one that it has not.
    """

    name: str
    measures: Mapping[str, float | None]


@dataclass(frozen=True)
class Verdict:
    """A model beside its baselines, on data that it has not learnt.

    Attributes:
        data: what was measured, in words.
        measure: which measure decides; all of them have it.
        model: what was measured of the model.
        baselines: the same of the baselines.
    """

    data: str
    measure: str
    model: Compared
    baselines: Sequence[Compared]

    @property
    def best_baseline(self) -> Compared:
        """The baseline with the lowest error."""
        return min(self.baselines, key=self._error)

    @property
    def baseline_wins(self) -> bool:
        """Whether a baseline is better, by more than a percent of the error."""
        return self._error(self.best_baseline) < (1 - _LEVEL) * self._error(self.model)

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        told, best = MEASURES[self.measure], self.best_baseline
        ours, theirs = (each.measures[self.measure] for each in (self.model, best))
        figures = f"{told.title} {ours:.{told.digits}f} against {theirs:.{told.digits}f} of {best.name}"
        if self.baseline_wins:
            return (
                f"A BASELINE WINS: {figures}. Try more data, more epochs or other hyperparameters, or use "
                f"{best.name}."
            )
        if self._error(self.model) >= (1 - _LEVEL) * self._error(best):
            return f"The {self.model.name} is no better than the best baseline: {figures}."
        return f"The {self.model.name} beats every baseline: {figures}."

    def __str__(self) -> str:
        rows = [self.model, *self.baselines]
        width = 2 + max(len(row.name) for row in rows)
        names = list(self.model.measures)
        titles = "".join(f"{MEASURES[name].title:>12}" for name in names)
        lines = [f"{self.data}:", f"{'':<{width}}{titles}"]
        for row in rows:
            cells = "".join(f"{_cell(row.measures.get(name), MEASURES[name]):>12}" for name in names)
            lines.append(f"{row.name:<{width}}{cells}".rstrip())
        return "\n".join([*lines, self.words])

    def as_dict(self) -> dict[str, Any]:
        """For JSON; a measure that does not exist is None."""
        return {
            "data": self.data,
            "measure": self.measure,
            "compared": [{"name": row.name, **row.measures} for row in (self.model, *self.baselines)],
            "baseline_wins": self.baseline_wins,
            "verdict": self.words,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What ``as_dict`` gave.

        Raises:
            DataError: it did not.
        """
        try:
            model, *baselines = (
                Compared(str(row["name"]), {name: _number(row[name]) for name in row if name != "name"})
                for row in values["compared"]
            )
            found = cls(str(values["data"]), values["measure"], model, baselines)
            found.as_dict()  # finds its words anew, and what they lack
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"its verdict cannot be read: {error!r}") from error
        return found

    def _error(self, row: Compared) -> float:
        value = row.measures[self.measure]
        if value is None:
            raise ValueError(f"{row.name} has no {self.measure}")
        return abs(MEASURES[self.measure].best - value)


def _cell(value: float | None, measure: Measure) -> str:
    return "" if value is None else f"{value:.{measure.digits}f}"


def _number(value: Any) -> float | None:
    if value is not None and (type(value) not in (int, float) or not np.isfinite(value)):
        raise ValueError(f"{value!r:.60} is no number")
    return value if value is None else float(value)
