"""Translators read tables, their other columns come through, and an empty text keeps its line."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from gatewise import Translator, load
from gatewise.cli import main
from gatewise.data import read_pairs
from tests.cli.command import options, outputs

TINY = {"hidden_size": 8, "embedding_size": 8, "batch_size": 8, "epochs": 2, "min_count": 1}
WORDS = {"one": "eins", "two": "zwei", "dogs": "Hunde"}
PAIRS = [(f"{a} {b}", f"{WORDS[a]} {WORDS[b]}") for a in WORDS for b in WORDS] * 2


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    Translator(**TINY, progress=False).fit(PAIRS).save(path)
    return path


def written(path, header, rows, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows] if header else rows)
    return path


def rows_of(out):
    return list(csv.DictReader(io.StringIO(out)))


def tables(folder):
    """The same pairs in tables of many forms, with the options that read each."""
    numbered = [(k, source, k + 900, target) for k, (source, target) in enumerate(PAIRS)]
    by_number = ["--no-header", "--source-column=2", "--target-column=4"]
    named = ["--source-column=en", "--target-column=de"]
    columns = {"id": range(len(PAIRS)), "source": [s for s, _ in PAIRS], "target": [t for _, t in PAIRS]}
    parquet.write_table(pyarrow.table(columns), folder / "p.parquet")
    return [
        (written(folder / "a.csv", ("source", "target"), PAIRS), []),
        (written(folder / "b.csv", ("n", "source", "m", "target"), numbered, ";"), []),
        (written(folder / "c.csv", ("n", "en", "m", "de"), numbered), named),
        (written(folder / "tatoeba.tsv", None, numbered, "\t"), by_number),
        (written(folder / "d.csv", None, PAIRS), ["--no-header"]),
        (written(folder / "e.tsv", ("source", "target"), PAIRS, "\t"), []),
        (written(folder / "f.tsv", None, PAIRS, "\t"), []),
        (folder / "p.parquet", []),
    ]


def test_pairs_of_every_table_are_the_same(tmp_path, capsys):
    expected = Translator(**TINY, progress=False).fit(PAIRS).network_.parameters.vector
    for data, names in tables(tmp_path):
        path = tmp_path / "m.safetensors"
        outputs(capsys, "train", "translate", data, "-o", path, *names, *options(**TINY))
        np.testing.assert_array_equal(load(path).network_.parameters.vector, expected)
        out, _ = outputs(capsys, "evaluate", path, data, *names, "--json")
        ours, theirs = json.loads(out), dict(load(path).evaluate(PAIRS))
        assert ours.pop("notes", None) == theirs.pop("notes", None)
        assert ours == pytest.approx(theirs)


def test_pairs_of_tables_in_python(tmp_path):
    (a, _), *_, (tatoeba, _), _, _, _, (p, _) = tables(tmp_path)
    assert list(read_pairs(a)) == list(read_pairs(p)) == PAIRS
    found = read_pairs(tatoeba, source_column="2", target_column="4", header=False)
    assert list(found) == PAIRS
    assert found.where(1, 1) == f"{str(tatoeba)!r}, line 2"


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_ids_and_kept_columns_come_through(more, model, tmp_path, capsys):
    rows = [("a", "one dogs", "x", "ein"), ("b", "", "y", "zwei"), ("c", "two one", "z", "drei")]
    data = written(tmp_path / "t.csv", ("id", "source", "site", "target"), rows)
    out, err = outputs(capsys, "predict", model, data, "--keep", "site", "--keep", "target", *more)
    found = [json.loads(line) for line in out.splitlines()] if more else rows_of(out)
    assert list(found[0]) == ["line", "rank", "id", "site", "given_target", "source", "target", "score"]
    assert [row["id"] for row in found] == ["a", "b", "c"]
    assert [row["given_target"] for row in found] == ["ein", "zwei", "drei"]
    first, third = load(model).translate(["one dogs", "two one"])
    assert [row["target"] for row in found] == [first, None if more else "", third]
    assert err == "note: 1 line is empty, and so is its translation: line 3\n"


def test_magnify_reads_tables(model, tmp_path, capsys):
    rows = [("one dogs", "one"), ("two one", "two dogs")]
    data = written(tmp_path / "t.csv", ("source", "target"), rows)
    out, _ = outputs(capsys, "magnify", model, "--data", data, "--row", 2, "--json")
    assert json.loads(out)["steps"] == 3
    data = written(tmp_path / "t.csv", ("id", "source"), rows)
    assert main(["magnify", str(model), "--data", str(data), "--row", "3"]) == 2
    assert "has 2 sequences; expected 1 to 2" in capsys.readouterr().err


@pytest.mark.parametrize("header", [("source", "target"), ("source",)], ids=["pairs", "sources"])
def test_magnify_reads_tables_without_a_header_alike(header, model, tmp_path, capsys):
    rows = [row[: len(header)] for row in (("one dogs", "one"), ("two one", "two dogs"))]
    seen = []
    for first, more in ((header, []), (None, ["--no-header"])):
        data = written(tmp_path / "t.csv", first, rows)
        code = main(["magnify", str(model), "--data", str(data), *more, "--row", "2", "--json"])
        seen.append((code, *capsys.readouterr()))
    assert seen[0] == seen[1]
    if len(header) == 2:
        assert json.loads(seen[0][1])["steps"] == 3
    else:
        assert "writes nothing for 'two one'" in seen[0][2]


def test_several_translations_of_a_row_repeat_its_columns(model, tmp_path, capsys):
    data = written(tmp_path / "t.csv", None, [("one dogs", "x"), ("", "y"), ("two", "z")])
    names = ["--no-header", "--source-column", "1", "--id", "2"]
    out, _ = outputs(capsys, "predict", model, data, *names, "--n-best", 2)
    assert [row["2"] for row in rows_of(out)] == ["x", "x", "y", "z", "z"]
    outputs(capsys, "predict", model, data, *names, "-o", tmp_path / "out.parquet")
    assert parquet.read_table(tmp_path / "out.parquet").to_pydict()["target"][1] is None


@pytest.mark.parametrize(
    "text", ["one\n\ntwo\n", "\none\ntwo\n", "one\neins\n\n", "one\teins\n\ntwo\tzwei\n"]
)
def test_an_empty_line_keeps_its_place(text, model, tmp_path, capsys):
    path = tmp_path / "t.en"
    path.write_text(text, encoding="utf-8")
    out, err = outputs(capsys, "predict", model, path)
    lines = [line.partition("\t")[0] for line in text.splitlines()]
    filled = iter(load(model).translate([line for line in lines if line]))
    assert out.splitlines() == [next(filled) if line else "" for line in lines]
    assert f": line {lines.index('') + 1}\n" in err
    outputs(capsys, "predict", model, path, "-o", tmp_path / "out.csv")
    assert [row["line"] for row in rows_of((tmp_path / "out.csv").read_text("utf-8"))] == ["1", "2", "3"]


def test_a_source_that_is_empty_before_a_tab_keeps_its_place(model, tmp_path, capsys):
    path = tmp_path / "half.tsv"
    path.write_text("one\teins\n\tzwei\n", encoding="utf-8")
    out, err = outputs(capsys, "predict", model, path)
    assert out == load(model).translate(["one"])[0] + "\n\n"
    assert "1 line is empty" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["predict", "MODEL", "t.csv", "--source-column", "x"],
            "a column 'x' is needed, but 't.csv' has the columns",
        ),
        (
            ["predict", "MODEL", "t.csv"],
            "a column 'source' is needed, but 't.csv' has the columns en, de; rename one of them, or name",
        ),
        (["evaluate", "MODEL", "t.csv", "--source-column=en"], "a column 'target' is needed"),
        (
            ["predict", "MODEL", "t.csv", "--source-column=en", "--keep=fr"],
            "--keep fr, but 't.csv' has the columns",
        ),
        (["predict", "MODEL", "--source-column=en"], "need DATA, a table; it is missing"),
        (
            ["predict", "MODEL", "t.csv", "--text=en"],
            "--text en is for a classifier or a tagger, and ",
        ),
        (
            ["evaluate", "MODEL", "t.csv", "t.de", "--no-header"],
            "columns are named, and 't.de' has the targets",
        ),
        (
            ["train", "translate", "gap.csv", "-o", "n.safetensors"],
            "'gap.csv', line 3: the target is empty; leave the line out",
        ),
    ],
)
def test_bad_input_is_one_line(arguments, message, model, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("en,de\none,eins\n", encoding="utf-8")
    (tmp_path / "gap.csv").write_text("source,target\none,eins\ntwo,\n", encoding="utf-8")
    assert main([str(model) if each == "MODEL" else each for each in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
