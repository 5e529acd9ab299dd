"""What goes out is what came in: type, unit, zone and name, in every frame library; else it is refused."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

import dateutil.tz
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise import load
from gatewise.errors import ArgumentError, DataError
from tests.marks import on_posix
from tests.tasks.forecasting.problems import quick, wave

COUNT, HORIZON = 60, 4
VALUES = wave(COUNT)


def model(**changes):
    return quick(horizon=HORIZON, epochs=1, steps_per_epoch=2, context_length=12, **changes)


def in_pandas(times, ids=None, **columns):
    frame = pd.DataFrame({"ds": times, "y": VALUES, **columns})
    return frame if ids is None else frame.assign(unique_id=ids)


def zoned_in_pandas(zone, freq):
    naive = pd.date_range("2026-03-01", periods=COUNT + HORIZON, freq=freq)
    return pd.Series(naive.tz_localize(zone))


ZONES = {
    "an offset": dt.timezone(dt.timedelta(hours=5, minutes=30)),
    "an offset behind UTC": dt.timezone(-dt.timedelta(hours=3, minutes=30)),
    "UTC": "UTC",
    "an IANA name": ZoneInfo("Europe/Berlin"),
    "dateutil": dateutil.tz.gettz("America/New_York"),
    "an offset of dateutil": dateutil.tz.tzoffset(None, 3600),
}


@pytest.mark.parametrize("freq", ["D", "h"])
@pytest.mark.parametrize("zone", ZONES.values(), ids=ZONES)
def test_pandas_forecasts_in_that_very_zone(zone, freq, tmp_path):
    times = zoned_in_pandas(zone, freq)
    made = model().fit(in_pandas(times[:COUNT]))
    found = made.predict()
    pd.testing.assert_series_equal(found["ds"], times[COUNT:].reset_index(drop=True), check_names=False)
    made.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors").predict()["ds"]
    assert again.tolist() == found["ds"].tolist()
    assert again[0].utcoffset() == found["ds"][0].utcoffset()


@pytest.mark.parametrize("zone", ["+05:30", "-03:00", "Europe/Berlin", "UTC"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_arrow_keeps_zone_and_unit(zone, unit, tmp_path):
    hours = np.datetime64("2026-03-01T22:00", "us") + np.arange(COUNT + HORIZON) * np.timedelta64(1, "h")
    times = pa.array(hours).cast(pa.timestamp(unit, "UTC")).cast(pa.timestamp(unit, zone))
    made = model().fit(pa.table({"ds": times[:COUNT], "y": VALUES}))
    made.save(tmp_path / "m.safetensors")
    for each in (made, load(tmp_path / "m.safetensors")):
        assert each.predict()["ds"].combine_chunks().equals(times[COUNT:])


@pytest.mark.parametrize(
    "written",
    [
        "{:%Y-%m-%d}T{:%H:%M:%S}+05:30",
        "{:%Y-%m-%d} {:%H:%M:%S}+00:00",
        "{:%Y/%m/%d} {:%H:%M}Z",
        "{:%Y-%m-%d} {:%H:%M}",
    ],
)
@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame, pa.table], ids=lambda kind: kind.__name__)
def test_texts_stay_texts_of_their_form(written, kind):
    hours = [dt.datetime(2026, 3, 1) + dt.timedelta(hours=hour) for hour in range(COUNT + HORIZON)]
    texts = [written.format(hour, hour) for hour in hours]
    found = model().fit(kind({"ds": texts[:COUNT], "y": VALUES})).predict()["ds"]
    assert list(found.to_pylist() if kind is pa.table else found) == texts[COUNT:]


@on_posix
def test_a_zone_without_a_name_is_refused_before_training(monkeypatch):
    """That of the machine it is, which may be another one tomorrow."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        frame = in_pandas(zoned_in_pandas(dateutil.tz.tzlocal(), "D")[:COUNT])
    time.tzset()
    with pytest.raises(DataError, match=r"column 'ds' is in a time zone .*tz_convert"):
        model().fit(frame)


# Types of polars, pandas and Arrow


DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=day) for day in range(COUNT + HORIZON)]
POLARS = {
    "a date": (pl.Series(DAYS), pl.Series(["a"] * COUNT)),
    "milliseconds, a category": (
        pl.Series(DAYS).cast(pl.Datetime("ms")),
        pl.Series(["a"] * COUNT, dtype=pl.Categorical),
    ),
    "nanoseconds in a zone, an Enum": (
        pl.Series(DAYS).cast(pl.Datetime("ns")).dt.replace_time_zone("Asia/Tokyo"),
        pl.Series(["a"] * COUNT, dtype=pl.Enum(["b", "a"])),
    ),
    "counted, a small integer": (
        pl.Series(range(COUNT + HORIZON), dtype=pl.Int16),
        pl.Series([7] * COUNT, dtype=pl.UInt8),
    ),
}


@pytest.mark.parametrize("name", POLARS)
def test_a_polars_frame_joins_its_forecast(name, tmp_path):
    times, ids = POLARS[name]
    frame = pl.DataFrame({"unique_id": ids, "ds": times[:COUNT], "y": VALUES})
    made = model().fit(frame)
    made.save(tmp_path / "m.safetensors")
    ahead = pl.DataFrame({"ds": times[COUNT:], "unique_id": ids[:HORIZON], "wanted": range(HORIZON)})
    for each in (made, load(tmp_path / "m.safetensors")):
        found = each.predict()
        assert {name: found.schema[name] for name in ("ds", "unique_id")} == {
            "ds": times.dtype,
            "unique_id": ids.dtype,
        }
        joined = ahead.join(found, on=["unique_id", "ds"])
        assert joined["wanted"].to_list() == list(range(HORIZON))


PANDAS = {
    "seconds, a category": (
        pd.Series(pd.to_datetime(DAYS)).astype("M8[s]"),
        pd.Series(["a"] * COUNT, dtype="category"),
    ),
    "nanoseconds, nullable integers": (
        pd.Series(pd.to_datetime(DAYS)).astype("M8[ns]"),
        pd.Series([7] * COUNT, dtype="Int8"),
    ),
    "milliseconds, strings": (
        pd.Series(pd.to_datetime(DAYS)).astype("M8[ms]"),
        pd.Series(["a"] * COUNT, dtype="string"),
    ),
    "counted, floats": (pd.Series(np.arange(COUNT + HORIZON, dtype=np.int16)), pd.Series([0.5] * COUNT)),
}


@pytest.mark.parametrize("name", PANDAS)
def test_a_pandas_frame_gets_its_own_types(name, tmp_path):
    times, ids = PANDAS[name]
    made = model().fit(in_pandas(times[:COUNT], ids))
    made.save(tmp_path / "m.safetensors")
    for each in (made, load(tmp_path / "m.safetensors")):
        found = each.predict()
        assert (found["ds"].dtype, found["unique_id"].dtype) == (times.dtype, ids.dtype)
        assert found["ds"].tolist() == times[COUNT:].tolist()
    for found in (
        made.backtest(in_pandas(times[:COUNT], ids), windows=1),
        made.anomalies(in_pandas(times[:COUNT], ids)),
    ):
        assert (found["ds"].dtype, found["unique_id"].dtype) == (times.dtype, ids.dtype)


@pytest.mark.parametrize("values", [pa.string(), pa.int32()], ids=str)
def test_arrow_gets_its_dictionary_back(values):
    ids = pa.array(["1"] * COUNT).cast(values).dictionary_encode()
    days = pa.array(DAYS)
    found = model().fit(pa.table({"unique_id": ids, "ds": days[:COUNT], "y": VALUES})).predict()
    assert (found["unique_id"].type, found["ds"].type) == (ids.type, pa.date32())
    assert found["unique_id"].to_pylist() == ids[:HORIZON].to_pylist()


# Missing values


MISSING = {
    "pandas' NA in strings": lambda: pd.array([*["a"] * 20, pd.NA, *["a"] * 39], dtype="string"),
    "pandas' NA in integers": lambda: pd.array([*[1] * 20, pd.NA, *[1] * 39], dtype="Int64"),
    "a category of pandas": lambda: pd.Categorical([*["a"] * 20, None, *["b"] * 39]),
    "None in objects": lambda: np.array([*["a"] * 20, None, *["a"] * 39], dtype=object),
    "NaN": lambda: np.array([*[1.0] * 20, np.nan, *[1.0] * 39]),
}


