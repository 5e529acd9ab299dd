"""A command that is given a file of another kind says what the file is."""

from __future__ import annotations

import pytest

from gatewise.cli import main
from tests.cli.command import outputs
from tests.data.kinds import BINARY, CLASSES, KINDS, MARKED, SERIES, TEXTS, arff, series_lines, ts

TINY = ["--hidden-size=4", "--epochs=1"]
TAKES = {
    "text": set(MARKED) | {"conll", "conllu"},
    "classify": {"ts", "arff", "numbers", "parquet"},
    "tag": {"conll", "conllu"},
    "translate": set(),
    "forecast": set(),
}


@pytest.mark.parametrize("task", TAKES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("parquet", "numbers")])
def test_training(task, kind, tmp_path, capsys):
    if kind in TAKES[task]:
        return
    told, content = KINDS[kind]
    path = tmp_path / "data.txt"
    path.write_bytes(content)
    assert main(["train", task, str(path), "-o", str(tmp_path / "m.safetensors"), *TINY]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"gatewise: error: {str(path)!r} is ")
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("task", ["text", "tag", "translate", "forecast"])
@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.txt"])
def test_a_table_of_numbers_is_for_classifiers(task, name, tmp_path, capsys):
    path = tmp_path / name
    path.write_text(series_lines("," if name == "a.csv" else "\t"), encoding="utf-8")
    assert main(["train", task, str(path), "-o", str(tmp_path / "m.safetensors"), *TINY]) == 2
    err = capsys.readouterr().err
    assert "numbers" in err
    assert ("gatewise train classify" in err) == (task != "forecast")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", series_lines()),
        ("a.csv", series_lines(",")),
        ("a.txt", series_lines("  ", "{}.0e+00".format)),
        ("a.arff", arff()),
        ("a.ts", ts()),
    ],
    ids=["tsv", "csv", "spaces", "arff", "ts"],
)
def test_classifiers_learn_series_as_numbers(name, content, tmp_path, capsys):
    """As words all of them would be unknown to each other."""
    path, model = tmp_path / name, tmp_path / "m.safetensors"
    path.write_text(content, encoding="utf-8")
    options = ["--hidden-size=8", "--epochs=30", "--learning-rate=0.02"]
    out, _ = outputs(capsys, "train", "classify", path, "-o", model, *options)
    assert "24 sequences of 2 classes: 1 (12), 2 (12)" in out
    out, _ = outputs(capsys, "evaluate", model, path)
    assert float(out.split()[1]) > 0.9
    out, err = outputs(capsys, "predict", model, path)
    found = [line.split(",")[1] for line in out.splitlines()[1:]]
    assert sum(map(str.__eq__, found, CLASSES)) > 0.9 * len(SERIES)
    assert ("holds labels, which are not read" in err) == (name in ("a.tsv", "a.csv", "a.txt"))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "films.csv"
    path.write_text("label,text\n" + "".join(f"{each},{text}\n" for each, text in TEXTS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(films):
    path = films.with_name("m.safetensors")
    assert main(["train", "classify", str(films), "-o", str(path), *TINY]) == 0
    return path


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize("kind", [*BINARY, *MARKED, "numbers", "conll", "tsf"])
def test_a_model_of_texts(command, kind, model, tmp_path, capsys):
    if kind == "parquet":
        return
    told, content = KINDS[kind]
    path = tmp_path / "data.txt"
    path.write_bytes(content)
    capsys.readouterr()
    assert main([command, str(model), str(path)]) == 2
    assert told in capsys.readouterr().err


def test_a_model_in_the_place_of_data_and_data_in_the_place_of_a_model(model, films, tmp_path, capsys):
    capsys.readouterr()
    assert main(["predict", str(films), str(model)]) == 2
    err = capsys.readouterr().err
    assert f"{str(films)!r} is a CSV table. Expected a model or checkpoint" in err
    assert "a command takes its model first, and its data after it" in err
    assert main(["train", "text", str(model), "-o", str(tmp_path / "n.safetensors")]) == 2
    assert "m.safetensors' is a model file; expected a text file." in capsys.readouterr().err
    for kind in ("npz", "torch", "hdf5", "json"):
        told, content = KINDS[kind]
        path = tmp_path / "m.safetensors"
        path.write_bytes(content)
        for command in (["generate", path], ["evaluate", path, films], ["magnify", path, "--text=a"]):
            assert main([*map(str, command)]) == 2
            assert f"is {told}" in capsys.readouterr().err


def test_a_language_model_may_learn_marks_and_says_so(tmp_path, capsys):
    path = tmp_path / "page.html"
    path.write_bytes(MARKED["html"][1] * 9)
    command = ["train", "text", path, "-o", tmp_path / "m.safetensors", *TINY, "--window=8", "--batch-size=2"]
    _, err = outputs(capsys, *command)
    assert f"note: {str(path)!r} is an HTML page; it is learnt as it is written, with its marks.\n" in err
