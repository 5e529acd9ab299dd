"""Taggers on the command line do what they do in Python, from files of either kind."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex

import numpy as np
import pytest

from gatewise import SequenceClassifier, SequenceTagger, load
from gatewise.cli import main
from gatewise.data import read_tagged
from tests.cli.command import GATEWISE, gatewise, options

TINY = {
    "hidden_size": 8,
    "num_layers": 1,
    "embedding_size": 8,
    "char_embedding_size": 4,
    "char_hidden_size": 4,
    "batch_size": 4,
    "epochs": 4,
}
LINES = {"the": ("DET", "DT"), "dog": ("NOUN", "NN"), "Rome": ("PROPN", "NNP"), "sleeps": ("VERB", "VBZ")}
PHRASES = ["the dog sleeps", "Rome sleeps", "the dog", "dog dog"]


def conllu(phrase):
    rows = enumerate(phrase.split(), start=1)
    return "".join(
        f"{n}\t{word}\t_\t{LINES[word][0]}\t{LINES[word][1]}" + "\t_" * 5 + "\n" for n, word in rows
    )


@pytest.fixture(scope="module")
def treebank(tmp_path_factory):
    path = tmp_path_factory.mktemp("treebank") / "a.conllu"
    path.write_text("\n".join(map(conllu, PHRASES * 10)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def columns(tmp_path_factory):
    path = tmp_path_factory.mktemp("columns") / "a.tsv"
    tags = {"Rome": "B-LOC"}
    rows = ("\n".join(f"{word}\t{tags.get(word, 'O')}" for word in phrase.split()) for phrase in PHRASES * 10)
    path.write_text("\n\n".join(rows) + "\n", encoding="utf-8")
    return path


def outputs(capsys, *arguments):
    assert main([*map(str, arguments)]) == 0, capsys.readouterr().err
    return capsys.readouterr()


def test_training_on_the_command_line_is_training_in_python(treebank, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    out, _ = outputs(
        capsys, "train", "tag", treebank, "-o", path, "--crf", "--validation", treebank, *options(**TINY)
    )
    data = read_tagged(treebank)
    expected = SequenceTagger(**TINY, crf=True, progress=False).fit(*data, validation=data)
    saved = f"saved {path} (0.0 MB); tag a file: gatewise predict {path} {treebank}\n"
    assert out == f"{saved}{expected.verdict_}\n"
    model = load(path)
    assert model.get_params() == expected.get_params()
    np.testing.assert_array_equal(model.network_.parameters.vector, expected.network_.parameters.vector)
    assert [path.name] == [each.name for each in tmp_path.iterdir()], "a complete run leaves no checkpoint"


def test_every_hyperparameter_is_an_option(capsys):
    out, _ = outputs(capsys, "train", "tag", "--help")
    for name in SequenceTagger().get_params():
        assert (f"--{name.replace('_', '-')} " in out) == (name != "progress"), name


def test_predict_and_evaluate(treebank, columns, tmp_path, capsys):
    for data, column in ((treebank, "upos"), (treebank, "xpos"), (columns, "upos")):
        path = tmp_path / "m.safetensors"
        outputs(capsys, "train", "tag", data, "-o", path, "--column", column, *options(**TINY))
        model, (sentences, tags) = load(path), read_tagged(data, column)
        out, _ = outputs(capsys, "predict", path, data)
        rows = list(csv.DictReader(io.StringIO(out)))
        assert list(rows[0]) == ["sentence", "position", "word", "tag"]
        assert [row["word"] for row in rows] == [word for words in sentences for word in words]
        assert [row["tag"] for row in rows] == [tag for each in model.predict(sentences) for tag in each]
        assert [(row["sentence"], row["position"]) for row in rows[2:5]] == [
            ("1", "3"),
            ("2", "1"),
            ("2", "2"),
        ]
        out, _ = outputs(capsys, "predict", path, data, "--json")
        assert json.loads(out.splitlines()[3]) == {**rows[3], "sentence": 2, "position": 1}

        expected = model.evaluate(sentences, tags)
        out, _ = outputs(capsys, "evaluate", path, data, "--json")
        assert json.loads(out) == expected
        out, _ = outputs(capsys, "evaluate", path, data)
        assert out.splitlines()[0] == f"accuracy       {expected['accuracy']:.4f}"
        assert ("span F1" in out) == (data == columns)
        assert f"words          {expected['tokens']:,}, 0 of them unknown to the model\n" in out


def test_a_tag_that_both_columns_have_does_not_mislead(treebank, tmp_path, capsys):
    path, both = tmp_path / "m.safetensors", tmp_path / "both.conllu"
    # The universal tag of one word is among the language's own tags too.
    both.write_text(treebank.read_text(encoding="utf-8").replace("PROPN", "NN"), encoding="utf-8")
    outputs(capsys, "train", "tag", both, "-o", path, "--column=xpos", *options(**TINY))
    out, _ = outputs(capsys, "evaluate", path, both, "--json")
    assert json.loads(out) == load(path).evaluate(*read_tagged(both, "xpos"))


def test_any_column_by_number_or_name(tmp_path, capsys):
    path, entities = tmp_path / "m.safetensors", tmp_path / "eng.train"
    tags = {"Rome": "B-LOC"}
    rows = (
        "\n".join(f"{w} {LINES[w][1]} B-NP {tags.get(w, 'O')}" for w in each.split()) for each in PHRASES * 5
    )
    entities.write_text("-DOCSTART- -X- -X- O\n\n" + "\n\n".join(rows))
    plus = tmp_path / "a.conllup"
    lines = (
        "".join(f"{n}\t{w}\t{LINES[w][1]}x\n" for n, w in enumerate(each.split(), 1)) for each in PHRASES * 5
    )
    plus.write_text("# global.columns = ID FORM MINE\n" + "\n".join(lines))
    for data, column, known in (
        (entities, None, ["B-LOC", "O"]),
        (entities, "-1", ["B-LOC", "O"]),
        (entities, "2", ["DT", "NN", "NNP", "VBZ"]),
        (plus, "mine", ["DTx", "NNPx", "NNx", "VBZx"]),
    ):
        option = [] if column is None else ["--column", column]
        outputs(capsys, "train", "tag", data, "-o", path, *option, *options(**TINY))
        model = load(path)
        assert sorted(model.tags_) == known
        out, _ = outputs(capsys, "evaluate", path, data, "--json")
        assert json.loads(out) == model.evaluate(*read_tagged(data, column))
        out, _ = outputs(capsys, "predict", path, data)
        words = [word for sentence in read_tagged(data, column).sentences for word in sentence]
        assert [row["word"] for row in csv.DictReader(io.StringIO(out))] == words


def test_new_words_are_told_apart(columns, treebank, tmp_path, capsys):
    path, new = tmp_path / "m.safetensors", tmp_path / "new.tsv"
    outputs(capsys, "train", "tag", columns, "-o", path, *options(**TINY))
    new.write_text("Milan\tB-LOC\n")
    out, _ = outputs(capsys, "evaluate", path, new)
    assert "unknown words  " in out
    assert "words          1, 1 of them unknown to the model" in out
    assert main(["evaluate", str(path), str(treebank)]) == 2
    assert "no column has a tag of the model's, which are B-LOC, O;" in capsys.readouterr().err


def test_the_table_of_types_or_tags(columns, treebank, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    for data, what, name in ((columns, "type", "LOC"), (treebank, "tag", "PROPN")):
        outputs(capsys, "train", "tag", data, "-o", path, *options(**TINY))
        result = json.loads(outputs(capsys, "evaluate", path, data, "--json")[0])
        lines = outputs(capsys, "evaluate", path, data)[0].splitlines()
        table = lines[lines.index("") + 1 :]
        assert table[0].split() == [what, "precision", "recall", "F1", "support"]
        [row] = [each for each in result[f"{what}s"] if each[what] == name]
        found = [row[measure] for measure in ("precision", "recall", "f1")]
        numbers = ["none" if each is None else f"{each:.4f}" for each in found]
        assert [name, *numbers, str(row["support"])] in [line.split() for line in table]
        macro = "span_macro_" if what == "type" else "macro_"
        mean = [f"{result[macro + measure]:.4f}" for measure in ("precision", "recall", "f1")]
        assert table[-1].split() == ["mean", *mean]
        assert len(table) == len(result[f"{what}s"]) + 2


RAW = "Rome sleeps, the dog too.\n\n  the dog's Rome\n"


def test_raw_sentences_say_where_their_words_stand(columns, tmp_path, capsys, monkeypatch):
    path, table = tmp_path / "m.safetensors", tmp_path / "t.csv"
    outputs(capsys, "train", "tag", columns, "-o", path, *options(**TINY))
    expected = [
        {"sentence": number, "position": position, **dict(zip(names, word[:4], strict=True))}
        for names in [("word", "start", "stop", "tag")]
        for number, words in enumerate(load(path).predict_texts(RAW.splitlines()), start=1)
        for position, word in enumerate(words, start=1)
    ]
    lines = RAW.splitlines()
    assert all(lines[row["sentence"] - 1][row["start"] : row["stop"]] == row["word"] for row in expected)
    assert [row["word"] for row in expected][:4] == ["Rome", "sleeps", ",", "the"]
    out, err = outputs(capsys, "predict", path, "--text", RAW, "--json")
    assert [json.loads(line) for line in out.splitlines()] == expected
    assert err == "note: 1 sentence has no words, line 2: no row is of such a sentence\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RAW.encode())))
    assert outputs(capsys, "predict", path, "--json")[0] == out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RAW.encode())))
    assert outputs(capsys, "predict", path, "-", "--json")[0] == out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RAW.replace("\n", "\r\n").encode())))
    outputs(capsys, "predict", path, "-o", table)
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert rows == [{name: str(value) for name, value in row.items()} for row in expected]


@pytest.mark.skipif(os.name == "nt", reason="by the ways of a POSIX shell")
def test_standard_input_that_is_none_is_said(columns, tmp_path):
    path = tmp_path / "m.safetensors"
    SequenceTagger(**{**TINY, "epochs": 1}, progress=False).fit([["a"]], [["X"]]).save(path)
    for shell, message in (
        ("<&-", "standard input is closed; expected a text on each line, or a file as DATA."),
        ("</dev/null", "standard input is empty; expected a sentence on each line, or a file as DATA."),
    ):
        command = f"{shlex.join([*GATEWISE, 'predict', str(path)])} {shell}"
        done = gatewise(command, before=["sh", "-c"])
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"gatewise: error: {message}\n")


@pytest.mark.parametrize("text", ["", " ", "\n\n \t\n"])
def test_sentences_without_words_have_an_empty_answer(text, columns, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    outputs(capsys, "train", "tag", columns, "-o", path, *options(**TINY))
    out, err = outputs(capsys, "predict", path, "--text", text)
    assert out == "sentence,position,word,start,stop,tag\n"
    count = max(1, text.count("\n"))
    first = (
        "1 sentence has no words, line 1" if count == 1 else f"{count} sentences have no words, the first in"
    )
    assert err.startswith(f"note: {first}")


def test_what_is_not_sure_enough_is_left_out(columns, treebank, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    for data, nothing in ((columns, "O"), (treebank, "")):
        outputs(capsys, "train", "tag", data, "-o", path, *options(**TINY))
        model, (sentences, _) = load(path), read_tagged(data)
        out, _ = outputs(capsys, "predict", path, data, "--min-confidence=0")
        rows = list(csv.DictReader(io.StringIO(out)))
        assert [row["tag"] for row in rows] == [tag for each in model.predict(sentences) for tag in each]
        level = sorted(float(row["confidence"]) for row in rows)[len(rows) // 2]
        out, _ = outputs(capsys, "predict", path, data, f"--min-confidence={level!r}")
        kept = list(csv.DictReader(io.StringIO(out)))
        assert [row["tag"] for row in kept] == [
            row["tag"] if float(row["confidence"]) >= level else nothing for row in rows
        ]
        assert [row["confidence"] for row in kept] == [row["confidence"] for row in rows]
        out, _ = outputs(capsys, "predict", path, "--text=Rome sleeps", "--min-confidence=1", "--json")
        assert [json.loads(line)["tag"] for line in out.splitlines()] == [nothing] * 2


def test_columns_without_the_models_tags_may_be_raw_sentences(columns, tmp_path, capsys):
    path, raw, other = tmp_path / "m.safetensors", tmp_path / "raw.txt", tmp_path / "other.txt"
    outputs(capsys, "train", "tag", columns, "-o", path, *options(**TINY))
    raw.write_text("Rome sleeps\nBob sleeps\n")
    other.write_text("Rome B-LOC\nsleeps O\n")
    out, err = outputs(capsys, "predict", path, raw)
    assert [row["word"] for row in csv.DictReader(io.StringIO(out))] == ["Rome", "Bob"]
    assert err.startswith("note: column 1 of the 2 of ")
    assert f"For raw sentences, one a line: gatewise predict MODEL < {raw}" in err
    for data in (other, columns):
        assert outputs(capsys, "predict", path, data)[1] == ""


def test_a_slip_in_the_tags_is_a_note(tmp_path, capsys):
    path, data = tmp_path / "m.safetensors", tmp_path / "a.txt"
    legal = "in O\nNew B-LOC\nYork I-LOC\n\n"
    data.write_text(legal * 19 + "in O\nRome I-LOC\n")
    out, _ = outputs(capsys, "train", "tag", data, "-o", path, "--crf", *options(**TINY))
    assert "note: any tag may follow any, for the tags of 1 of 20 sentences break iob2: " in out
    assert load(path).scheme_ is None
    data.write_text(legal * 20)
    out, _ = outputs(capsys, "train", "tag", data, "-o", path, "--crf", *options(**TINY))
    assert "note:" not in out
    assert load(path).scheme_ == "iob2"
    outputs(capsys, "train", "tag", data, "-o", path, "--crf", "--scheme=none", *options(**TINY))
    assert load(path).scheme_ is None


def test_another_process_predicts_the_same(columns, tmp_path):
    path, table = tmp_path / "m.safetensors", tmp_path / "t.csv"
    words = tmp_path / "words.txt"
    words.write_text("Rome\n\nthe\nMilan\n")
    trained = gatewise("train", "tag", columns, "-o", path, *options(**TINY))
    assert trained.returncode == 0, trained.stderr
    done = gatewise("predict", path, words, "-o", table)
    assert done.stdout == f"wrote 3 rows to {table}\n"
    expected = load(path).predict([["Rome"], ["the", "Milan"]])
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert [row["tag"] for row in rows] == [tag for each in expected for tag in each]


def test_a_stopped_run_goes_on(columns, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    arguments = ["train", "tag", columns, "-o", path, *options(**TINY)]
    out, _ = outputs(capsys, *arguments, "--time-limit=1e-9")
    assert "go on with the same command and --resume" in out
    outputs(capsys, *arguments, "--resume")
    expected = SequenceTagger(**TINY, progress=False).fit(*read_tagged(columns))
    np.testing.assert_array_equal(load(path).network_.parameters.vector, expected.network_.parameters.vector)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "tag", "DATA", "-o", "OUT", "--column=lemma"],
            "has 2 columns, the words in column 1; expected as --column one of: 2, or -1 for the last.",
        ),
        (["train", "tag", "DATA", "-o", "OUT", "--column=lemma"], "error: --column lemma, but '"),
        (["train", "tag", "DATA", "-o", "OUT", "--column", "-3"], "error: --column -3, but '"),
        (
            ["predict", "MODEL", "MIXED"],
            "mixed.txt', line 2: 2 columns between spaces; expected 1, as in line 1",
        ),
        (
            ["train", "tag", "TOGETHER", "-o", "OUT"],
            "together.conllu', line 3: the word's number is 1 after 2",
        ),
        (["predict", "MODEL", "TOGETHER"], "together.conllu', line 3: the word's number is 1 after 2"),
        (["train", "tag", "BAD", "-o", "OUT"], "bad.tsv', line 2: 1 column between tabs; expected 2"),
        (
            ["train", "tag", "DATA", "-o", "OUT", "--validation", "BAD"],
            "bad.tsv', line 2: 1 column between tabs",
        ),
        (["train", "tag", "no.conllu", "-o", "OUT"], "'no.conllu' does not exist"),
        (
            ["train", "tag", "DATA", "-o", "OUT", "--hidden-size=0"],
            "--hidden-size 0; expected a whole number",
        ),
        (["predict", "MODEL"], "standard input is empty; expected a sentence on each line"),
        (["predict", "MODEL", "DATA", "--text=a"], "--text and DATA "),
        (
            ["predict", "MODEL", "--text=a", "--min-confidence=2"],
            "--min-confidence 2.0; expected a number of at least 0",
        ),
        (
            ["predict", "MODEL", "--text=a", "--min-confidence=nan"],
            "--min-confidence nan; expected a finite number",
        ),
        (["predict", "CLASSIFIER", "--text=a"], "DATA is missing: a classifier needs a file"),
        (["predict", "MODEL", "RAW"], "raw.txt', line 2: 3 columns between spaces; expected 2, as in line 1"),
        (["predict", "MODEL", "RAW"], "For raw sentences, one a line: gatewise predict MODEL < "),
        (["train", "tag", "DATA", "-o", "OUT", "--scheme=iob2"], "--scheme iob2 needs --crf"),
        (
            ["train", "tag", "SLIP", "-o", "OUT", "--crf", "--scheme=iob2"],
            "is 'I-LOC' after 'O' (word 'c' of the sentence 'b c')",
        ),
        (["evaluate", "MODEL", "BAD"], "bad.tsv', line 2: 1 column between tabs; expected 2"),
    ],
)
def test_bad_input_is_one_line_and_code_2(arguments, message, columns, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    bad, model = tmp_path / "bad.tsv", tmp_path / "model.safetensors"
    bad.write_text("go\tO\nto\n")
    SequenceTagger(**{**TINY, "epochs": 1}, progress=False).fit([["a"]], [["X"]]).save(model)
    mixed, together = tmp_path / "mixed.txt", tmp_path / "together.conllu"
    mixed.write_text("one\ntwo NN\n")
    together.write_text(conllu("the dog") + conllu("Rome"))
    raw, slip, classifier = (tmp_path / name for name in ("raw.txt", "slip.txt", "c.safetensors"))
    raw.write_text("Rome sleeps\nthe dog sleeps\n")
    slip.write_text("a O\n\nb O\nc I-LOC\n\nd B-LOC\n")
    if "CLASSIFIER" in arguments:
        SequenceClassifier(hidden_size=4, epochs=1, progress=False).fit(["a b", "c d"], ["x", "y"]).save(
            classifier
        )
    names = {
        "RAW": raw,
        "SLIP": slip,
        "CLASSIFIER": classifier,
        "MIXED": mixed,
        "TOGETHER": together,
        "DATA": columns,
        "BAD": bad,
        "OUT": tmp_path / "m.safetensors",
        "MODEL": model,
    }
    assert main([str(names.get(each, each)) for each in arguments]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("gatewise: error: ")
    assert message in line
