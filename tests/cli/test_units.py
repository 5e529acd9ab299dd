"""Unit search and meanings for the command line, with a unit that is on at spaces: its weights say so."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import gatewise as gw
from gatewise.cli.units import meanings_report, parse_range, read_corpus, search_report
from gatewise.errors import ArgumentError, DataError
from gatewise.magnify import ablation_cost

TEXT = "the cat sat on the mat. " * 20
MONDAY = np.datetime64("2024-01-01")


@pytest.fixture(scope="module")
def model():
    """Of two units the second is on where the symbol is a space, and off elsewhere; the first never moves."""
    model = gw.LanguageModel(
        hidden_size=2, num_layers=1, embedding_size=2, window=10, epochs=1, progress=False
    )
    model.fit(TEXT)
    model.network_.parameters.vector[...] = 0
    table = model.network_.embedding.parameters["weight"]
    table[:, 1] = np.where(np.array([each == " " for each in " " + model.tokenizer_.characters]), 1, -1)
    table[0, 1] = -1  # the unknown symbol
    layer = model.network_.recurrent.parameters
    layer["weight_ih_l0"][5, 1] = 3  # the candidate of unit 1: i, f, g and o lie one behind the other
    layer["bias_l0"][...] = np.repeat([9, -9, 0, 9], 2)
    model.network_.head.parameters["weight"][:, 1] = np.linspace(-1, 1, len(table))
    return model


def by_row(report):
    """The facts, which JSON can hold, and the lines, which are lines of plain text."""
    facts, lines = report
    json.dumps(facts, allow_nan=False)
    for line in lines:
        assert line.isprintable(), line
    return facts, lines


def test_ranges():
    assert parse_range("8:14") == (8, 14)
    assert parse_range("0:1") == (0, 1)


@pytest.mark.parametrize(
    "text",
    ["", "8", "8:", ":14", "8:8", "14:8", "-1:4", "8:14:2", "a:b", "8 :14", "8:1e3", "٣:٩", "0:" + "9" * 99],
)
def test_what_is_no_range(text):
    with pytest.raises(ArgumentError, match=r"^--mark=.*; expected a range of tokens, START:STOP as in 8:14"):
        parse_range(text)


def test_a_search_in_the_text_itself(model):
    facts, lines = by_row(search_report(model, "the cat sat on", (3, 4)))
    assert facts["units"] == [1]
    assert facts["layer"] == 1
    assert facts["corpus"] is None
    assert facts["mark"] == {"start": 3, "stop": 4, "before": "the", "text": " ", "after": "cat sat on"}
    assert [(each["start"], each["stop"], each["score"]) for each in facts["places"]] == [
        (7, 8, 1),
        (11, 12, 1),
    ]
    assert facts["places"][0]["before"] == "the cat"
    assert facts["places"][0]["after"] == "sat on"
    assert lines[0] == "marked: the» «cat sat on"
    assert lines[1].endswith("in layer 1: units 1")
    assert [line.split(maxsplit=2) for line in lines[-2:]] == [
        ["7:8", "1.00", "the cat» «sat on"],
        ["11:12", "1.00", "the cat sat» «on"],
    ]


def test_a_search_in_a_file(model, tmp_path):
    """Which has what a terminal obeys, what rich takes for markup, and what the model has not seen."""
    path = tmp_path / "corpus.txt"
    path.write_text("no\x1b[31m!\n\n[bold]x[/bold]\t\N{RIGHT-TO-LEFT OVERRIDE}the catz\n", encoding="utf-8")
    facts, lines = by_row(search_report(model, "the cat sat on", (3, 4), read_corpus(model, path), most=1))
    (place,) = facts["places"]
    corpus = path.read_text(encoding="utf-8")
    assert corpus[place["start"] : place["stop"]] == " "
    assert place["before"] == corpus[corpus.index("the cat") - 24 + 3 : place["start"]]
    assert facts["tokens"] == len(corpus)
    known = set(TEXT)
    assert facts["unknown"] == sum(symbol not in known for symbol in corpus)
    assert lines[-1].endswith("⏎[bold]x[/bold]⇥·the» «catz⏎")
    assert f"({len(corpus)} tokens, {facts['unknown']} of them unknown to the model)" in lines[2]


def test_only_the_likest_places_are_shown(model):
    facts, lines = search_report(model, TEXT[:100], (3, 4), most=3)
    assert len(facts["places"]) == 3
    assert len(lines) == 4 + 3


def test_no_unit_is_found(model):
    facts, lines = by_row(search_report(model, "the cat sat on", (4, 7)))
    assert facts["units"] == facts["places"] == []
    assert lines[0] == "marked: the »cat« sat on"
    assert lines[1].startswith("No unit of layer 1 is on throughout the marked tokens")
    assert lines[1].endswith("Another range may help, or a lower threshold than 0.3.")


def test_no_place_is_found(model, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("thecatsat", encoding="utf-8")
    for corpus, name in ((path, repr(str(path))), (None, "the text")):
        facts, lines = by_row(search_report(model, "the cat", (3, 4), corpus and read_corpus(model, corpus)))
        assert facts["units"] == [1]
        assert facts["places"] == []
        assert lines[2].startswith(f"They are on together nowhere else in {name} (")
        assert "lower threshold than 0.3" in lines[2]


def test_the_threshold_counts(model):
    """What stands in the unit's cell at a space is about tanh(1)."""
    on = np.tanh(gw.magnify(model, "a a")["c"][1, 1])
    assert search_report(model, "the cat", (3, 4), threshold=on - 0.02)[0]["units"] == [1]
    assert search_report(model, "the cat", (3, 4), threshold=on + 0.02)[0]["units"] == []


