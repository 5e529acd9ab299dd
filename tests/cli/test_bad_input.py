"""Bad input on the command line: exit code 2, one clear line that names the thing, nothing half-written."""

from __future__ import annotations

import os
import subprocess

import pytest

from gatewise import LanguageModel, load
from gatewise.cli import main
from tests.cli.command import GATEWISE, TINY, gatewise
from tests.cli.error_lines import SMALL, TRAIN, check_line, filled_in
from tests.marks import on_posix


def train(data, *more):
    return ["train", "text", data, "-o", "OUT/m.safetensors", *SMALL, *more]


def generate(model, *more):
    return ["generate", model, *more]


def table(*rows):
    return pytest.mark.parametrize(
        ("arguments", "named", "remedy"), [pytest.param(*row, id=name) for name, *row in rows]
    )


BAD = table(
    # name, command, what the line names, what it says to do or expects
    ("empty text", train("IN/empty.txt"), "IN/empty.txt", "expected a text with something in it"),
    ("binary text", train("IN/binary.txt"), "IN/binary.txt", "text in UTF-8"),
    ("text of zero bytes", train("IN/zeros.txt"), "IN/zeros.txt", "Expected UTF-8 text"),
    ("Latin text", train("IN/latin.txt"), "IN/latin.txt', line 3", "iconv -f WINDOWS-1252 -t UTF-8"),
    ("UTF-16 text", train("IN/utf16.txt"), "IN/utf16.txt' is text in UTF-16", "iconv -f UTF-16 -t UTF-8"),
    (
        "text shorter than a window",
        train("IN/short.txt"),
        "IN/short.txt",
        "Give more text or a smaller window",
    ),
    ("text of a mark only", train("IN/mark.txt"), "IN/mark.txt", "Give more text or a smaller window"),
    ("missing text", train("IN/nowhere.txt"), "IN/nowhere.txt", "check the path"),
    ("folder as text", train("IN/folder"), "IN/folder", "expected a text file"),
    ("too long a path", train("x" * 300), "x" * 300, "too long"),
    (
        "empty validation",
        train("IN/good.txt", "--validation=IN/empty.txt"),
        "IN/empty.txt",
        "expected a text with something in it",
    ),
    ("missing validation", train("IN/good.txt", "--validation=IN/no.txt"), "IN/no.txt", "check the path"),
    ("short validation", train("IN/good.txt", "--validation=IN/short.txt"), "IN/short.txt", "Give more text"),
    (
        "short held-out part",
        train("IN/good.txt", "--validation-fraction=0.001"),
        "validation part",
        "Give more text",
    ),
    ("negative size", train("IN/good.txt", "--hidden-size=-3"), "--hidden-size -3", "of at least 1"),
    ("no layers", train("IN/good.txt", "--num-layers=0"), "--num-layers 0", "of at least 1"),
    ("half a size", train("IN/good.txt", "--window=2.5"), "--window", "integer"),
    ("no number", train("IN/good.txt", "--epochs=many"), "--epochs", "integer"),
    ("rate that is none", train("IN/good.txt", "--dropout=1.5"), "--dropout 1.5", "below 1"),
    ("rate not a number", train("IN/good.txt", "--learning-rate=nan"), "--learning-rate nan", "above 0"),
    ("endless rate", train("IN/good.txt", "--learning-rate=inf"), "--learning-rate inf", "above 0"),
    ("negative seed", train("IN/good.txt", "--seed=-1"), "--seed -1", "of at least 0"),
    ("seed beyond floats", train("IN/good.txt", f"--seed=-1{'0' * 400}"), "--seed ", "of at least 0"),
    ("size beyond memory", train("IN/good.txt", "--hidden-size=3000000"), "--hidden-size 3000000", "memory"),
    (
        "size beyond floats",
        train("IN/good.txt", f"--hidden-size=1{'0' * 400}"),
        "--hidden-size 1",
        "expected",
    ),
    (
        "unknown level",
        train("IN/good.txt", "--level=byte"),
        "--level byte",
        "expected one of char, word, bpe",
    ),
    ("unknown cell", train("IN/good.txt", "--cell=gru"), "--cell gru", "expected one of lstm, rnn"),
    (
        "unknown schedule",
        train("IN/good.txt", "--schedule=steps"),
        "--schedule steps",
        "expected one of constant",
    ),
    ("unknown option", train("IN/good.txt", "--hidden-sise=8"), "--hidden-sise", "gatewise --help"),
    ("option without value", train("IN/good.txt", "--seed"), "--seed", "gatewise --help"),
    ("missing option", ["train", "text", "IN/good.txt"], "--output", "gatewise --help"),
    ("missing argument", ["train", "text", "-o", "OUT/m.safetensors"], "Missing argument", "gatewise --help"),
    ("argument too many", generate("IN/good.safetensors", "more"), "more", "gatewise --help"),
    ("unknown command", ["trian"], "trian", "gatewise --help"),
    ("unknown kind of training", ["train", "txet", "IN/good.txt"], "txet", "gatewise --help"),
    (
        "other ending",
        ["train", "text", "IN/good.txt", "-o", "OUT/m.bin"],
        "OUT/m.bin",
        "expected '.safetensors'",
    ),
    (
        "folder as output",
        [*TRAIN, "-o", "IN/folder.safetensors"],
        "IN/folder.safetensors",
        "give the path of a file",
    ),
    ("missing output folder", [*TRAIN, "-o", "OUT/no/m.safetensors"], "OUT/no", "create it"),
    ("too long an output", [*TRAIN, "-o", f"OUT/{'x' * 300}.safetensors"], "x" * 300, "too long"),
    ("nothing to resume", [*TRAIN, "--resume"], "OUT/m.checkpoint.safetensors", "leave the option out"),
    ("both to go on and to begin", [*TRAIN, "--resume", "--restart"], "--resume", "expected one of them"),
    (
        "missing model",
        generate("IN/nowhere.safetensors"),
        "IN/nowhere.safetensors",
        "does not exist. Expected a model",
    ),
    ("folder as model", generate("IN/folder"), "IN/folder", "Expected a model"),
    ("too long a model", generate("x" * 300), "x" * 300, "too long"),
    ("empty model", generate("IN/empty.safetensors"), "IN/empty.safetensors", "Expected a model"),
    ("text as model", generate("IN/text.safetensors"), "IN/text.safetensors", "Expected a model"),
    ("foreign model", generate("IN/foreign.safetensors"), "IN/foreign.safetensors", "Expected a model"),
    ("model cut short", generate("IN/cut.safetensors"), "IN/cut.safetensors", "Expected a model"),
    (
        "newer format",
        generate("IN/newer.safetensors"),
        "IN/newer.safetensors' has format 9;",
        "pip install -U gatewise",
    ),
    (
        "unknown task",
        generate("IN/task.safetensors"),
        "IN/task.safetensors",
        "this gatewise knows ",
    ),
    (
        "unknown key",
        generate("IN/heads.safetensors"),
        "IN/heads.safetensors",
        "no hyperparameter 'heads'; it has",
    ),
    (
        "wrong type in a model",
        generate("IN/type.safetensors"),
        "IN/type.safetensors",
        "hidden size large; expected",
    ),
    ("a billion units", generate("IN/size.safetensors"), "IN/size.safetensors", "needs at least"),
    (
        "negative temperature",
        generate("IN/good.safetensors", "--temperature=-1"),
        "--temperature -1",
        "at least 0",
    ),
    (
        "endless temperature",
        generate("IN/good.safetensors", "--temperature=inf"),
        "--temperature inf",
        "finite",
    ),
    ("top k", generate("IN/good.safetensors", "--top-k=0"), "--top-k 0", "at least 1"),
    ("top p", generate("IN/good.safetensors", "--top-p=2"), "--top-p 2", "a number above 0 and at most 1"),
    (
        "negative length",
        generate("IN/good.safetensors", "--max-tokens=-1"),
        "--max-tokens -1",
        "of at least 0",
    ),
    (
        "endless length",
        generate("IN/good.safetensors", f"--max-tokens=1{'0' * 30}"),
        "--max-tokens 1",
        "expected",
    ),
    ("negative draws", generate("IN/good.safetensors", "--seed=-1"), "--seed -1", "of at least 0"),
    ("empty text to measure", ["evaluate", "IN/good.safetensors", "IN/empty.txt"], "IN/empty.txt", "empty"),
    ("one symbol to measure", ["evaluate", "IN/good.safetensors", "IN/one.txt"], "IN/one.txt", "at least 2"),
    (
        "no places to read",
        ["evaluate", "IN/good.safetensors", "IN/good.txt", "--batch-size=0"],
        "--batch-size 0",
        "at least 1",
    ),
    ("demo with other ending", ["demo", "-o", "OUT/m.bin"], "OUT/m.bin", "expected '.safetensors'"),
)


