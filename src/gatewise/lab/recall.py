"""Recall over a distance: "my dog is named Cliff", many other words, "my pet is" - what is the pet's name?

The name comes once, k unrelated words follow, and then the question; the answer is read at the last step.
With k grows the number of steps over which the name must be kept, and over which the gradient must come back
to it: in a plain RNN it shrinks or grows exponentially on the way (Bengio, Simard & Frasconi 1994), along the
LSTM's cell state it does not (Hochreiter & Schmidhuber 1997, section 3.2, "constant error carousel").

That road is open only as far as the forget gates are. A third network is an LSTM with the usual forget bias
of 1: its gates begin near 0.73, and of a gradient that passes fifty of them 0.0000002 is left. The first LSTM
begins with biases spread so that its units remember over up to as many steps as there are (Tallec & Ollivier
2018).

For each k the networks learn anew, from sequences drawn at random, until the last 1,000 were all answered
rightly or the budget is spent. The RNN is of twice the width, which makes up for the gates, and its learning
rate is the one of 0.01, 0.005, 0.003, 0.002 and 0.001 that did best at 20 and 50 words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from gatewise import charts
from gatewise.lab.comparison import enough
from gatewise.lab.experiment import Finding, Result, Trial, Values, of_group
from gatewise.lab.network import Batch, Build, Read
from gatewise.lab.presentations import TESTS, Criterion, Recipe, Task, present
from gatewise.types import Array, IntArray

__all__ = ["EXPERIMENT", "NAMES", "WORDS", "PetName", "Recall", "sentence"]

NAMES = ("Cliff", "Rex", "Luna", "Bella", "Max", "Daisy", "Bruno", "Molly")
"""The classes; they are also the first words of the vocabulary."""
_CUE = ("my", "dog", "is", "named")
_QUESTION = ("my", "pet", "is")
_UNRELATED = ("the", "rain", "fell", "and", "we", "walked", "home", "along", "a", "quiet", "old", "river")

WORDS = (*NAMES, "my", "dog", "is", "named", "pet", *_UNRELATED)
"""The vocabulary."""

CHANCE = 1 / len(NAMES)
"""Accuracy of a network that has forgotten."""

RECALLED = 0.99
"""Accuracy from which on it has not."""

_LSTM, _BIAS_1, _RNN = "LSTM", "LSTM with forget bias 1", "RNN"
_COLORS = {
    _RNN: (charts.ORANGE, "rgba(230, 159, 0, 0.2)"),
    _BIAS_1: (charts.GREEN, "rgba(0, 158, 115, 0.2)"),
    _LSTM: (charts.BLUE, "rgba(0, 114, 178, 0.2)"),
}
"""Of the networks' lines, and of the bands around them."""

_SOLVED = Criterion(window=1000, tolerance=0.5)
_BUDGET, _QUICK_BUDGET = 30_000, 8_000
_DISTANCES, _QUICK_DISTANCES = (5, 10, 20, 50, 100, 200, 500), (5, 50)


