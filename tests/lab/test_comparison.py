"""What is made of the results: each network's recipe, the verdict, and the table beside the paper's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatewise.lab.adding import Adding
from gatewise.lab.comparison import Case, Comparison, Published, enough
from gatewise.lab.experiment import Result
from gatewise.lab.network import Build
from gatewise.lab.presentations import Recipe

RECIPE = Recipe(Build(hidden_size=8, horizon=100), budget=1234, learning_rate=1e-2)
CASES = (
    Case("T = 20", Adding(20), RECIPE, Published(5000, wrong=3)),
    Case("T = 40", Adding(40), RECIPE, rnn=Recipe(Build("rnn", 8), 1234, 1e-3), name="whole"),
)
COMPARISON = Comparison("pair", "a pair", "nobody 1997", CASES, ())


def results_of(case, **solved):
    """Ten results of each network, as many solved as named."""
    return [
        Result(
            f"{name}, {case.label}",
            seed,
            1.0,
            {
                "solved": seed < solved.get(name, 10),
                "sequences": 100 * (seed + 1),
                "wrong": seed,
                "curve": [[50, 0.5, 1.0], [100, 1.0, 0.1]],
            },
        )
        for name in case.recipes()
        for seed in range(10)
    ]


def test_the_rnn_is_twice_as_wide_and_else_the_same():
    lstm, rnn = CASES[0].recipes().values()
    assert lstm == RECIPE
    assert rnn == replace(RECIPE, build=Build("rnn", 16))


def test_the_rnn_may_have_a_recipe_of_its_own():
    assert list(CASES[1].recipes()) == ["whole", "RNN"]
    assert CASES[1].recipes()["RNN"].learning_rate == 1e-3


def test_an_rnn_that_is_trained_elsewhere_is_left_out():
    assert list(replace(CASES[0], with_rnn=False).recipes()) == ["LSTM"]


@pytest.mark.parametrize(("other", "reached"), [(10, False), (9, False), (8, True), (0, True)])
def test_a_lesser_network_must_not_do_as_well(other, reached):
    case = replace(CASES[0], variants=(("other", RECIPE),), lesser=("other",))
    finding = Comparison("pair", "a pair", "nobody", (case,), ()).conclude(results_of(case, other=other))
    assert finding.reached is reached
    word = "seen" if reached else "NOT seen"
    assert finding.verdict.startswith(
        f"That it is solved by the LSTM, and not by the other, as often is {word}."
    )


def test_every_network_of_every_case_from_every_seed():
    groups = [(trial.group, trial.seed) for trial in COMPARISON.trials(2, quick=False)]
    names = ["LSTM, T = 20", "RNN, T = 20", "whole, T = 40", "RNN, T = 40"]
    assert groups == [(name, seed) for name in names for seed in (0, 1)]
    assert COMPARISON.trials(2, quick=True) == []


@pytest.mark.parametrize(
    ("solved", "of", "expected"),
    [(9, 10, True), (8, 10, False), (2, 2, True), (1, 2, False), (0, 1, False), (5, 5, True), (4, 5, False)],
)
def test_nine_of_ten(solved, of, expected):
    assert enough(solved, of) is expected


@pytest.mark.parametrize(
    ("first", "second", "reached"),
    [
        ({}, {}, True),
        ({"LSTM": 9, "RNN": 0}, {"RNN": 0}, True),
        ({"LSTM": 8}, {}, False),
        ({}, {"whole": 8}, False),
        ({"LSTM": 0}, {}, False),
    ],
)
def test_the_lstm_must_solve_every_case(first, second, reached):
    finding = COMPARISON.conclude([*results_of(CASES[0], **first), *results_of(CASES[1], **second)])
    assert finding.reached is reached
    assert ("NOT seen" in finding.verdict) is not reached


def test_the_table():
    finding = COMPARISON.conclude([*results_of(CASES[0], LSTM=9, RNN=0), *results_of(CASES[1])])
    assert finding.rows == (
        ("T = 20", "LSTM, H = 8", "9 of 10", "500 (100 to 900)", "5,000", "4.5 of 2,560", "3 of 2,560"),
        ("T = 20", "RNN, H = 16", "0 of 10", "never in 1,234", "", "4.5 of 2,560", ""),
        ("T = 40", "whole, H = 8", "10 of 10", "550 (100 to 1,000)", "", "4.5 of 2,560", ""),
        ("T = 40", "RNN, H = 8", "10 of 10", "550 (100 to 1,000)", "", "4.5 of 2,560", ""),
    )
    assert all(len(row) == len(finding.columns) for row in finding.rows)
    assert "T = 20: LSTM 9 of 10, RNN 0 of 10; T = 40: whole 10 of 10, RNN 10 of 10" in finding.verdict


def test_the_figure_has_a_panel_a_case_and_a_curve_a_network():
    pytest.importorskip("plotly")
    figure = COMPARISON.draw([*results_of(CASES[0]), *results_of(CASES[1])])
    assert len(figure.data) == 40
    assert [trace.name for trace in figure.data if trace.showlegend] == ["LSTM", "RNN", "whole"]
    assert tuple(figure.data[0].x) == (50, 100)
    assert tuple(figure.data[0].y) == (0.5, 1.0)
    (line,) = figure.layout.shapes
    assert line.x0 == 5000, "where the paper's networks were done"