@BAD
def test_bad_input_is_one_line(arguments, named, remedy, inputs, tmp_path, capsys):
    """In this process, for there are many of them."""
    assert main(filled_in(arguments, inputs, tmp_path)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    check_line(err, named, remedy, inputs, tmp_path)
    assert list(tmp_path.iterdir()) == []


@table(
    ("empty text", train("IN/empty.txt"), "IN/empty.txt", "expected a text with something in it"),
    ("binary text", train("IN/binary.txt"), "IN/binary.txt", "text in UTF-8"),
    (
        "text shorter than a window",
        train("IN/short.txt"),
        "IN/short.txt",
        "Give more text or a smaller window",
    ),
    ("negative size", train("IN/good.txt", "--hidden-size=-3"), "--hidden-size -3", "of at least 1"),
    ("unknown option", train("IN/good.txt", "--hidden-sise=8"), "--hidden-sise", "gatewise --help"),
    (
        "unknown level",
        train("IN/good.txt", "--level=byte"),
        "--level byte",
        "expected one of char, word, bpe",
    ),
    ("missing text", train("IN/nowhere.txt"), "IN/nowhere.txt", "check the path"),
    ("folder as text", train("IN/folder"), "IN/folder", "expected a text file"),
    ("unknown key", generate("IN/heads.safetensors"), "IN/heads.safetensors", "no hyperparameter 'heads'"),
    ("newer format", generate("IN/newer.safetensors"), "IN/newer.safetensors", "pip install -U gatewise"),
    ("missing model", generate("IN/nowhere.safetensors"), "IN/nowhere.safetensors", "does not exist"),
    (
        "negative temperature",
        generate("IN/good.safetensors", "--temperature=-1"),
        "--temperature -1",
        "at least 0",
    ),
)
def test_bad_input_as_users_meet_it(arguments, named, remedy, inputs, tmp_path):
    """The same in a process of its own: the exit code, and no traceback."""
    done = gatewise(*filled_in(arguments, inputs, tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    check_line(done.stderr, named, remedy, inputs, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_demo_checks_its_options_too(capsys):
    assert main(["demo", "--epochs=0"]) == 2
    assert capsys.readouterr().err == "gatewise: error: --epochs 0; expected a whole number of at least 1.\n"


@pytest.mark.parametrize(
    "arguments",
    [["generate", "two\nlines.safetensors"], ["two\nlines"], ["info", "--two\n\nlines"]],
    ids=repr,
)
def test_a_name_of_two_lines_is_told_in_one(arguments, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("gatewise: error: ")
    assert err.count("\n") == 1


def test_good_input_is_none_of_this(inputs, tmp_path, capsys):
    """The settings of the table are sound but for the one thing each row names."""
    assert main(filled_in(TRAIN, inputs, tmp_path)) == 0
    assert load(tmp_path / "m.safetensors").generate(max_tokens=3)
    assert main(filled_in(generate("IN/good.safetensors"), inputs, tmp_path)) == 0
    assert "error" not in capsys.readouterr().err


# Prompts and names that are not UTF-8: Python hands such bytes on as halves of surrogate pairs.


@on_posix
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["plain", "json"])
def test_a_prompt_that_is_not_utf8_is_no_traceback(more, inputs):
    command = [*GATEWISE, "generate", str(inputs / "good.safetensors"), "--max-tokens=5", *more]
    done = subprocess.run(
        [*map(os.fsencode, command), b"--prompt=caf\xe9"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0 or (done.returncode == 2 and done.stderr.startswith(b"gatewise: error: "))


def test_a_terminal_that_cannot_show_a_letter_is_no_traceback(inputs):
    command = [*GATEWISE, "generate", str(inputs / "good.safetensors"), "--max-tokens=5", "--prompt=café"]
    done = subprocess.run(
        command, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0 or (done.returncode == 2 and done.stderr.startswith(b"gatewise: error: "))


def test_a_prompt_that_is_not_utf8_for_subwords_is_one_line(inputs, tmp_path, capsys):
    pytest.importorskip("tokenizers")
    path = tmp_path / "m.safetensors"
    model = LanguageModel("bpe", **TINY, epochs=1, vocab_size=300, progress=False)
    model.fit(inputs / "good.txt").save(path)
    assert main(["generate", str(path), "--prompt=caf\udce9"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gatewise: error: ")
    assert "--prompt" in err
    assert err.count("\n") == 1
