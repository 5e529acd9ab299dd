"""An LSTM and a plain RNN on the same tasks, with the same budget, beside what the paper reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from gatewise import charts
from gatewise.lab.experiment import Finding, Result, Trial, of_group
from gatewise.lab.network import Build
from gatewise.lab.presentations import TESTS, Recipe, Task, presentation_trials

__all__ = ["SHARE", "Case", "Comparison", "Published", "enough", "needed"]

SHARE = 0.9
"""Of the seeds that must reach a criterion: nine of ten."""

_RNN = "RNN"


@dataclass(frozen=True, slots=True)
class Published:
    """What the paper reports of a case.

    Attributes:
        sequences: presented until its criterion was reached.
        wrong: of 2,560 fresh sequences; None where it does not say.
        solved: share of its networks that reached the criterion.
    """

    sequences: int
    wrong: int | None = None
    solved: float = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """One task, and how the networks are trained on it.

    Attributes:
        label: what tells it from the others.
        task: what is to be learnt.
        recipe: of the LSTM.
        published: the paper's result.
        rnn: recipe of the RNN, where it learns better by another; that of the LSTM where omitted.
        variants: further networks, by name.
        name: of the LSTM.
        lesser: names of networks that are not to solve the task from nine of ten seeds.
        with_rnn: False where another case has the same RNN on the same sequences.
    """

    label: str
    task: Task
    recipe: Recipe
    published: Published | None = None
    rnn: Recipe | None = None
    variants: tuple[tuple[str, Recipe], ...] = ()
    name: str = "LSTM"
    lesser: tuple[str, ...] = ()
    with_rnn: bool = True

    def recipes(self) -> dict[str, Recipe]:
        """Recipes by the network's name; the RNN is of twice the width, for it has no gates."""
        networks = {self.name: self.recipe, **dict(self.variants)}
        if self.with_rnn:
            plain = Build(cell="rnn", hidden_size=2 * self.recipe.build.hidden_size)
            networks[_RNN] = self.rnn or replace(self.recipe, build=plain)
        return networks


@dataclass(frozen=True, slots=True)
class Comparison:
    """An experiment that trains both networks on each case until it is solved.

    Attributes:
        name: as on the command line.
        summary: what it shows, on a line.
        source: the paper, and the place in it.
        cases: of the experiment.
        quick: smaller ones of the same kind.
    """

    name: str
    summary: str
    source: str
    cases: tuple[Case, ...]
    quick: tuple[Case, ...]

    def trials(self, seeds: int, quick: bool) -> Sequence[Trial]:
        """Every network of every case, from every seed."""
        return [
            trial
            for case in (self.quick if quick else self.cases)
            for name, recipe in case.recipes().items()
            for trial in presentation_trials(f"{name}, {case.label}", case.task, recipe, seeds)
        ]

    def conclude(self, results: Sequence[Result]) -> Finding:
        """Reached if the LSTM solved each case from nine of ten seeds, and those called lesser did not."""
        rows, verdicts, reached = [], [], True
        for case in self._cases_of(results):
            recipes = case.recipes()
            trained = {name: of_group(results, f"{name}, {case.label}") for name in recipes}
            reached = reached and enough(_solved(trained[case.name]), len(trained[case.name]))
            reached = reached and not any(
                enough(_solved(trained[name]), len(trained[name])) for name in case.lesser
            )
            counts = ", ".join(f"{name} {_solved(mine)} of {len(mine)}" for name, mine in trained.items())
            verdicts.append(f"{case.label}: {counts}")
            rows += [_row(name, case, recipe, trained[name]) for name, recipe in recipes.items()]
        word = "seen" if reached else "NOT seen"
        lesser = sorted({name for case in self._cases_of(results) for name in case.lesser})
        beside = f", and not by the {' or the '.join(lesser)}, as often" if lesser else ""
        verdict = f"That it is solved by the LSTM{beside} is {word}. Solved: {'; '.join(verdicts)}."
        columns = (
            "case",
            "network",
            "solved",
            "sequences until then",
            "in the paper",
            "wrong of fresh ones",
            "wrong in the paper",
        )
        return Finding(columns, tuple(rows), verdict, reached)

    def draw(self, results: Sequence[Result]) -> Any:
        """Share of right answers while learning, a line a network."""
        cases = self._cases_of(results)
        figure = charts.panels(
            [case.label for case in cases], x="sequences presented", y="share of sequences right"
        )
        colors = (charts.BLUE, charts.GREEN, charts.PURPLE)
        for panel, case in enumerate(cases):
            for place, name in enumerate(case.recipes()):
                color = charts.ORANGE if name == _RNN else colors[place]
                for result in of_group(results, f"{name}, {case.label}"):
                    sequences, right, _ = zip(*result.values["curve"], strict=True)
                    charts.line(figure, panel, sequences, right, name, color, opacity=0.6)
            if case.published is not None:
                figure.add_vline(
                    case.published.sequences, line_dash="dot", row=panel + 1, col=1, annotation_text="paper"
                )
        figure.update_yaxes(range=[-0.03, 1.03])
        figure.update_xaxes(rangemode="tozero")
        return figure

    def _cases_of(self, results: Sequence[Result]) -> list[Case]:
        """The cases that were run."""
        groups = {result.group for result in results}
        return [case for case in (*self.cases, *self.quick) if f"{case.name}, {case.label}" in groups]


def enough(solved: int, of: int) -> bool:
    """Whether nine of ten did it; of fewer than ten, all."""
    return solved >= SHARE * of


def needed(counts: Sequence[int], budget: int) -> str:
    """What the networks that solved a task needed for it: the median, and the range."""
    if not counts:
        return f"never in {budget:,}"
    return f"{median(counts):,.0f} ({min(counts):,} to {max(counts):,})"


def _solved(results: Sequence[Result]) -> int:
    return sum(bool(result.values["solved"]) for result in results)


def _row(name: str, case: Case, recipe: Recipe, results: Sequence[Result]) -> tuple[str, ...]:
    counts = [result.values["sequences"] for result in results if result.values["solved"]]
    wrong = median(result.values["wrong"] for result in results)
    published = case.published if name == case.name else None
    return (
        case.label,
        f"{name}, H = {recipe.build.hidden_size}",
        f"{len(counts)} of {len(results)}",
        needed(counts, recipe.budget),
        "" if published is None else f"{published.sequences:,}",
        f"{wrong:g} of {TESTS:,}",
        "" if published is None or published.wrong is None else f"{published.wrong} of 2,560",
    )
