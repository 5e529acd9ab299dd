"""A model file keeps the types of columns, so that a loaded model answers as the one that was trained."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise import load
from gatewise.data.column_types import ColumnType
from gatewise.errors import DataError
from tests.tasks.forecasting.problems import quick, wave

COUNT = 40
VALUES = wave(2 * COUNT)
DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=day) for day in range(COUNT)] * 2
STAMPS = list(map(dt.datetime.fromordinal, (day.toordinal() for day in DAYS)))
COUNTS = list(range(COUNT)) * 2
WORDS = ["a"] * COUNT + ["b"] * COUNT


def model(**changes):
    return quick(horizon=3, epochs=1, steps_per_epoch=2, context_length=8, **changes)


def of_arrow(type, values=DAYS, name="ds"):
    columns = {"unique_id": WORDS, "ds": COUNTS} | {name: pa.array(values).cast(type)}
    return pa.table({**columns, "y": VALUES})


def of_pandas(dtype, values=STAMPS, name="ds"):
    columns = {"unique_id": WORDS, "ds": COUNTS} | {name: pd.Series(values).astype(dtype)}
    return pd.DataFrame({**columns, "y": VALUES})


def dictionary(values, **changes):
    indices = pa.array([0] * COUNT + [1] * COUNT, pa.int8())
    ids = pa.DictionaryArray.from_arrays(indices, pa.array(values), **changes)
    return pa.table({"unique_id": ids, "ds": COUNTS, "y": VALUES})


FRAMES = {
    "date32": of_arrow(pa.date32()),
    "date64": of_arrow(pa.date64()),
    "a timestamp": of_arrow(pa.timestamp("s")),
    "a zoned timestamp": of_arrow(pa.timestamp("ns", "Asia/Kolkata"), STAMPS),
    "a narrow count": of_arrow(pa.int16(), COUNTS),
    "large strings": of_arrow(pa.large_string(), WORDS, "unique_id"),
    "views of strings": of_arrow(pa.string_view(), WORDS, "unique_id"),
    "an ordered dictionary": dictionary(["b", "a"], ordered=True),
    "a dictionary of numbers": dictionary([3, 1]),
    "date64 in pandas": of_pandas("date64[pyarrow]"),
    "a zoned timestamp in pandas": of_pandas("timestamp[s, tz=Europe/Berlin][pyarrow]"),
    "large strings in pandas": of_pandas(pd.ArrowDtype(pa.large_string()), WORDS, "unique_id"),
    "strings of pyarrow in pandas": of_pandas(pd.ArrowDtype(pa.string()), WORDS, "unique_id"),
    "texts held by pyarrow": of_pandas(pd.StringDtype("pyarrow"), WORDS, "unique_id"),
    "texts held by Python": of_pandas(pd.StringDtype("python"), WORDS, "unique_id"),
    "ordered categories": of_pandas(pd.CategoricalDtype(["b", "a", "c"], ordered=True), WORDS, "unique_id"),
    "categories of numbers": of_pandas("category", [3] * COUNT + [1] * COUNT, "unique_id"),
    "large numbers that may be missing": of_pandas(
        "Int64", [2**53 + 1] * COUNT + [2**60 + 1] * COUNT, "unique_id"
    ),
    "128 bits": pl.DataFrame(
        {"unique_id": pl.Series([2**70] * COUNT + [1] * COUNT, dtype=pl.Int128), "ds": COUNTS, "y": VALUES}
    ),
    "counts of 128 bits": pl.DataFrame({"unique_id": WORDS, "ds": COUNTS, "y": VALUES}).with_columns(
        pl.col("ds").cast(pl.Int128)
    ),
}


def types_of(frame):
    if isinstance(frame, pa.Table):
        types = {field.name: field.type for field in frame.schema}
    else:
        types = dict(zip(frame.columns, frame.dtypes, strict=True))
    return {name: types[name] for name in ("unique_id", "ds", "cutoff") if name in types}


def listed(ids):
    return set(ids.to_pylist() if hasattr(ids, "to_pylist") else ids.to_list())


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_types_stay(frame, tmp_path):
    made, expected = model().fit(frame), types_of(frame)
    made.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    for found in (made.predict(), again.predict(), made.anomalies(frame), again.anomalies(frame)):
        assert types_of(found) == expected
    backtest = types_of(model().backtest(frame, windows=1))
    assert backtest == expected | {"cutoff": expected["ds"]}
    assert listed(again.predict()["unique_id"]) == listed(frame["unique_id"])


@pytest.mark.parametrize("dtype", ["M8[D]", "M8[s]", "M8[ns]", "i2", "f4", "f8"])
def test_arrays_of_a_dict_keep_their_types(dtype, tmp_path):
    days = np.array(DAYS[:COUNT], "M8[D]") if dtype.startswith("M8") else np.arange(COUNT)
    made = model().fit({"ds": days.astype(dtype), "y": VALUES[:COUNT]})
    made.save(tmp_path / "m.safetensors")
    for each in (made, load(tmp_path / "m.safetensors")):
        assert each.predict()["ds"].dtype == np.dtype(dtype)
    assert model().backtest({"ds": days.astype(dtype), "y": VALUES[:COUNT]})["cutoff"].dtype == np.dtype(
        dtype
    )


@pytest.mark.parametrize("kept", ["no type", "dictionary<values=x, indices=int8, ordered=0>", 3])
def test_a_type_that_no_library_has(kept):
    told = json.loads(json.dumps(ColumnType("String").to_json())) | {"kept": kept}
    with pytest.raises(DataError, match="it says of a column of its data"):
        ColumnType.from_json(told)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([2**53 + 1] * COUNT + [0.5] * COUNT, {2**53 + 1, 0.5}),
        ([2**63] * COUNT + [-1] * COUNT, {2**63, -1}),
        ([2**53 + 1] * COUNT + [2.0**53] * COUNT, {2**53 + 1, 2.0**53}),
    ],
)
def test_ids_of_many_digits_beside_fractions_stay_what_they_are(ids, expected):
    found = model().fit({"unique_id": ids, "ds": COUNTS, "y": VALUES}).predict()["unique_id"]
    assert set(found.tolist()) == expected


SPANS = {
    "of Python": ("spans of time", [dt.timedelta(hours=hour) for hour in range(COUNT)]),
    "of NumPy": ("spans of time", np.arange(COUNT).astype("m8[h]")),
    "of pandas": ("spans of time", pd.Series(pd.to_timedelta(np.arange(COUNT), unit="h"))),
    "of polars": ("spans of time", pl.Series([dt.timedelta(hours=hour) for hour in range(COUNT)])),
    "clocks of Python": ("times of day", [dt.time(hour % 24) for hour in range(COUNT)]),
    "clocks of pyarrow": ("times of day", pa.array([dt.time(0, minute) for minute in range(COUNT)])),
    "decimals": ("decimals", pa.array(range(COUNT)).cast(pa.decimal128(20))),
}


@pytest.mark.parametrize(("kind", "times"), SPANS.values(), ids=SPANS)
def test_what_is_no_time_is_refused_by_what_it_is(kind, times):
    with pytest.raises(DataError, match=f"'ds' holds {kind}; expected dates or numbers"):
        model().fit({"ds": times, "y": VALUES[:COUNT]})


@pytest.mark.parametrize(
    ("other", "type"),
    [
        ([[1]] * 2 * COUNT, pa.list_(pa.int64())),
        ([{"a": 1}] * 2 * COUNT, pa.struct([("a", pa.int8())])),
        ([b"abc"] * 2 * COUNT, pa.binary(3)),
        ([[("a", 1)]] * 2 * COUNT, pa.map_(pa.string(), pa.int8())),
    ],
    ids=["lists", "structs", "bytes", "maps"],
)
def test_columns_beside_do_not_matter(other, type, tmp_path):
    frame = pa.table({"unique_id": WORDS, "ds": COUNTS, "y": VALUES, "other": pa.array(other, type)})
    model().fit(frame).save(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").predict().column_names[:3] == ["unique_id", "ds", "y_hat"]
    model().fit(frame.to_pandas(types_mapper=pd.ArrowDtype)).save(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").predict()["ds"].tolist()[0] == COUNT


def test_categories_of_moments_go_on_in_their_zone():
    hours = pd.date_range("2026-10-24", periods=COUNT + 3, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"ds": pd.Categorical(hours[:COUNT]), "y": VALUES[:COUNT]})
    assert model().fit(frame).predict()["ds"].tolist() == hours[COUNT:].tolist()


def test_runs_of_equal_ids_come_back_as_words():
    ids = pa.RunEndEncodedArray.from_arrays([COUNT, 2 * COUNT], ["a", "b"])
    found = model().fit(pa.table({"unique_id": ids, "ds": COUNTS, "y": VALUES})).predict()
    assert listed(found["unique_id"]) == {"a", "b"}
