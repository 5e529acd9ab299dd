"""The experiment recall: sentences are what they should be, the curve is measured, the criterion can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gatewise.lab import run
from gatewise.lab.recall import CHANCE, EXPERIMENT, NAMES, WORDS, PetName, sentence


@pytest.fixture(scope="module")
def report():
    return run("recall", quick=True, jobs=1)


@pytest.mark.parametrize("between", [0, 1, 7])
def test_a_sentence_is_cue_unrelated_words_and_question(between):
    task = PetName(between)
    batch = task.draw(np.random.default_rng(0), 50)
    assert batch.x.shape == (task.steps, 50)
    for tokens, name in zip(batch.x.T, batch.targets, strict=True):
        words = sentence(tokens).split()
        assert words[:5] == ["my", "dog", "is", "named", NAMES[name]]
        assert words[-3:] == ["my", "pet", "is"]
        assert len(words) == between + 8
        assert not {*words[5:-3]} & {*NAMES, "my", "dog", "is", "named", "pet"}


def test_names_and_unrelated_words_are_all_equally_likely():
    batch = PetName(20).draw(np.random.default_rng(0), 4000)
    names = np.bincount(batch.targets, minlength=len(NAMES)) / 4000
    np.testing.assert_allclose(names, CHANCE, atol=0.02)
    unrelated = np.bincount(batch.x[5:-3].ravel(), minlength=len(WORDS))
    counts = unrelated[unrelated > 0] / 80_000
    assert len(counts) == 12
    np.testing.assert_allclose(counts, 1 / 12, atol=0.005)


def test_what_stands_between_says_nothing_of_the_name():
    """Else it could be answered without a memory."""
    batch = PetName(1).draw(np.random.default_rng(0), 20_000)
    for name in range(len(NAMES)):
        words = np.bincount(batch.x[5, batch.targets == name], minlength=len(WORDS))
        np.testing.assert_allclose(words[words > 0] / words.sum(), 1 / 12, atol=0.03)


def test_the_likeliest_name_is_the_answer():
    task = PetName(0)
    batch = task.draw(np.random.default_rng(0), 2)
    answers = np.zeros((2, len(NAMES)))
    answers[0, batch.targets[0]] = answers[1, (batch.targets[1] + 1) % len(NAMES)] = 0.1
    assert task.errors(answers, batch).tolist() == [0, 1]
    assert task.criterion.wrong(task.errors(answers, batch)) == 1


def test_the_quick_version_reaches_its_criterion(report):
    assert report.finding.reached
    assert "from 2 of 2 seeds at every distance" in report.finding.verdict
    assert [row[0] for row in report.finding.rows] == ["5"] * 3 + ["50"] * 3


@pytest.mark.parametrize("network", ["RNN", "LSTM with forget bias 1"])
def test_the_others_recall_over_a_few_words_and_guess_over_many(report, network):
    accuracies = {
        k: [each.values["accuracy"] for each in report.results if each.group == f"{network}, k = {k}"]
        for k in (5, 50)
    }
    assert min(accuracies[5]) >= 0.99
    np.testing.assert_allclose(accuracies[50], CHANCE, atol=0.05)


def test_the_criterion_can_fail(report):
    """With the RNN's results in the LSTM's place."""
    results = {(each.group, each.seed): each for each in report.results}
    swapped = [
        replace(each, values=results[each.group.replace("LSTM,", "RNN,"), each.seed].values)
        for each in report.results
    ]
    finding = EXPERIMENT.conclude(swapped)
    assert not finding.reached
    assert "from 0 of 2 seeds at every distance" in finding.verdict


def test_one_distance_at_which_it_forgets_is_enough_to_fail(report):
    def forgetful(each):
        is_it = (each.group, each.seed) == ("LSTM, k = 50", 1)
        return replace(each, values={**each.values, "accuracy": 0.98}) if is_it else each

    finding = EXPERIMENT.conclude([forgetful(each) for each in report.results])
    assert not finding.reached
    assert "from 1 of 2 seeds at every distance" in finding.verdict


def test_the_figure_has_both_curves_and_chance(report):
    pytest.importorskip("plotly")
    figure = report.figure()
    shown = {trace.name: trace for trace in figure.data if trace.showlegend}
    assert set(shown) == {"LSTM", "LSTM with forget bias 1", "RNN", "guessing"}
    assert list(shown["LSTM"].x) == [5, 50]
    assert list(shown["LSTM"].y) == [1, 1]
    assert list(shown["guessing"].y) == [1 / 8, 1 / 8]
    assert figure.layout.xaxis.type == "log"
