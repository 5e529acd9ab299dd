"""Every hyperparameter of an estimator is an option with its type, its default and its words."""

from __future__ import annotations

import inspect
import re

import pytest
import typer
from typer.testing import CliRunner

from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.tasks import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator

ESTIMATORS = [LanguageModel, Forecaster, SequenceClassifier, SequenceTagger, Translator]


def command(estimator, received, **settings):
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @with_hyperparameters(estimator, **settings)
    def run(data: str, quiet: bool = False, **hyperparameters):
        received.update(hyperparameters)

    return app


def call(app, *arguments):
    return CliRunner().invoke(app, ["data", *arguments], env={"COLUMNS": "10000", "TERM": "dumb"})


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_without_options_all_have_their_defaults(estimator):
    received = {}
    leave_out = ("class_weight",) if estimator is SequenceClassifier else ()
    result = call(command(estimator, received, leave_out=leave_out))
    assert result.exit_code == 0, result.output
    expected = {name: p.default for name, p in inspect.signature(estimator).parameters.items()}
    for name in ("progress", *leave_out):
        del expected[name]
    assert received == expected


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_each_has_the_words_of_the_class(estimator):
    text = call(command(estimator, {}, leave_out=("class_weight",)), "--help").output
    documented = re.findall(r"^ {8}(\w+): (\S+ \S+)", estimator.__doc__.split("Attributes:")[0], re.M)
    assert len(documented) > 15
    for name, words in documented:
        if name not in ("progress", "class_weight"):
            after = text[text.index(f"--{name.replace('_', '-')} ") :]
            assert words.replace("``", "") in after[:400]


@pytest.mark.parametrize(
    ("estimator", "option", "name", "value"),
    [
        (LanguageModel, "--clip-norm=none", "clip_norm", None),
        (LanguageModel, "--clip-norm=0.5", "clip_norm", 0.5),
        (LanguageModel, "--vocab-size=7", "vocab_size", 7),
        (LanguageModel, "--hidden-size=48", "hidden_size", 48),
        (LanguageModel, "--hidden-size=48,32", "hidden_size", (48, 32)),
        (LanguageModel, "--adaptive-cutoffs=2000", "adaptive_cutoffs", (2000,)),
        (LanguageModel, "--adaptive-cutoffs=none", "adaptive_cutoffs", None),
        (Forecaster, "--quantiles=0.05, 0.95", "quantiles", (0.05, 0.95)),
        (Forecaster, "--quantiles=", "quantiles", ()),
        (Forecaster, "--known=price,holiday", "known", ("price", "holiday")),
        (Forecaster, ("--known=price", "--known", "holiday,sale"), "known", ("price", "holiday", "sale")),
        (Forecaster, "--no-calendar", "calendar", False),
        (Forecaster, "--season-length=12", "season_length", 12),
    ],
)
def test_values_are_of_the_hyperparameters_type(estimator, option, name, value):
    received = {}
    result = call(command(estimator, received), *([option] if isinstance(option, str) else option))
    assert result.exit_code == 0, result.output
    assert received[name] == value
    assert type(received[name]) is type(value)


@pytest.mark.parametrize(("option", "named"), [("--clip-norm=much", "'much'"), ("--quantiles=a,b", "'a,b'")])
def test_what_is_no_number_is_refused(option, named):
    result = call(command(Forecaster, {}), option)
    assert result.exit_code != 0
    assert named in result.output
