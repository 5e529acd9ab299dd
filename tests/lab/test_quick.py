"""The quick versions of the experiments that train until solved: they reach their criterion, which can fail.

Those of the other experiments stand in the tests of each.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatewise.lab import run
from gatewise.lab.experiment import Result
from gatewise.lab.presentations import present
from gatewise.lab.runner import experiment
from gatewise.lab.streams import learn_stream

SEQUENCES = (
    "reber",
    "long-lags",
    "two-sequence",
    "adding",
    "multiplication",
    "temporal-order",
    "timing",
)
STREAMS = ("continual-reber", "continual-order")


@pytest.mark.parametrize(
    "name", [*SEQUENCES, *(pytest.param(name, marks=pytest.mark.slow) for name in STREAMS)]
)
def test_the_quick_version_reaches_its_criterion(name):
    report = run(name, quick=True, jobs=1)
    assert report.finding.reached, report.finding.verdict
    assert not any(result.values["diverged"] for result in report.results)


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_network_that_learnt_too_little_fails_it(name):
    """The window fills, but the rate is as good as 0."""
    for case in experiment(name).quick:
        budget = 2 * case.task.criterion.window
        for recipe in case.recipes().values():
            untrained = present(case.task, replace(recipe, learning_rate=1e-12, budget=budget), 0)
            assert not untrained["solved"]
            assert untrained["sequences"] >= budget
            assert untrained["wrong"] > 0


@pytest.mark.parametrize("name", STREAMS)
def test_a_network_that_learnt_too_little_fails_the_exam(name):
    for case in experiment(name).quick:
        for _, recipe in case.networks:
            untrained = learn_stream(
                case.task, replace(recipe, learning_rate=1e-12, budget=2000), case.test, 0
            )
            assert not untrained["solved"]


@pytest.mark.parametrize("name", [*SEQUENCES, *STREAMS])
def test_the_verdict_fails_with_unsolved_networks_in_the_lstms_place(name):
    chosen = experiment(name)
    (trial, *others) = chosen.trials(1, quick=True)
    result = {"solved": False, "sequences": 100, "steps": 100, "wrong": 50, "cell": 1.0}
    solved = result | {"solved": True}
    results = [Result(each.group, each.seed, 1.0, solved) for each in others]
    assert not chosen.conclude([Result(trial.group, trial.seed, 1.0, result), *results]).reached
    results = [Result(each.group, each.seed, 1.0, result) for each in others]  # and now the other way round
    assert chosen.conclude([Result(trial.group, trial.seed, 1.0, solved), *results]).reached
