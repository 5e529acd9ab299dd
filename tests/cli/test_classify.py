"""Classifiers on the command line do what they do in Python, from a file to a model to labels."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from gatewise import SequenceClassifier, load
from gatewise.cli import main
from gatewise.data import read_labelled_texts, read_ts
from tests.cli.command import options

TINY = {"hidden_size": 8, "embedding_size": 6, "epochs": 3, "batch_size": 8, "learning_rate": 0.01}
TEXTS = [
    ("good", "a fine film"),
    ("bad", "a dull film"),
    ("good", "fine , fine acting"),
    ("bad", "so dull"),
] * 6


def outputs(capsys, *arguments):
    """Standard output and error of a command that succeeds."""
    code = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out, err


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "train.txt"
    path.write_text("".join(f"{label} {text}\n" for label, text in TEXTS), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    rng = np.random.default_rng(0)
    cases = []
    for k in range(24):
        channels = rng.normal(size=(2, rng.integers(3, 6))) + k % 2
        cases.append(":".join(",".join(f"{value:.3f}" for value in each) for each in channels) + f":c{k % 2}")
    path = tmp_path_factory.mktemp("series") / "train.ts"
    path.write_text("@classLabel true c0 c1\n@data\n" + "\n".join(cases) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["lines", "series"])
def test_training_is_training_in_python(kind, request, tmp_path, capsys):
    data, path = request.getfixturevalue(kind), tmp_path / "m.safetensors"
    settings = {**TINY, "pooling": "attention", "seed": 3}
    out, err = outputs(
        capsys, "train", "classify", data, "-o", path, *options(**settings), "--no-bidirectional"
    )
    saved, *_, verdict, found = out.splitlines()
    assert saved == f"saved {path} (0.0 MB); measure it: gatewise evaluate {path} FILE"
    assert found.startswith("24 sequences of 2 classes: ")
    assert err.count("validation loss") == 4
    X, y = read_ts(data) if kind == "series" else read_labelled_texts(data)
    expected = SequenceClassifier(**settings, bidirectional=False, progress=False).fit(X, y)
    model = load(path)
    assert verdict == model.verdict_.words == expected.verdict_.words
    assert model.get_params() == expected.get_params()
    np.testing.assert_array_equal(model.network_.parameters.vector, expected.network_.parameters.vector)


def test_a_table_and_lines_make_the_same_model(lines, tmp_path, capsys):
    table = tmp_path / "train.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("label", "text"), *TEXTS])
    vectors = []
    for data in (lines, table):
        path = tmp_path / f"{data.suffix[1:]}.safetensors"
        outputs(capsys, "train", "classify", data, "-o", path, *options(**TINY), "--validation", lines)
        vectors.append(load(path).network_.parameters.vector)
    np.testing.assert_array_equal(*vectors)


@pytest.mark.parametrize(
    ("option", "expected"),
    [("none", None), ("balanced", "balanced"), ("good=2,bad=0.5", {"good": 2, "bad": 0.5})],
)
def test_class_weights(option, expected, lines, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    outputs(capsys, "train", "classify", lines, "-o", path, f"--class-weight={option}", *options(**TINY))
    assert load(path).class_weight == expected


@pytest.fixture
def model_path(lines, tmp_path):
    path = tmp_path / "m.safetensors"
    SequenceClassifier(**TINY, progress=False).fit(*read_labelled_texts(lines)).save(path)
    return path


def test_measuring(model_path, lines, capsys):
    expected = load(model_path).evaluate(*read_labelled_texts(lines))
    out, _ = outputs(capsys, "evaluate", model_path, lines, "--json")
    assert json.loads(out) == expected
    out, _ = outputs(capsys, "evaluate", model_path, lines)
    assert out.splitlines()[0] == f"accuracy   {expected['accuracy']:.4f}"
    assert out.splitlines()[2:4] == [
        "sequences  24",
        "baseline   0.5000 accuracy of the class that is most frequent here",
    ]
    bad, good = out.splitlines()[-2:]
    found = [expected["classes"][0][name] for name in ("precision", "recall", "f1")]
    assert bad.split()[1:4] == ["none" if each is None else f"{each:.4f}" for each in found]
    assert list(map(int, good.split()[-2:])) == expected["classes"][1]["predicted_as"]


def test_labels_for_a_file(model_path, tmp_path, capsys):
    path = tmp_path / "new.txt"
    path.write_text("fine film\n\na dull one\n", encoding="utf-8")
    out, _ = outputs(capsys, "predict", model_path, path)
    rows = list(csv.DictReader(io.StringIO(out)))
    model = load(model_path)
    proba = model.predict_proba(["fine film", "a dull one"])
    first, second = model.predict(["fine film", "a dull one"]).tolist()
    assert [row["row"] for row in rows] == ["1", "2", "3"]
    assert [row["label"] for row in rows] == [first, "", second]
    assert [float(row["p(good)"] or "nan") for row in rows] == pytest.approx(
        [proba[0, 1], np.nan, proba[1, 1]], abs=0, nan_ok=True
    )
    out, _ = outputs(capsys, "predict", model_path, path, "--json")
    assert [json.loads(line)["p(bad)"] for line in out.splitlines()] == [proba[0, 0], None, proba[1, 0]]


def test_labels_for_series(series, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    outputs(capsys, "train", "classify", series, "-o", path, *options(**TINY))
    out, _ = outputs(capsys, "predict", path, series)
    predicted = load(path).predict(read_ts(series).X).tolist()
    assert [row["label"] for row in csv.DictReader(io.StringIO(out))] == predicted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "MODEL"], "DATA is missing: a classifier needs a file of series or texts."),
        (["predict", "MODEL", "LINES"], "every line begins with a label"),
        (["evaluate", "MODEL", "SERIES"], "holds series of numbers; expected texts, on which"),
        (["train", "classify", "LINES", "-o", "OUT", "--class-weight=good"], "'good' is no weight"),
        (["train", "classify", "LINES", "-o", "OUT", "--class-weight=better=2"], "the label 'better'"),
        (["train", "classify", "UNLABELLED", "-o", "OUT"], "has no labels; expected a .ts file"),
        (
            ["train", "classify", "TABLE", "-o", "OUT"],
            "error: a column 'text' is needed, but '",
        ),
        (
            ["train", "classify", "TABLE", "-o", "OUT"],
            "has the columns label, review; rename one of them, or name the one that is meant with --text",
        ),
        (["predict", "MODEL", "TABLE"], "error: a column 'text' is needed, but '"),
        (["train", "classify", "nowhere.txt", "-o", "OUT"], "'nowhere.txt' does not exist"),
    ],
)
def test_bad_input_is_one_line(arguments, message, model_path, lines, series, tmp_path, capsys):
    unlabelled = tmp_path / "u.ts"
    unlabelled.write_text("@data\n1,2\n", encoding="utf-8")
    names = {"MODEL": model_path, "LINES": lines, "SERIES": series, "UNLABELLED": unlabelled}
    names["TABLE"] = tmp_path / "table.csv"
    names["TABLE"].write_text("label,review\n1,fine\n", encoding="utf-8")
    names["OUT"] = tmp_path / "out.safetensors"
    assert main([str(names.get(each, each)) for each in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gatewise: error: ")
    assert message in err
    assert err.count("\n") == 1
