"""Networks side by side on tasks that are endless streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from gatewise import charts
from gatewise.lab.comparison import enough, needed
from gatewise.lab.experiment import Finding, Result, Trial, of_group
from gatewise.lab.network import Build
from gatewise.lab.streams import Continual, StreamRecipe, learn_stream

__all__ = ["StreamCase", "StreamComparison", "with_and_without"]

_COLORS = (charts.BLUE, charts.GREEN, charts.ORANGE, charts.PURPLE)


@dataclass(frozen=True, slots=True)
class StreamCase:
    """One task, and the networks that are to learn it.

    Attributes:
        label: what tells it from the others.
        task: what is to be learnt.
        test: streams and steps of an exam.
        networks: recipes by name; the first is the one that is to solve the task.
        unable: names of those that are to fail in more than half of the trials.
    """

    label: str
    task: Continual
    test: tuple[int, int]
    networks: tuple[tuple[str, StreamRecipe], ...]
    unable: tuple[str, ...] = ()

    def group(self, network: str) -> str:
        """Name of a network's trials."""
        return f"{network}, {self.label}"


@dataclass(frozen=True, slots=True)
class StreamComparison:
    """An experiment on streams.

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
    cases: tuple[StreamCase, ...]
    quick: tuple[StreamCase, ...]

    def trials(self, seeds: int, quick: bool) -> Sequence[Trial]:
        """Every network of every case, from every seed."""
        return [
            Trial(case.group(name), seed, partial(learn_stream, case.task, recipe, case.test, seed))
            for case in (self.quick if quick else self.cases)
            for name, recipe in case.networks
            for seed in range(seeds)
        ]

    def conclude(self, results: Sequence[Result]) -> Finding:
        """Reached if the first network solves each case from nine of ten seeds and the unable ones do not."""
        rows, verdicts, able, unable = [], [], True, True
        for case in self._cases_of(results):
            counts = []
            for place, (name, recipe) in enumerate(case.networks):
                mine = of_group(results, case.group(name))
                solved = sum(bool(result.values["solved"]) for result in mine)
                counts.append(f"{name} {solved} of {len(mine)}")
                if place == 0:
                    able = able and enough(solved, len(mine))
                if name in case.unable:
                    unable = unable and solved < len(mine) / 2
                rows.append(_row(case, name, recipe, mine, solved))
            verdicts.append(f"{case.label}: {', '.join(counts)}")
        verdict = f"The exam is {'' if able else 'NOT '}passed by the LSTM"
        if any(case.unable for case in self._cases_of(results)):
            verdict += f", and that it is needed for it is {'' if unable else 'NOT '}seen"
        columns = ("case", "network", "solved", "steps until then", "largest cell state")
        return Finding(columns, tuple(rows), f"{verdict}. Passed: {'; '.join(verdicts)}.", able and unable)

    def draw(self, results: Sequence[Result]) -> Any:
        """How far the networks get before their first error, while they learn."""
        cases = self._cases_of(results)
        figure = charts.panels(
            [case.label for case in cases], x="steps learnt from", y="steps until the first error"
        )
        for panel, case in enumerate(cases):
            for (name, _), color in zip(case.networks, _COLORS, strict=False):
                for result in of_group(results, case.group(name)):
                    steps, reached = zip(*result.values["curve"], strict=True)
                    charts.line(
                        figure, panel, steps, [each + 1 for each in reached], name, color, opacity=0.6
                    )
        figure.update_yaxes(type="log")
        figure.update_xaxes(rangemode="tozero")
        return figure

    def _cases_of(self, results: Sequence[Result]) -> list[StreamCase]:
        """The cases that were run."""
        groups = {result.group for result in results}
        return [case for case in (*self.cases, *self.quick) if case.group(case.networks[0][0]) in groups]


def with_and_without(recipe: StreamRecipe) -> tuple[tuple[str, StreamRecipe], ...]:
    """The LSTM of a recipe, the same without forget gates, and a plain RNN of twice the width."""
    build = recipe.build
    return (
        ("LSTM", recipe),
        ("LSTM without forget gates", replace(recipe, build=replace(build, without=("f",)))),
        ("RNN", replace(recipe, build=Build(cell="rnn", hidden_size=2 * build.hidden_size))),
    )


def _row(
    case: StreamCase, name: str, recipe: StreamRecipe, results: Sequence[Result], solved: int
) -> tuple[str, ...]:
    steps = [result.values["steps"] for result in results if result.values["solved"]]
    return (
        case.label,
        f"{name}, H = {recipe.build.hidden_size}",
        f"{solved} of {len(results)}",
        needed(steps, recipe.budget),
        "" if recipe.build.cell == "rnn" else f"{median(each.values['cell'] for each in results):,.0f}",
    )
