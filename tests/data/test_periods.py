"""Quarters, weeks and years as periods and as texts: read by where they begin, given back as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise import load
from gatewise.data.table_files import read_file
from gatewise.data.text_times import times_of_texts
from gatewise.errors import ArgumentError, DataError
from tests.tasks.forecasting.problems import quick, wave

COUNT, HORIZON = 48, 4
VALUES = wave(COUNT)


def model(**changes):
    return quick(horizon=HORIZON, epochs=1, steps_per_epoch=2, context_length=12, **changes)


def forecast_times(made, tmp_path):
    made.save(tmp_path / "m.safetensors")
    first, again = (each.predict()["ds"] for each in (made, load(tmp_path / "m.safetensors")))
    assert list(first) == list(again)
    return first


MAKERS = {
    "a column": lambda periods: pd.DataFrame({"ds": periods, "y": VALUES}),
    "an index": lambda periods: pd.Series(VALUES, index=periods),
    "a dict": lambda periods: {"ds": periods, "y": VALUES},
    "a list": lambda periods: {"ds": list(periods), "y": VALUES},
    "objects": lambda periods: pd.DataFrame({"ds": np.array(list(periods), dtype=object), "y": VALUES}),
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("freq", ["Q-DEC", "Q-NOV", "M", "Y-JUN", "W-SUN", "W-WED", "D", "h"])
def test_periods_come_back_as_periods(freq, maker, tmp_path):
    periods = pd.period_range("1990-02-01", periods=COUNT + HORIZON, freq=freq)
    found = forecast_times(model().fit(maker(periods[:COUNT])), tmp_path)
    assert list(found) == list(periods[COUNT:])
    if isinstance(found, pd.Series):
        assert found.dtype == periods.dtype


@pytest.mark.parametrize(
    ("freq", "name", "found"), [("Q-NOV", "QE-NOV", "1q"), ("W-WED", "W-WED", "1w"), ("M", "ME", "1mo")]
)
def test_the_step_of_periods_may_be_named_by_their_end(freq, name, found):
    periods = pd.period_range("1990-02", periods=COUNT, freq=freq)
    made = model(freq=name).fit(pd.DataFrame({"ds": periods, "y": VALUES}))
    assert str(made.setup_.frequency) == found


def test_periods_of_arrow_are_numbers_there_and_refused(tmp_path):
    frame = pd.DataFrame({"ds": pd.period_range("1990-02", periods=COUNT, freq="Q"), "y": VALUES})
    frame.to_parquet(tmp_path / "d.parquet")
    for table in (pa.table(frame), read_file(tmp_path / "d.parquet")):
        with pytest.raises(DataError, match=r"column 'ds' holds periods of pandas, .*to_timestamp\(\)"):
            model().fit(table)
    bare = pa.table({"ds": pa.array(range(COUNT), pa.int64()), "y": VALUES})
    told = bare.schema.field("ds").with_metadata({"ARROW:extension:name": "pandas.period"})
    with pytest.raises(DataError, match="holds periods of pandas"):
        model().fit(bare.cast(pa.schema([told, bare.schema.field("y")])))
    assert model().fit(bare).predict()["ds"].to_pylist() == list(range(COUNT, COUNT + HORIZON))


def test_a_missing_period_is_no_time():
    periods = pd.Series(pd.period_range("2020Q1", periods=COUNT, freq="Q"))
    periods[3] = pd.NaT
    with pytest.raises(DataError, match="column 'ds' has no time in row 4"):
        model().fit(pd.DataFrame({"ds": periods, "y": VALUES}))


WEEKS = pd.date_range("2019-11-25", periods=COUNT + HORIZON, freq="7D")
TEXTS = {
    "quarters": [f"{2000 + k // 4}Q{k % 4 + 1}" for k in range(COUNT + HORIZON)],
    "quarters with a dash": [f"{2000 + k // 4}-Q{k % 4 + 1}" for k in range(COUNT + HORIZON)],
    "weeks": [f"{day:%G-W%V}" for day in WEEKS],
    "weeks without a dash": [f"{day:%GW%V}" for day in WEEKS],
    "days of weeks": [f"{day:%G-W%V}-3" for day in WEEKS],
    "weeks by their days": [
        str(week) for week in pd.period_range("2019-11-25", periods=COUNT + HORIZON, freq="W")
    ],
}


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame, pa.table], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", TEXTS)
def test_texts_come_back_as_they_were(name, kind, tmp_path):
    texts = TEXTS[name]
    made = model().fit(kind({"ds": texts[:COUNT], "y": VALUES}))
    assert str(made.setup_.frequency) == ("1q" if name.startswith("quarters") else "1w")
    found = forecast_times(made, tmp_path)
    assert [str(text) for text in found] == texts[COUNT:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024Q3", "2024-07-01"),
        ("2024-W01", "2024-01-01"),
        ("2021W01", "2021-01-04"),
        ("2020-W53-5", "2021-01-01"),
    ],
)
def test_where_a_period_begins(text, expected):
    assert times_of_texts(np.array([text]), "ds", "x").times == [np.datetime64(expected)]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["2024Q5"], "'2024Q5' in row 1; expected dates .* quarters as 2026Q1"),
        (["2021-W53"], "'2021-W53' in row 1; expected dates"),
        (["2024-01-01/2024-01-09"], "in row 1; expected dates"),
        (
            ["2024Q1", "2024-04-01"],
            "'2024Q1' in row 1 and '2024-04-01' in row 2; expected quarters or weeks of",
        ),
        (["2024-W01", "2024Q1"], "in row 2; expected quarters or weeks of one form"),
    ],
)
def test_what_is_no_period(texts, message):
    with pytest.raises(DataError, match=message):
        times_of_texts(np.array(texts), "ds", "x")


def test_other_names_in_the_index_are_refused():
    with pytest.raises(ArgumentError, match="expected times, periods or a count"):
        model().fit(pd.Series(VALUES, pd.timedelta_range(0, periods=COUNT, freq="D")))
