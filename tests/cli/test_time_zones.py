"""Times in files where clocks change: what is written reads back to the same moments."""

from __future__ import annotations

import csv
import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from gatewise.cli import main
from tests.cli.command import options, outputs

COUNT, HORIZON = 60, 3
BERLIN = "Europe/Berlin"
SIZES = {"hidden_size": 4, "horizon": HORIZON, "epochs": 1, "steps_per_epoch": 2, "context_length": 12}
VALUES = np.sin(np.arange(COUNT))
AUTUMN = [
    (dt.datetime(2026, 10, 24, hour, tzinfo=dt.UTC) + dt.timedelta(days=day)).astimezone(ZoneInfo(BERLIN))
    for day in range(3)
    for hour in range(24)
]
LOCAL = "{:%Y-%m-%d %H:%M}"


def written(path, form, times=AUTUMN):
    rows = [[form.format(time), value] for time, value in zip(times[:COUNT], VALUES, strict=True)]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["ds", "y"], *rows])
    return path


def train(data, *given):
    model = data.with_suffix(".safetensors")
    arguments = ["train", "forecast", data, "-o", model, *options(**SIZES), "--restart", *given]
    return model, main(list(map(str, arguments)))


def times_of(path):
    with path.open(encoding="utf-8") as file:
        return [row["ds"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("command", ["anomalies", "backtest"])
def test_what_is_written_in_text_is_read_again(command, tmp_path, capsys):
    table = pyarrow.table({"ds": pyarrow.array(AUTUMN[:COUNT]), "y": VALUES})
    parquet.write_table(table, tmp_path / "t.parquet")
    model, code = train(tmp_path / "t.parquet")
    assert code == 0
    more = ["--windows", "2"] if command == "backtest" else []
    outputs(capsys, command, model, tmp_path / "t.parquet", *more, "-o", tmp_path / "o.csv")
    told = times_of(tmp_path / "o.csv")
    assert [time for time in map(str, AUTUMN) if time in told] == told
    outputs(capsys, "plot", model, f"--{command}", tmp_path / "o.csv", "-o", tmp_path / "o.html")
    if command == "anomalies":
        outputs(capsys, command, model, tmp_path / "o.csv", "-o", tmp_path / "again.csv")
        assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "o.csv").read_bytes()
        assert train(tmp_path / "o.csv", "--time-zone", BERLIN)[1] == 0


def test_texts_with_offsets_need_the_zone_and_keep_it(tmp_path, capsys):
    data = written(tmp_path / "t.csv", "{}")
    assert train(data)[1] == 2
    told = capsys.readouterr().err
    assert "'ds' has times of different offsets to UTC, +02:00 in line 2 and +01:00 in line 27" in told
    assert "--time-zone" in told
    model, code = train(data, "--time-zone", BERLIN)
    assert code == 0
    outputs(capsys, "predict", model, "-o", tmp_path / "p.csv")
    assert times_of(tmp_path / "p.csv") == list(map(str, AUTUMN[COUNT : COUNT + HORIZON]))
    outputs(capsys, "predict", model, data, "-o", tmp_path / "p.parquet")
    field = parquet.read_schema(tmp_path / "p.parquet").field("ds")
    assert field.type.tz == BERLIN
    outputs(capsys, "backtest", model, data, "--windows", "2", "-o", tmp_path / "b.parquet")
    schema = parquet.read_schema(tmp_path / "b.parquet")
    assert schema.field("cutoff").type == schema.field("ds").type == field.type


def test_an_hour_that_comes_twice_is_refused_with_its_line(tmp_path, capsys):
    data = written(tmp_path / "t.csv", LOCAL)
    assert train(data, "--time-zone", BERLIN)[1] == 2
    told = capsys.readouterr().err
    assert f"{str(data)!r}: column 'ds' has 2026-10-25 02:00 in line 26, which clocks in" in told
    assert "Write it with its offset to UTC, as in 2026-10-25 02:00+02:00." in told
    assert train(data)[1] == 2
    assert "Where clocks were set back, write the times with their offset to UTC" in capsys.readouterr().err


def test_local_hours_of_spring_are_answered_with_their_offset(tmp_path, capsys):
    first = dt.datetime(2026, 3, 26, 13, tzinfo=dt.UTC)
    spring = [
        (first + dt.timedelta(hours=hour)).astimezone(ZoneInfo(BERLIN)) for hour in range(COUNT + HORIZON)
    ]
    data = written(tmp_path / "t.csv", LOCAL, spring)
    model, code = train(data, "--time-zone", BERLIN)
    assert code == 0
    for source in ([], [data]):
        outputs(capsys, "predict", model, *source, "-o", tmp_path / "p.csv")
        found = list(map(dt.datetime.fromisoformat, times_of(tmp_path / "p.csv")))
        assert found == spring[COUNT:]
        assert found[-1].utcoffset() == dt.timedelta(hours=2)


def test_a_zone_that_there_is_not(tmp_path, capsys):
    assert train(written(tmp_path / "t.csv", "{}"), "--time-zone", "Berlin")[1] == 2
    assert (
        "--time-zone Berlin is no time zone; expected its name, as 'Europe/Berlin'" in capsys.readouterr().err
    )