@pytest.mark.parametrize("ids", MISSING.values(), ids=MISSING)
def test_an_id_that_is_missing_is_named_with_its_row(ids):
    with pytest.raises(DataError, match="column 'unique_id' names no series in row 21"):
        model().fit(in_pandas(np.arange(COUNT), ids()))
    with pytest.raises(DataError, match="column 'region' has a missing value in series 'y'"):
        model(static=("region",)).fit(in_pandas(np.arange(COUNT), region=ids()))


@pytest.mark.parametrize("kind", ["pyarrow", "polars"])
@pytest.mark.parametrize("value", ["a", 3], ids=["words", "numbers"])
def test_a_null_of_a_dictionary_is_no_category(kind, value):
    """Of pyarrow's to_numpy it would be the last one."""
    values = pa.chunked_array([[value] * 20 + [None] + [value] * (COUNT - 21)]).dictionary_encode()
    frame = pa.table({"unique_id": values, "ds": np.arange(COUNT), "y": VALUES})
    frame = pl.from_arrow(frame) if kind == "polars" else frame
    with pytest.raises(DataError, match="names no series in row 21"):
        model().fit(frame)
    renamed = (
        frame.rename({"unique_id": "region"})
        if kind == "polars"
        else frame.rename_columns(["region", "ds", "y"])
    )
    with pytest.raises(DataError, match="column 'region' has a missing value"):
        model(static=("region",)).fit(renamed)


def test_a_covariate_kept_as_a_dictionary_has_its_values_and_its_gaps():
    prices = pa.array([1.5, None, 2.5] * 20).dictionary_encode()
    plain = pa.array([1.5, None, 2.5] * 20)
    made = [
        model(past=("price",)).fit(pa.table({"price": each, "ds": np.arange(COUNT), "y": VALUES}))
        for each in (prices, plain)
    ]
    assert made[0].notes_ == made[1].notes_
    np.testing.assert_array_equal(made[0].predict()["y_hat"], made[1].predict()["y_hat"])


# Clocks and ids that do not fit the training


def test_times_with_and_without_a_zone_are_not_mixed():
    times = zoned_in_pandas("Europe/Berlin", "h")
    naive = times.dt.tz_localize(None)
    aware_model = model(known=("price",)).fit(in_pandas(times[:COUNT], price=1.0))
    naive_model = model().fit(in_pandas(naive[:COUNT]))
    future = pd.DataFrame({"ds": naive[COUNT:], "price": 1.0})
    with pytest.raises(DataError, match=r"future: column 'ds' has no time zone, .*times with Europe/Berlin"):
        aware_model.predict(future=future)
    with pytest.raises(
        DataError, match=r"the data: column 'ds' has no time zone, .*times with Europe/Berlin"
    ):
        aware_model.evaluate(in_pandas(naive[:COUNT], price=1.0))
    with pytest.raises(DataError, match=r"column 'ds' has the time zone Europe/Berlin, .*times with none"):
        naive_model.anomalies(in_pandas(times[:COUNT]))
    aware_model.predict(future=future.assign(ds=times[COUNT:].tolist()))
    in_utc = future.assign(ds=times[COUNT:].dt.tz_convert("UTC"))
    found = aware_model.predict(future=in_utc)
    assert found["ds"].tolist() == times[COUNT:].tolist(), "the same moments"


@pytest.mark.parametrize(("learnt", "given"), [(12, "12"), ("12", 12), (0.5, "0.5")])
def test_ids_of_another_type_are_no_new_series(learnt, given):
    made = model().fit(in_pandas(np.arange(COUNT), [learnt] * COUNT))
    with pytest.raises(DataError, match=f"column 'unique_id' has {given!r} of type {type(given).__name__}"):
        made.predict(in_pandas(np.arange(COUNT), [given] * COUNT))


# The index of pandas


def test_a_series_newest_first_rises_as_it_does():
    times = pd.date_range("2026-01-01", periods=COUNT, freq="D")
    rising = pd.Series(np.arange(COUNT, dtype=float), times)
    found = model().fit(rising[::-1]).predict()
    assert isinstance(found, pd.DataFrame)
    assert found["ds"].tolist() == pd.date_range(times[-1], periods=HORIZON + 1, freq="D")[1:].tolist()
    np.testing.assert_array_equal(found["y_hat"], model().fit(rising).predict()["y_hat"])
    counted = pd.Series(np.arange(COUNT, dtype=float))
    np.testing.assert_array_equal(
        model().fit(counted[::-1]).predict()["y_hat"], model().fit(counted).predict()["y_hat"]
    )


