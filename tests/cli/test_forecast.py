"""Forecasting on the command line: from a table to a model, to a table, and every refusal in one line."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from gatewise.cli import main
from tests.cli.command import gatewise, options

SMALL = options(horizon=7, hidden_size=8, epochs=2, steps_per_epoch=5, batch_size=16)


@pytest.fixture(scope="module")
def sales(tmp_path_factory):
    """Two shops' daily sales with a week in them, and a gap of three days in the second."""
    path = tmp_path_factory.mktemp("sales") / "sales.csv"
    rng = np.random.default_rng(0)
    days = np.arange(np.datetime64("2025-01-01"), np.datetime64("2025-05-11"))
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["unique_id", "ds", "y"])
        for shop, level in (("north", 100), ("south", 20)):
            for number, day in enumerate(days):
                if shop == "south" and 50 <= number < 53:
                    continue
                rows.writerow([shop, day, round(level * (1 + 0.3 * (number % 7 == 5)) + rng.normal(), 2)])
    return path


@pytest.fixture(scope="module")
def model(sales, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "sales.safetensors"
    assert main(["train", "forecast", str(sales), "-o", str(path), *SMALL]) == 0
    return path


def refused(capsys, *arguments):
    assert main([*map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_training_tells_the_gap_and_the_verdict(sales, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    assert main(["train", "forecast", str(sales), "-o", str(path), *SMALL]) == 0
    told = capsys.readouterr().out
    assert "note: 3 steps have no row, in 1 of 2 series" in told
    assert " parts, each by a network that learnt from the others" in told
    assert "seasonal naive" in told
    assert not path.with_name("m.checkpoint.safetensors").exists()


def test_training_tells_machines_the_same(sales, tmp_path, capsys):
    assert (
        main(["train", "forecast", str(sales), "-o", str(tmp_path / "m.safetensors"), "--json", *SMALL]) == 0
    )
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "verdict"
    assert [row["name"] for row in events[-1]["forecasters"]] == [
        "forecaster",
        "naive",
        "seasonal naive",
        "drift",
    ]
    assert isinstance(events[-1]["baseline_wins"], bool)


def test_a_forecast_is_a_table_of_the_days_that_follow(model, capsys):
    assert main(["predict", str(model)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["unique_id"] for row in rows] == ["north"] * 7 + ["south"] * 7
    assert [row["ds"] for row in rows[:7]] == [f"2025-05-{day}" for day in range(11, 18)]
    assert all(float(row["q0.1"]) <= float(row["y_hat"]) <= float(row["q0.9"]) for row in rows)


def test_the_same_data_handed_in_again_give_the_same_forecast_in_a_new_process(model, sales, tmp_path):
    kept, given = tmp_path / "kept.csv", tmp_path / "given.csv"
    assert gatewise("predict", model, "-o", kept).returncode == 0
    assert gatewise("predict", model, sales, "-o", given).returncode == 0
    assert kept.read_text() == given.read_text()


def test_a_parquet_file_holds_the_same_and_is_read_as_well(model, sales, tmp_path):
    polars = pytest.importorskip("polars")
    table, plain, found = tmp_path / "sales.parquet", tmp_path / "next.csv", tmp_path / "next.parquet"
    polars.read_csv(sales, try_parse_dates=True).write_parquet(table)
    assert main(["predict", str(model), str(sales), "-o", str(plain)]) == 0
    assert main(["predict", str(model), str(table), "-o", str(found)]) == 0
    assert polars.read_parquet(found).rows() == polars.read_csv(plain, try_parse_dates=True).rows()


def test_evaluating_compares_with_baselines(model, sales, capsys):
    assert main(["evaluate", str(model), str(sales)]) == 0
    assert "forecasts of the end of 2 series, 2 forecasts of 7 steps" in capsys.readouterr().out
    assert main(["evaluate", str(model), str(sales), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["forecasters"][0]["mae"] > 0


def test_resuming_ends_with_the_same_forecast(sales, model, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    assert main(["train", "forecast", str(sales), "-o", str(path), "--time-limit=1e-9", *SMALL]) == 0
    assert "go on with the same command and --resume" in capsys.readouterr().out
    assert main(["train", "forecast", str(sales), "-o", str(path), "--resume", *SMALL]) == 0
    capsys.readouterr()
    forecasts = []
    for each in (path, model):
        main(["predict", str(each)])
        forecasts.append(capsys.readouterr().out)
    assert forecasts[0] == forecasts[1]


def test_a_known_covariate_wants_its_future(sales, tmp_path, capsys):
    table, path, future = tmp_path / "t.csv", tmp_path / "m.safetensors", tmp_path / "f.csv"
    lines = sales.read_text().splitlines()
    priced = [
        line + ("," + ("price" if number == 0 else str(number % 3))) for number, line in enumerate(lines)
    ]
    table.write_text("\n".join(priced))
    assert main(["train", "forecast", str(table), "-o", str(path), "--known=price", *SMALL]) == 0
    capsys.readouterr()
    assert "--future not given, but" in refused(capsys, "predict", path)
    days = [f"{shop},2025-05-{day},1" for shop in ("north", "south") for day in range(11, 18)]
    future.write_text("\n".join(["unique_id,ds,price", *days]))
    assert main(["predict", str(path), "--future", str(future)]) == 0
    capsys.readouterr()
    future.write_text("\n".join(["unique_id,ds,price", *days[:-1]]))
    message = refused(capsys, "predict", path, "--future", future)
    assert "'south'" in message
    assert "2025-05-17" in message


@pytest.mark.parametrize(
    ("change", "arguments", "named"),
    [
        (lambda text: text, ["--target=sales"], ["no column 'sales'", "'y'", "--target"]),
        (lambda text: text, ["--time=day"], ["no column 'day'", "--time"]),
        (lambda text: text, ["--target=unique_id"], ["--id unique_id", "--target unique_id too"]),
        (lambda text: text + text.splitlines()[1] + "\n", [], ["'north'", "2025-01-01", "more than once"]),
        (lambda text: text.replace(",2025-01-05,", ",2025-01-05 12:00,"), [], ["2025-01-05", "off its grid"]),
        (lambda text: text + "north,2025-05-12\n", [], ["line 259", "2 cells", "expected 3"]),
        (lambda text: text, ["--horizon=400"], ["--horizon 400", "longer than the data"]),
        (lambda text: text, ["--quantiles=0.9,0.1"], ["--quantiles 0.9,0.1"]),
        (lambda text: text, ["--quantiles=a"], ["'a'", "numbers"]),
        (lambda text: text, ["--strategy=other"], ["--strategy other", "direct, recursive"]),
        (lambda text: text.split("\n")[0] + "\n", [], ["no rows"]),
    ],
)
def test_bad_input_is_one_line(change, arguments, named, sales, tmp_path, capsys):
    table = tmp_path / "t.csv"
    table.write_text(change(sales.read_text()))
    message = refused(
        capsys, "train", "forecast", table, "-o", tmp_path / "m.safetensors", *SMALL, *arguments
    )
    for part in named:
        assert part in message
    assert not (tmp_path / "m.safetensors").exists()


def test_a_future_is_for_forecasters_only(model_path, tmp_path, capsys):
    assert main(["predict", str(model_path)]) == 2
    assert "holds a language model" in capsys.readouterr().err


def test_a_table_is_written_as_what_its_name_says(model, tmp_path, capsys):
    assert ".csv or .parquet" in refused(capsys, "predict", model, "-o", tmp_path / "next.xlsx")
    assert not (tmp_path / "next.xlsx").exists()
    assert ".jsonl" in refused(capsys, "predict", model, "--json", "-o", tmp_path / "next.csv")
    assert main(["predict", str(model), "--json", "-o", str(tmp_path / "next.jsonl")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "next.jsonl").read_text().splitlines()]
    assert len(rows) == 14
