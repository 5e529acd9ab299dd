"""Temporal order (Hochreiter & Schmidhuber 1997, experiments 6a and 6b): what came first?

A sequence of 100 to 110 symbols begins with E, ends with B, and is noise from {a, b, c, d} but for a few
symbols, widely apart, each X or Y. The answer at the end is which of them came in which order: of two
symbols four classes, of three eight. Four symbols, sixteen classes, are one step beyond the paper. A
sequence is processed correctly if each output is off by less than 0.3, and the task is solved when the last
2,000 were and the mean error is below 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatewise.lab.comparison import Case, Comparison, Published
from gatewise.lab.network import Batch, Build, Read, probability_errors
from gatewise.lab.presentations import Criterion, Recipe, Task
from gatewise.types import Array

__all__ = ["END", "EXPERIMENT", "THREE", "TWO", "TemporalOrder"]

_NOISE, _E, END, _X, _Y = 4, 4, 5, 6, 7
"""The symbols a, b, c, d are 0 to 3."""

_SOLVED = Criterion(window=2000, tolerance=0.3, mean=0.1)


@dataclass(frozen=True, slots=True)
class TemporalOrder(Task):
    """The task.

    Attributes:
        places: for each X or Y the first and the last step at which it may come.
        steps: least length of a sequence; a tenth more is the greatest.
        criterion: when it is solved.
    """

    places: tuple[tuple[int, int], ...]
    steps: int = 100
    criterion: Criterion = _SOLVED
    input_size: int = 8
    read: Read = "last"

    @property
    def output_size(self) -> int:
        """One class for each order."""
        return int(2 ** len(self.places))

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Symbols (T, B) and classes (B,): the symbols in their order as a binary number, X 0 and Y 1."""
        lengths = rng.integers(self.steps, self.steps + self.steps // 10, size, endpoint=True)
        rows = np.arange(size)
        x = rng.integers(0, _NOISE, (int(lengths.max()), size))
        classes = np.zeros(size, dtype=np.intp)
        for first, last in self.places:
            is_y = rng.integers(0, 2, size)
            x[rng.integers(first, last, size, endpoint=True), rows] = np.where(is_y, _Y, _X)
            classes = 2 * classes + is_y
        x[0], x[lengths - 1, rows] = _E, END
        return Batch(x, classes, lengths)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """The greatest distance of the classes' probabilities from 0 and 1."""
        return probability_errors(answers, batch.targets)


TWO = ((10, 20), (50, 60))
THREE = ((10, 20), (33, 43), (66, 76))
_FOUR = ((10, 20), (30, 40), (50, 60), (70, 80))


def _recipe(horizon: int, hidden_size: int = 16, budget: int = 100_000) -> Recipe:
    return Recipe(
        Build(hidden_size=hidden_size, horizon=horizon), budget, 1e-2, batch_size=16, schedule="linear"
    )


EXPERIMENT = Comparison(
    name="temporal-order",
    summary="tell in which order two, three or four symbols came, far apart in noise",
    source="Hochreiter & Schmidhuber 1997, experiments 6a and 6b",
    cases=(
        Case("two symbols", TemporalOrder(TWO), _recipe(100), Published(31_390, wrong=1)),
        Case("three symbols", TemporalOrder(THREE), _recipe(100), Published(571_100, wrong=2)),
        Case("four symbols", TemporalOrder(_FOUR), _recipe(100, budget=200_000)),
    ),
    quick=(
        Case(
            "two symbols, T = 20",
            TemporalOrder(((2, 4), (10, 12)), steps=20, criterion=Criterion(300, 0.3)),
            _recipe(20, budget=20_000),
        ),
    ),
)
