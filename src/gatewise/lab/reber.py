"""The embedded Reber grammar (Hochreiter & Schmidhuber 1997, experiment 1): a test of short lags.

A Reber string is a walk through a small graph; an embedded one has such a string inside, between two copies
of T or of P. The network reads a string symbol by symbol and predicts the next: which symbols may come is
all it can know, but before the last the first of the two copies decides, some ten symbols back.

256 strings are learnt, 256 others measured. The task is solved when, on all of them and at each step, the
symbols that may come are the ones with the highest outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from gatewise.lab.comparison import Case, Comparison, Published
from gatewise.lab.network import Batch, Build, Read
from gatewise.lab.presentations import Criterion, Recipe, Task
from gatewise.random_streams import Purpose, stream
from gatewise.types import Array, BoolArray

__all__ = ["EXPERIMENT", "SYMBOLS", "EmbeddedReber", "embedded_string", "wrong_steps"]

SYMBOLS = "BTPSXVE"

_RIGHT = Criterion(window=256, tolerance=1e-9)

# For each node the arrows out of it: a symbol and the node that it leads to. The walk ends behind node 5.
_GRAPH = {
    0: (("T", 1), ("P", 2)),
    1: (("S", 1), ("X", 3)),
    2: (("T", 2), ("V", 4)),
    3: (("X", 2), ("S", 5)),
    4: (("P", 3), ("V", 5)),
}
_LAST_NODE = 5


def embedded_string(rng: np.random.Generator) -> tuple[str, list[str]]:
    """A string, and for each of its symbols but the last those that may come next."""
    choice = "TP"[rng.integers(2)]
    symbols, nexts, node = f"B{choice}B", ["TP", "B", "TP"], 0
    while node != _LAST_NODE:
        symbol, node = _GRAPH[node][rng.integers(2)]
        symbols += symbol
        nexts.append("E" if node == _LAST_NODE else "".join(each for each, _ in _GRAPH[node]))
    return f"{symbols}E{choice}E", [*nexts, choice, "E"]


def wrong_steps(answers: Array, may_come: BoolArray) -> BoolArray:
    """Where a symbol that may not come has an output as high as one that may.

    Args:
        answers: (..., 7).
        may_come: (..., 7); where all are False there is nothing to be wrong about.
    """
    lowest_right = np.where(may_come, answers, np.inf).min(axis=-1)
    highest_wrong = np.where(may_come, -np.inf, answers).max(axis=-1)
    wrong: BoolArray = ~(lowest_right > highest_wrong)  # what is not a number is wrong too
    return wrong


@cache
def _strings(pair: int, count: int) -> tuple[tuple[str, list[str]], ...]:
    """``count`` different strings; ``pair`` is the number of the draw."""
    rng = stream(pair, Purpose.LAB_STRINGS)
    found: dict[str, list[str]] = {}
    while len(found) < count:
        symbols, nexts = embedded_string(rng)
        found[symbols] = nexts
    return tuple(found.items())


def _batch(strings: Sequence[tuple[str, list[str]]]) -> Batch:
    """Symbols (T, B) but the last of each, the symbols that follow, and (T, B, 7) which may follow."""
    lengths = np.array([len(nexts) for _, nexts in strings])
    shape = (int(lengths.max()), len(strings))
    x, targets = np.zeros(shape, np.intp), np.zeros(shape, np.intp)
    may_come = np.zeros((*shape, len(SYMBOLS)), np.bool_)
    for row, (symbols, nexts) in enumerate(strings):
        codes = [SYMBOLS.index(symbol) for symbol in symbols]
        x[: len(nexts), row], targets[: len(nexts), row] = codes[:-1], codes[1:]
        for step, choices in enumerate(nexts):
            may_come[step, row, [SYMBOLS.index(symbol) for symbol in choices]] = True
    return Batch(x, targets, lengths, np.arange(shape[0])[:, None] < lengths, may_come)


@dataclass(frozen=True, slots=True)
class EmbeddedReber(Task):
    """The task.

    Attributes:
        learnt: strings to learn from, drawn again and again.
        measured: others.
        criterion: the last strings must be right before all are looked at.
    """

    learnt: int = 256
    measured: int = 256
    criterion: Criterion = _RIGHT
    input_size: int = len(SYMBOLS)
    output_size: int = len(SYMBOLS)
    read: Read = "each"

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Some of the strings to learn."""
        strings = _strings(0, self.learnt + self.measured)
        return _batch([strings[index] for index in rng.integers(0, self.learnt, size)])

    def exam(self, rng: np.random.Generator) -> Sequence[Batch]:
        """All strings, those to learn and the others."""
        return [_batch(_strings(0, self.learnt + self.measured))]

    def errors(self, answers: Array, batch: Batch) -> Array:
        """The share of steps at which what may come is not what has the highest outputs."""
        share: Array = wrong_steps(answers, batch.meant).mean(axis=0)
        return share


def _case(label: str, task: EmbeddedReber, budget: int, published: Published | None) -> Case:
    lstm = Recipe(Build(hidden_size=24, horizon=20), budget, learning_rate=1e-2, batch_size=4)
    rnn = Recipe(Build(cell="rnn", hidden_size=48), budget, learning_rate=1e-3, batch_size=4)
    return Case(label, task, lstm, published, rnn)


EXPERIMENT = Comparison(
    name="reber",
    summary="a grammar in which the second symbol decides the last but one",
    source="Hochreiter & Schmidhuber 1997, experiment 1",
    cases=(_case("256 strings", EmbeddedReber(), 40_000, Published(8_440)),),
    quick=(_case("128 strings", EmbeddedReber(128, 128, Criterion(64, 1e-9)), 8_000, None),),
)
