"""The experiment memory: the tutorial's own figures, a gradient by differences, a criterion that can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gatewise import nn
from gatewise.lab import run
from gatewise.lab.memory import EXPERIMENT, LIST, LOW, Lesson, learn, loss_and_gradient
from gatewise.ops import numerical_gradient


@pytest.fixture(scope="module")
def report():
    return run("memory", quick=True, jobs=1)


def seeded_anew(*shape):
    """As the tutorial draws each of its matrices."""
    return np.random.RandomState(0).rand(*shape) * 0.2 - 0.1


def test_the_tutorial_s_figures():
    """From the tutorial's weights and inputs, in float64: what its equations alone, run in NumPy, print.

    They are those of github.com/nicodjimenez/lstm.
    """
    lstm = nn.LSTM(50, 100, output_tanh=False, dtype=np.float64)
    joined = np.tile(seeded_anew(100, 150), (4, 1))
    lstm.parameters["weight_ih_l0"][...] = joined[:, :50]
    lstm.parameters["weight_hh_l0"][...] = joined[:, 50:]
    lstm.parameters["bias_l0"][...] = np.tile(seeded_anew(100), 4)
    after_the_last_matrix = np.random.RandomState(0)
    after_the_last_matrix.rand(100)
    x = after_the_last_matrix.rand(4, 1, 50)
    losses = learn(lstm, x, learning_rate=0.1, updates=100)
    printed = {
        0: "7.535e-01",
        1: "5.991e-01",
        2: "4.451e-01",
        5: "3.998e-01",
        10: "3.319e-01",
        20: "1.710e-01",
        50: "4.602e-03",
        99: "2.611e-06",
        100: "2.361e-06",
    }
    assert {updates: f"{losses[updates]:.3e}" for updates in printed} == printed
    numbers = lstm(x)[0][:, 0, 0]
    np.testing.assert_array_equal(numbers.round(5), [-0.50032, 0.20101, 0.09917, -0.49926])


def test_the_gradient_is_that_of_the_loss():
    y = np.random.default_rng(0).normal(size=(4, 3, 2))
    loss, dy = loss_and_gradient(y)
    expected = sum((y[t, :, 0] - number) ** 2 for t, number in enumerate(LIST))
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    by_differences = numerical_gradient(lambda: float(loss_and_gradient(y)[0].sum()), y)
    np.testing.assert_allclose(dy, by_differences, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("cell", ["LSTM", "RNN"])
def test_weights_and_inputs_are_drawn_as_the_tutorial_says(cell):
    lesson = Lesson(cell, 0.1)
    weights = lesson.network(np.random.default_rng(0)).parameters.vector
    assert weights.min() >= -0.1
    assert weights.max() < 0.1
    assert len(np.unique(weights)) > 0.9 * weights.size, "matrices are not each other's copies"
    x = lesson.inputs(np.random.default_rng(0), 3)
    assert x.shape == (4, 3, 50)
    assert 0 <= x.min() < 0.01 < 0.99 < x.max() < 1


def test_with_one_input_the_others_are_zero():
    x = Lesson("LSTM", 0.1, one_input=True).inputs(np.random.default_rng(0), 3)
    assert x[0].all()
    assert not x[1:].any()


def test_the_quick_version_reaches_its_criterion(report):
    assert report.finding.reached
    assert "from 2 of 2 seeds" in report.finding.verdict


def test_the_table_shows_the_loss_as_it_falls_and_the_lists(report):
    rows = {row[0]: row[1:] for row in report.finding.rows}
    first = report.results[0].values["losses"]
    assert len(first) == 101
    assert rows["loss after 50"][0] == f"{first[50]:.1e}"
    assert rows["loss after 200"][0] == ""
    assert float(rows["loss after 100"][0]) < LOW < 0.1 < float(rows["loss after 0"][0])
    numbers = [float(number) for number in rows["list of seed 1"][0].split()]
    np.testing.assert_allclose(numbers, LIST, atol=LOW**0.5)


def test_given_other_inputs_nothing_is_left_of_the_list(report):
    """It was fitted to its inputs: what it has learnt is no memory."""
    silence = sum(number**2 for number in LIST)
    others = [each.values["other"] for each in report.results if each.group == "LSTM, four inputs, rate 0.1"]
    assert len(others) == 2
    assert min(others) > 0.5 * silence


def test_the_criterion_can_fail(report):
    """With the RNN's results at the same rate in the LSTM's place."""
    rnn = {each.seed: each for each in report.results if each.group == "RNN, four inputs, rate 0.1"}
    results = [
        replace(rnn[each.seed], group=each.group) if each.group == "LSTM, four inputs, rate 0.1" else each
        for each in report.results
    ]
    finding = EXPERIMENT.conclude(results)
    assert not finding.reached
    assert "from 0 of 2 seeds" in finding.verdict


def test_an_untrained_network_does_not_have_the_list():
    rng = np.random.default_rng(0)
    lesson = Lesson("LSTM", 0.1)
    assert learn(lesson.network(rng), lesson.inputs(rng, 1), 0.1, updates=1)[-1] > LOW


def test_the_figure_has_a_line_a_seed(report):
    pytest.importorskip("plotly")
    figure = report.figure()
    assert len([trace for trace in figure.data if len(trace.x) > 2]) == 10
    names = {"LSTM, rate 0.1", "RNN, rate 0.1", "RNN, rate 0.01", "LSTM, rate 0.3", "RNN, rate 0.03"}
    assert {trace.name for trace in figure.data if trace.showlegend} == names
