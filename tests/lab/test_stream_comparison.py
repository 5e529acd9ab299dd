"""What is made of the results on streams: a verdict that can go either way, and the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatewise.lab.continual_reber import ContinualReber
from gatewise.lab.experiment import Result
from gatewise.lab.network import Build
from gatewise.lab.stream_comparison import StreamCase, StreamComparison, with_and_without
from gatewise.lab.streams import StreamRecipe

OLD = "LSTM without forget gates"
RECIPE = StreamRecipe(Build(hidden_size=8, peephole=True), budget=900)
NETWORKS = with_and_without(RECIPE)
CASE = StreamCase("long", ContinualReber(), (10, 100_000), NETWORKS, unable=(OLD,))
COMPARISON = StreamComparison("streams", "a pair", "nobody 2000", (CASE,), ())


def results_of(lstm, old, rnn):
    solved = {"LSTM": lstm, OLD: old, "RNN": rnn}
    return [
        Result(
            CASE.group(name),
            seed,
            1.0,
            {
                "solved": seed < solved[name],
                "steps": 10 * (seed + 1),
                "curve": [[5, 0.0], [10, 1000.0]],
                "cell": 1000.0 * seed,
            },
        )
        for name, _ in NETWORKS
        for seed in range(10)
    ]


@pytest.mark.parametrize(
    ("lstm", "old", "rnn", "reached"),
    [
        (10, 0, 0, True),
        (9, 4, 10, True),
        (8, 0, 0, False),
        (10, 5, 0, False),
        (10, 10, 10, False),
        (0, 0, 0, False),
    ],
)
def test_the_first_must_solve_it_and_those_unable_must_not(lstm, old, rnn, reached):
    finding = COMPARISON.conclude(results_of(lstm, old, rnn))
    assert finding.reached is reached
    assert ("NOT" in finding.verdict) is not reached
    assert ("NOT passed by the LSTM" in finding.verdict) is (lstm < 9)
    assert ("NOT seen" in finding.verdict) is (old >= 5)
    assert f"LSTM {lstm} of 10, {OLD} {old} of 10, RNN {rnn} of 10" in finding.verdict


def test_where_no_network_is_to_fail_nothing_is_said_of_it():
    case = replace(CASE, unable=())
    finding = replace(COMPARISON, cases=(case,)).conclude(results_of(10, 10, 10))
    assert finding.reached
    assert finding.verdict.startswith("The exam is passed by the LSTM. Passed: long: LSTM 10 of 10,")


def test_the_table():
    finding = COMPARISON.conclude(results_of(9, 0, 1))
    assert finding.rows == (
        ("long", "LSTM, H = 8", "9 of 10", "50 (10 to 90)", "4,500"),
        ("long", f"{OLD}, H = 8", "0 of 10", "never in 900", "4,500"),
        ("long", "RNN, H = 16", "1 of 10", "10 (10 to 10)", ""),
    )
    assert all(len(row) == len(finding.columns) for row in finding.rows)


def test_without_forget_gates_all_else_is_the_same():
    (_, lstm), (_, old), (_, rnn) = NETWORKS
    assert lstm == RECIPE
    assert old == replace(RECIPE, build=replace(RECIPE.build, without=("f",)))
    assert rnn == replace(RECIPE, build=Build("rnn", 16))


def test_every_network_from_every_seed():
    trials = COMPARISON.trials(2, quick=False)
    assert [(trial.group, trial.seed) for trial in trials] == [
        (f"{name}, long", seed) for name in ("LSTM", OLD, "RNN") for seed in (0, 1)
    ]


def test_the_figure_has_a_curve_a_network():
    pytest.importorskip("plotly")
    figure = COMPARISON.draw(results_of(9, 0, 1))
    assert len(figure.data) == 30
    assert tuple(figure.data[0].y) == (1.0, 1001.0), "of steps and one more, for the axis is logarithmic"
    assert figure.layout.yaxis.type == "log"