@dataclass(frozen=True, slots=True)
class PetName(Task):
    """The task.

    Attributes:
        between: k, unrelated words between the name and the question.
        criterion: when it is solved.
    """

    between: int
    criterion: Criterion = _SOLVED
    input_size: int = len(WORDS)
    output_size: int = len(NAMES)
    read: Read = "last"

    @property
    def steps(self) -> int:
        """T."""
        return len(_CUE) + 1 + self.between + len(_QUESTION)

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Words (T, B) by their places in ``WORDS``, and the names (B,) by theirs in ``NAMES``."""
        names = rng.integers(0, len(NAMES), size)
        unrelated = rng.integers(len(WORDS) - len(_UNRELATED), len(WORDS), (self.between, size))
        cue, question = (np.repeat(_places(part)[:, None], size, axis=1) for part in (_CUE, _QUESTION))
        return Batch(np.concatenate([cue, names[None], unrelated, question]), names)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """0 where the likeliest name is the right one, 1 elsewhere."""
        wrong: Array = (answers.argmax(axis=-1) != batch.targets).astype(np.float32)
        return wrong


def _places(words: Sequence[str]) -> IntArray:
    return np.array([WORDS.index(word) for word in words], dtype=np.intp)


def sentence(tokens: IntArray) -> str:
    """Words (T,) as text."""
    return " ".join(WORDS[token] for token in tokens)


def _recipe(network: str, between: int, budget: int) -> Recipe:
    build = {
        _LSTM: Build("lstm", hidden_size=32, horizon=PetName(between).steps),
        _BIAS_1: Build("lstm", hidden_size=32, forget_bias=1),
        _RNN: Build("rnn", hidden_size=64),
    }[network]
    return Recipe(build, budget, 3e-3 if network == _RNN else 7e-3, batch_size=16, schedule="linear")


def _learn(network: str, between: int, budget: int, seed: int) -> Values:
    """``present``, with the ``accuracy`` on fresh sequences and the words ``between``."""
    values = present(PetName(between), _recipe(network, between, budget), seed)
    return {**values, "accuracy": 1 - values["wrong"] / TESTS, "between": between}


@dataclass(frozen=True, slots=True)
class Recall:
    """The experiment: a curve of accuracy over the distance."""

    name: str = "recall"
    summary: str = "recall a name after up to 500 unrelated words"
    source: str = "Bengio, Simard & Frasconi 1994; Hochreiter & Schmidhuber 1997, section 3"

    def trials(self, seeds: int, quick: bool) -> Sequence[Trial]:
        """Each network at each distance, from every seed."""
        distances, budget = (_QUICK_DISTANCES, _QUICK_BUDGET) if quick else (_DISTANCES, _BUDGET)
        return [
            Trial(_group(network, between), seed, partial(_learn, network, between, budget, seed))
            for between in distances
            for network in (_LSTM, _BIAS_1, _RNN)
            for seed in range(seeds)
        ]

    def conclude(self, results: Sequence[Result]) -> Finding:
        """Reached if from nine of ten seeds the LSTM recalled the name at every distance."""
        distances = _distances(results)
        rows = tuple(
            (f"{between:,}", network, *_cells(results, network, between))
            for between in distances
            for network in (_LSTM, _BIAS_1, _RNN)
        )
        by_seed = np.array([_accuracies(results, _LSTM, between) for between in distances]).min(axis=0)
        recalled = int((by_seed >= RECALLED).sum())
        verdict = (
            f"With {distances[0]} to {distances[-1]:,} words between, the LSTM recalled the name from "
            f"{recalled} of {len(by_seed)} seeds at every distance (accuracy of {RECALLED} or more). "
            f"{_counts(results, _BIAS_1, distances)} {_counts(results, _RNN, distances)} "
            f"Guessing gives an accuracy of {CHANCE:.3f}."
        )
        columns = ("words between", "network", "recalled", "accuracy", "sequences learnt from")
        return Finding(columns, rows, verdict, enough(recalled, len(by_seed)))

    def draw(self, results: Sequence[Result]) -> Any:
        """Accuracy over the distance: the median of the seeds, in a band from the lowest to the highest."""
        distances = _distances(results)
        figure = charts.panels(
            [f"“{' '.join((*_CUE, NAMES[0]))}”, k unrelated words, “{' '.join(_QUESTION)} …”"],
            x="k, words between name and question",
            y="accuracy on fresh sequences",
            height=360,
        )
        for network, (color, shade) in _COLORS.items():
            seeds = [_accuracies(results, network, between) for between in distances]
            for bound, band in ((min, None), (max, shade)):
                heights = [bound(accuracies) for accuracies in seeds]
                charts.line(figure, 0, distances, heights, network, color, width=0, fill=band, show=False)
            middle = [median(accuracies) for accuracies in seeds]
            charts.line(
                figure, 0, distances, middle, network, color, mode="lines+markers", width=2.5, show=True
            )
        chance = [CHANCE] * len(distances)
        charts.line(figure, 0, distances, chance, "guessing", charts.GREY, dash="dot")
        figure.update_xaxes(type="log", tickvals=distances)
        figure.update_yaxes(range=[-0.03, 1.03])
        return figure


def _group(network: str, between: int) -> str:
    return f"{network}, k = {between:,}"


def _distances(results: Sequence[Result]) -> list[int]:
    return sorted({result.values["between"] for result in results})


def _accuracies(results: Sequence[Result], network: str, between: int) -> list[float]:
    """By seed."""
    return [result.values["accuracy"] for result in of_group(results, _group(network, between))]


def _recalled(accuracies: Sequence[float]) -> int:
    return sum(accuracy >= RECALLED for accuracy in accuracies)


def _cells(results: Sequence[Result], network: str, between: int) -> tuple[str, str, str]:
    """What the table says of a network at a distance."""
    found = _accuracies(results, network, between)
    sequences = median(result.values["sequences"] for result in of_group(results, _group(network, between)))
    return (
        f"{_recalled(found)} of {len(found)}",
        f"{median(found):.3f} ({min(found):.3f} to {max(found):.3f})",
        f"{sequences:,.0f}",
    )


def _counts(results: Sequence[Result], network: str, distances: Sequence[int]) -> str:
    """From how many seeds a network recalled the name, by distance, as a sentence."""
    found = {between: _accuracies(results, network, between) for between in distances}
    counts = ", ".join(f"{_recalled(found[between])} at {between:,}" for between in distances)
    return f"The {network} did so from {counts} words, of {len(found[distances[0]])} seeds each."


EXPERIMENT = Recall()
