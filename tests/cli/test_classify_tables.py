"""What a table has beside its texts or series comes through `predict`, and every row keeps its place."""

from __future__ import annotations

import csv
import io
import json

import pytest
from pyarrow import parquet

from gatewise import SequenceClassifier, load
from gatewise.cli import main
from tests.cli.command import outputs
from tests.data.kinds import CLASSES, SERIES, TEXTS

TINY = ["--hidden-size=4", "--embedding-size=4", "--epochs=2", "--batch-size=8"]
GOOD, BAD = "a fine film", "so dull"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    labels, texts = zip(*TEXTS, strict=True)
    sizes = {"hidden_size": 8, "embedding_size": 6, "epochs": 20, "batch_size": 8, "learning_rate": 0.02}
    SequenceClassifier(**sizes, progress=False).fit(list(texts), list(labels)).save(path)
    return path


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "reviews.csv"
    rows = ["key,stars,review,site", f'a1,good,"{GOOD}",x', 'b2,bad,"",y', f"c3,bad,{BAD},x", "d4,good, ,z"]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


NAMES = ["--text", "review", "--label", "stars", "--id", "key"]


def rows_of(out):
    return list(csv.DictReader(io.StringIO(out)))


def test_ids_and_kept_columns_come_through(model, table, capsys):
    out, err = outputs(capsys, "predict", model, table, *NAMES, "--keep", "site", "--keep", "stars")
    rows = rows_of(out)
    assert list(rows[0]) == ["row", "key", "site", "stars", "label", "p(bad)", "p(good)"]
    assert [row["key"] for row in rows] == ["a1", "b2", "c3", "d4"]
    assert [row["site"] for row in rows] == ["x", "y", "x", "z"]
    first, third = load(model).predict([GOOD, BAD]).tolist()
    assert [row["label"] for row in rows] == [first, "", third, ""]
    assert [row["p(bad)"] == "" for row in rows] == [False, True, False, True]
    assert err == "note: 2 of 4 texts are empty, and so are their labels: row 2, 4\n"


