"""Shares of nothing and perplexities of nothing are none, and say why."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from gatewise import LanguageModel, SequenceClassifier, SequenceTagger
from gatewise.cli import main
from gatewise.tasks.classification.report import report
from gatewise.tasks.scores import noted, perplexity, ratio
from tests.cli.command import outputs

SMALL = {"hidden_size": 4, "epochs": 2, "batch_size": 4, "progress": False}


def test_a_share_of_nothing_is_none():
    assert (ratio(0, 0), ratio(0, 3), ratio(3, 4)) == (None, 0, 0.75)


@pytest.mark.parametrize(
    ("loss", "tokens", "unknown", "expected", "said"),
    [
        (1.0, 10, 0, math.e, None),
        (0.0, 1, 0, 1.0, None),
        (1.0, 10, 5, math.e, None),
        (1.0, 10, 6, math.e, "6 of the 10 symbols of it are unknown"),
        (0.1, 10, 10, None, "knows no symbol of it"),
        (0.1, 1, 1, None, "knows no symbol of it"),
        (900.0, 10, 0, None, "beyond all numbers"),
        (math.nan, 10, 0, None, "beyond all numbers"),
        (1.0, 0, 0, math.e, None),
    ],
)
def test_perplexity(loss, tokens, unknown, expected, said):
    found, notes = perplexity(loss, tokens, unknown, "it")
    assert found == (None if expected is None else pytest.approx(expected))
    assert [said in note for note in notes] == [True] * (said is not None)


def test_notes_stand_where_there_are_some():
    assert noted({"loss": 1.0}, []) == {"loss": 1.0}
    assert noted({"loss": None}, ["why"]) == {"loss": None, "notes": ["why"]}


# Classes

A, B, C = [0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]


@pytest.mark.parametrize(
    ("probabilities", "targets", "scores", "said"),
    [
        (
            [A, B, A],
            [0, 1, 1],
            [(0.5, 1, 2 / 3), (1, 0.5, 2 / 3), (None, None, None)],
            "without a sequence here: 'c'",
        ),
        ([A, A, C], [0, 1, 0], [(0.5, 0.5, 0.5), (None, 0, 0), (0, None, None)], "never predicted: 'b'"),
        (
            [B, B],
            [1, 1],
            [(None, None, None), (1, 1, 1), (None, None, None)],
            "all sequences are of class 'b'",
        ),
        ([A, B, C], [0, 1, 2], [(1, 1, 1)] * 3, None),
        ([A, B, C], [1, 2, 0], [(0, 0, 0)] * 3, None),
    ],
)
def test_a_class_that_is_not_there_is_not_recalled_badly(probabilities, targets, scores, said):
    found = report(np.array(probabilities), np.array(targets), np.array(["a", "b", "c"]))
    for each, (precision, recall, f1) in zip(found["classes"], scores, strict=True):
        assert each["precision"] == (None if precision is None else pytest.approx(precision))
        assert each["recall"] == (None if recall is None else pytest.approx(recall))
        assert each["f1"] == (None if f1 is None else pytest.approx(f1))
    notes = found.get("notes", [])
    assert any(said in note for note in notes) if said else not notes


# Tags


@pytest.fixture(scope="module")
def tagger():
    sentences = [["in", "Rome"], ["at", "home"]] * 10
    tags = [["O", "B-LOC"], ["O", "O"]] * 10
    return SequenceTagger(**{**SMALL, "epochs": 10}, learning_rate=1e-2, validation_fraction=0).fit(
        sentences, tags
    )


@pytest.mark.parametrize(
    ("tags", "f1", "said"),
    [
        (["O", "O"], None, "there is no span to be found"),
        (["B-LOC", "O"], 0, "no precision of spans: the model finds none"),
        (["O", "B-PER"], 0, "1 of 2 words have tags that the model has not learnt ('B-PER')"),
    ],
)
def test_spans_that_are_not_there_have_no_f1(tagger, tags, f1, said):
    result = tagger.evaluate([["at", "home"]], [tags])
    assert result["span_f1"] == f1
    assert any(said in note for note in result["notes"])


def test_tags_of_another_kind_are_not_silently_all_wrong(tagger):
    result = tagger.evaluate([["in", "Rome"]], [["ADP", "PROPN"]])
    assert result["accuracy"] == 0
    assert "2 of 2 words have tags that the model has not learnt ('ADP', 'PROPN')" in result["notes"][0]
    alike = tagger.evaluate([["at", "home"]], [["O", "O"]])
    assert "all words have the tag 'O'" in alike["notes"][0]
    assert "notes" not in tagger.evaluate([["in", "Rome"]], [["O", "B-LOC"]])


# Texts


@pytest.mark.parametrize(
    ("level", "text"),
    [("word", "der Hund läuft\n"), ("word", "ein Haus"), ("char", "我今天去学校"), ("char", "Ελλάδα")],
)
def test_a_text_of_which_nothing_is_known_has_no_perplexity(level, text):
    model = LanguageModel(level, **SMALL, num_layers=1, embedding_size=4, window=4).fit(
        "the cat sat on the mat\n" * 20
    )
    known = model.evaluate("the mat sat on the cat\n")
    assert known["perplexity"] == pytest.approx(math.exp(known["loss"]))
    assert "notes" not in known
    result = model.evaluate(text)
    assert result["perplexity"] is result["bits_per_char"] is None
    assert result["loss"] > 0
    assert "the model knows no symbol of the text" in result["notes"][0]


def test_a_text_of_one_symbol_says_so():
    for text in ("aaaaaaaa" * 20, "\n" * 50):
        model = LanguageModel(**SMALL, num_layers=1, embedding_size=4, window=4).fit(text)
        assert model.evaluate(text)["notes"] == [
            "the text is one symbol again and again, which is easily predicted"
        ]


# The command line


def test_notes_of_a_forecaster_and_of_its_verdict_stand_together(tmp_path, capsys):
    """Zeros held out, of which there is no sMAPE, and a series that is too short."""
    rows = [f"a,{step},{step % 3 if step < 90 else 0}" for step in range(100)] + ["b,0,1", "b,1,2"]
    (tmp_path / "t.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    small = [
        "--epochs=1",
        "--steps-per-epoch=2",
        "--hidden-size=4",
        "--horizon=5",
        "--no-calibrate",
        "--json",
    ]
    out = outputs(
        capsys, "train", "forecast", tmp_path / "t.csv", "-o", tmp_path / "m.safetensors", *small
    ).out
    verdict = json.loads(out.splitlines()[-1], parse_constant=pytest.fail)
    assert verdict["forecasters"][0]["smape"] is None
    assert [note.partition(",")[0].partition(":")[0] for note in verdict["notes"]] == [
        "series 'b' is too short to learn from",
        "no sMAPE",
    ]


def test_evaluate_says_none_and_why(tagger, tmp_path, capsys):
    tagger.save(tmp_path / "tagger.safetensors")
    classifier = SequenceClassifier(**SMALL).fit(["good day", "bad day"] * 10, ["good", "bad"] * 10)
    classifier.save(tmp_path / "classifier.safetensors")
    language = LanguageModel("word", **SMALL, num_layers=1, embedding_size=4, window=4).fit(
        "the cat sat\n" * 20
    )
    language.save(tmp_path / "language.safetensors")
    files = {"tagger": "at O\nhome O\n", "classifier": "good\ta good day\n", "language": "der Hund läuft\n"}
    none = {
        "tagger": lambda found: [found["span_recall"], found["span_f1"]],
        "classifier": lambda found: [each["recall"] for each in found["classes"] if each["label"] == "bad"],
        "language": lambda found: [found["perplexity"], found["bits_per_char"]],
    }
    for kind, content in files.items():
        model, data = tmp_path / f"{kind}.safetensors", tmp_path / f"{kind}.txt"
        data.write_text(content, encoding="utf-8")
        [line] = outputs(capsys, "evaluate", model, data, "--json").out.splitlines()
        found = json.loads(line, parse_constant=pytest.fail)
        assert [*none[kind](found)]
        assert {*none[kind](found)} == {None}
        told = outputs(capsys, "evaluate", model, data)
        assert " none" in told.out
        assert told.err == "".join(f"note: {note}\n" for note in found["notes"])


def test_nothing_to_measure_on_is_refused(tagger, tmp_path, capsys):
    tagger.save(tmp_path / "tagger.safetensors")
    for content in ("", "\n\n"):
        (tmp_path / "empty.txt").write_text(content, encoding="utf-8")
        assert main(["evaluate", str(tmp_path / "tagger.safetensors"), str(tmp_path / "empty.txt")]) == 2
        assert "empty.txt" in capsys.readouterr().err
