"""Timing (Gers, Schraudolph & Schmidhuber 2002): peepholes, and a case in which they matter.

A cell whose output gate is closed shows nothing of itself: neither the gates nor the network know how far
it has counted. Peepholes let the gates look at the cell state itself. The paper's example: two spikes come,
49 steps apart or 50, and nothing between them; at the second one the answer is which of the two it was.
Nothing but the number of steps can tell, and no shorter sequences help to learn it.

An answer is right if off by less than 0.49, as in the paper; solved when the last 1,000 sequences were
right. There are four cells. The paper's have no tanh on the way out, and then, it finds, an LSTM measures
without peepholes too (it needs them to produce spikes at such a distance). With the tanh, which today's LSTMs
have, those without peepholes solve it less often.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gatewise.lab.comparison import Case, Comparison
from gatewise.lab.network import Batch, Build, Read, probability_errors
from gatewise.lab.presentations import Criterion, Recipe, Task
from gatewise.types import Array

__all__ = ["EXPERIMENT", "Measure"]

_SOLVED = Criterion(window=1000, tolerance=0.49)

_WITHOUT = "LSTM without peepholes"


@dataclass(frozen=True, slots=True)
class Measure(Task):
    """Two spikes, and how far apart they are.

    Attributes:
        interval: F; the spikes are F or F + 1 steps apart.
        criterion: when it is solved.
    """

    interval: int
    criterion: Criterion = _SOLVED
    input_size: int = 1
    output_size: int = 2
    read: Read = "last"

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Spikes as ones among zeros, and (B,) whether the interval was the longer one."""
        longer = rng.integers(0, 2, size)
        last = self.interval + longer
        x = np.zeros((self.interval + 2, size, 1), dtype=np.float32)
        x[0] = x[last, np.arange(size)] = 1
        return Batch(x, longer, last + 1)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """The greatest distance of the two probabilities from 0 and 1."""
        return probability_errors(answers, batch.targets)


def _case(interval: int, budget: int, output_tanh: bool = True, matter: bool = False) -> Case:
    build = Build(hidden_size=4, forget_bias=5.0, peephole=True, output_tanh=output_tanh)
    recipe = Recipe(build, budget, learning_rate=1e-2, batch_size=16, schedule="linear")
    without = replace(recipe, build=replace(build, peephole=False))
    label = f"{interval} or {interval + 1} steps{'' if output_tanh else ', no tanh on the way out'}"
    return Case(
        label,
        Measure(interval),
        recipe,
        variants=((_WITHOUT, without),),
        name="LSTM with peepholes",
        lesser=(_WITHOUT,) if matter else (),
        with_rnn=output_tanh,
    )


EXPERIMENT = Comparison(
    name="timing",
    summary="tell 49 steps from 50: a case in which peepholes matter",
    source="Gers, Schraudolph & Schmidhuber 2002, section 4",
    cases=(_case(49, 150_000, matter=True), _case(49, 150_000, output_tanh=False)),
    quick=(_case(6, 16_000),),
)
