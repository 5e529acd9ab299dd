"""Tables on the command line: ids as they are written, times by local clocks, types where files have them."""

from __future__ import annotations

import csv
import datetime as dt

import numpy as np
import pytest

from gatewise import load
from gatewise.cli import main
from tests.cli.command import options

SMALL = options(horizon=3, hidden_size=4, epochs=1, steps_per_epoch=2, batch_size=8, context_length=7)
DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=day) for day in range(40)]


def write(path, ids, times=None):
    times = times or [str(day) for day in DAYS] * len(ids)
    values = [3 + np.sin(number) for number in range(len(times))]
    keys = [key for key in ids for _ in range(len(times) // len(ids))]
    path.write_text("\n".join(["unique_id,ds,y", *map("{},{},{:.3f}".format, keys, times, values)]) + "\n")
    return path


def train(tmp_path, table, *more):
    path = tmp_path / "m.safetensors"
    assert main(["train", "forecast", str(table), "-o", str(path), *SMALL, *more]) == 0
    return path


def forecast(tmp_path, *arguments):
    found = tmp_path / "found.csv"
    assert main(["predict", *map(str, arguments), "-o", str(found)]) == 0
    with found.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "ids",
    [
        ("9007199254740992001", "9007199254740992002"),  # one number to floats
        ("12", "12345678901234567890"),
        ("007", "7"),
        ("1e400", "inf"),
        ("1.50", "1.5"),
    ],
)
def test_ids_are_what_is_written(ids, tmp_path):
    table = write(tmp_path / "t.csv", ids)
    model = train(tmp_path, table)
    for rows in (forecast(tmp_path, model), forecast(tmp_path, model, table)):
        assert [row["unique_id"] for row in rows] == [key for key in ids for _ in range(3)]
        assert rows[0]["ds"] == "2026-02-10"


def test_ids_may_be_numbers_where_somebody_says_so(tmp_path):
    table = write(tmp_path / "t.csv", ("12", "7"))
    model = train(tmp_path, table, "--id-type=number")
    assert [each.key for each in load(model)._tails] == [12, 7]
    assert [row["unique_id"] for row in forecast(tmp_path, model, table)] == ["12"] * 3 + ["7"] * 3
    assert main(["evaluate", str(model), str(table)]) == 0


def test_a_text_given_to_a_model_of_numbers_is_refused(tmp_path, capsys):
    model = train(tmp_path, write(tmp_path / "t.csv", ("12", "7")), "--id-type=number")
    capsys.readouterr()
    assert main(["predict", str(model), str(write(tmp_path / "u.csv", ("a", "b")))]) == 2
    assert "has 'a' of type str, and the model learnt ids of type int" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["+05:30", "Z", "+00:00", ""])
def test_times_of_texts_come_back_as_they_were_written(suffix, tmp_path):
    hours = [f"2026-03-01 {hour:02}:00{suffix}" for hour in range(20)]
    rows = forecast(tmp_path, train(tmp_path, write(tmp_path / "t.csv", ("a",), hours)))
    assert [row["ds"] for row in rows] == [f"2026-03-01 {hour}:00{suffix}" for hour in (20, 21, 22)]


def test_zoned_hours_are_local_in_text_and_typed_in_parquet(tmp_path):
    polars = pytest.importorskip("polars")
    hours = polars.datetime_range(
        dt.datetime(2026, 3, 28), dt.datetime(2026, 3, 29), "1h", time_zone="Europe/Berlin", eager=True
    ).cast(polars.Datetime("ms", "Europe/Berlin"))
    table = tmp_path / "t.parquet"
    frame = polars.DataFrame({"unique_id": ["a"] * 25, "ds": hours, "y": np.sin(np.arange(25))})
    frame.write_parquet(table)
    model = train(tmp_path, table)
    local = [f"2026-03-29 0{hour}:00:00+0{offset}:00" for hour, offset in ((1, 1), (3, 2), (4, 2))]
    assert [row["ds"] for row in forecast(tmp_path, model)] == local
    assert main(["predict", str(model), "-o", str(tmp_path / "f.parquet")]) == 0
    found = polars.read_parquet(tmp_path / "f.parquet")
    assert found.schema["ds"] == frame.schema["ds"]
    assert list(map(str, found["ds"])) == local


def test_a_csv_file_gives_a_parquet_file_with_times(tmp_path):
    polars = pytest.importorskip("polars")
    model = train(tmp_path, write(tmp_path / "t.csv", ("a",)))
    assert main(["predict", str(model), "-o", str(tmp_path / "f.parquet")]) == 0
    found = polars.read_parquet(tmp_path / "f.parquet")
    assert found["ds"].cast(polars.Date).to_list() == [dt.date(2026, 2, 10 + day) for day in range(3)]
