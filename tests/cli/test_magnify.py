"""``gatewise magnify``: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import gatewise as gw
from gatewise.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of each kind, and a file of sequences for it."""
    folder = tmp_path_factory.mktemp("models")
    options = {"hidden_size": 8, "epochs": 1, "progress": False}
    text = gw.LanguageModel(num_layers=2, window=10, batch_size=2, **options)
    text.fit("the cat sat on the mat. " * 10).save(folder / "text.safetensors")
    texts = ["good film", "bad film", "very good", "very bad"] * 6
    labels = ["1", "0", "1", "0"] * 6
    classifier = gw.SequenceClassifier(level="word", bidirectional=True, **options).fit(texts, labels)
    classifier.save(folder / "films.safetensors")
    (folder / "films.txt").write_text("good film\nvery bad film\n", encoding="utf-8")
    sentences, tags = [["the", "cat", "sat"]] * 20, [["D", "N", "V"]] * 20
    gw.SequenceTagger(**options).fit(sentences, tags).save(folder / "tags.safetensors")
    (folder / "tags.txt").write_text("the\ncat\nsat\n\nthe\ncat\n", encoding="utf-8")
    return folder


def test_a_text_and_a_summary(folder, capsys):
    assert main(["magnify", str(folder / "text.safetensors"), "--text", "the mat sat"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("the mat sat\n")
    inside = gw.magnify(gw.load(folder / "text.safetensors"), "the mat sat")
    assert inside.summary() in out
    cells = np.tanh(inside.layer(1).arrays["c"])
    assert f"coloured by unit {cells.std(axis=0).argmax()} of layer 2" in out
    assert "\x1b" not in out, "no colours in a pipe"


def test_colours_on_a_terminal_follow_the_unit(folder, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    path = folder / "text.safetensors"
    assert main(["magnify", str(path), "--text", "the mat", "--layer", "1", "--unit", "3"]) == 0
    out = capsys.readouterr().out.splitlines()[0]
    values = np.tanh(gw.magnify(gw.load(path), "the mat").layer(0).arrays["c"][:, 3])
    for label, value in zip("the mat", values, strict=True):
        end = (230, 159, 0) if value > 0 else (0, 114, 178)
        rgb = ";".join(str(round(255 + (each - 255) * abs(float(value)))) for each in end)
        assert f"48;2;{rgb}m{label}" in out


def test_numbers_for_machines(folder, capsys):
    assert main(["magnify", str(folder / "text.safetensors"), "--text", "the mat", "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["steps"] == 7
    assert [each["layer"] for each in found["layers"]] == [1, 2]
    assert len(found["rests_on"]) == 7
    assert 0 <= found["layers"][0]["f_open"] <= 1


def test_all_numbers_in_a_file(folder, tmp_path, capsys):
    target = tmp_path / "inside.csv"
    path = str(folder / "text.safetensors")
    assert main(["magnify", path, "--text", "the mat", "--output", str(target)]) == 0
    assert "wrote 112 rows" in capsys.readouterr().out
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7 * 2 * 8
    inside = gw.magnify(gw.load(path), "the mat")
    assert float(rows[-1]["c"]) == pytest.approx(float(inside["c"][-1, -1]))


@pytest.mark.parametrize(
    ("model", "arguments", "words"),
    [
        ("films", ["--data", "films.txt", "--row", "2"], "very bad film"),
        ("films", ["--text", "good film"], "good film"),
        ("tags", ["--data", "tags.txt", "--row", "2"], "the cat"),
        ("tags", ["--text", "the cat sat"], "the cat sat"),
    ],
)
def test_classifiers_and_taggers(folder, capsys, monkeypatch, model, arguments, words):
    monkeypatch.chdir(folder)
    assert main(["magnify", f"{model}.safetensors", *arguments]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].rstrip() == words
    assert "from the end: input gates open" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --text, or --data with a file"),
        (["--text", "x", "--data", "films.txt"], "give either --text, or --data with a file"),
        (["--text", ""], "the text '' has no tokens"),
        (["--text", "THE"], "3 symbols that the model does not know"),
        (["--text", "the", "--unit", "8"], "--unit=8; expected 0 to 7"),
        (["--text", "the", "--layer", "3"], "this network has 2 layers"),
        (["--text", "the", "--layer", "-1"], "--layer=-1; expected 0 for the top one"),
        (["--text", "the", "--output", "page.xlsx"], "expected a name that ends in .csv or .parquet"),
        (["--data", "films.txt", "--row", "3"], "--row=3, but 'films.txt' has 2 sequences; expected 1 to 2"),
        (["--data", "none.txt"], "none.txt"),
    ],
)
def test_bad_input_is_one_line(folder, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    assert main(["magnify", "text.safetensors", *arguments]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert out == ""
