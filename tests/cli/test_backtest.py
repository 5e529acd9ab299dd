"""``gatewise backtest``, ``anomalies`` and ``plot``: what Python gives, as tables and pictures."""

from __future__ import annotations

import csv
import io
import sys

import numpy as np
import pandas as pd
import pytest

from gatewise import Forecaster, charts, load, pictures
from gatewise.cli import main
from tests.cli.command import json_lines, options, outputs

SETTINGS = {"horizon": 6, "hidden_size": 8, "epochs": 1, "steps_per_epoch": 3, "batch_size": 16}
SMALL = options(**SETTINGS)
NAMES = ["--time=when", "--target=load"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two cities by the day in a CSV file, and zoned hours over a change of the clocks in a Parquet file."""
    folder = tmp_path_factory.mktemp("series")
    rng = np.random.default_rng(0)
    rows = []
    for city in ("Zürich", "007"):
        for day in range(90):
            value = "" if day == 50 else round(10 * (day == 60) + rng.normal(), 3)
            rows.append(f"{city},{np.datetime64('2025-01-01') + day},{value}\n")
    (folder / "cities.csv").write_text("unique_id,ds,y\n" + "".join(rows), encoding="utf-8")
    hours = pd.date_range("2026-03-27", periods=96, freq="h", tz="Europe/Berlin")
    wave = np.sin(np.arange(96) * np.pi / 12) + 0.1 * rng.normal(size=96)
    pd.DataFrame({"when": hours, "load": wave}).to_parquet(folder / "hours.parquet")
    for name, more in (("cities.csv", []), ("hours.parquet", NAMES)):
        path = folder / name
        model = path.with_suffix(".safetensors")
        assert main(["train", "forecast", str(path), "-o", str(model), *SMALL, *more]) == 0
    return folder


def refused(capsys, *arguments):
    assert main([*map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


# anomalies


def test_anomalies_are_those_of_python(folder, capsys):
    found = rows_of(outputs(capsys, "anomalies", *paths(folder), "--threshold=2").out)
    expected = load(folder / "cities.safetensors").anomalies(
        pd.read_csv(folder / "cities.csv", dtype={"unique_id": str}), threshold=2
    )
    assert [row["anomaly"] == "True" for row in found] == expected["anomaly"].tolist()
    assert [float(row["score"] or "nan") for row in found] == pytest.approx(expected["score"], nan_ok=True)
    assert [row["unique_id"] for row in found] == ["Zürich"] * 90 + ["007"] * 90
    assert found[50]["y"] == found[50]["score"] == "", "a missing number is an empty cell"
    marked = [number for number, row in enumerate(found) if row["anomaly"] == "True"]
    assert {60, 150} <= set(marked)


def paths(folder, name="cities"):
    return folder / f"{name}.safetensors", folder / (f"{name}.csv" if name == "cities" else "hours.parquet")


@pytest.mark.parametrize("marks", [[], ["--rate=0.1"], ["--threshold=0.5"]])
def test_anomalies_as_files_of_all_kinds_hold_the_same(marks, folder, tmp_path, capsys):
    asked = ["anomalies", *paths(folder), *marks]
    plain = rows_of(outputs(capsys, *asked).out)
    lines = json_lines(outputs(capsys, *asked, "--json").out)
    out = outputs(capsys, *asked, "-o", tmp_path / "a.csv").out
    count = sum(row["anomaly"] == "True" for row in plain)
    assert f"wrote 180 rows to {tmp_path / 'a.csv'}\nmarked {count} of them" in out
    [told] = json_lines(outputs(capsys, *asked, "--json", "-o", tmp_path / "a.json").out)
    assert told == {"path": str(tmp_path / "a.json"), "rows": 180, "anomalies": count}
    outputs(capsys, *asked, "-o", tmp_path / "a.parquet")
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert frame["anomaly"].dtype == bool
    assert frame["ds"].dtype.kind == "M"
    for row, line, (_, wide) in zip(plain, lines, frame.iterrows(), strict=True):
        assert (row["anomaly"] == "True") is line["anomaly"] is bool(wide["anomaly"])
        assert row["ds"] == line["ds"] == str(wide["ds"])[:10]
        assert row["score"] == ("" if line["score"] is None else str(line["score"]))


def test_zones_stay(folder, tmp_path, capsys):
    outputs(capsys, "anomalies", *paths(folder, "hours"), "-o", tmp_path / "a.parquet")
    given = pd.read_parquet(folder / "hours.parquet")["when"]
    assert pd.read_parquet(tmp_path / "a.parquet")["when"].equals(given)
    told = rows_of(outputs(capsys, "anomalies", *paths(folder, "hours")).out)
    assert [row["when"] for row in told] == [str(time) for time in given]
    back = tmp_path / "b.parquet"
    outputs(capsys, "backtest", *paths(folder, "hours"), "--windows=2", "-o", back)
    frame = pd.read_parquet(back)
    assert str(frame["when"].dtype) == str(frame["cutoff"].dtype) == str(given.dtype)


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        (["--rate=0.1", "--threshold=2"], "--rate 0.1 and --threshold 2 are both given"),
        (["--threshold=-1"], "--threshold -1"),
        (["--rate=2"], "--rate 2"),
        (["-o", "x.txt"], "expected a name that ends in .csv or .parquet or .pq"),
        (["--json", "-o", "x.csv"], "expected a name that ends in .json or .jsonl"),
    ],
)
def test_marks_that_cannot_work_are_refused(marks, message, folder, capsys):
    assert message in refused(capsys, "anomalies", *paths(folder), *marks)


def test_another_kind_of_model_is_refused(folder, model_path, capsys):
    for command in (["anomalies"], ["backtest"], ["plot", "-o", folder / "x.html"]):
        message = refused(capsys, *command, model_path, folder / "cities.csv")
        assert "holds a language model; expected a forecaster" in message


# backtest


def test_a_backtest_is_that_of_python(folder, capsys):
    told = outputs(capsys, "backtest", folder / "cities.csv", "--windows=2", "--step=4", *SMALL)
    made = Forecaster(**SETTINGS, progress=False)
    expected = made.backtest(pd.read_csv(folder / "cities.csv", dtype={"unique_id": str}), windows=2, step=4)
    found = rows_of(told.out)
    assert list(found[0]) == list(expected)
    assert [float(row["y_hat"]) for row in found] == pytest.approx(expected["y_hat"])
    assert [row["cutoff"] for row in found] == [str(time)[:10] for time in expected["cutoff"]]
    assert str(made.verdict_) in told.err
    assert "note: 2 values are missing" in told.err


def test_a_model_file_gives_the_hyperparameters_and_options_change_them(folder, capsys):
    same = outputs(capsys, "backtest", folder / "cities.csv", *SMALL).out
    assert outputs(capsys, "backtest", *paths(folder)).out == same
    shorter = rows_of(outputs(capsys, "backtest", *paths(folder), "--horizon=3", "--windows=1").out)
    assert len(shorter) == 2 * 3
    assert outputs(capsys, "backtest", *paths(folder), "--refit").out != same


def test_a_backtest_in_a_file_has_the_verdict_as_its_answer(folder, tmp_path, capsys):
    path = tmp_path / "b.jsonl"
    [told] = json_lines(outputs(capsys, "backtest", *paths(folder), "--json", "-o", path).out)
    assert (told["path"], told["rows"]) == (str(path), 36)
    assert told["verdict"]["forecasters"][0]["name"] == "forecaster"
    rows = json_lines(path.read_text(encoding="utf-8"))
    assert rows == json_lines(outputs(capsys, "backtest", *paths(folder), "--json").out)
    out = outputs(capsys, "backtest", *paths(folder), "-o", tmp_path / "b.csv").out
    assert out.startswith(f"wrote 36 rows to {tmp_path / 'b.csv'}\nforecasts of 2 series from 3 origins")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cities.safetensors"], "DATA is missing: 'cities.safetensors' is a model file"),
        (["cities.csv", "--windows=0"], "--windows 0; expected a whole number of at least 1"),
        (["cities.csv", "--step=-2"], "--step -2; expected"),
        (["cities.csv", "--windows=90", *SMALL], "--windows 90 of --horizon 6 reach 540 steps back"),
        (["cities.csv", "cities.safetensors"], "is a CSV table. Expected a model"),
    ],
)
def test_backtests_that_cannot_be_are_refused(arguments, message, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert message in refused(capsys, "backtest", *arguments)


# plot


@pytest.fixture
def drawn(monkeypatch):
    """The figures that would be written, by the name of the file."""
    pytest.importorskip("plotly")
    found = {}
    monkeypatch.setattr(
        "gatewise.cli.plot.save_figure", lambda figure, path: found.update({path.name: figure})
    )
    return found


def names_of(figure):
    return list(dict.fromkeys(trace.name for trace in figure.data))


def test_a_forecast_is_drawn(drawn, folder, tmp_path, capsys):
    out = outputs(capsys, "plot", *paths(folder), "-o", tmp_path / "f.html").out
    assert out == f"wrote {tmp_path / 'f.html'}\n"
    assert names_of(drawn["f.html"]) == ["observed", "80 % interval", "forecast"]
    outputs(capsys, "plot", folder / "cities.safetensors", "-o", tmp_path / "kept.html", "--most=1")
    assert [each.text for each in drawn["kept.html"].layout.annotations] == ["Zürich"]
    [told] = json_lines(outputs(capsys, "plot", *paths(folder), "-o", tmp_path / "f.html", "--json").out)
    assert told == {"files": [str(tmp_path / "f.html")]}


@pytest.mark.parametrize("name", ["cities", "hours"])
@pytest.mark.parametrize("command", ["anomalies", "backtest"])
def test_what_a_command_wrote_is_drawn_alike_from_csv_and_parquet(
    command, name, drawn, folder, tmp_path, capsys
):
    """Over the change of the clocks the CSV file has times of two offsets."""
    model = paths(folder, name)[0]
    for kind in ("csv", "parquet"):
        table = tmp_path / f"table.{kind}"
        outputs(capsys, command, *paths(folder, name), "-o", table)
        outputs(capsys, "plot", model, f"--{command}", table, "-o", tmp_path / f"{kind}.html")
    one, other = drawn["csv.html"], drawn["parquet.html"]
    assert len(one.data) == len(other.data) > 0
    for first, second in zip(one.data, other.data, strict=True):
        times = [np.asarray(trace.x, "M8[us]") for trace in (first, second)]
        np.testing.assert_array_equal(*times)
        np.testing.assert_array_equal(np.asarray(first.y, float), np.asarray(second.y, float))
        assert first.name == second.name


def test_events_of_data_are_marked_at_once(drawn, folder, tmp_path, capsys):
    for mark in ("--threshold=2", "--rate=0.02"):
        outputs(capsys, "plot", *paths(folder), mark, "-o", tmp_path / "e.html")
        events = [trace for trace in drawn["e.html"].data if trace.name == "anomaly"]
        assert sum(len(trace.x) for trace in events) > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cities.csv", "--anomalies=cities.csv"], "--anomalies is given, and DATA too"),
        (["--anomalies=cities.csv", "--backtest=cities.csv"], "--anomalies is given, and --backtest too"),
        (["--backtest=cities.csv"], "--backtest: 'cities.csv' has no column 'cutoff'"),
        (["--anomalies=cities.csv"], "--anomalies: 'cities.csv' has no column 'y_hat'"),
        (["--threshold=2"], "--threshold marks steps of DATA"),
        (["cities.csv", "--rate=0.1", "--threshold=2"], "--rate is given, and --threshold too"),
        (["--anomalies=cities.csv", "--no-header"], "--anomalies is given, and --no-header too"),
        (["--backtest=cities.csv", "--no-header"], "--backtest is given, and --no-header too"),
        (["--most=0"], "--most 0; expected a whole number of at least 1"),
        (["-o", "x.pdf"], "expected a name that ends in .html or .png or .svg"),
        (["-o", "nowhere/x.html"], "'nowhere' does not exist"),
        (["--anomalies=missing.csv"], "'missing.csv' does not exist"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message, folder, monkeypatch, capsys):
    pytest.importorskip("plotly")
    monkeypatch.chdir(folder)
    output = [] if "-o" in arguments else ["-o", "x.html"]
    assert message in refused(capsys, "plot", "cities.safetensors", *output, *arguments)
    assert not (folder / "x.html").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["plot", "cities.safetensors", "-o", "x.png"],
        ["plot", "cities.safetensors", "-o", "x.html", "--svg"],
        ["magnify", "cities.safetensors", "--data", "cities.csv", "-o", "x.html", "--png"],
        ["lab", "memory", "--quick", "--svg", "--out", "x"],
    ],
)
def test_without_what_makes_pictures_the_remedy_comes_before_the_work(arguments, folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "choreographer", None)
    monkeypatch.chdir(folder)
    assert "pip install 'gatewise[pictures]'" in refused(capsys, *arguments)
    assert not list(folder.glob("x*"))


def test_pictures_of_a_report_need_a_report(model_path, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("gatewise.cli.drawing.check_pictures", lambda: None)
    for output in ([], ["-o", tmp_path / "x.csv"]):
        message = refused(capsys, "magnify", model_path, "--text=abc", "--png", *output)
        assert "--png and --svg draw the figures of the report" in message


# With a browser


@pytest.mark.browser
def test_pictures_lie_beside_pages(folder, model_path, tmp_path, capsys):
    page = tmp_path / "f.html"
    out = outputs(capsys, "plot", *paths(folder), "-o", page, "--png", "--svg").out
    assert out == f"wrote {page} and {tmp_path / 'f.png'} and {tmp_path / 'f.svg'}\n"
    outputs(capsys, "plot", *paths(folder), "-o", tmp_path / "one.svg", "--svg")
    assert (tmp_path / "one.svg").read_bytes().startswith(b"<svg")
    outputs(capsys, "magnify", model_path, "--text=abc abc", "-o", tmp_path / "r.html", "--svg")
    names = {path.name for path in tmp_path.glob("r-*.svg")}
    maps = {f"r-{letter}.svg" for letter in "ifgoch"}
    assert names >= maps | {"r-traces.svg", "r-lag.svg", "r-shares.svg", "r-saturation.svg", "r-ledger.svg"}
    for path in tmp_path.glob("r-*.svg"):
        assert path.read_text(encoding="utf-8").count('class="xtitle"') == 1, "each says what a step is"
        assert 'class="ytitle"' in path.read_text(encoding="utf-8")


def test_formats_are_the_options():
    assert pictures.FORMATS == ("png", "svg")
    assert charts.save_figure
