"""Notes on the data stand where forecasts' notes stand: after the model is saved, and as an event in JSON."""

from __future__ import annotations

import pytest

from tests.cli.command import json_lines, outputs

FILES = {
    "classify": ("films.txt", "good a fine film\nbad a dull one\n"),
    "tag": ("words.txt", "a A\nb B\n\n"),
    "translate": ("pairs.tsv", "ein Hund\ta dog\n"),
}
NOTE = "nothing is held out to measure on, for --validation-fraction 0.1 of so little is none"


def train(task, times, folder):
    name, example = FILES[task]
    (folder / name).write_text(example * times, encoding="utf-8")
    return "train", task, folder / name, "-o", folder / "m.safetensors", "--hidden-size=4", "--epochs=1"


@pytest.mark.parametrize("task", FILES)
def test_a_note_follows_the_saved_model(task, tmp_path, capsys):
    out = outputs(capsys, *train(task, 4, tmp_path)).out.splitlines()
    assert out[0].startswith("saved ")
    assert out[1].startswith(f"note: {NOTE}")


@pytest.mark.parametrize("task", FILES)
def test_where_there_is_none_nothing_is_said(task, tmp_path, capsys):
    assert "note: " not in outputs(capsys, *train(task, 20, tmp_path)).out
    events = [each["event"] for each in json_lines(outputs(capsys, *train(task, 20, tmp_path), "--json").out)]
    assert "notes" not in events


@pytest.mark.parametrize("task", FILES)
def test_in_json_it_is_an_event(task, tmp_path, capsys):
    events = json_lines(outputs(capsys, *train(task, 4, tmp_path), "--json").out)
    [told] = [each for each in events if each["event"] == "notes"]
    assert [note[: len(NOTE)] for note in told["notes"]] == [NOTE]
    assert [each["event"] for each in events].index("saved") == events.index(told) + 1


def test_a_forecasters_notes_are_told_once(tmp_path, capsys):
    (tmp_path / "y.csv").write_text("ds,y\n" + "".join(f"{k},{k % 4}\n" for k in range(60) if k != 30))
    options = ["--horizon=2", "--season-length=4", "--hidden-size=4", "--epochs=1", "--steps-per-epoch=2"]
    path = tmp_path / "m.safetensors"
    out = outputs(capsys, "train", "forecast", tmp_path / "y.csv", "-o", path, *options).out
    assert out.count("note: ") == 1
    told = json_lines(
        outputs(capsys, "train", "forecast", tmp_path / "y.csv", "-o", path, *options, "--json").out
    )
    assert "notes" not in [each["event"] for each in told]
