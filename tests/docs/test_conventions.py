"""The page of conventions says what is so of every estimator."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from gatewise import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator, load
from tests.tasks.estimators import SMALL, WEEKS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conventions.md"
if not PAGE.is_file():
    pytest.skip("the documentation is not here", allow_module_level=True)

KINDS = (LanguageModel, Forecaster, SequenceClassifier, SequenceTagger, Translator)
BY_KIND = {
    LanguageModel: "language",
    Forecaster: "forecast",
    SequenceClassifier: "classify",
    SequenceTagger: "tag",
    Translator: "translate",
}
CASES = [WEEKS[BY_KIND[kind]] for kind in KINDS]


def tables():
    """The tables of the page: for each its rows by their first cell."""
    text = PAGE.read_text(encoding="utf-8")
    for block in re.findall(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M):
        rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()]
        yield {first.strip("`"): rest for first, *rest in rows}


CALLS, TRAINING, LEFT = tables()


@pytest.fixture(scope="module")
def fitted():
    return [case.make().fit(*case.first) for case in CASES]


def words(cell):
    return [each.strip().strip("`") for each in cell.split(",")]


@pytest.mark.parametrize("kind", KINDS)
def test_fit_takes_the_same_by_name(kind):
    named = [
        name
        for name, parameter in inspect.signature(kind.fit).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    assert named == ["validation", "init", "checkpoint", "resume", "listeners"]


@pytest.mark.parametrize("name", TRAINING)
def test_defaults_of_training_are_those_of_the_table(name):
    default, differing = TRAINING[name]
    found = [inspect.signature(kind).parameters[name].default for kind in KINDS]
    if not default:
        assert found == [int(each) for each in differing.split(", ")]
        return
    own = found[1:] if name in ("learning_rate", "schedule", "weight_decay") else found
    if name == "learning_rate":
        assert own == [float(each) for each in differing.split(", ")[1:]]
        assert found[0] is None
    else:
        assert [repr(each) for each in own] == [default.strip("`")] * len(own)
    model = LanguageModel()
    assert model._of_training("learning_rate") == float(TRAINING["learning_rate"][1].split()[0])
    assert (model._of_training("schedule"), model._of_training("weight_decay")) == ("cosine", 0.01)


def test_what_fit_leaves_is_what_the_table_says_and_stays_in_the_file(fitted, tmp_path):
    for model in fitted:
        path = tmp_path / f"{model.task}.safetensors"
        model.save(path)
        for each in (model, load(path)):
            for name in LEFT:
                assert hasattr(each, name), (type(model), name)
            for entry in each.history_:
                assert list(entry) == ["step", "epoch", "train_loss", "validation_loss"]
            assert each.stopped_by_ in re.findall(r'"(.+?)"', LEFT["stopped_by_"][0])
            assert each.verdict_ is not None
            assert isinstance(each.notes_, tuple)


def test_evaluate_gives_loss_and_count_and_validation_measures_the_same(fitted):
    counted = dict(zip(KINDS, CALLS["count` of `evaluate` counts"], strict=True))
    for case, model in zip(CASES, fitted, strict=True):
        data = (case.validation,) if not isinstance(case.validation, tuple) else case.validation
        found = case.evaluate(model, data)
        assert {"loss", "count"} <= found.keys(), case.kind
        assert isinstance(found["loss"], float)
        assert type(found["count"]) is int
        size = {
            "tokens": found.get("tokens"),
            "sequences": found.get("sequences"),
            "words": found.get("tokens"),
            "values": 3 * 2,  # a horizon of each series
        }[counted[case.kind]]
        assert found["count"] == size


def test_the_loss_is_that_of_the_history(fitted):
    """Measured on what was given to measure on; a forecaster measures more places there, a text in parts."""
    for case in CASES:
        if case.kind in (Forecaster, LanguageModel):
            continue
        model = case.make().fit(*case.first, validation=case.validation)
        data = (case.validation,) if not isinstance(case.validation, tuple) else case.validation
        best = min(entry["validation_loss"] for entry in model.history_)
        assert case.evaluate(model, data)["loss"] == pytest.approx(best, rel=1e-5), case.kind


def test_scores_and_verdicts_are_those_of_the_table(fitted):
    for number, (case, model) in enumerate(zip(CASES, fitted, strict=True)):
        found = case.evaluate(model, case.first)
        how = CALLS["score` is"][number].strip("`")
        expected = {
            "minus `loss": lambda found: -found["loss"],
            "accuracy": lambda found: found["accuracy"],
            "minus MASE": lambda found: -(found["forecasters"][0]["mase"] or found["forecasters"][0]["mae"]),
        }[how]
        assert model.score(*case.first) == pytest.approx(expected(found), rel=1e-6)
        names = [row.name for row in model.verdict_.baselines]
        assert names == words(CALLS["with"][number])
        if case.kind is not Forecaster:
            assert model.verdict_.measure == CALLS["verdict_` compares by"][number].strip("`")


def test_classes_and_tags():
    model = WEEKS["tag"].make().fit(*WEEKS["tag"].first)
    np.testing.assert_array_equal(model.classes_, model.tags_)
    assert model.predict_proba([["an"]])[0].shape == (1, len(model.classes_))


def test_a_label_of_the_validation_alone_is_taken_and_noted():
    X, y = WEEKS["classify"].first
    model = SequenceClassifier(**SMALL, class_weight="balanced").fit(
        X, y, validation=(X[:3], ["b", "z", "c"])
    )
    assert model.classes_.tolist() == ["b", "c", "z"]
    assert model.notes_ == ("classes that are in the validation alone cannot be learnt: 1 ('z')",)
    words_, tags = WEEKS["tag"].first
    tagger = WEEKS["tag"].make().fit(words_, tags, validation=([["an", "apple"]], [["DET", "VERB"]]))
    assert tagger.classes_.tolist() == ["DET", "NOUN", "VERB"]
    assert tagger.notes_ == ("tags that are in the part held out alone cannot be learnt: 1 ('VERB')",)
    for found in (model, tagger):
        assert np.isfinite(found.history_[0]["validation_loss"])
    assert tagger.evaluate([["an"]], [["X"]])["loss"] is None
