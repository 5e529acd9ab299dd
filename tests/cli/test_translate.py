"""Translators on the command line do what they do in Python, line by line."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from gatewise import Translator, load
from gatewise.cli import main
from gatewise.data import read_pairs
from tests.cli.command import GATEWISE, environment, gatewise, options

TINY = {"hidden_size": 16, "embedding_size": 8, "batch_size": 8, "epochs": 6, "min_count": 1}
WORDS = {"one": "eins", "two": "zwei", "three": "drei", "dogs": "Hunde"}
SOURCES = [f"{first} {second} dogs" for first in WORDS for second in WORDS] * 3


def german(text):
    return " ".join(WORDS[word] for word in text.split())


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    path.write_text("".join(f"{text}\t{german(text)}\n" for text in SOURCES), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def aligned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aligned")
    paths = folder / "a.en", folder / "a.de.gz"
    paths[0].write_text("\n".join(SOURCES) + "\n", encoding="utf-8")
    with gzip.open(paths[1], "wt", encoding="utf-8") as file:
        file.write("\n".join(map(german, SOURCES)) + "\n")
    return paths


@pytest.fixture(scope="module")
def model_path(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    learning = {**TINY, "epochs": 60, "dropout": 0.0, "learning_rate": 1e-2}
    Translator(**learning, progress=False).fit(read_pairs(table)).save(path)
    return path


def outputs(capsys, *arguments):
    assert main([*map(str, arguments)]) == 0, capsys.readouterr().err
    return capsys.readouterr()


def test_training_on_the_command_line_is_training_in_python(table, aligned, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    out, _ = outputs(
        capsys, "train", "translate", *aligned, "-o", path, "--validation", table, *options(**TINY)
    )
    assert out.startswith(f"saved {path}")
    assert f"gatewise predict {path}" in out
    expected = Translator(**TINY, progress=False).fit(read_pairs(table), validation=read_pairs(table))
    model = load(path)
    assert model.get_params() == expected.get_params()
    np.testing.assert_array_equal(model.network_.parameters.vector, expected.network_.parameters.vector)


def test_every_hyperparameter_is_an_option(capsys):
    out, _ = outputs(capsys, "train", "translate", "--help")
    for name in Translator().get_params():
        assert (f"--{name.replace('_', '-')} " in out) == (name != "progress"), name


def test_lines_come_back_translated(model_path, table, aligned, capsys):
    expected = load(model_path).translate(SOURCES)
    assert expected == list(map(german, SOURCES))
    for data in (aligned[0], table):  # of a table of pairs the sources are read
        out, _ = outputs(capsys, "predict", model_path, data)
        assert out.splitlines() == expected


def test_standard_input_is_read_where_no_file_is_named(model_path):
    done = gatewise("predict", model_path, input="two dogs\none dogs\n")
    assert done.stdout.splitlines() == load(model_path).translate(["two dogs", "one dogs"])
    bytes_ = gatewise("predict", model_path, input=b"two dogs\ncaf\xe9\n", text=False)
    assert bytes_.returncode == 2
    assert bytes_.stdout.decode().splitlines() == load(model_path).translate(["two dogs"])
    assert bytes_.stderr.startswith(b"gatewise: error: standard input, line 2: byte 0xe9 is not UTF-8.")
    empty = gatewise("predict", model_path, input="two dogs\n\none dogs\n")
    first, last = load(model_path).translate(["two dogs", "one dogs"])
    assert empty.stdout == f"{first}\n\n{last}\n"
    assert empty.stderr == "note: 1 line is empty, and so is its translation: line 2\n"


@pytest.mark.skipif(os.name == "nt", reason="by the ways of POSIX")
def test_standard_input_that_is_closed_is_said(model_path):
    closed = gatewise("predict", model_path, preexec_fn=lambda: os.close(0))
    assert (closed.returncode, closed.stdout) == (2, "")
    assert closed.stderr.startswith("gatewise: error: standard input is closed; expected a text on each line")


def test_who_waits_for_an_answer_gets_it_before_asking_again(model_path):
    """Through pipes, where nobody knows whether a next line will come."""
    command = [*GATEWISE, "predict", str(model_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    with subprocess.Popen(command, env=environment(), **pipes) as process:
        patience = threading.Timer(60, process.kill)
        patience.start()
        for text in SOURCES[:3]:
            process.stdin.write(text + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == german(text) + "\n"
        process.stdin.close()
        patience.cancel()
    assert process.returncode == 0


def test_several_translations_of_a_line_are_told_apart(model_path, aligned, capsys):
    found = load(model_path).translations(SOURCES, n_best=2)
    out, _ = outputs(capsys, "predict", model_path, aligned[0], "--n-best", 2)
    assert out.splitlines() == [
        f"{line}\t{rank}\t{each.text}"
        for line, translations in enumerate(found, start=1)
        for rank, each in enumerate(translations, start=1)
    ]


def test_json_and_tables_have_scores_and_further_hypotheses(model_path, aligned, tmp_path, capsys):
    found = load(model_path).translations(SOURCES, beam_size=3, n_best=2)
    expected = [
        (line, rank, SOURCES[line - 1], each.text)
        for line, translations in enumerate(found, start=1)
        for rank, each in enumerate(translations, start=1)
    ]
    searched = ("--beam-size", 3, "--n-best", 2)
    out, _ = outputs(capsys, "predict", model_path, aligned[0], "--json", *searched)
    rows = [json.loads(line) for line in out.splitlines()]
    assert [tuple(row[name] for name in ("line", "rank", "source", "target")) for row in rows] == expected
    assert rows[0]["score"] == pytest.approx(found[0][0].score)
    output = tmp_path / "found.csv"
    outputs(capsys, "predict", model_path, aligned[0], "-o", output, *searched)
    with output.open(encoding="utf-8", newline="") as file:
        assert [row["target"] for row in csv.DictReader(file)] == [row[3] for row in expected]


def test_evaluate(model_path, table, aligned, capsys):
    result = load(model_path).evaluate(read_pairs(table))
    for data in ([table], aligned):
        out, _ = outputs(capsys, "evaluate", model_path, *data, "--json")
        found, expected = json.loads(out), dict(result)
        assert found.pop("notes", None) == expected.pop("notes", None)
        assert found == pytest.approx(expected)
    out, err = outputs(capsys, "evaluate", model_path, table)
    assert out.startswith(f"BLEU        none\nchrF        {result['chrf']:.2f}\n")
    assert f"note: {result['notes'][0]}\n" == err  # three words are no four
    assert f"exact       {result['exact']:.4f}\n" in out


def test_evaluate_with_a_beam_of_ones_own(model_path, table, capsys):
    out, _ = outputs(capsys, "evaluate", model_path, table, "--beam-size=1", "--json")
    found, expected = json.loads(out), dict(load(model_path).evaluate(read_pairs(table), beam_size=1))
    assert found.pop("notes", None) == expected.pop("notes", None)
    assert found == pytest.approx(expected)
    assert main(["evaluate", str(model_path), str(table), "--beam-size=0"]) == 2
    assert "--beam-size 0" in capsys.readouterr().err


def test_without_sacrebleu_the_other_measures_are_told(model_path, table, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    result = load(model_path).evaluate(read_pairs(table), bleu=False)
    out, _ = outputs(capsys, "evaluate", model_path, table, "--json")
    found, expected = json.loads(out), dict(result)
    assert found.pop("notes", None) == expected.pop("notes", None)
    assert found == pytest.approx(expected)
    out, _ = outputs(capsys, "evaluate", model_path, table)
    assert out.startswith("BLEU, chrF  not without sacrebleu: pip install 'gatewise[bleu]'\nexact ")
    assert main(["evaluate", str(model_path), str(table), "--target-language=zh"]) == 2  # which asks for BLEU
    assert capsys.readouterr().err == (
        "gatewise: error: BLEU and chrF need sacrebleu. Install it with: pip install 'gatewise[bleu]'.\n"
    )


def test_evaluate_by_a_language(model_path, tmp_path, monkeypatch, capsys):
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("one two\t今天我们一起去学校上课\n", encoding="utf-8")
    out, err = outputs(capsys, "evaluate", model_path, pairs)
    assert out.startswith("BLEU        none\n")
    assert "name their language, as in --target-language zh for Chinese" in err
    out, _ = outputs(capsys, "evaluate", model_path, pairs, "--target-language=zh", "--json")
    assert (json.loads(out)["bleu"], json.loads(out)["bleu_tokenizer"]) == (0, "zh")
    monkeypatch.setitem(sys.modules, "MeCab", None)
    for name in [name for name in sys.modules if name.startswith("sacrebleu.tokenizers.tokenizer_ja")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["evaluate", str(model_path), str(pairs), "--target-language=ja"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("gatewise: error: --target-language ja: BLEU needs the words")
    assert err.endswith("pip install 'sacrebleu[ja]'.\n")


def test_magnify_shows_where_it_looked(model_path, tmp_path, capsys):
    out, _ = outputs(capsys, "magnify", model_path, "--text", "two dogs", "-o", tmp_path / "r.html")
    assert "wrote" in out
    assert '"alignment":{"labels":[' in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_snapshots_of_a_training(aligned, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    outputs(capsys, "train", "translate", *aligned, "-o", path, "--magnify", "every=8", *options(**TINY))
    outputs(capsys, "magnify", path, "--training", "-o", tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").count('"alignment":{') > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "translate", "short.en", "three.de", "-o", "n.safetensors"],
            "'short.en' has 2 lines and 'three.de' has 3; expected as many",
        ),
        (["train", "translate", "gap.en", "three.de", "-o", "n.safetensors"], "'gap.en', line 2 is empty"),
        (
            ["train", "translate", "short.en", "-o", "n.safetensors"],
            "'short.en', line 1: 1 column between tabs; expected 2",
        ),
        (
            ["train", "translate", "short.en", "-o", "n.safetensors"],
            "where each language has a file of its own, give that of the targets too, with TARGET.",
        ),
        (
            ["train", "translate", "pairs.tsv", "-o", "n.safetensors", "--validation=short.en"],
            "'short.en', line 1: 1 column between tabs; expected 2, a source and its target. Put a tab "
            "between the two; where each language has a file of its own, give that of the targets too, with "
            "--validation-target.",
        ),
        (
            ["evaluate", "MODEL", "short.en"],
            "give that of the targets too, with TARGET.",
        ),
        (
            ["train", "translate", "wide.tsv", "-o", "n.safetensors"],
            "'wide.tsv', line 1: 3 columns between tabs; expected 2, a source and its target. Keep those two "
            "and leave out the rest, as Tatoeba's numbers and attributions, with: cut -f1,2 wide.tsv",
        ),
        (["predict", "MODEL", "wide.tsv"], "Give the sources alone, as with: cut -f1 wide.tsv"),
        (
            ["train", "translate", "long.tsv", "-o", "n.safetensors", "--max-length=20", "--min-count=1"],
            "'long.tsv', line 2 has 30 tokens, more than --max-length 20",
        ),
        (
            ["train", "translate", "long.tsv", "-o", "n.safetensors", "--min-count=90"],
            "no word of the sources in 'long.tsv' is seen --min-count 90 times",
        ),
        (
            ["train", "translate", "pairs.tsv", "-o", "n.safetensors", "--validation-target=three.de"],
            "--validation-target is given without --validation",
        ),
        (
            ["predict", "MODEL", "short.en", "--beam-size=0"],
            "--beam-size 0; expected a whole number of at least 1",
        ),
        (
            ["predict", "MODEL", "short.en", "--n-best=5"],
            "--n-best 5, but --beam-size 4 hypotheses are kept",
        ),
        (
            ["predict", "MODEL", "wide.tsv"],
            "'wide.tsv', line 1: 3 columns between tabs; expected 2, a source",
        ),
        (
            ["predict", "MODEL", "gone.tsv"],
            "'gone.tsv', line 2: 1 column between tabs; expected 2, a source",
        ),
        (["magnify", "MODEL", "--data", "gone.tsv"], "'gone.tsv', line 2: 1 column between tabs; expected"),
        (
            ["evaluate", "MODEL", "long.en", "two.de"],
            "'long.en', line 2 has 1,200 tokens, more than 1,000: 'two two",
        ),
        (["predict", "MODEL", "long.en"], "'long.en', line 2 has 1,200 tokens; expected at most 1,000"),
        (["predict", "MODEL", "empty.en"], "'empty.en' is empty; expected a text on each line"),
        (["evaluate", "MODEL", "short.en", "three.de"], "'short.en' has 2 lines and 'three.de' has 3"),
    ],
)
def test_bad_input_is_one_line_that_names_file_and_line(
    arguments, message, model_path, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    files = {
        "short.en": "one\ntwo\n",
        "gap.en": "one\n\ntwo\n",
        "three.de": "eins\nzwei\ndrei\n",
        "long.tsv": "one\teins\n" + "two " * 30 + "\tzwei\n",
        "two.de": "eins\nzwei\n",
        "pairs.tsv": "one\teins\n" * 20,
        "wide.tsv": "one\teins\tun\n",
        "gone.tsv": "one\teins\ntwo\n",
        "half.tsv": "\teins\n",
        "long.en": "one\n" + "two " * 1200 + "\n",
        "empty.en": "",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    assert main([str(model_path) if each == "MODEL" else each for each in arguments]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("gatewise: error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "n.safetensors").exists()


def test_a_second_file_is_for_translators_only(tmp_path, capsys):
    from gatewise import LanguageModel

    path, text = tmp_path / "m.safetensors", tmp_path / "a.txt"
    text.write_text("to be or not to be " * 20, encoding="utf-8")
    LanguageModel(hidden_size=4, num_layers=1, window=8, batch_size=2, epochs=1, progress=False).fit(
        text
    ).save(path)
    assert main(["evaluate", str(path), str(text), str(text)]) == 2
    assert "holds a language model; leave it out" in capsys.readouterr().err


def test_a_beam_is_for_translators_only(tmp_path, capsys):
    from gatewise import SequenceClassifier

    path, texts = tmp_path / "m.safetensors", ["a good one", "a bad one"] * 8
    SequenceClassifier(hidden_size=4, epochs=1, progress=False).fit(texts, ["+", "-"] * 8).save(path)
    assert main(["predict", str(path), "x.txt", "--beam-size=2"]) == 2
    assert "--beam-size 2 is for a translator, and " in capsys.readouterr().err
    assert main(["evaluate", str(path), "x.txt", "--beam-size=2"]) == 2
    assert "--beam-size 2 is for a translator, and " in capsys.readouterr().err


def test_magnify_reads_a_file_of_sources_or_of_pairs(model_path, table, aligned, capsys):
    for data in (table, aligned[0]):
        out, _ = outputs(capsys, "magnify", model_path, "--data", data, "--row", 2, "--json")
        assert json.loads(out)["steps"] == len(SOURCES[1].split()) + 1


def test_info_says_where_encoder_and_decoder_run(model_path, capsys):
    out, _ = outputs(capsys, "info", model_path, "--json")
    encoder, decoder = json.loads(out)
    assert encoder == "encoder:_LSTM,_1_x_8,_float32"
    assert decoder == "decoder:_LSTM,_1_x_16,_float32"
