"""Frames of every kind come in as arrays and go out as they came; what is no frame is refused."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise.data.columns import as_numbers, as_times
from gatewise.data.frames import Table
from gatewise.errors import ArgumentError, DataError
from tests.data.frames import HOURS, VALUES, ZONE, columns, in_pandas, in_polars, in_pyarrow, zoned

MAKERS = {"pandas": in_pandas, "polars": in_polars, "pyarrow": in_pyarrow, "dict": dict}
FRAMES = {name: maker for name, maker in MAKERS.items() if name != "dict"}
EACH = pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
EACH_FRAME = pytest.mark.parametrize("maker", FRAMES.values(), ids=FRAMES)


def types(frame):
    if isinstance(frame, pa.Table):
        return {field.name: field.type for field in frame.schema}
    if isinstance(frame, pl.DataFrame):
        return dict(frame.schema)
    if isinstance(frame, pd.DataFrame):
        return frame.dtypes.to_dict()
    return {name: values.dtype for name, values in frame.items()}


# In and out


@EACH
@pytest.mark.parametrize("ids", [("a", "b") * 3, (1, 20) * 3], ids=["words", "integers"])
@pytest.mark.parametrize("times", [HOURS, np.arange(6)], ids=["dates", "counts"])
def test_what_comes_in_goes_out_the_same(maker, ids, times):
    given = columns(ids, times)
    frame = maker(given)
    table = Table.of(frame)
    assert list(table.columns) == ["id", "ds", "y"]
    assert table.columns["id"].tolist() == list(ids)
    np.testing.assert_array_equal(as_times(table.columns["ds"], "ds", "x"), times)
    np.testing.assert_array_equal(as_numbers(table.columns["y"], "y", "x"), VALUES)
    out = table.like(given)
    assert type(out) is type(frame)
    assert types(out) == types(frame)
    for name, values in Table.of(out).columns.items():
        np.testing.assert_array_equal(values, given[name])


@EACH_FRAME
def test_a_time_zone_is_kept_and_the_hours_are_counted_in_utc(maker):
    frame = zoned(maker)
    table = Table.of(frame)
    assert table.zones == {"ds": ZONE}
    np.testing.assert_array_equal(as_times(table.columns["ds"], "ds", "x"), HOURS)
    out = table.like({"ds": HOURS, "y": VALUES})
    assert types(out)["ds"] == types(frame)["ds"]
    np.testing.assert_array_equal(Table.of(out).columns["ds"], HOURS)


def test_the_clock_goes_forward_between_two_rows():
    out = Table.of(zoned(in_pandas)).like({"ds": HOURS})
    assert [time.hour for time in out["ds"]] == [23, 0, 1, 3, 4, 5]


@EACH_FRAME
def test_missing_numbers_are_nan(maker):
    whole = {"pandas": pd.array([1, None, 3], "Int64"), "polars": pl.Series([1, None, 3])}
    name = next(name for name, each in FRAMES.items() if each is maker)
    frame = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[name](
        {"y": whole.get(name, pa.array([1, None, 3]))}
    )
    np.testing.assert_array_equal(as_numbers(Table.of(frame).columns["y"], "y", "x"), [1, np.nan, 3])


def test_days_come_back_as_times():
    """Dates without hours are of another type in polars; they come back at midnight."""
    days = [dt.date(2024, 2, 28) + dt.timedelta(k) for k in range(3)]
    expected = np.array(days, "M8[us]")
    for frame in (pl.DataFrame({"ds": days}), pa.table({"ds": days}), pd.DataFrame({"ds": days})):
        table = Table.of(frame)
        times = as_times(table.columns["ds"], "ds", "x")
        np.testing.assert_array_equal(times, expected)
        np.testing.assert_array_equal(Table.of(table.like({"ds": times})).columns["ds"], expected)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_every_resolution_of_dates(unit):
    frame = pd.DataFrame({"ds": pd.Series(HOURS).astype(f"M8[{unit}]")})
    times = as_times(Table.of(frame).columns["ds"], "ds", "x")
    assert times.dtype == "M8[us]"
    np.testing.assert_array_equal(times, HOURS)


def test_a_table_passes_and_can_be_emptied():
    table = Table.of(zoned(in_polars))
    assert Table.of(table) is table
    empty = table.empty()
    assert (empty.columns, empty.backend, empty.zones) == ({}, "polars", {"ds": ZONE})


# What is no frame


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (None, "NoneType"),
        (5, "int"),
        (np.zeros((3, 2)), r"numpy\.ndarray"),
        (pd.Series([1, 2]), "Series"),
        (pl.LazyFrame({"y": [1]}), "LazyFrame"),
    ],
    ids=["None", "number", "array", "series", "lazy"],
)
def test_what_is_no_frame(data, kind):
    with pytest.raises(ArgumentError, match=rf"my data has type .*{kind}; expected a data frame"):
        Table.of(data, "my data")


@pytest.mark.parametrize("other", [[1, 2], 5, [[1], [2], [3]]], ids=["short", "number", "nested"])
def test_columns_of_unequal_lengths(other):
    with pytest.raises(
        ArgumentError, match=r"the data: columns have the shapes .*'b'.*; expected one length"
    ):
        Table.of({"a": [1, 2, 3], "b": other})


def test_a_ragged_column():
    with pytest.raises(ArgumentError, match="'b'"):
        Table.of({"a": [1, 2], "b": [[1], [2, 3]]})


def test_a_frame_with_two_columns_of_one_name():
    with pytest.raises(ArgumentError, match="'y'"):
        Table.of(pd.DataFrame(np.zeros((3, 2)), columns=["y", "y"]))


def test_a_missing_column_is_named_beside_those_that_there_are():
    table = Table.of(pd.DataFrame({"date": [1], "value": [2]}), "my data")
    with pytest.raises(DataError, match=r"my data: no column 'y'; there are 'date', 'value'\. .* target="):
        table.column("y", "target")
    with pytest.raises(DataError, match="there are none"):
        Table.of(pd.DataFrame()).column("y", "target")


def test_a_column_has_one_name():
    frame = pd.DataFrame({("a", "b"): [1]})
    with pytest.raises(ArgumentError, match=r"a column is called \('a', 'b'\); expected a name in words"):
        Table.of(frame)