COLUMNS = {
    "pandas": (pd.Series(VALUES, name="load"), pd.DataFrame),
    "polars": (pl.Series("load", VALUES), pl.DataFrame),
    "whole numbers of polars": (pl.Series([*range(COUNT - 1), None]), pl.DataFrame),
    "pyarrow": (pa.array(VALUES), pa.Table),
    "pieces of pyarrow": (pa.chunked_array([VALUES[:20], VALUES[20:]]), pa.Table),
    "whole numbers of pyarrow": (pa.array([*range(COUNT - 1), None]), pa.Table),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_without_a_frame_is_answered_by_a_frame_of_its_library(name, tmp_path):
    column, kind = COLUMNS[name]
    values = column.to_pylist() if kind is pa.Table else list(column)
    made = model().fit(column)
    expected = model().fit(np.array(values, dtype=float)).predict()  # None is NaN
    assert isinstance(expected, dict)
    made.save(tmp_path / "m.safetensors")
    for found in (made.predict(), made.predict(column), load(tmp_path / "m.safetensors").predict()):
        assert isinstance(found, kind)
        columns = found.to_pydict() if kind is pa.Table else {key: list(found[key]) for key in expected}
        assert columns == {key: each.tolist() for key, each in expected.items()}


def test_times_in_the_index_of_a_frame_are_used():
    times = zoned_in_pandas("Asia/Tokyo", "D")[:COUNT]
    indexed = pd.DataFrame({"y": VALUES}, index=pd.DatetimeIndex(times))
    found, expected = (model().fit(frame).predict() for frame in (indexed, in_pandas(times)))
    pd.testing.assert_frame_equal(found, expected)
    texts = pd.DataFrame({"y": VALUES}, index=pd.Index(times.astype(str), name="ds"))
    assert model().fit(texts).predict()["ds"][0] == str(expected["ds"][0])


@pytest.mark.parametrize(
    "index",
    [["unique_id"], ["unique_id", "ds"], ["ds", "unique_id"], ["region", "unique_id"], ["price"]],
    ids=" and ".join,
)
def test_columns_in_the_index_are_not_dropped(index):
    days = pd.date_range("2026-01-01", periods=COUNT // 2)
    # Of one series after the other, so that none would be missed.
    frame = pd.DataFrame(
        {
            "unique_id": ["a"] * (COUNT // 2) + ["b"] * (COUNT // 2),
            "ds": [*days, *(days + pd.Timedelta(days=COUNT))],
            "y": VALUES,
            "price": VALUES[::-1],
            "region": "north",
        }
    )
    made = model(past=("price",))
    pd.testing.assert_frame_equal(
        made.fit(frame.set_index(index)).predict(), model(past=("price",)).fit(frame).predict()
    )


@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_product([["a"], range(COUNT)]),
        pd.timedelta_range(0, periods=COUNT, freq="D"),
    ],
    ids=["levels", "spans"],
)
def test_an_index_that_says_something_else_is_refused(index):
    with pytest.raises(
        ArgumentError, match=f"the data has an index of type {type(index).__name__}; expected times"
    ):
        model().fit(pd.Series(VALUES, index))


# Frames of the kind that this call was handed


def test_a_model_of_columns_answers_a_frame_with_a_frame():
    days = np.datetime64("2026-01-01", "us") + np.arange(COUNT + HORIZON) * np.timedelta64(1, "D")
    made = model(known=("price",)).fit({"ds": days[:COUNT], "y": VALUES, "price": np.ones(COUNT)})
    for kind in (pd.DataFrame, pl.DataFrame, pa.table):
        future = kind({"ds": days[COUNT:], "price": np.ones(HORIZON)})
        found = made.predict(future=future)
        assert type(found) is type(future)
        assert found["ds"].to_numpy().astype("M8[us]").tolist() == days[COUNT:].tolist()
    assert isinstance(made.predict(future={"ds": days[COUNT:], "price": np.ones(HORIZON)}), dict)