def test_all_columns_come_through_and_none_hides_the_answer(model, tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text(f"id,label,text,row\n7,good,{GOOD},x\n8,bad,{BAD},y\n", encoding="utf-8")
    out, _ = outputs(capsys, "predict", model, path, "--keep", "all")
    rows = rows_of(out)
    assert list(rows[0]) == ["row", "id", "given_label", "text", "given_row", "label", "p(bad)", "p(good)"]
    assert [(row["id"], row["given_label"], row["given_row"]) for row in rows] == [
        ("7", "good", "x"),
        ("8", "bad", "y"),
    ]
    assert [row["label"] for row in rows] == load(model).predict([GOOD, BAD]).tolist()


def test_json_and_parquet_have_nothing_where_a_label_is_empty(model, table, tmp_path, capsys):
    out, _ = outputs(capsys, "predict", model, table, *NAMES, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["key"] for row in rows] == ["a1", "b2", "c3", "d4"]
    assert rows[1]["label"] is None
    assert rows[1]["p(good)"] is None
    outputs(capsys, "predict", model, table, *NAMES, "-o", tmp_path / "out.parquet")
    found = parquet.read_table(tmp_path / "out.parquet").to_pydict()
    assert found["label"][1] is None
    assert found["key"] == ["a1", "b2", "c3", "d4"]
    # What was written can be read again, with its ids and its empty texts.
    again = tmp_path / "again.parquet"
    columns = {"key": found["key"], "review": [GOOD, None, BAD, ""]}
    import pyarrow

    parquet.write_table(pyarrow.table(columns), again)
    out, err = outputs(capsys, "predict", model, again, "--text", "review", "--id", "key")
    assert [row["label"] for row in rows_of(out)] == [row["label"] or "" for row in rows]
    assert "2 of 4 texts are empty" in err


@pytest.mark.parametrize("least", [0.0, 0.6, 0.999999])
def test_what_is_less_sure_has_no_label(least, model, tmp_path, capsys):
    path = tmp_path / "t.txt"
    texts = [GOOD, BAD, "film", "acting so"]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    out, err = outputs(capsys, "predict", model, path, "--min-confidence", least)
    loaded = load(model)
    sure = loaded.predict_proba(texts).max(axis=1)
    expected = [label if p >= least else "" for label, p in zip(loaded.predict(texts), sure, strict=True)]
    rows = rows_of(out)
    assert [row["label"] for row in rows] == expected
    assert [float(row["p(bad)"]) for row in rows] == loaded.predict_proba(texts)[:, 0].tolist()
    unsure = expected.count("")
    assert (f"note: {unsure} of 4 labels are left empty, for they are less sure than" in err) == bool(unsure)


@pytest.mark.parametrize("text", [f"{GOOD}\n\n{BAD}\n", f"\n{GOOD}\n{BAD}\n\n\n", "\n\n"])
def test_a_blank_line_keeps_its_row(text, model, tmp_path, capsys):
    path = tmp_path / "t.txt"
    path.write_text(text, encoding="utf-8")
    if not text.strip():
        assert main(["predict", str(model), str(path)]) == 2
        assert "has blank lines only; expected texts" in capsys.readouterr().err
        return
    out, err = outputs(capsys, "predict", model, path)
    lines = text.rstrip("\n").split("\n")
    assert [row["label"] == "" for row in rows_of(out)] == [not line for line in lines]
    assert "1 of 3 texts are empty" in err


def test_a_table_of_empty_texts_alone(model, tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text('id,text\n1,""\n2," "\n', encoding="utf-8")
    out, _ = outputs(capsys, "predict", model, path)
    assert [(row["id"], row["label"]) for row in rows_of(out)] == [("1", ""), ("2", "")]


def test_training_and_measuring_by_the_same_names(table, tmp_path, capsys):
    path, data = tmp_path / "m.safetensors", tmp_path / "full.csv"
    rows = [f"k{k},{label},{text},x" for k, (label, text) in enumerate(TEXTS)]
    data.write_text("key,stars,review,site\n" + "\n".join(rows) + "\n", encoding="utf-8")
    names = [*NAMES, "--keep", "site"]
    out, _ = outputs(capsys, "train", "classify", data, "-o", path, *TINY, *names, "--validation", data)
    assert "24 sequences of 2 classes: good (12), bad (12)" in out
    out, _ = outputs(capsys, "evaluate", path, data, *names, "--json")
    labels, texts = zip(*TEXTS, strict=True)
    assert json.loads(out) == load(path).evaluate(list(texts), list(labels))


@pytest.mark.parametrize("classes", [(1, 0), (True, False), ("1", "0")])
def test_classes_of_python_are_known_as_they_are_written(classes, tmp_path, capsys):
    path, data = tmp_path / "m.safetensors", tmp_path / "t.csv"
    labels = [classes[0] if label == "good" else classes[1] for label, _ in TEXTS]
    texts = [text for _, text in TEXTS]
    SequenceClassifier(hidden_size=4, epochs=1, progress=False).fit(texts, labels).save(path)
    rows = [f"{label},{text}" for label, text in zip(labels, texts, strict=True)]
    data.write_text("\n".join(["label,text", *rows]) + "\n", encoding="utf-8")
    out, _ = outputs(capsys, "evaluate", path, data, "--json")
    assert json.loads(out) == load(path).evaluate(texts, labels)
    data.write_text("label,text\nbest,a film\n", encoding="utf-8")
    assert main(["evaluate", str(path), str(data)]) == 2
    assert "t.csv' has the label 'best', which is no class of the training data" in capsys.readouterr().err


def test_tables_without_a_header(model, tmp_path, capsys):
    path, data = tmp_path / "m.safetensors", tmp_path / "full.tsv"
    data.write_text("".join(f"k{k}\t{text}\t{label}\n" for k, (label, text) in enumerate(TEXTS)), "utf-8")
    names = ["--no-header", "--text", "2", "--label", "3", "--id", "1"]
    out, _ = outputs(capsys, "train", "classify", data, "-o", path, *TINY, *names)
    assert "24 sequences of 2 classes: good (12), bad (12)" in out
    out, _ = outputs(capsys, "predict", path, data, *names, "--keep", "3")
    rows = rows_of(out)
    assert [row["1"] for row in rows] == [f"k{k}" for k in range(24)]
    assert [row["3"] for row in rows] == [label for label, _ in TEXTS]
    out, _ = outputs(capsys, "evaluate", path, data, *names)
    assert "sequences  24" in out


def test_magnify_reads_them_too(model, tmp_path, capsys):
    seen = []
    for first, more in (("label,text\n", []), ("", ["--no-header"])):
        data = tmp_path / "t.csv"
        data.write_text(first + "".join(f"{label},{text}\n" for label, text in TEXTS), encoding="utf-8")
        seen.append(outputs(capsys, "magnify", model, "--data", data, *more, "--row", 3, "--json").out)
    assert seen[0] == seen[1]


def test_series_with_ids_and_other_columns(tmp_path, capsys):
    path, data = tmp_path / "m.safetensors", tmp_path / "walks.csv"
    head = ",".join(["who", "move", "age", *(f"t{k}" for k in range(8))])
    rows = [
        ",".join([f"p{k}", CLASSES[k], str(30 + k), *map(str, series)]) for k, series in enumerate(SERIES)
    ]
    data.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    names = ["--id", "who", "--label", "move", "--keep", "age"]
    outputs(capsys, "train", "classify", data, "-o", path, "--hidden-size=4", "--epochs=2", *names)
    model = load(path)
    assert model.n_features_in_ == 1
    out, _ = outputs(capsys, "predict", path, data, *names)
    found = rows_of(out)
    assert [row["label"] for row in found] == model.predict(SERIES[..., None]).tolist()
    assert [(row["who"], row["age"]) for row in found] == [(f"p{k}", str(30 + k)) for k in range(24)]
    out, _ = outputs(capsys, "magnify", path, "--data", write_plain(data), "--row", 2, "--json")
    assert json.loads(out)["steps"] == 8


def write_plain(data):
    """The series alone, for a command that takes no names of columns."""
    path = data.with_name("plain.csv")
    path.write_text("\n".join(",".join(map(str, series)) for series in SERIES), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--text", "texts"],
            "--text texts, but 'reviews.csv' has the columns key, stars, review, site; expected",
        ),
        (["--text", "review", "--keep", "sites"], "--keep sites, but 'reviews.csv' has the columns key, "),
        (["--text", "review", "--id", "no"], "--id no, but 'reviews.csv' has the columns key, stars"),
        (
            [],
            "a column 'text' is needed, but 'reviews.csv' has the columns key, stars, rev",
        ),
        (
            ["--text", "review", "--min-confidence", "80"],
            "--min-confidence 80.0; expected a number of at least 0 and at most 1, or leave it out.",
        ),
        (["--text", "review", "--min-confidence", "nan"], "--min-confidence nan; expected a finite number"),
        (
            ["--text", "review", "--min-confidence=-0.1"],
            "--min-confidence -0.1; expected a number of at least 0",
        ),
    ],
)
def test_bad_options_are_one_line(arguments, message, model, table, monkeypatch, capsys):
    monkeypatch.chdir(table.parent)
    assert main(["predict", str(model), "reviews.csv", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("option", ["--label=a", "--id=a", "--keep=a"])
def test_options_of_classifiers_are_for_them_only(option, model_path, page, capsys):
    """`model_path` is a language model's, which predicts nothing."""
    from gatewise import SequenceTagger

    path = page.with_name("tagger.safetensors")
    SequenceTagger(hidden_size=4, epochs=1, progress=False).fit([["go", "now"]] * 8, [["V", "A"]] * 8).save(
        path
    )
    assert main(["predict", str(path), str(page), option]) == 2
    assert option.partition("=")[0] in capsys.readouterr().err
    assert main(["evaluate", str(model_path), str(page), option]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"gatewise: error: {option.replace('=', ' ')} is for a classifier")
    assert "holds a language model; leave it out" in err
