"""The multiplication problem (Hochreiter & Schmidhuber 1997, experiment 5): a product instead.

Could the LSTM only add up? Numbers lie in [0, 1], the answer is X1 · X2, and it is right if off by less
than 0.04. The paper ends training when fewer than 140, or fewer than 13, of the last 2,000 sequences are
wrong; a third case here asks that none is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatewise.lab.adding import marked_pairs
from gatewise.lab.comparison import Case, Comparison, Published
from gatewise.lab.network import Batch, Build, Read
from gatewise.lab.presentations import Criterion, Recipe, Task
from gatewise.types import Array

__all__ = ["EXPERIMENT", "Multiplication"]


@dataclass(frozen=True, slots=True)
class Multiplication(Task):
    """The task; attributes as in ``Adding``."""

    steps: int
    criterion: Criterion
    input_size: int = 2
    output_size: int = 1
    read: Read = "last"

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Sequences and (B, 1) products."""
        x, lengths, numbers = marked_pairs(rng, self.steps, size, low=0, unmarked_first=1)
        return Batch(x, numbers.prod(axis=0)[:, None], lengths)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """Distances from the products."""
        distances: Array = np.abs(answers - batch.targets)[:, 0]
        return distances


def _recipe(steps: int, budget: int) -> Recipe:
    build = Build(hidden_size=16, horizon=steps)
    return Recipe(build, budget, learning_rate=1e-2, batch_size=16, schedule="linear")


def _case(allowed: int, published: Published | None, with_rnn: bool = False) -> Case:
    task = Multiplication(100, Criterion(2000, 0.04, allowed=allowed))
    return Case(f"at most {allowed} wrong", task, _recipe(100, 300_000), published, with_rnn=with_rnn)


EXPERIMENT = Comparison(
    name="multiplication",
    summary="multiply two marked numbers, fifty steps apart and more",
    source="Hochreiter & Schmidhuber 1997, experiment 5",
    cases=(
        _case(139, Published(482_000, wrong=139), with_rnn=True),
        _case(12, Published(1_273_000, wrong=14)),
        _case(0, None),
    ),
    quick=(Case("T = 20", Multiplication(20, Criterion(300, 0.1)), _recipe(20, 20_000)),),
)
