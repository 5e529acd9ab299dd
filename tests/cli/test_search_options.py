"""How a translator searches, and where it looks, on the command line as in Python."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from gatewise import Translator, load
from gatewise.cli import main
from gatewise.data import read_pairs
from gatewise.tasks import Translation
from tests.cli.command import json_lines, outputs

WORDS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier"}
SOURCES = [f"{a} {b} {c}" for a in WORDS for b in WORDS for c in WORDS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A translator of numbers that knows no names, a file of sources, and one of pairs."""
    folder = tmp_path_factory.mktemp("search")
    rng = np.random.default_rng(0)
    texts = [*SOURCES, *("".join(rng.choice(list("klmnop"), 6)) + " one" for _ in range(40))]
    lines = [f"{text}\t{' '.join(WORDS.get(word, word) for word in text.split())}\n" for text in texts]
    (folder / "pairs.tsv").write_text("".join(lines), encoding="utf-8")
    (folder / "sources.txt").write_text("\n".join([*SOURCES[:9], "qqqqqq one"]) + "\n", encoding="utf-8")
    settings = {"min_count": 2, "dropout": 0.0, "label_smoothing": 0.0, "progress": False}
    model = Translator(
        hidden_size=32, embedding_size=16, epochs=12, batch_size=8, learning_rate=1e-2, **settings
    )
    model.fit(read_pairs(folder / "pairs.tsv")).save(folder / "m.safetensors")
    return folder


def read(folder):
    return load(folder / "m.safetensors"), (folder / "sources.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    "options",
    [
        {"length_penalty": 0.0},
        {"length_penalty": 2.5, "beam_size": 6},
        {"coverage_penalty": 0.4},
        {"max_tokens": 2},
        {"copy_unknown": False},
        {"copy_unknown": True, "coverage_penalty": 0.0},
    ],
    ids=str,
)
def test_predict_and_evaluate_search_as_python_does(options, folder, capsys):
    model, sources = read(folder)
    given = [
        f"--{'' if value is not False else 'no-'}{name.replace('_', '-')}"
        + ("" if isinstance(value, bool) else f"={value}")
        for name, value in options.items()
    ]
    expected = model.translations(sources, **options)
    files = folder / "m.safetensors", folder / "sources.txt"
    rows = json_lines(outputs(capsys, "predict", *files, "--json", *given).out)
    assert [row["target"] for row in rows] == [best.text for best, *_ in expected]
    assert [row["score"] for row in rows] == pytest.approx([best.score for best, *_ in expected])
    [found] = json_lines(outputs(capsys, "evaluate", files[0], folder / "pairs.tsv", "--json", *given).out)
    measured = model.evaluate(read_pairs(folder / "pairs.tsv"), **options)
    assert {name: found[name] for name in ("exact", "chrf", "loss")} == pytest.approx(
        {name: measured[name] for name in ("exact", "chrf", "loss")}
    )


def test_options_change_what_is_found(folder):
    model, sources = read(folder)
    plain = model.translate(sources)
    assert plain[-1] == "qqqqqq eins"
    assert model.translate(sources, copy_unknown=False)[-1] != plain[-1]
    assert model.translate(sources, max_tokens=2) != plain


def test_attention_is_told_with_an_answer(folder, tmp_path, capsys):
    model, sources = read(folder)
    expected = [best for best, *_ in model.translations(sources)]
    files = folder / "m.safetensors", folder / "sources.txt"
    pharaoh = [" ".join(f"{s}-{t}" for s, t in each.alignment) for each in expected]
    out = outputs(capsys, "predict", *files, "--attention").out
    assert out.splitlines() == [f"{each.text}\t{a}" for each, a in zip(expected, pharaoh, strict=True)]
    for row, each, line in zip(
        json_lines(outputs(capsys, "predict", *files, "--attention", "--json").out),
        expected,
        pharaoh,
        strict=True,
    ):
        assert (row["target"], row["alignment"]) == (each.text, line)
        assert (row["source_symbols"], row["target_symbols"]) == (each.source_symbols, each.target_symbols)
        np.testing.assert_allclose(row["attention"], each.attention, atol=1e-6)
    several = outputs(capsys, "predict", *files, "--attention", "--n-best=2").out.splitlines()
    assert several[0] == f"1\t1\t{expected[0].text}\t{pharaoh[0]}"

    outputs(capsys, "predict", *files, "--attention", "-o", tmp_path / "found.csv")
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["alignment"] for row in rows] == pharaoh
    assert rows[0]["target_symbols"] == " ".join(expected[0].target_symbols)
    outputs(capsys, "predict", *files, "--attention", "--json", "-o", tmp_path / "found.jsonl")
    [first, *_] = (tmp_path / "found.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["target_symbols"] == expected[0].target_symbols
    assert "alignment" not in json_lines(outputs(capsys, "predict", *files, "--json").out)[0]


def test_the_alignment_is_where_it_looked_most():
    attention = np.array([[0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.2, 0.2, 0.6]], np.float32)
    ended = Translation("b a x", -1.0, -2.0, ["a", "b", "</s>"], ["b", "a", "x", "</s>"], attention)
    assert ended.alignment == [(1, 0), (0, 1)], "x looked at the end, and the end is none"
    cut = ended._replace(target_symbols=["b", "a"], attention=attention[:2])
    assert cut.alignment == [(1, 0), (0, 1)]
    assert ended._replace(target_symbols=["</s>"], attention=attention[3:]).alignment == []


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--length-penalty=-1", "--length-penalty -1.0; expected a number of at least 0 and at most 10."),
        ("--coverage-penalty=-1", "--coverage-penalty -1.0; expected a number of at least 0."),
        ("--max-tokens=0", "--max-tokens 0; expected a whole number of at least 1, or leave it out."),
    ],
)
def test_what_cannot_work_is_refused_by_its_option(option, told, folder, capsys):
    for command in (["predict", "m.safetensors", "sources.txt"], ["evaluate", "m.safetensors", "pairs.tsv"]):
        files = [str(folder / each) for each in command[1:]]
        assert main([command[0], *files, option]) == 2
        assert capsys.readouterr().err == f"gatewise: error: {told}\n"


@pytest.mark.parametrize(
    "option", ["--length-penalty=1", "--coverage-penalty=0", "--no-copy-unknown", "--attention"]
)
def test_other_models_have_no_beam(option, model_path, folder, capsys):
    model = str(model_path)
    if option != "--attention":
        assert main(["evaluate", model, str(folder / "sources.txt"), option]) == 2
        assert "is for a translator" in capsys.readouterr().err
    assert main(["predict", model, option]) == 2
    assert capsys.readouterr().out == ""
