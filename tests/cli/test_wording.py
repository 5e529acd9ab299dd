"""What the command line says names its options and not Python's arguments, whatever the message."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gatewise
from gatewise.cli.console import fail
from gatewise.cli.wording import Wording, renamed, speaking_for, worded
from gatewise.errors import ArgumentError, DataError
from tests.cli.error_lines import KEYWORD, STRING, commands, root


def wording(command):
    return Wording(root(), command.split())


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
        ("train tag", "a header, or header=False for none.", "a header."),
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
        ("train tag", "rename it, or name it with keep= or id_column=, or header=False.", "rename it."),
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
