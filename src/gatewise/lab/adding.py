"""The adding problem (Hochreiter & Schmidhuber 1997, experiment 4): a sum of numbers far apart.

Each step brings a pair: a number in [-1, 1] and a marker. Two numbers are marked by 1, one among the first
ten, one among the first T/2 - 1; the first and the last pair are marked by -1, all others by 0. At the end,
T to T + T/10 steps on, the answer is 0.5 + (X1 + X2) / 4. It is right if off by less than 0.04, and the
task is solved when the last 2,000 sequences were and their mean error is below 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatewise.lab.comparison import Case, Comparison, Published
from gatewise.lab.network import Batch, Build, Read
from gatewise.lab.presentations import Criterion, Recipe, Task
from gatewise.types import Array, IntArray

__all__ = ["EXPERIMENT", "Adding", "marked_pairs"]

_SOLVED = Criterion(window=2000, tolerance=0.04, mean=0.01)


def marked_pairs(
    rng: np.random.Generator, steps: int, size: int, low: float, unmarked_first: float
) -> tuple[Array, IntArray, Array]:
    """Sequences of numbers, two of them marked.

    Args:
        rng: draws.
        steps: T, the least length.
        size: B.
        low: numbers lie in [low, 1].
        unmarked_first: what X counts as if it is the first pair, whose marker is -1.

    Returns:
        x (T + T/10, B, 2), lengths (B,), and the two numbers (2, B).
    """
    lengths = rng.integers(steps, steps + steps // 10, size, endpoint=True)
    rows = np.arange(size)
    x = np.zeros((int(lengths.max()), size, 2), dtype=np.float32)
    x[..., 0] = rng.uniform(low, 1, x.shape[:2])
    first = rng.integers(0, 10, size)
    second = rng.integers(0, steps // 2 - 2, size)
    second += second >= first  # one of those still unmarked
    numbers = np.stack([x[place, rows, 0] for place in (first, second)])
    x[first, rows, 1] = x[second, rows, 1] = 1
    x[0, :, 1] = x[lengths - 1, rows, 1] = -1
    numbers[np.stack([first, second]) == 0] = unmarked_first
    return x, lengths, numbers


@dataclass(frozen=True, slots=True)
class Adding(Task):
    """The task.

    Attributes:
        steps: T, the least length of a sequence.
        criterion: when it is solved.
    """

    steps: int
    criterion: Criterion = _SOLVED
    input_size: int = 2
    output_size: int = 1
    read: Read = "last"

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Sequences and (B, 1) sums, scaled to [0, 1]."""
        x, lengths, numbers = marked_pairs(rng, self.steps, size, low=-1, unmarked_first=0)
        return Batch(x, 0.5 + numbers.sum(axis=0)[:, None] / 4, lengths)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """Distances from the sums."""
        distances: Array = np.abs(answers - batch.targets)[:, 0]
        return distances


def _case(
    steps: int, published: Published | None, criterion: Criterion = _SOLVED, budget: int = 100_000
) -> Case:
    recipe = Recipe(
        Build(hidden_size=16, horizon=steps),
        budget=budget,
        learning_rate=1e-2,
        batch_size=16,
        schedule="linear",
    )
    return Case(f"T = {steps:,}", Adding(steps, criterion), recipe, published)


EXPERIMENT = Comparison(
    name="adding",
    summary="add two marked numbers, hundreds of steps apart",
    source="Hochreiter & Schmidhuber 1997, experiment 4",
    cases=(
        _case(100, Published(74_000, wrong=1)),
        _case(500, Published(209_000, wrong=0)),
        _case(1000, Published(853_000, wrong=1)),
    ),
    quick=(_case(20, None, Criterion(300, 0.1), 10_000),),
)
