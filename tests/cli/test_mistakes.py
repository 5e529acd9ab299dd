"""Every command, with mistakes of each kind: one line that names options, with remedies of that command."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gatewise import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator
from gatewise.cli import main
from tests.cli.error_lines import KEYWORD, STRING, commands, root


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Small models of each kind, and files for them."""
    folder = tmp_path_factory.mktemp("all")
    small = {"hidden_size": 4, "epochs": 1, "progress": False}
    words = {**small, "embedding_size": 4}
    LanguageModel(**words, num_layers=1, window=4).fit("the cat sat\n" * 20).save(folder / "text.safetensors")
    SequenceClassifier(**small).fit(["good", "bad"] * 9, ["a", "b"] * 9).save(folder / "classify.safetensors")
    waves = [np.sin(speed * np.arange(9.0)) for speed in (1, 2)] * 9
    SequenceClassifier(**small).fit(waves, ["a", "b"] * 9).save(folder / "series.safetensors")
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
        "empty.txt": "",
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
    ("train forecast empty.txt -o OUT", "'empty.txt' is empty; expected a CSV or Parquet file."),
    ("train classify - -o OUT", "'-' is no file, and standard input is not read here"),
    ("evaluate forecast.safetensors -", "'-' is no file, and standard input is not read here"),
    ("evaluate forecast.safetensors book.txt", "there are 'the cat sat'. Rename one of them.\n"),
    ("anomalies forecast.safetensors films.csv", "there are 'label', 'review'. Rename one of them.\n"),
    ("predict known.safetensors --future films.csv", "there are 'label', 'review'. Rename one of them.\n"),
    ("train forecast films.csv -o OUT", "or name the one that is meant with --target."),
    ("magnify classify.safetensors --data series.csv", "rename one of them, or --no-header if"),
    ("evaluate text.safetensors empty.txt", "is empty; expected a text with something in it."),
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
    (
        "magnify translate.safetensors --data films.csv",
        "columns label, review; rename one of them, or --no-header",
    ),
    (
        "magnify classify.safetensors --data films.csv",
        "columns label, review; rename one of them, or --no-header",
    ),
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
    ("magnify tag.safetensors --text ", "--text '' has no words"),
    ("magnify translate.safetensors --text \t", "has no words"),
    ("magnify classify.safetensors --text ", "--text '' has no words"),
    ("magnify text.safetensors --text ", "has no tokens"),
    ("magnify series.safetensors --text good", "this classifier reads series"),
    ("magnify classify.safetensors --text good -o r.html --step 3", "error: --step 3; expected"),
    ("magnify text.safetensors --text cat -o r.html --step 3", "error: --step 3; expected"),
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
