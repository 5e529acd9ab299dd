"""Long time lags (Hochreiter & Schmidhuber 1997, experiments 2a to 2c): the first decides the last.

2a: one of two sequences, y a1 a2 ... y or x a1 a2 ... x, of p + 1 different symbols; the next symbol is
predicted at each step, and only the last prediction needs the first symbol, p steps back. 2b: the symbols
between are drawn at random, so that nothing between repeats itself. 2c: after a prefix of q random symbols
of p kinds more follow, until a trigger, with probability 0.1 at each step, announces the last symbol; it is
the second of the sequence. Only this answer is trained.

Solved when on 10,000 fresh sequences no output is off by 0.25 or more (2c: 0.2); in 2b at the last step,
which is the one that can be known; in 2a on both sequences. The network is examined when it answered the
latest sequences rightly while it learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gatewise.lab.comparison import Case, Comparison, Published
from gatewise.lab.network import Batch, Build, Read, probability_errors
from gatewise.lab.presentations import Criterion, Recipe, Task, fresh
from gatewise.types import Array, IntArray

__all__ = ["EXPERIMENT", "NoiseFree", "Noisy"]

_EXAM = 10_000
_SOLVED_2A = Criterion(window=20, tolerance=0.25)
_SOLVED_2B = Criterion(window=1000, tolerance=0.25)
_SOLVED_2C = Criterion(window=1000, tolerance=0.2)


@dataclass(frozen=True, slots=True)
class NoiseFree(Task):
    """Experiments 2a and 2b.

    Attributes:
        lag: p, the distance between the symbols that belong together.
        local_regularities: whether those between are always the same (2a) or drawn at random (2b).
        criterion: when it is solved.
    """

    lag: int
    local_regularities: bool = True
    criterion: Criterion = _SOLVED_2B
    read: Read = "each"

    @property
    def input_size(self) -> int:
        """The symbols between, x and y."""
        return self.lag + 1

    @property
    def output_size(self) -> int:
        """The same."""
        return self.lag + 1

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Symbols (p, B) and what follows each; in 2b only the last counts."""
        return self._batch(self.lag - 1 + rng.integers(0, 2, size), rng)

    def exam(self, rng: np.random.Generator) -> Sequence[Batch]:
        """In 2a there are two sequences; in 2b as many fresh ones as in the paper."""
        if self.local_regularities:
            return [self._batch(np.array([self.lag - 1, self.lag]), rng)]
        return fresh(self, rng, _EXAM)

    def _batch(self, first: IntArray, rng: np.random.Generator) -> Batch:
        """The sequences of these first symbols."""
        size = len(first)
        if self.local_regularities:
            between = np.repeat(np.arange(self.lag - 1)[:, None], size, axis=1)
        else:
            between = rng.integers(0, self.lag - 1, (self.lag - 1, size))
        symbols = np.concatenate([first[None], between, first[None]])
        mask = None
        if not self.local_regularities:
            mask = np.zeros((self.lag, size), np.bool_)
            mask[-1] = True
        return Batch(symbols[:-1], symbols[1:], mask=mask)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """The greatest distance of a probability from 0 or 1, at all steps, in 2b at the last."""
        errors = probability_errors(answers, batch.targets)
        worst: Array = errors.max(axis=0) if self.local_regularities else errors[-1]
        return worst


@dataclass(frozen=True, slots=True)
class Noisy(Task):
    """Experiment 2c.

    Attributes:
        prefix: q, random symbols that come for certain.
        symbols: p, their kinds.
        criterion: when it is solved.
    """

    prefix: int
    symbols: int
    criterion: Criterion = _SOLVED_2C
    output_size: int = 2
    read: Read = "last"

    @property
    def input_size(self) -> int:
        """The kinds of noise, then e (the trigger), b (the begin), x and y."""
        return self.symbols + 4

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Symbols b, x or y, noise, e; and (B,) which of x and y it was."""
        lengths = self.prefix + 2 + rng.geometric(0.1, size)
        classes = rng.integers(0, 2, size)
        x = rng.integers(0, self.symbols, (int(lengths.max()), size))
        x[0], x[1] = self.symbols + 1, self.symbols + 2 + classes
        x[lengths - 1, np.arange(size)] = self.symbols
        return Batch(x, classes, lengths)

    def exam(self, rng: np.random.Generator) -> Sequence[Batch]:
        """As many fresh ones as in the paper."""
        return fresh(self, rng, _EXAM)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """The greatest distance of the two probabilities from 0 and 1."""
        return probability_errors(answers, batch.targets)


def _noise_free(lag: int, published: Published | None, budget: int) -> Case:
    """2a after the paper's settings: SGD, one update a pair of sequences, no forget gates, no output gates.

    There the cells are added when the direct way from input to output has learnt what it can; here they begin
    to learn after 200 updates.
    """
    shortcut = Build(hidden_size=32, init_scale=1.0, shortcut=True, head_start=200)
    lstm = Recipe(
        replace(shortcut, without=("f", "o")),
        budget,
        learning_rate=lag / 4,  # of a loss that is the mean over p steps
        batch_size=2,
        clip_norm=None,
        optimizer="sgd",
    )
    plain = replace(shortcut, cell="rnn", hidden_size=64, init_scale=None)
    rnn = Recipe(plain, budget, learning_rate=3e-3, batch_size=2)
    return Case(f"2a, p = {lag:,}", NoiseFree(lag, criterion=_SOLVED_2A), lstm, published, rnn)


def _noisy(lag: int, published: Published | None, criterion: Criterion, budget: int) -> Case:
    recipe = Recipe(
        Build(hidden_size=8, horizon=lag), budget, learning_rate=1e-2, batch_size=16, schedule="linear"
    )
    return Case(f"2c, p = q = {lag:,}", Noisy(lag, lag, criterion), recipe, published)


EXPERIMENT = Comparison(
    name="long-lags",
    summary="the first symbol decides the last, up to a thousand steps on",
    source="Hochreiter & Schmidhuber 1997, experiments 2a, 2b and 2c",
    cases=(
        _noise_free(100, Published(5_040), budget=8_000),
        _noise_free(1000, None, budget=1_500),
        Case(
            "2b, p = 100",
            NoiseFree(100, local_regularities=False),
            Recipe(
                Build(hidden_size=64, forget_bias=8.0),
                budget=20_000,
                learning_rate=1e-2,
                batch_size=16,
                clip_norm=0.3,
                schedule="linear",
            ),
            Published(5_680),
        ),
        _noisy(100, Published(31_000), _SOLVED_2C, 30_000),
        _noisy(1000, Published(49_000), _SOLVED_2C, 30_000),
    ),
    quick=(_noisy(20, None, Criterion(300, 0.2), 10_000),),
)
