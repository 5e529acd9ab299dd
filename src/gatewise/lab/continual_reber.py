"""The continual embedded Reber grammar (Gers, Schmidhuber & Cummins 2000): what the forget gate is for.

The strings of the embedded Reber grammar follow each other without a border or a sign that one is over. An
LSTM without forget gates keeps in its cells all that it ever let in; with them it can learn to start afresh.

Solved when 10 fresh streams of 100,000 symbols each, as in the paper, go without a wrong prediction; here
that is one where a symbol that may not come has as high an output as one that may. The state is never reset
from outside. In the paper (100 networks each) the LSTM with forget gates is perfect in 18 % of the networks,
in 62 % with a learning rate that decays within each stream, and without forget gates never (in 74 % if its
state is reset after each string): its cell states grow without end, until the cells are nothing but units of
a plain RNN. Here such networks pass in the end, for a plain RNN does; how far their cells have grown is
measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatewise.lab.network import Batch, Build
from gatewise.lab.reber import SYMBOLS, embedded_string, wrong_steps
from gatewise.lab.stream_comparison import StreamCase, StreamComparison, with_and_without
from gatewise.lab.streams import Continual, Endless, Step, StreamRecipe
from gatewise.types import Array, BoolArray

__all__ = ["EXPERIMENT", "ContinualReber"]


def _string(rng: np.random.Generator) -> list[Step]:
    """An embedded Reber string; what follows each symbol, behind the last the B of the next string."""
    symbols, nexts = embedded_string(rng)
    return [
        Step(SYMBOLS.index(symbol), SYMBOLS.index(following), meant=[each in may_come for each in SYMBOLS])
        for symbol, following, may_come in zip(symbols, symbols[1:] + "B", (*nexts, "B"), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class ContinualReber(Continual):
    """The task."""

    input_size: int = len(SYMBOLS)
    output_size: int = len(SYMBOLS)

    def open(self, rng: np.random.Generator, streams: int) -> Endless:
        """Fresh streams."""
        return Endless(_string, rng, streams)

    def wrong(self, answers: Array, batch: Batch) -> BoolArray:
        """Where a symbol that may not come has as high an output as one that may."""
        return wrong_steps(answers, batch.meant)


def _case(label: str, test: tuple[int, int], budget: int) -> StreamCase:
    recipe = StreamRecipe(Build(hidden_size=24), budget, stretch=25, streams=8, learning_rate=2e-2)
    return StreamCase(label, ContinualReber(), test, with_and_without(recipe))


EXPERIMENT = StreamComparison(
    name="continual-reber",
    summary="the same grammar as an endless stream: what the forget gate is for",
    source="Gers, Schmidhuber & Cummins 2000, the continual embedded Reber grammar",
    cases=(_case("Reber strings", (10, 100_000), 400_000),),
    quick=(_case("Reber strings, short streams", (4, 500), 120_000),),
)
