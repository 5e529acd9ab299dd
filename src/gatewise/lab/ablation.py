"""Ablation (Greff et al. 2015, "LSTM: A Search Space Odyssey", section 3): which parts does an LSTM need?

One gate or activation is removed at a time, and each network is trained like the whole LSTM on two tasks: the
adding problem, in which two numbers are let in and all others kept out, and temporal order in a row, in which
what was kept must be forgotten when the next sequence begins (after Gers et al. 2000).

On speech, handwriting and music the paper found the forget gate and the tanh on the way out to matter most.

The paper's names are kept: NIG, NFG and NOG have no input, forget or output gate, which is 1 instead; NIAF
and NOAF have no tanh on the way in or out; CIFG couples the gates, f = 1 - i. The paper's whole LSTM has
peepholes and its variant NP has none; here the whole one has none, and P has them. Its variant FGR adds
recurrence between the gates, so removes nothing, and is left out.

The gates that remain begin with the biases of the whole LSTM, which remembers for up to the length of a
sequence. All have one width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isinf
from statistics import median
from typing import Any

import numpy as np

from gatewise import charts
from gatewise.lab.adding import Adding
from gatewise.lab.comparison import Case, Comparison, enough
from gatewise.lab.continual_order import ContinualOrder
from gatewise.lab.experiment import Finding, Result, of_group
from gatewise.lab.network import Batch, Build, Read, probability_errors
from gatewise.lab.presentations import TESTS, Criterion, Recipe, Task
from gatewise.lab.temporal_order import TemporalOrder
from gatewise.types import Array

__all__ = ["EXPERIMENT", "VARIANTS", "Ablation", "OrderInARow"]

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "NIG": ("no input gate", {"without": ("i",)}),
    "NFG": ("no forget gate", {"without": ("f",)}),
    "NOG": ("no output gate", {"without": ("o",)}),
    "NIAF": ("no tanh on the way in", {"candidate_tanh": False}),
    "NOAF": ("no tanh on the way out", {"output_tanh": False}),
    "CIFG": ("forget gate is 1 - i", {"coupled": True}),
    "P": ("peepholes added", {"peephole": True}),
}
"""By the paper's names: in words, and as changes of the ``Build``."""

_WHOLE, _PLAIN = "LSTM", "RNN"
_WORDS = {
    _WHOLE: "whole",
    **{name: words for name, (words, _) in VARIANTS.items()},
    _PLAIN: "no gates at all",
}

_ADDED = "P"
"""The one that has more than the whole, not less."""

_FAILED = 0.5
"""A variant has failed where fewer than this share of its seeds solve the task."""

_ALL_RIGHT = Criterion(window=500, tolerance=0.3)


@dataclass(frozen=True, slots=True)
class OrderInARow(Task):
    """Sequences of the temporal order problem, one behind the other: an answer at the end of each.

    A row is right if every answer in it is.

    Attributes:
        sequences: of which the rows are made.
        steps: of a row, T.
        criterion: when it is solved.
    """

    sequences: TemporalOrder
    steps: int
    criterion: Criterion = _ALL_RIGHT
    input_size: int = 8
    read: Read = "each"

    @property
    def output_size(self) -> int:
        """One class for each order."""
        return self.sequences.output_size

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """Symbols (T, B), the order of the sequence that each is in, and a mask that is True at its end."""
        return ContinualOrder(self.sequences).open(rng, size).read(self.steps)

    def errors(self, answers: Array, batch: Batch) -> Array:
        """(B,): the greatest distance of a probability from 0 or 1 at the ends of a row's sequences."""
        errors = probability_errors(answers, batch.targets)
        counts = True if batch.mask is None else batch.mask
        worst: Array = errors.max(axis=0, where=counts, initial=0)
        return worst


