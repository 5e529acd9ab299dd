"""What the command line says names its options and not Python's arguments, whatever the message."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import typer

import gatewise
from gatewise import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator
from gatewise.cli import main
from gatewise.cli.app import app
from gatewise.cli.console import fail
from gatewise.cli.wording import Wording, renamed, speaking_for, worded
from gatewise.errors import ArgumentError, DataError

KEYWORD = re.compile(r"(?<![\w-])\w+=(?!=)")
STRING = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


@cache
def root():
    return typer.main.get_command(app)


def wording(command):
    return Wording(root(), command.split())


def commands(path=(), command=None):
    command = root() if command is None else command
    below = getattr(command, "commands", None)
    if not below:
        return [path]
    return [each for name, one in below.items() for each in commands((*path, name), one)]


@pytest.mark.parametrize(
    ("command", "message", "expected"),
    [
        ("train forecast", "horizon=0; expected at least 1.", "--horizon 0; expected at least 1."),
        ("train forecast", "quantiles=(0.9, 0.1); as (0.1, 0.5).", "--quantiles 0.9,0.1; as 0.1,0.5."),
        ("train forecast", "past=('a', 'b c')", "--past 'a,b c'"),
        ("train forecast", "past=()", "--past ''"),
        ("train forecast", "freq='one hour'; or freq=.", "--freq 'one hour'; or --freq."),
        ("train forecast", "give strict=True or calendar=False", "give --strict or --no-calendar"),
        ("train forecast", "a smaller validation_fraction.", "a smaller --validation-fraction."),
        ("train forecast", "clip_norm=-1.0; a number, or None.", "--clip-norm -1.0; a number, or none."),
        ("train forecast", "patience=0; a number, or None.", "--patience 0; a number, or leave it out."),
        ("train text", "adaptive_cutoffs=(2, 1) with level='char'; expected None, for", None),
        ("train classify", "class_weight={'a': 2, 'b': 1}", "--class-weight a=2,b=1"),
        ("train classify", "class_weight['a']=-1; expected", "--class-weight a=-1; expected"),
        (
            "train classify",
            "y[3] is 'c'; y has 'y', X holds",
            "DATA, number 4 is 'c'; DATA has 'y', DATA holds",
        ),
        ("train classify", "validation[1][5] is 'd'", "--validation, number 6 is 'd'"),
        ("train tag", "expected as column one of 2", "expected as --column one of 2"),
        ("train translate", "with target=. Else target='a.de'", "with TARGET. Else TARGET a.de"),
        ("train text", "--magnify every=N, hidden_size=3", "--magnify every=N, --hidden-size 3"),
        ("predict m", "future=None, but", "--future not given, but"),
        ("predict m", "future is given; train it with known=.", None),
        (
            "predict m",
            "trained with known=('price',) and horizon=24",
            "trained with known price and horizon 24",
        ),
        ("predict m", "text_column='text', but", "--text text, but"),
        ("magnify m", "text_column='text', but", "text column text, but"),
        (
            "info",
            "Finish it with fit(..., checkpoint='a)b', resume=True), or on the command line with X",
            None,
        ),
        (
            "evaluate m d",
            "bring them into one, as in pd.to_datetime(x, utc=True).dt.tz_convert('U'), now.",
            None,
        ),
        ("evaluate m d", "Give it, as in df['a b'].astype(int).", "Give it."),
        (
            "predict m",
            "Bring them, as in pd.to_datetime(df['a'], utc=(True)).dt.date(), or go.",
            "Bring them, or go.",
        ),
        ("evaluate m d", "Install 'x[y]', or in Python do without: bleu=False. Go.", "Install 'x[y]'. Go."),
        ("train classify", "--text y is no; --label=y has", "--text y is no; --label=y has"),
        ("train classify", "text_column='y' is no column", "--text y is no column"),
        ("train forecast", "a header, or header=False for none.", "a header, or --no-header for none."),
        ("magnify m", "a header, or header=False for none.", "a header."),
        (
            "train translate",
            "rename one, or name it with source_column=, or header=False if there is none.",
            "rename one, or name it with --source-column, or --no-header if there is none.",
        ),
        (
            "train classify",
            "rename it, or name it with keep= or id_column=.",
            "rename it, or name it with --keep or --id.",
        ),
        ("magnify m", "rename it, or name it with keep= or id_column=, or header=False.", "rename it."),
        ("magnify m", "as well, as (a, b), or on the command line behind a tab.", "as well, behind a tab."),
        (
            "magnify m",
            "part, or numbers with to_frame(), or on the command line with -o F.",
            "part, or numbers with -o F.",
        ),
        ("info m", "Write CSV, or in Python give it to gatewise.data.read_series. So.", "Write CSV. So."),
        (
            "train tag",
            "expected O; leave scheme out, or leave it out.",
            "expected O; leave --scheme out, or leave it out.",
        ),
        (
            "train forecast",
            "validation: 2 series; leave validation out.",
            "--validation: 2 series; leave --validation out.",
        ),
        ("plot m", "anomalies: 'x' is none", "--anomalies: 'x' is none"),
        (
            "train tag",
            "there it was crf=True, now it is crf=False.",
            "there it was --crf, now it is --no-crf.",
        ),
        ("evaluate m d", "as in 8:14 or file.csv", "as in 8:14 or file.csv"),
    ],
)
def test_messages_in_the_words_of_a_command(command, message, expected):
    others = {
        "adaptive": "--adaptive-cutoffs 2,1 with --level char; expected none, for",
        "future i": "--future is given; train it with --known of gatewise train forecast.",
        "Finish i": "Finish it with X",
        "bring th": "bring them into one, now.",
    }
    assert wording(command)(message) == (others[message[:8]] if expected is None else expected)


@pytest.mark.parametrize(
    "message",
    [
        "'horizon=0.csv' has no column 'batch_size=3', there are \"seed=1\", 'a'",
        "the model's data and the users' files don't fit",
        "--class-weight=a=1: 'b' is no weight",
        "column 'y' has 3 values == 3",
        "series 'a' has the time '2020-01-01'",
        "a.safetensors needs x>=3 and --horizon",
    ],
)
def test_what_users_have_written_stays_as_it_is(message):
    for path in commands():
        assert wording(" ".join(path))(message) == message


def test_what_is_left_open_is_read_in_no_time():
    names = ", ".join(f"'class {number}'" for number in range(500))
    for opening in ("freq=(", "freq=[('", "as in df[", "as in pd.f(", "freq={"):
        assert wording("train forecast")(f"{opening}{names}, {names}").endswith(names)


def test_values_that_a_terminal_cannot_show_are_shown_as_python_does():
    assert wording("generate")("prompt='a\\nb\\x1b'; expected") == "--prompt 'a\\nb\\x1b'; expected"


def templates():
    """The texts that the rooms behind the command line raise, a word in each place of a value."""
    found = []
    source = Path(gatewise.__file__).parent
    for path in [*source.glob("data/*.py"), *source.glob("tasks/**/*.py"), *source.glob("training/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                for part in node.exc.args:
                    if isinstance(part, ast.JoinedStr | ast.Constant):
                        pieces = part.values if isinstance(part, ast.JoinedStr) else [part]
                        texts = (p.value if isinstance(p, ast.Constant) else "word" for p in pieces)
                        found.append("".join(map(str, texts)))
    return found


def test_no_error_of_any_room_names_a_keyword_on_any_command():
    messages = templates()
    assert len(messages) > 150
    for path in commands():
        say = wording(" ".join(path))
        for message in messages:
            told = say(message)
            assert not KEYWORD.search(STRING.sub("''", told)), (path, told)


def test_errors_may_be_renamed():
    told = r"^validation_target= or 'target=' or validation_target=3$"
    with pytest.raises(DataError, match=told), renamed(target="validation_target"):
        raise DataError("target= or 'target=' or target=3")
    with pytest.raises(ArgumentError, match=r"^other=1; lower new_name$"), renamed(old_name="new_name"):
        raise ArgumentError("other=1; lower old_name")


def test_python_is_spoken_where_no_command_runs():
    assert worded("horizon=0") == "horizon=0"
    with speaking_for(root, ["train", "forecast", "t.csv"]):
        assert worded("horizon=0") == "--horizon 0"
    assert worded("horizon=0") == "horizon=0"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("it failed.. Try again..", "it failed. Try again."),
        ("look into ../a or a/.. now...", "look into ../a or a/.. now..."),
        ("an error: no such thing.", "an error: no such thing."),
    ],
)
def test_sentences_end_once(message, line, capsys):
    fail(message)
    assert capsys.readouterr().err == f"gatewise: error: {line}\n"


# All commands, with mistakes of each kind


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small models of each kind, and files for them."""
    folder = tmp_path_factory.mktemp("all")
    small = {"hidden_size": 4, "epochs": 1, "progress": False}
    words = {**small, "embedding_size": 4}
    LanguageModel(**words, num_layers=1, window=4).fit("the cat sat\n" * 20).save(folder / "text.safetensors")
    SequenceClassifier(**small).fit(["good", "bad"] * 9, ["a", "b"] * 9).save(folder / "classify.safetensors")
    SequenceTagger(**small).fit([["in", "Rome"]] * 9, [["O", "B-LOC"]] * 9).save(folder / "tag.safetensors")
    Translator(**words, min_count=1).fit([("a b", "b a")] * 20).save(folder / "translate.safetensors")
    wave = {"ds": np.arange(60), "y": np.sin(np.arange(60.0)), "price": np.arange(60.0) % 7}
    Forecaster(2, **small, known=("price",)).fit(wave).save(folder / "known.safetensors")
    Forecaster(2, **small).fit({"ds": wave["ds"], "y": wave["y"]}).save(folder / "forecast.safetensors")
    table = "\n".join(f"{step},{step % 5},{step % 7}" for step in range(60))
    files = {
        "series.csv": f"ds,y,price\n{table}\n",
        "doubled.csv": f"ds,y,price\n1,1,1\n1,2,1\n{table}\n",
        "single.csv": "ds,y\n1,2\n",
        "book.txt": "the cat sat\n" * 20,
        "one.txt": "x",
        "films.csv": "label,review\na,fine\nb,bad\n" * 9,
        "films.txt": "a\tfine\nb\tbad\n" * 9,
        "other.txt": "a\tfine\nc\tbad\n" * 9,
        "one_class.txt": "a\tfine\n" * 9,
        "tags.txt": "in O\nRome B-LOC\n\n" * 9,
        "pairs.tsv": "a b\tb a\n" * 20,
        "long.tsv": "a b\tb a\n" * 20 + "a " * 30 + "\tb\n",
        "all_long.tsv": ("a " * 30 + "\tb\n") * 3,
        "alone.txt": "a b\n" * 20,
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


MISTAKES = [
    ("train text book.txt -o OUT --hidden-size 0", "--hidden-size 0"),
    ("train text book.txt -o OUT --preset large", "--preset large"),
    (
        "train text book.txt -o OUT --tie-weights --embedding-size 3 --hidden-size 4",
        "--tie-weights with --embedding-size 3",
    ),
    ("train text book.txt -o OUT --mogrifier-rank 3", "--mogrifier-rank 3 with --mogrifier-rounds 0"),
    ("train text book.txt -o OUT --optimizer nt-asgd --validation-fraction 0", "--validation-fraction 0"),
    ("train text book.txt -o OUT --adaptive-cutoffs 3,2 --level word", "--adaptive-cutoffs 3,2"),
    ("train text book.txt -o OUT --level bpe --vocab-size 5", "--vocab-size 5"),
    ("train forecast series.csv -o OUT --horizon 0", "--horizon 0"),
    ("train forecast series.csv -o OUT --horizon 90", "--horizon 90"),
    ("train forecast series.csv -o OUT --quantiles 0.9,0.1", "--quantiles 0.9,0.1"),
    ("train forecast series.csv -o OUT --target sales", "--target"),
    ("train forecast series.csv -o OUT --known cost", "--known"),
    ("train forecast series.csv -o OUT --static price", "Name it in --known or --past"),
    ("train forecast series.csv -o OUT --past price --strategy recursive", "--strategy recursive"),
    ("train forecast series.csv -o OUT --freq often", "--freq often"),
    ("train forecast doubled.csv -o OUT", "--id"),
    ("train forecast single.csv -o OUT", "--freq"),
    ("train forecast series.csv -o OUT --context-length 7 --patch-size 3", "--context-length 7"),
    ("train classify films.csv -o OUT", "is meant with --text"),
    ("train classify films.txt -o OUT --class-weight c=3", "--class-weight has the label 'c'"),
    ("train classify one_class.txt -o OUT", "DATA has one class only"),
    ("train classify films.txt -o OUT --pooling sum", "--pooling sum"),
    ("train tag tags.txt -o OUT --column 7", "--column 7"),
    ("train tag tags.txt -o OUT --validation-fraction 0.99", "--validation-fraction 0.99"),
    ("train translate pairs.tsv -o OUT --min-count 99", "--min-count 99"),
    ("train translate long.tsv -o OUT --max-length 9", "--leave-out-long"),
    ("train translate alone.txt -o OUT", "with TARGET"),
    ("train translate pairs.tsv -o OUT --validation alone.txt", "with --validation-target"),
    ("train translate pairs.tsv -o OUT --hidden-size 3", "--hidden-size 3"),
    ("train classify films.csv -o OUT --text y --label label", "--text y, but 'films.csv' has the columns"),
    ("train forecast series.csv -o OUT --past price --known price", "which is --known too"),
    (
        "train forecast series.csv -o OUT --init forecast.safetensors --distribution student_t",
        "Take the same, or leave --init out",
    ),
    ("train translate films.csv -o OUT", "meant with --source-column, or --no-header if"),
    (
        "train translate pairs.tsv -o OUT --validation all_long.tsv --max-length 9 --leave-out-long",
        "--validation: each of 3 pairs",
    ),
    ("evaluate translate.safetensors films.csv", "meant with --source-column, or --no-header if"),
    ("predict classify.safetensors -", "DATA -, which is standard input, is for a tagger or a translator"),
    ("predict forecast.safetensors -", "DATA -, which is standard input, is for a tagger or a translator"),
    ("predict tag.safetensors tags.txt --beam-size 3", "--beam-size 3 is for a translator"),
    ("predict forecast.safetensors --attention", "--attention is for a translator"),
    ("predict translate.safetensors alone.txt --text y", "--text y is for a classifier or a tagger"),
    (
        "predict forecast.safetensors --min-confidence 0.5",
        "--min-confidence 0.5 is for a classifier or a tagger",
    ),
    ("plot forecast.safetensors -o f.html --anomalies series.csv", "--anomalies: 'series.csv' has no column"),
    ("plot forecast.safetensors -o f.html --backtest series.csv", "--backtest: 'series.csv' has no column"),
    ("magnify translate.safetensors --data films.csv", "the columns label, review; rename one of them."),
    ("magnify classify.safetensors --data films.csv", "the columns label, review; rename one of them."),
    ("magnify translate.safetensors --text a\tb\tc", "one tab and its target"),
    ("generate text.safetensors --temperature -1", "--temperature -1"),
    ("generate text.safetensors --top-p 2", "--top-p 2"),
    ("predict known.safetensors", "--future not given"),
    ("predict forecast.safetensors --future series.csv", "--future is given"),
    ("predict translate.safetensors alone.txt --beam-size 0", "--beam-size 0"),
    ("predict translate.safetensors alone.txt --n-best 9", "--n-best 9"),
    ("predict classify.safetensors films.csv", "is meant with --text"),
    ("evaluate text.safetensors book.txt --batch-size 0", "--batch-size 0"),
    ("evaluate translate.safetensors pairs.tsv --target-language chinese", "--target-language chinese"),
    ("evaluate translate.safetensors alone.txt", "with TARGET"),
    ("evaluate classify.safetensors other.txt", "'other.txt' has the label 'c'"),
    ("evaluate forecast.safetensors single.csv", "horizon 2"),
    ("evaluate tag.safetensors tags.txt --beam-size 2", "--beam-size"),
    ("magnify classify.safetensors --text good -o OUT.html --step 3", "--step 3"),
    ("magnify text.safetensors --text cat --reverse", "--reverse"),
    ("lab vanishing --seeds 0", "--seeds 0"),
    ("anomalies forecast.safetensors series.csv --rate 2", "--rate 2"),
    ("backtest series.csv --windows 0", "--windows 0"),
    ("plot forecast.safetensors -o forecast.html --most 0", "--most 0"),
    ("demo --epochs 0", "--epochs 0"),
    ("info nowhere.safetensors", "nowhere.safetensors"),
]


@pytest.mark.parametrize(("line", "named"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_no_mistake_is_told_in_keywords(line, named, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    arguments = [each.replace("OUT", str(tmp_path / "m")) for each in line.split(" ")]
    arguments = [f"{each}.safetensors" if each == str(tmp_path / "m") else each for each in arguments]
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert named in err
    assert err.count("\n") == 1
    assert not KEYWORD.search(STRING.sub("''", err)), err
    assert not re.search(r"[^.]\.\.(\s|$)", err)
    command = root()
    for name in arguments:
        if name not in getattr(command, "commands", {}):
            break
        command = command.commands[name]
    own = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    advised = re.sub(r"--\S+ of gatewise train( \w+)?", "", err)
    assert {option.rstrip(".,;:") for option in re.findall(r"(?<!\S)--[\w-]+", advised)} <= own | {"--help"}


def test_every_command_is_among_the_mistakes():
    missing = {
        path for path in commands() if not any(line.split()[: len(path)] == [*path] for line, _ in MISTAKES)
    }
    assert not missing


def test_notes_name_options(folder, tmp_path, capsys):
    output = tmp_path / "m.safetensors"
    (tmp_path / "few.txt").write_text("a\tfine\nb\tbad\n" * 2, encoding="utf-8")
    assert main(["train", "classify", str(tmp_path / "few.txt"), "-o", str(output), "--epochs=1"]) == 0
    out = capsys.readouterr().out
    assert "for --validation-fraction 0.1 of so little is none" in out
    assert "give --validation, a larger --validation-fraction, or more data" in out


def test_a_checkpoint_is_told_without_python(folder, tmp_path, capsys):
    checkpoint = tmp_path / "c.safetensors"
    LanguageModel(hidden_size=4, embedding_size=4, num_layers=1, window=4, epochs=1, progress=False).fit(
        "the cat sat\n" * 20, checkpoint=checkpoint
    )
    assert main(["evaluate", str(checkpoint), str(folder / "book.txt")]) == 0
    err = capsys.readouterr().err
    assert err.startswith("gatewise: warning: ")
    assert err.endswith("Finish it with gatewise train and --resume.\n")