@pytest.mark.parametrize(
    ("text", "mark", "message"),
    [
        ("the cat", (3, 8), "--mark=3:8, but --text has 7 tokens; expected a range inside 0:7"),
        ("the cat", (8, 9), "--mark=8:9, but --text has 7 tokens"),
        ("the cäts", (3, 4), "1 symbols that the model does not know, the first of them token 5, 'ä'"),
        ("", (3, 4), "has no tokens"),
    ],
)
def test_what_cannot_be_sought(model, text, mark, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        search_report(model, text, mark)


def test_only_a_language_model_has_marks():
    with pytest.raises(ArgumentError, match="--mark needs a language model; this is a forecaster"):
        search_report(gw.Forecaster(), "the cat", (3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "text file .*corpus.txt' does not exist"),
        (b"", "text file .*corpus.txt' is empty"),
        (b"the caf\xe9", "corpus.txt', line 1: byte 0xe9 is not UTF-8"),
        (b"a\0b", "corpus.txt' is a binary file"),
    ],
)
def test_a_corpus_that_cannot_be_read(model, tmp_path, content, message):
    path = tmp_path / "corpus.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_corpus(model, path)


def test_a_corpus_without_words(tmp_path):
    words = gw.LanguageModel("word", hidden_size=4, window=5, batch_size=2, epochs=1, progress=False)
    words.fit("the cat sat on the mat\n" * 20)
    path = tmp_path / "corpus.txt"
    path.write_text("  \t ", encoding="utf-8")
    with pytest.raises(DataError, match=r"corpus\.txt' has white space only; expected a text"):
        read_corpus(words, path)


def test_words_in_their_context(tmp_path):
    """Six words on either side, and what the model does not know as it was written."""
    words = gw.LanguageModel("word", hidden_size=4, window=5, batch_size=2, epochs=1, progress=False)
    words.fit("the cat sat on the mat\n" * 20)
    _, lines = by_row(search_report(words, "the cat sat on the mat\nthe cat sat on the mat", (8, 9)))
    assert lines[0] == "marked: sat on the mat ⏎ the»cat«sat on the mat"


def test_what_units_follow_and_cost(model, tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT, encoding="utf-8")
    facts, lines = by_row(meanings_report(model, read_corpus(model, path)))
    spaces = next(each for each in facts["meanings"] if each["feature"] == "white space")
    assert spaces["unit"] == 1
    assert spaces["sought"] == pytest.approx(1)
    assert spaces["held_out"] == pytest.approx(1)
    assert spaces["cost"] == pytest.approx(ablation_cost(model, TEXT, 1).mean())
    assert facts["steps"] == len(TEXT)
    assert lines[-1] == "costs: over the first 20,000 characters"
    assert "inside quotes" in facts["features"]
    (line,) = [line for line in lines if "white space" in line]
    assert line.split() == [
        *("1", "white", "space", "+1.00", "+1.00", "absent", "it", "costs"),
        *(f"{spaces['cost']:+.4f}", "nats", "a", "token"),
    ]


