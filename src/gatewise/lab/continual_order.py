"""Continual temporal order (Gers, Schmidhuber & Cummins 2000): where nothing goes without a forget gate.

The sequences of the temporal order problem follow each other without a border. At the end of each, where B
is read, the answer is in which order its symbols came. An X must be remembered for fifty steps and more, and
then forgotten: a plain RNN cannot do the first, an LSTM without forget gates not the second.

Solved when on 10 fresh streams of 100,000 symbols, some 950 sequences each, every answer is right: each
output is off by less than 0.3. The state is never reset from outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatewise.lab.network import Batch, Build, probability_errors
from gatewise.lab.stream_comparison import StreamCase, StreamComparison, with_and_without
from gatewise.lab.streams import Continual, Endless, Step, StreamRecipe
from gatewise.lab.temporal_order import END, THREE, TWO, TemporalOrder
from gatewise.types import Array, BoolArray

__all__ = ["EXPERIMENT", "ContinualOrder"]

_DRAWN_AT_ONCE = 8
"""For one at a time is slow."""


@dataclass(frozen=True, slots=True)
class ContinualOrder(Continual):
    """The task.

    Attributes:
        sequences: of which the streams are made.
    """

    sequences: TemporalOrder
    input_size: int = 8

    @property
    def output_size(self) -> int:
        """One class for each order."""
        return self.sequences.output_size

    def open(self, rng: np.random.Generator, streams: int) -> Endless:
        """Fresh streams."""
        return Endless(self._sequences, rng, streams)

    def _sequences(self, rng: np.random.Generator) -> list[Step]:
        """Some sequences, one behind the other; an answer counts at the last symbol of each."""
        batch = self.sequences.draw(rng, _DRAWN_AT_ONCE)
        return [
            Step(symbol, order, symbol == END)
            for symbols, order in zip(batch.x.T.tolist(), batch.targets.tolist(), strict=True)
            for symbol in symbols[: symbols.index(END) + 1]
        ]

    def wrong(self, answers: Array, batch: Batch) -> BoolArray:
        """Where a sequence ends and an output is off by 0.3 or more."""
        off: BoolArray = ~(probability_errors(answers, batch.targets) < self.sequences.criterion.tolerance)
        return off if batch.mask is None else off & batch.mask


def _recipe(horizon: int, stretch: int, budget: int, learning_rate: float) -> StreamRecipe:
    build = Build(hidden_size=16, horizon=horizon)
    return StreamRecipe(build, budget, stretch, learning_rate=learning_rate, schedule="linear")


def _case(label: str, sequences: TemporalOrder, test: tuple[int, int], recipe: StreamRecipe) -> StreamCase:
    networks = with_and_without(recipe)
    return StreamCase(label, ContinualOrder(sequences), test, networks, unable=tuple(dict(networks))[1:])


# A stretch is as long as two sequences, so that most are in it from end to end.
EXPERIMENT = StreamComparison(
    name="continual-order",
    summary="what came first, in an endless stream: nothing goes without a forget gate",
    source="Gers, Schmidhuber & Cummins 2000, the continual noisy temporal order problem",
    cases=(
        _case("two symbols", TemporalOrder(TWO), (10, 100_000), _recipe(100, 220, 4_000_000, 1e-2)),
        _case("three symbols", TemporalOrder(THREE), (10, 100_000), _recipe(100, 220, 4_000_000, 1e-2)),
    ),
    quick=(
        _case(
            "two symbols, 20 steps",
            TemporalOrder(((2, 4), (10, 12)), 20),
            (4, 2000),
            _recipe(20, 60, 150_000, 2e-2),
        ),
    ),
)
