"""``--json`` is JSON: one object where that is the answer, one a line for rows and events; letters stay."""

from __future__ import annotations

import json
import subprocess

import pytest

from gatewise import LanguageModel
from gatewise.cli import main
from tests.cli.command import GATEWISE, TINY, environment, json_lines, options, outputs

SMALL = options(hidden_size=8, epochs=1, batch_size=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Models whose answers have letters beyond ASCII, and what they read."""
    folder = tmp_path_factory.mktemp("json")

    def train(task, name, content, *more):
        (folder / name).write_text(content, encoding="utf-8")
        model = folder / f"{task}.safetensors"
        assert main(["train", task, str(folder / name), "-o", str(model), *SMALL, *more]) == 0

    rows = [f"{city},{day},{day % 5}\n" for city in ("Zürich", "Łódź") for day in range(60)]
    train("forecast", "cities.csv", "unique_id,ds,y\n" + "".join(rows), "--horizon=5", "--steps-per-epoch=2")
    train("classify", "sizes.csv", "label,text\n" + "groß,viel davon\nübrig,nichts davon\n" * 20)
    train("tag", "words.txt", "la\tDÉT\nmaïs\tNOM\n\n" * 20)
    train("translate", "pairs.tsv", "the 山\tder 山\nthe ocean\tdas Meer\n" * 20, "--min-count=1")
    (folder / "sources.txt").write_text("the 山\n", encoding="utf-8")
    LanguageModel(**TINY, epochs=1, progress=False).fit("Äpfel, Öl, Übung 😀. " * 60).save(
        folder / "text.safetensors"
    )
    return folder


LETTERS = {
    "predict forecast.safetensors": "Zürich",
    "predict classify.safetensors sizes.csv": "groß",
    "evaluate classify.safetensors sizes.csv": "übrig",
    "predict tag.safetensors words.txt": "maïs",
    "evaluate tag.safetensors words.txt": "accuracy",
    "predict translate.safetensors sources.txt": "山",
    "generate text.safetensors --max-tokens=2 --prompt=Öl😀": "Öl😀",
    "magnify text.safetensors --text=Übung": "5",
}
"""Commands, and what stands in their answers."""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252", "koi8-r"])
@pytest.mark.parametrize("line", LETTERS)
def test_letters_are_letters_where_the_encoding_has_them(line, encoding, folder):
    run = [*GATEWISE, *line.split(), "--json"]
    done = subprocess.run(
        run, capture_output=True, cwd=folder, env=environment() | {"PYTHONIOENCODING": encoding}, check=True
    )
    text = done.stdout.decode(encoding)
    found = json_lines(text)
    if not line.startswith("predict"):
        assert len(found) == 1
    assert LETTERS[line] in json.dumps(found, ensure_ascii=False)
    if encoding == "utf-8":
        assert LETTERS[line] in text
        assert "\\u" not in text
    assert done.stderr == b""


@pytest.mark.parametrize("name", ["forecast", "classify"])
def test_a_file_called_json_is_one_array_and_one_called_jsonl_is_lines(name, folder, tmp_path, capsys):
    asked = [
        "predict",
        folder / f"{name}.safetensors",
        *([folder / "sizes.csv"] if name == "classify" else []),
    ]
    lines = outputs(capsys, *asked, "--json").out
    rows = json_lines(lines)
    for ending in ("json", "jsonl", "JSON"):
        path = tmp_path / f"rows.{ending}"
        [told] = json_lines(outputs(capsys, *asked, "--json", "-o", path).out)
        assert told == {"path": str(path), "rows": len(rows)}
        text = path.read_text(encoding="utf-8")
        assert text == lines if ending == "jsonl" else json.loads(text) == rows
        assert "\\u" not in text


def test_a_file_of_json_needs_the_option(folder, tmp_path, capsys):
    assert main(["predict", str(folder / "forecast.safetensors"), "-o", str(tmp_path / "x.json")]) == 2
    assert "For JSON give --json too" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "iso8859-1", "cp437"])
def test_text_that_the_encoding_lacks_is_told_of_once(encoding, folder):
    """A table in a pipe would otherwise hold other ids than the data, and nobody would know."""
    done = subprocess.run(
        [*GATEWISE, "predict", "forecast.safetensors"],
        capture_output=True,
        cwd=folder,
        env=environment() | {"PYTHONIOENCODING": encoding},
        check=True,
    )
    assert "\\u0141" in done.stdout.decode(encoding)
    [note] = done.stderr.decode().splitlines()
    assert note.startswith(f"note: standard output is in {encoding}, which lacks some of these letters")
    assert "PYTHONIOENCODING=utf-8" in note


@pytest.mark.parametrize("arguments", [["info"], ["info", "--explain"], ["lab"]])
def test_other_answers_are_json_too(arguments, capsys):
    found = json_lines(outputs(capsys, *arguments, "--json").out)
    assert len(found) == (14 if arguments == ["lab"] else 1)
