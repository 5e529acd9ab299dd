"""``gatewise magnify``: what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import gatewise as gw
from gatewise.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of each kind, and a file of sequences for it."""
    folder = tmp_path_factory.mktemp("models")
    options = {"hidden_size": 8, "epochs": 1, "progress": False}
    text = gw.LanguageModel(num_layers=2, window=10, batch_size=2, **options)
    text.fit("the cat sat on the mat. " * 10).save(folder / "text.safetensors")
    texts = ["good film", "bad film", "very good", "very bad"] * 6
    labels = ["1", "0", "1", "0"] * 6
    classifier = gw.SequenceClassifier(level="word", bidirectional=True, **options).fit(texts, labels)
    classifier.save(folder / "films.safetensors")
    (folder / "films.txt").write_text("good film\nvery bad film\n", encoding="utf-8")
    sentences, tags = [["the", "cat", "sat"]] * 20, [["D", "N", "V"]] * 20
    gw.SequenceTagger(**options).fit(sentences, tags).save(folder / "tags.safetensors")
    (folder / "tags.txt").write_text("the\ncat\nsat\n\nthe\ncat\n", encoding="utf-8")
    return folder


def test_a_text_and_a_summary(folder, capsys):
    assert main(["magnify", str(folder / "text.safetensors"), "--text", "the mat sat"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("the mat sat\n")
    inside = gw.magnify(gw.load(folder / "text.safetensors"), "the mat sat")
    assert inside.summary() in out
    cells = np.tanh(inside.layer(1).arrays["c"])
    assert f"coloured by unit {cells.std(axis=0).argmax()} of layer 2" in out
    assert "\x1b" not in out, "no colours in a pipe"


def test_colours_on_a_terminal_follow_the_unit(folder, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    path = folder / "text.safetensors"
    assert main(["magnify", str(path), "--text", "the mat", "--layer", "1", "--unit", "3"]) == 0
    out = capsys.readouterr().out.splitlines()[0]
    values = np.tanh(gw.magnify(gw.load(path), "the mat").layer(0).arrays["c"][:, 3])
    for label, value in zip("the mat", values, strict=True):
        end = (230, 159, 0) if value > 0 else (0, 114, 178)
        rgb = ";".join(str(round(255 + (each - 255) * abs(float(value)))) for each in end)
        assert f"48;2;{rgb}m{label}" in out


def test_numbers_for_machines(folder, capsys):
    assert main(["magnify", str(folder / "text.safetensors"), "--text", "the mat", "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["steps"] == 7
    assert [each["layer"] for each in found["layers"]] == [1, 2]
    assert len(found["rests_on"]) == 7
    assert 0 <= found["layers"][0]["f_open"] <= 1


def test_all_numbers_in_a_file(folder, tmp_path, capsys):
    target = tmp_path / "inside.csv"
    path = str(folder / "text.safetensors")
    assert main(["magnify", path, "--text", "the mat", "--output", str(target)]) == 0
    assert "wrote 112 rows" in capsys.readouterr().out
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7 * 2 * 8
    inside = gw.magnify(gw.load(path), "the mat")
    assert float(rows[-1]["c"]) == pytest.approx(float(inside["c"][-1, -1]))


@pytest.mark.parametrize(
    ("model", "arguments", "words"),
    [
        ("films", ["--data", "films.txt", "--row", "2"], "very bad film"),
        ("films", ["--text", "good film"], "good film"),
        ("tags", ["--data", "tags.txt", "--row", "2"], "the cat"),
        ("tags", ["--text", "the cat sat"], "the cat sat"),
        ("tags", ["--text", "the cat's mat."], "the cat 's mat ."),
    ],
)
def test_classifiers_and_taggers(folder, capsys, monkeypatch, model, arguments, words):
    monkeypatch.chdir(folder)
    assert main(["magnify", f"{model}.safetensors", *arguments]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].rstrip() == words
    assert "from the end: input gates open" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --text, or --data with a file"),
        (["--text", "x", "--data", "films.txt"], "give either --text, or --data with a file"),
        (["--text", ""], "the text '' has no tokens"),
        (["--text", "THE"], "3 symbols that the model does not know"),
        (["--text", "the", "--unit", "8"], "--unit=8; expected 0 to 7"),
        (["--text", "the", "--layer", "3"], "--layer=3; expected 0 for the top one, or a number from 1 to 2"),
        (["--text", "the", "--layer", "-1"], "--layer=-1; expected 0 for the top one"),
        (
            ["--text", "the", "--output", "page.xlsx"],
            "expected a name that ends in .html or .csv or .parquet",
        ),
        (["--data", "films.txt", "--row", "3"], "--row=3, but 'films.txt' has 2 sequences; expected 1 to 2"),
        (["--data", "none.txt"], "none.txt"),
        (["--text", "the", "--mark", "1-2"], "--mark='1-2'; expected a range of tokens"),
        (["--text", "the", "--mark", "1:4"], "--mark=1:4, but --text has 3 tokens"),
        (["--text", "the", "--mark", "0:1", "--threshold", "2"], "--threshold=2; expected a number between"),
        (["--text", "the", "--corpus", "none.txt"], "none.txt"),
        (["--output", "report.html"], "give either --text, or --data with a file"),
        (["--text", "the", "--row", "2"], "--row needs --data"),
        (["--text", "the", "--reverse"], "--reverse; expected it left out"),
        (["--text", "the", "--step", "3", "--output", "report.html"], "--step 3; expected"),
        (["--text", "the", "--step", "1"], "--step chooses answers of the report; it needs -o"),
        (["--training", "--text", "the", "-o", "report.html"], "leave out --text"),
        (["--training", "-o", "inside.csv"], "--training needs -o with a name that ends in .html"),
        (["--training", "-o", "report.html"], "train the model with --magnify every=N"),
        (["--text", "the", "--output", "none/report.html"], "none"),
    ],
)
def test_bad_input_is_one_line(folder, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    assert main(["magnify", "text.safetensors", *arguments]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert out == ""


def test_what_does_not_fit_the_model(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    assert main(["magnify", "films.safetensors", "--text", "good", "--corpus", "films.txt"]) == 2
    assert "is for a language model or a forecaster, and " in capsys.readouterr().err
    rows = "".join(f"{year}-{month:02}-01,{month}\n" for year in range(2015, 2023) for month in range(1, 13))
    (tmp_path / "series.csv").write_text("ds,y\n" + rows, encoding="utf-8")
    model = str(tmp_path / "f.safetensors")
    options = ["--horizon", "3", "--hidden-size", "4", "--epochs", "1", "--steps-per-epoch", "5"]
    assert main(["train", "forecast", str(tmp_path / "series.csv"), "-o", model, *options]) == 0
    capsys.readouterr()
    assert main(["magnify", model, "--text", "January"]) == 2
    assert "--text is given, but a forecaster reads a table" in capsys.readouterr().err


def test_a_file_is_read_whole_by_a_language_model_and_a_line_of_it_by_its_number(folder, tmp_path, capsys):
    (tmp_path / "text.txt").write_text("the cat\nsat on\n", encoding="utf-8")
    arguments = ["magnify", str(folder / "text.safetensors"), "--data", str(tmp_path / "text.txt"), "--json"]
    assert main([*arguments, "--row", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == len("sat on")
    assert main(arguments) == 2, "it has never seen an end of line"
    assert "symbols that the model does not know" in capsys.readouterr().err


def test_many_steps_are_valid_json(folder, capsys):
    text = "the cat sat on the mat. " * 10
    assert main(["magnify", str(folder / "text.safetensors"), "--text", text, "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["rests_on"][0] is None, "not measured"
    assert isinstance(found["rests_on"][-1], float)


def test_nothing_in_a_text_steers_the_terminal(folder, capsys):
    assert main(["magnify", str(folder / "tags.safetensors"), "--text", "the \x1b[31mcat"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_report(folder, tmp_path, capsys):
    pytest.importorskip("jinja2")
    target = tmp_path / "report.html"
    path = str(folder / "text.safetensors")
    assert main(["magnify", path, "--text", "the mat", "-o", str(target)]) == 0
    assert f"wrote {target} (" in capsys.readouterr().out
    page = target.read_text(encoding="utf-8")
    assert '"labels":["t","h","e"," ","m","a","t"]' in page
    assert "Units of layer 2 that follow" not in page, "seven steps are too few to tell"
    (tmp_path / "corpus.txt").write_text("the cat sat on the mat. " * 20, encoding="utf-8")
    options = ["--corpus", str(tmp_path / "corpus.txt"), "--layer", "1", "--unit", "5", "--mark", "2:4"]
    options += ["--step", "1", "--step", "3"]
    assert main(["magnify", path, "--text", "the mat", *options, "-o", str(target)]) == 0
    page = target.read_text(encoding="utf-8")
    assert "480 steps of a corpus" in page
    assert '"start":{"layer":0,"unit":5,"from":2,"to":3}' in page
    facts = json.loads(page.split('<script id="facts" type="application/json">')[1].split("</script>")[0])
    assert [question["step"] for question in facts["moments"][0]["questions"]] == [1, 3]
    assert facts["costs"]["layer"] == 0


def test_units_and_where_else_they_are_on(folder, tmp_path, capsys):
    """As cli.units tells it, which has tests of its own."""
    path = str(folder / "text.safetensors")
    (tmp_path / "corpus.txt").write_text("the cat sat on the mat. " * 20, encoding="utf-8")
    arguments = ["magnify", path, "--text", "the mat", "--mark", "1:2", "--threshold", "0.05"]
    corpus = ["--corpus", str(tmp_path / "corpus.txt")]
    assert main([*arguments, *corpus]) == 0
    out = capsys.readouterr().out
    assert "marked: t»h«e mat" in out
    assert "480 steps read" in out
    assert main([*arguments, *corpus, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    held = np.tanh(gw.magnify(gw.load(path), "the mat")["c"])
    on = (held[1] > 0.05) & (held[0] <= 0.05) & (held[2] <= 0.05)
    assert found["search"]["units"] == np.flatnonzero(on).tolist()
    assert found["meanings"]["steps"] == 480


def test_a_series_and_what_its_units_follow(tmp_path, capsys):
    rng = np.random.default_rng(0)
    days = np.arange("2024-01-01", "2024-05-01", dtype="M8[D]")
    season = np.sin(np.arange(len(days)) * 2 * np.pi / 7)
    values = season + rng.normal(0, 0.1, len(days))
    rows = [f"{name},{day},{value:.4f}" for name in "ab" for day, value in zip(days, values, strict=True)]
    table = tmp_path / "series.csv"
    table.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    model = str(tmp_path / "f.safetensors")
    options = ["--horizon", "7", "--hidden-size", "8", "--epochs", "1", "--steps-per-epoch", "20"]
    assert main(["train", "forecast", str(table), "-o", model, *options]) == 0
    capsys.readouterr()
    data = ["--data", str(table), "--row", "2"]
    assert main(["magnify", model, *data, "--corpus", str(table)]) == 0
    out = capsys.readouterr().out
    assert "the series 'b'" in out
    assert "day of the week" in out


@pytest.mark.parametrize("task", ["text", "classify", "tag", "forecast"])
def test_snapshots_of_a_training(task, tmp_path, capsys, monkeypatch):
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    files = {
        "text": "the cat sat on the mat. " * 20,
        "classify": "good a warm film\nbad an empty film\n" * 10,
        "tag": "the\tD\ncat\tN\nsat\tV\n\n" * 10,
        "forecast": "ds,y\n"
        + "".join(f"{year}-{month:02}-01,{month}\n" for year in range(2015, 2023) for month in range(1, 13)),
    }
    own = {"text": ["--window", "10"], "forecast": ["--horizon", "3", "--steps-per-epoch", "8"]}.get(task, [])
    data = "data.csv" if task == "forecast" else "data.txt"
    (tmp_path / data).write_text(files[task], encoding="utf-8")
    train = ["train", task, data, "-o", "m.safetensors", "--hidden-size", "4", "--epochs", "2"]
    train += ["--batch-size", "2", *own]
    assert main([*train, "--magnify", "every=5"]) == 0
    assert "gatewise magnify m.safetensors --training -o training.html" in capsys.readouterr().out
    assert main(["magnify", "m.safetensors", "--training", "-o", "training.html"]) == 0
    assert "moments of the training, from m.snapshots.safetensors" in capsys.readouterr().out
    assert main(["magnify", "m.safetensors", "--training", "-o", "training.html", "--json"]) == 0
    names = json.loads(capsys.readouterr().out)["moments"]
    assert names[0] == "before training"
    assert names[-1] == "when training ended"
    assert len(names) >= 4
    page = (tmp_path / "training.html").read_text(encoding="utf-8")
    assert page.count('<script class="arrays"') == len(names)
    assert main([*train, "--seed", "1"]) == 0
    capsys.readouterr()
    assert main(["magnify", "m.safetensors", "--training", "-o", "training.html"]) == 2
    assert "is of another training than the model" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["every=0", "every=", "10", "every=ten", "every=-1"])
def test_what_is_no_distance_between_snapshots(option, tmp_path, capsys):
    (tmp_path / "data.txt").write_text("the cat sat on the mat. " * 20, encoding="utf-8")
    model = tmp_path / "m.safetensors"
    assert main(["train", "text", str(tmp_path / "data.txt"), "-o", str(model), "--magnify", option]) == 2
    assert f"--magnify='{option}'; expected every=N" in capsys.readouterr().err
    assert not model.exists()