def test_units_that_follow_nothing(tmp_path):
    model = gw.LanguageModel(hidden_size=3, num_layers=2, window=10, batch_size=2, epochs=1, progress=False)
    model.fit(TEXT)
    model.network_.parameters.vector[...] = 0
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT + "Ω", encoding="utf-8")
    facts, lines = by_row(meanings_report(model, read_corpus(model, path, 0)))
    assert facts["meanings"] == []
    assert lines[0] == f"{len(TEXT) + 1} steps read, 1 of them unknown to the model"
    assert lines[1].startswith(
        "No unit of layer 1 follows any of these on their second half: inside quotes, "
    )


def daily(seed, count=400):
    """A wave of a week in some noise."""
    steps = np.arange(count)
    noise = np.random.default_rng(seed).normal(0, 0.3, count)
    return {"ds": MONDAY + steps, "y": 2 * np.sin(2 * np.pi * steps / 7) + noise}


@pytest.fixture(scope="module")
def forecaster():
    model = gw.Forecaster(
        horizon=7,
        patch_size=1,
        context_length=21,
        hidden_size=8,
        calendar=False,
        epochs=2,
        steps_per_epoch=20,
        progress=False,
    )
    return model.fit(daily(0))


def test_what_units_of_a_forecaster_follow(forecaster, tmp_path):
    path = tmp_path / "days.csv"
    data = daily(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["ds", "y"], *zip(map(str, data["ds"]), data["y"], strict=True)])
    facts, lines = by_row(meanings_report(forecaster, read_corpus(forecaster, path)))
    week = next(each for each in facts["meanings"] if each["feature"] == "day of the week")
    assert week["held_out"] > 0.8
    assert "cost" not in week
    assert facts["steps"] == 400 - 21 + 1
    assert any("day of the week" in line and f"{week['held_out']:+.2f}" in line for line in lines)
    assert not any("forecaster" in line or "training" in line for line in lines)


def test_what_is_to_be_known_of_a_series_is_said(forecaster):
    facts, lines = by_row(meanings_report(forecaster, read_corpus(forecaster)))
    assert facts["steps"] == 21 - 10 + 1
    assert "Only the last context of the training was read" in lines[-1]

    told = gw.Forecaster(horizon=7, hidden_size=4, epochs=1, steps_per_epoch=2, progress=False).fit(daily(0))
    assert (
        "The forecaster is told the time of the week, whatever the series."
        in meanings_report(told, read_corpus(told))[1]
    )

    counted = gw.Forecaster(horizon=7, hidden_size=4, epochs=1, steps_per_epoch=2, progress=False)
    facts, lines = by_row(meanings_report(counted.fit(daily(0)["y"]), read_corpus(counted)))
    assert facts["features"] == ["position in the series"]
    assert "The steps have no dates, and so nothing of the calendar was compared." in lines


def test_meanings_that_cannot_be_sought(model, forecaster, tmp_path):
    with pytest.raises(ArgumentError, match="--corpus is missing; expected a text file"):
        read_corpus(model)
    path = tmp_path / "corpus.txt"
    path.write_text("the cat", encoding="utf-8")
    with pytest.raises(ArgumentError, match="7 steps; expected at least 8: give a longer one"):
        meanings_report(model, read_corpus(model, path))
    with pytest.raises(DataError, match=r"none\.csv' does not exist"):
        read_corpus(forecaster, tmp_path / "none.csv")
    with pytest.raises(ArgumentError, match="this network has 1 layers"):
        read_corpus(forecaster, None, 1)
    with pytest.raises(ArgumentError, match="model is a SequenceTagger; expected a fitted LanguageModel or"):
        read_corpus(gw.SequenceTagger())
