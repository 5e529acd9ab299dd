"""The two-sequence problem (Hochreiter & Schmidhuber 1997, experiments 3a to 3c, after Bengio 1994).

The class of a sequence stands in its first N numbers, all 1 or all -1; what follows is noise of variance
0.2, on the same line. At the end, T to T + T/10 steps on, the answer is 1 for the one class and 0 for the
other. In 3b noise of that variance lies on the first N numbers too, so that a few sequences cannot be told:
with N = 1, one in eighty. In 3c it does not (the paper's networks get fewer wrong than that), but the targets
are 0.2 and 0.8, with noise of variance 0.1 on each, so that the network has to learn their expectation.

The paper's second criterion: on 256 fresh sequences none (3b: fewer than 6) is off by more than 0.2, and
the mean distance is below 0.01 (3b: 0.04). In 3c none is off by more than 0.1 and the mean distance is
below 0.015, from the targets without their noise. A network is examined when the latest 256 were so too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gatewise.lab.comparison import Case, Comparison, Published
from gatewise.lab.network import Batch, Build, Read
from gatewise.lab.presentations import Criterion, Recipe, Task, fresh
from gatewise.types import Array

__all__ = ["EXPERIMENT", "TwoSequence"]

_NOISE = 0.2**0.5
_TARGET_NOISE = 0.1**0.5


@dataclass(frozen=True, slots=True)
class TwoSequence(Task):
    """The task.

    Attributes:
        steps: T, the least length of a sequence.
        informative: N, the first numbers, which tell the class.
        noisy: noise on those too (3b).
        noisy_targets: targets 0.2 and 0.8 with noise (3c).
        criterion: when it is solved.
    """

    steps: int
    informative: int
    criterion: Criterion
    noisy: bool = False
    noisy_targets: bool = False
    input_size: int = 1
    output_size: int = 1
    read: Read = "last"

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Sequences and classes (B, 1), in 3c with noise, and what was meant beside it."""
        lengths = rng.integers(self.steps, self.steps + self.steps // 10, size, endpoint=True)
        signs = rng.choice([-1.0, 1.0], size)
        x = rng.normal(0, _NOISE, (int(lengths.max()), size, 1)).astype(np.float32)
        start = x[: self.informative, :, 0]
        start[...] = signs + (start if self.noisy else 0)
        meant = (0.5 + 0.3 * signs if self.noisy_targets else 0.5 + 0.5 * signs)[:, None].astype(np.float32)
        if not self.noisy_targets:
            return Batch(x, meant, lengths)
        noise = rng.normal(0, _TARGET_NOISE, meant.shape).astype(np.float32)
        return Batch(x, meant + noise, lengths, meant=meant)

    def exam(self, rng: np.random.Generator) -> Sequence[Batch]:
        """As many fresh sequences as in the paper."""
        return fresh(self, rng, self.criterion.window)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """Distances from the class, as it is without noise."""
        expected = batch.meant if batch.meant.size else batch.targets
        distances: Array = np.abs(answers - expected)[:, 0]
        return distances


_3A = Criterion(256, 0.2, mean=0.01)
_3B = Criterion(256, 0.2, allowed=5, mean=0.04)
_3C = Criterion(256, 0.1, mean=0.015)


def _recipe(steps: int, budget: int = 200_000) -> Recipe:
    build = Build(hidden_size=8, horizon=steps)
    return Recipe(build, budget, learning_rate=1e-2, batch_size=16, schedule="linear")


EXPERIMENT = Comparison(
    name="two-sequence",
    summary="remember a class through hundreds of steps of noise on the same line",
    source="Hochreiter & Schmidhuber 1997, experiments 3a, 3b and 3c",
    cases=(
        Case("3a, T = 100, N = 3", TwoSequence(100, 3, _3A), _recipe(100), Published(39_850, wrong=0)),
        Case("3a, T = 100, N = 1", TwoSequence(100, 1, _3A), _recipe(100), Published(64_330, wrong=0)),
        Case(
            "3a, T = 1,000, N = 3",
            TwoSequence(1000, 3, _3A),
            _recipe(1000, 100_000),
            Published(452_460, wrong=0),
        ),
        Case("3b, T = 100, N = 3", TwoSequence(100, 3, _3B, True), _recipe(100), Published(43_250, wrong=21)),
        Case("3b, T = 100, N = 1", TwoSequence(100, 1, _3B, True), _recipe(100), Published(78_430, wrong=38)),
        Case(
            "3c, T = 100, N = 3",
            TwoSequence(100, 3, _3C, noisy_targets=True),
            _recipe(100),
            Published(269_650, wrong=14),
        ),
        Case(
            "3c, T = 100, N = 1",
            TwoSequence(100, 1, _3C, noisy_targets=True),
            _recipe(100),
            Published(565_640, wrong=11),
        ),
    ),
    quick=(
        Case("3a, T = 20, N = 3", TwoSequence(20, 3, Criterion(256, 0.2, mean=0.05)), _recipe(20, 20_000)),
    ),
)
