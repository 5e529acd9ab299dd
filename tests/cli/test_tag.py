"""Taggers on the command line do what they do in Python, from files of either kind."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from gatewise import SequenceTagger, load
from gatewise.cli import main
from gatewise.data import read_tagged
from tests.cli.command import gatewise, options

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
        assert (
            out.splitlines()[-1] == f"words          {expected['tokens']:,}, 0 of them unknown to the model"
        )


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
        (["train", "tag", "DATA", "-o", "OUT", "--column=lemma"], "error: --column=lemma, but '"),
        (["train", "tag", "DATA", "-o", "OUT", "--column", "-3"], "error: --column=-3, but '"),
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
        (["train", "tag", "DATA", "-o", "OUT", "--hidden-size=0"], "hidden_size=0; expected a whole number"),
        (["predict", "MODEL"], "DATA is missing: a tagger needs a file of sentences"),
        (["evaluate", "MODEL", "BAD"], "bad.tsv', line 2: 1 column between tabs; expected 2"),
    ],
)
def test_bad_input_is_one_line_and_code_2(arguments, message, columns, tmp_path, capsys):
    bad, model = tmp_path / "bad.tsv", tmp_path / "model.safetensors"
    bad.write_text("go\tO\nto\n")
    SequenceTagger(**{**TINY, "epochs": 1}, progress=False).fit([["a"]], [["X"]]).save(model)
    mixed, together = tmp_path / "mixed.txt", tmp_path / "together.conllu"
    mixed.write_text("one\ntwo NN\n")
    together.write_text(conllu("the dog") + conllu("Rome"))
    names = {
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
