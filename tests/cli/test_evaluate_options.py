"""The values of dynamic evaluation and of the neural cache are options, by the names they have in Python."""

from __future__ import annotations

from dataclasses import fields

import pytest

from gatewise import DynamicEvaluation, NeuralCache, load
from gatewise.cli import main
from tests.cli.command import json_lines, outputs


@pytest.fixture(scope="module")
def text(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("evaluate") / "text.txt"
    path.write_text(page.read_text(encoding="utf-8")[500:1300], encoding="utf-8")
    return path


def test_every_value_is_an_option(capsys):
    out = outputs(capsys, "evaluate", "--help").out
    for kind, name in ((DynamicEvaluation, "dynamic"), (NeuralCache, "cache")):
        assert f"--{name} " in out
        for field in fields(kind):
            assert f"--{name}-{field.name.replace('_', '-')} " in out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--dynamic"], {"dynamic": DynamicEvaluation()}),
        (["--dynamic-learning-rate=0.01"], {"dynamic": DynamicEvaluation(learning_rate=0.01)}),
        (
            ["--dynamic", "--dynamic-decay=0", "--dynamic-segment=20"],
            {"dynamic": DynamicEvaluation(decay=0, segment=20)},
        ),
        (["--cache"], {"cache": NeuralCache()}),
        (["--cache-size=50", "--cache-theta=0"], {"cache": NeuralCache(size=50, theta=0)}),
        (["--cache", "--cache-weight=0.4"], {"cache": NeuralCache(weight=0.4)}),
        (
            ["--cache-weight=0.2", "--dynamic-segment=10"],
            {"cache": NeuralCache(weight=0.2), "dynamic": DynamicEvaluation(segment=10)},
        ),
    ],
    ids=str,
)
def test_values_are_those_of_python(options, expected, model_path, text, capsys):
    [found] = json_lines(outputs(capsys, "evaluate", model_path, text, "--json", *options).out)
    assert found == load(model_path).evaluate(text, **expected)
    assert found["loss"] != load(model_path).evaluate(text)["loss"]


def test_values_go_with_the_training_text(model_path, text, page, capsys):
    options = [f"--dynamic-training={page}", "--dynamic-learning-rate=1e-4", "--dynamic-epsilon=1e-3"]
    [found] = json_lines(outputs(capsys, "evaluate", model_path, text, "--json", *options).out)
    dynamic = DynamicEvaluation(learning_rate=1e-4, training=page, epsilon=1e-3)
    assert found == load(model_path).evaluate(text, dynamic=dynamic)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            "--dynamic-learning-rate=-1",
            "--dynamic-learning-rate -1.0; expected a number of at least 0, or leave it out.",
        ),
        ("--dynamic-decay=2", "--dynamic-decay 2.0; expected a number of at least 0 and at most 1."),
        ("--dynamic-segment=0", "--dynamic-segment 0; expected a whole number of at least 1."),
        ("--cache-size=0", "--cache-size 0; expected a whole number of at least 1."),
        ("--cache-weight=1", "--cache-weight 1.0; expected a number of at least 0 and below 1."),
        ("--cache-theta=-0.5", "--cache-theta -0.5; expected a number of at least 0."),
    ],
)
def test_what_cannot_work_is_refused_by_its_option(option, told, model_path, text, capsys):
    assert main(["evaluate", str(model_path), str(text), option]) == 2
    assert capsys.readouterr().err == f"gatewise: error: {told}\n"


def test_weights_that_run_away_name_the_option(model_path, text, capsys):
    assert main(["evaluate", str(model_path), str(text), "--dynamic-learning-rate=1e6"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("gatewise: error: --dynamic makes the weights run away")
    assert err.endswith("Lower its --dynamic-learning-rate.\n")