@dataclass(frozen=True, slots=True)
class Ablation(Comparison):
    """The comparison, of which the parts are the point and not the papers' figures."""

    def conclude(self, results: Sequence[Result]) -> Finding:
        """Reached if the whole LSTM solves each task from nine of ten seeds, and not without each part."""
        rows, verdicts, reached = [], [], True
        for case in self._cases_of(results):
            by_name = {name: of_group(results, f"{name}, {case.label}") for name in case.recipes()}
            rows += [_row(case, name, found, _typical(by_name[_WHOLE])) for name, found in by_name.items()]
            whole = by_name[_WHOLE]
            parts = {name: found for name, found in by_name.items() if name in VARIANTS}
            failed = [name for name, found in parts.items() if _solved(found) < _FAILED * len(found)]
            unsure = [name for name, found in parts.items() if not enough(*_counts(found))]
            unsure = [name for name in unsure if name not in failed]
            needed = any(name != _ADDED for name in failed) and not enough(*_counts(by_name[_PLAIN]))
            reached = reached and enough(*_counts(whole)) and needed
            verdicts.append(
                f"{case.label}: the whole LSTM solves it from {_of(whole)} seeds; "
                + _listed("what fails is", failed, parts)
                + (f", {_listed('unreliable is', unsure, parts)}" if unsure else "")
                + f"; RNN {_of(by_name[_PLAIN])}"
            )
        word = "seen" if reached else "NOT seen"
        verdict = (
            f"That each task needs some part of the LSTM is {word}. {'. '.join(verdicts)}. "
            "The paper found NFG and NOAF, on its tasks, to lose most."
        )
        columns = (
            "task",
            "network",
            "change",
            "solved",
            "sequences until then",
            "to LSTM's",
            "wrong of fresh ones",
        )
        return Finding(columns, tuple(rows), verdict, reached)

    def draw(self, results: Sequence[Result]) -> Any:
        """A dot for each network: how many sequences it took."""
        cases = self._cases_of(results)
        figure = charts.panels(
            [case.label for case in cases],
            x="sequences until solved",
            y="what was removed or changed",
            height=320,
        )
        for panel, case in enumerate(cases):
            for name in case.recipes():
                color = {_WHOLE: charts.BLUE, _PLAIN: charts.ORANGE}.get(name, charts.GREEN)
                kind = name if name in (_WHOLE, _PLAIN) else "a part removed or changed"
                for solved, legend in ((True, kind), (False, "not solved")):
                    counts = [
                        each.values["sequences"]
                        for each in of_group(results, f"{name}, {case.label}")
                        if each.values["solved"] is solved
                    ]
                    if not counts:
                        continue
                    labels = [f"{name}: {_WORDS[name]}"] * len(counts)
                    shade = color if solved else charts.GREY
                    charts.line(
                        figure, panel, counts, labels, legend, shade, mode="markers", size=9, opacity=0.6
                    )
        figure.update_traces(marker_symbol="x", selector={"name": "not solved"})
        names = [f"{name}: {_WORDS[name]}" for name in (_WHOLE, *VARIANTS, _PLAIN)]
        figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], automargin=True)
        figure.update_xaxes(rangemode="tozero")
        return figure


def _counts(results: Sequence[Result]) -> tuple[int, int]:
    return _solved(results), len(results)


def _of(results: Sequence[Result]) -> str:
    return "{} of {}".format(*_counts(results))


def _solved(results: Sequence[Result]) -> int:
    return sum(bool(each.values["solved"]) for each in results)


def _typical(results: Sequence[Result]) -> float:
    """The median of the sequences until solved; one that was never solved took infinitely many."""
    counts = [each.values["sequences"] if each.values["solved"] else inf for each in results]
    return float(median(counts)) if counts else inf


def _row(case: Case, name: str, results: Sequence[Result], whole: float) -> tuple[str, ...]:
    typical = _typical(results)
    wrong = median(each.values["wrong"] for each in results)
    return (
        case.label,
        name,
        _WORDS[name],
        _of(results),
        f"more than {case.recipe.budget:,}" if isinf(typical) else f"{typical:,.0f}",
        "" if isinf(typical) or isinf(whole) else f"× {typical / whole:.2g}",
        f"{wrong:g} of {TESTS:,}",
    )


def _listed(words: str, names: Sequence[str], by_name: dict[str, list[Result]]) -> str:
    """Names with what they stand for and how many seeds solved the task."""
    found = ", ".join(f"{name} ({_WORDS[name]}, {_of(by_name[name])})" for name in names)
    return f"{words} {found or 'none of the parts'}"


def _case(label: str, task: Task, recipe: Recipe, names: Sequence[str] = tuple(VARIANTS)) -> Case:
    """The whole LSTM's recipe, and that of each variant."""
    recipes = {name: replace(recipe, build=replace(recipe.build, **VARIANTS[name][1])) for name in names}
    return Case(label, task, recipe, variants=tuple(recipes.items()))


def _recipe(horizon: int, budget: int, learning_rate: float = 1e-2) -> Recipe:
    build = Build(hidden_size=16, horizon=horizon)
    return Recipe(build, budget, learning_rate, batch_size=16, schedule="linear")


EXPERIMENT = Ablation(
    name="ablation",
    summary="take out one gate or activation at a time, and see what each was for",
    source="Greff et al. 2015, section 3",
    cases=(
        _case("adding, T = 100", Adding(100), _recipe(100, 60_000)),
        _case(
            "order, ten in a row",
            OrderInARow(TemporalOrder(((5, 10), (25, 30)), 50), 540),
            _recipe(50, 8_000),
        ),
    ),
    quick=(
        _case("adding, T = 20", Adding(20, Criterion(300, 0.15)), _recipe(20, 8_000), ("NIG",)),
        _case(
            "short order, ten in a row",
            OrderInARow(TemporalOrder(((2, 4), (10, 12)), 20), 220, Criterion(100, 0.3)),
            _recipe(20, 2_500, 2e-2),
            ("NFG",),
        ),
    ),
)
