"""Ablation: the task of orders in a row, the variants trained, and a verdict that can go either way."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from gatewise.lab import run
from gatewise.lab.ablation import EXPERIMENT, VARIANTS, OrderInARow
from gatewise.lab.experiment import Result
from gatewise.lab.network import SequenceNetwork
from gatewise.lab.temporal_order import TemporalOrder

TASK = OrderInARow(TemporalOrder(((5, 10), (25, 30)), 50), 200)
CASES = [*EXPERIMENT.cases, *EXPERIMENT.quick]


@pytest.fixture
def batch():
    return TASK.draw(np.random.default_rng(0), 20)


@pytest.fixture(scope="module")
def report():
    return run("ablation", quick=True, jobs=1)


def results_of(case, solved):
    """Ten results of each network: ``solved`` by name, all where a name is missing."""
    return [
        Result(
            f"{name}, {case.label}",
            seed,
            1.0,
            {"solved": seed < solved.get(name, 10), "sequences": 1000 * (seed + 1), "wrong": seed},
        )
        for name in case.recipes()
        for seed in range(10)
    ]


def both(adding, order):
    """Results of both tasks, each with what is not solved by all."""
    return [
        result
        for case, solved in zip(EXPERIMENT.cases, (adding, order), strict=True)
        for result in results_of(case, solved)
    ]


def test_a_row_is_sequences_with_an_answer_at_the_end_of_each(batch):
    assert batch.x.shape == batch.targets.shape == batch.mask.shape == (200, 20)
    for column in range(20):
        ends = np.flatnonzero(batch.mask[:, column])
        assert len(ends) == 3, "of 50 to 55 steps each; the fourth is cut off"
        assert np.array_equal(batch.x[ends, column], [5, 5, 5]), "B"
        for start, end in zip([0, *(ends[:-1] + 1)], ends, strict=True):
            order = batch.x[start : end + 1, column]
            order = order[order >= 6] - 6
            assert batch.targets[end, column] == 2 * order[0] + order[1]


def test_one_wrong_answer_makes_a_row_wrong(batch):
    answers = np.zeros((200, 20, 4))
    np.put_along_axis(answers, batch.targets[..., None], 20, axis=-1)
    np.testing.assert_allclose(TASK.errors(answers, batch), 0, atol=1e-6)
    last = np.flatnonzero(batch.mask[:, 7])[-1]
    answers[last, 7] = 0
    errors = TASK.errors(answers, batch)
    assert TASK.criterion.wrong(errors) == 1
    assert errors[7] == pytest.approx(0.75), "undecided between four"


def test_what_is_said_between_the_ends_counts_for_nothing(batch):
    answers = np.zeros((200, 20, 4))
    np.put_along_axis(answers, batch.targets[..., None], 20, axis=-1)
    answers[~batch.mask] = np.random.default_rng(1).normal(size=4)
    np.testing.assert_allclose(TASK.errors(answers, batch), 0, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_variant_differs_from_the_whole_in_its_part_alone(case):
    for name, recipe in case.recipes().items():
        if name in VARIANTS:
            assert replace(recipe, build=case.recipe.build) == case.recipe
            whole, variant = asdict(case.recipe.build), asdict(recipe.build)
            changed = {key: value for key, value in variant.items() if value != whole[key]}
            assert changed == VARIANTS[name][1]


def test_the_whole_experiment_has_every_variant_and_the_plain_network():
    for case in EXPERIMENT.cases:
        assert list(case.recipes()) == ["LSTM", *VARIANTS, "RNN"]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_computes_something_else(name, batch):
    recipes = EXPERIMENT.cases[1].recipes()
    outputs = []
    for each in ("LSTM", name):
        network = SequenceNetwork(recipes[each].build, 8, 4, "each", 0)
        for parameter, view in network.parameters.items():
            if "peephole" in parameter:
                view[...] = 0.5
        outputs.append(network.outputs(batch.x, batch.lengths)[0])
    assert np.abs(outputs[0] - outputs[1]).max() > 1e-5


@pytest.mark.slow
def test_the_quick_version_shows_that_each_task_needs_a_part(report):
    assert report.finding.reached, report.finding.verdict
    assert {result.group for result in report.results} == {
        f"{name}, {case.label}" for case in EXPERIMENT.quick for name in case.recipes()
    }


@pytest.mark.slow
def test_the_quick_version_fails_with_a_plain_network_in_the_lstms_place(report):
    kept = [result for result in report.results if not result.group.startswith("LSTM")]
    swapped = [
        replace(result, group=result.group.replace("RNN", "LSTM"))
        for result in kept
        if result.group.startswith("RNN")
    ]
    finding = EXPERIMENT.conclude([*kept, *swapped])
    assert not finding.reached
    assert "NOT seen" in finding.verdict


@pytest.mark.parametrize(
    ("adding", "order", "reached"),
    [
        ({"NIG": 0, "RNN": 0}, {"NFG": 0, "RNN": 0}, True),
        ({"NIG": 4, "LSTM": 9, "RNN": 8}, {"NFG": 4, "RNN": 0}, True),
        ({"NIG": 0, "LSTM": 8, "RNN": 0}, {"NFG": 0, "RNN": 0}, False),
        ({"NIG": 0, "RNN": 0}, {"NFG": 5, "RNN": 0}, False),
        ({"RNN": 0}, {"NFG": 0, "RNN": 0}, False),
        ({"P": 0, "RNN": 0}, {"NFG": 0, "RNN": 0}, False),
        ({"NIG": 0, "RNN": 0}, {"NFG": 0, "RNN": 9}, False),
    ],
    ids=["clear", "just so", "weak whole", "half", "nothing needed", "peepholes harm", "RNN does it"],
)
def test_it_is_seen_only_if_the_whole_solves_both_and_each_needs_a_part(adding, order, reached):
    assert EXPERIMENT.conclude(both(adding, order)).reached is reached


def test_verdict_and_table_say_what_failed_and_what_it_cost():
    finding = EXPERIMENT.conclude(both({"NIG": 0, "RNN": 0}, {"NFG": 2, "CIFG": 7}))
    assert "adding, T = 100: the whole LSTM solves it from 10 of 10 seeds" in finding.verdict
    assert "what fails is NIG (no input gate, 0 of 10); RNN 0 of 10" in finding.verdict
    assert "what fails is NFG (no forget gate, 2 of 10), unreliable is CIFG" in finding.verdict
    table = {(row[0], row[1]): row[2:] for row in finding.rows}
    assert len(table) == 18
    # 1,000 to 10,000 sequences: the median is 5,500; with three that never end too, for those are the last.
    order = "order, ten in a row"
    assert table[order, "LSTM"] == ("whole", "10 of 10", "5,500", "× 1", "4.5 of 2,560")
    assert table[order, "CIFG"] == ("forget gate is 1 - i", "7 of 10", "5,500", "× 1", "4.5 of 2,560")
    assert table[order, "NFG"] == ("no forget gate", "2 of 10", "more than 8,000", "", "4.5 of 2,560")


@pytest.mark.slow
def test_the_figure_has_a_dot_for_each_network(report):
    pytest.importorskip("plotly")
    traces = report.figure().data
    assert sum(len(trace.x) for trace in traces) == len(report.results)
    unsolved = sum(not result.values["solved"] for result in report.results)
    assert sum(len(trace.x) for trace in traces if trace.name == "not solved") == unsolved > 0
