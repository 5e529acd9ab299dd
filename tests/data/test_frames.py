"""Frames of every kind come in as arrays and go out as they came; what cannot be read is named."""

from __future__ import annotations

import datetime as dt
import gzip

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from gatewise.data.frames import Table, as_numbers, as_times, read_file
from gatewise.errors import ArgumentError, DataError

HOURS = np.datetime64("2024-03-30T22:00", "us") + np.arange(6) * np.timedelta64(1, "h")
VALUES = np.array([1.5, 2, np.nan, 4, 5, -6])
ZONE = "Europe/Berlin"  # whose clocks go forward within these hours


def columns(ids=("a", "b") * 3, times=HOURS):
    return {"id": np.array(ids, dtype=object if isinstance(ids[0], str) else None), "ds": times, "y": VALUES}


def in_pandas(data):
    return pd.DataFrame(data)


def in_polars(data):
    return pl.DataFrame({name: list(v) if v.dtype == object else v for name, v in data.items()})


def in_pyarrow(data):
    return pa.table({name: pa.array(v) for name, v in data.items()})


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


def zoned(maker):
    if maker is in_pandas:
        frame = in_pandas(columns())
        return frame.assign(ds=frame["ds"].dt.tz_localize("UTC").dt.tz_convert(ZONE))
    if maker is in_polars:
        utc = pl.col("ds").dt.replace_time_zone("UTC")
        return in_polars(columns()).with_columns(utc.dt.convert_time_zone(ZONE))
    frame = in_pyarrow(columns())
    zoned = pa.array(HOURS).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", ZONE))
    return frame.set_column(1, "ds", zoned)


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


# Files

CSV = 'when,"who, exactly",value\r\n2024-01-01,a,1\r\n\r\n2024-01-02,"b\nc",\r\n'


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode(),
        b"\xef\xbb\xbf" + CSV.encode(),
        gzip.compress(CSV.encode()),
        CSV.replace("\r", "").encode(),
    ],
    ids=["plain", "with a mark of byte order", "gz", "LF"],
)
@pytest.mark.parametrize("name", ["d.csv", "d.csv.gz", "d.txt"])
def test_csv(data, name, tmp_path):
    (tmp_path / name).write_bytes(data)
    table = read_file(tmp_path / name)
    assert list(table.columns) == ["when", "who, exactly", "value"]
    assert table.columns["when"].tolist() == ["2024-01-01", "2024-01-02"]
    assert table.columns["who, exactly"].tolist() == ["a", "b\nc"]
    assert table.name == repr(str(tmp_path / name))
    assert table.backend is None
    np.testing.assert_array_equal(as_numbers(table.columns["value"], "value", "x"), [1, np.nan])


@pytest.mark.parametrize("name", ["d.parquet", "d.pq", "d.PARQUET"])
def test_parquet(name, tmp_path):
    parquet.write_table(zoned(in_pyarrow), tmp_path / name)
    table = read_file(str(tmp_path / name))
    assert (table.backend, table.zones) == ("pyarrow", {"ds": ZONE})
    np.testing.assert_array_equal(as_times(table.columns["ds"], "ds", "x"), HOURS)
    assert table.columns["id"].tolist() == ["a", "b"] * 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"line 1: \[\] is no header"),
        (b"a,a\n1,2\n", r"line 1: \['a', 'a'\] is no header; expected a different name"),
        (b"a,b\n", "has no rows below its header"),
        (b"a,b\n1,2\n\n3\n", "line 4: 1 cells; expected 2, as in the header"),
        (b'a,b\n"1\n2",2\n1,2,3\n', "line 4: 3 cells; expected 2"),
        ("a,b\nä,2\n".encode("latin-1"), "cannot be read as UTF-8 text"),
        (gzip.compress(b"a,b\n1,2\n" * 100)[:-12], "cannot be read as UTF-8 text"),
    ],
    ids=["empty", "same names", "no rows", "short row", "long row", "latin-1", "cut gz"],
)
def test_files_that_cannot_be_read(data, message, tmp_path):
    path = tmp_path / "d.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as error:
        read_file(path)
    assert repr(str(path)) in str(error.value)


@pytest.mark.parametrize("kind", ["gz", "cell"])
def test_damaged_streams(kind, tmp_path):
    packed = bytearray(gzip.compress(b"".join(b"%d,2\n" % k for k in range(1000))))
    packed[20:30] = b"\xff" * 10
    path = tmp_path / "d.csv"
    path.write_bytes(bytes(packed) if kind == "gz" else b"a,b\n1," + b"9" * 200_000 + b"\n")
    with pytest.raises(DataError, match=r"d\.csv"):
        read_file(path)


def test_a_damaged_parquet_file(tmp_path):
    path = tmp_path / "d.parquet"
    parquet.write_table(in_pyarrow(columns()), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"d\.parquet' is no intact Parquet file"):
        read_file(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(DataError, match=r"nope\.csv' does not exist; expected a CSV or Parquet file"):
        read_file(tmp_path / "nope.csv")
    with pytest.raises(DataError, match="is not a regular file"):
        read_file(tmp_path)


# Numbers


@pytest.mark.parametrize(
    "column",
    [
        np.array(["1", " 2.5 ", "-3e2", "", "NA", "nan", "NaN"]),
        np.array([1, 2.5, "-300", None, float("nan"), "", "na"], dtype=object),
        np.array([1, 2.5, -300, np.nan, np.nan, np.nan, np.nan], np.float32),
    ],
    ids=["texts", "objects", "float32"],
)
def test_numbers_and_what_is_missing(column):
    numbers = as_numbers(column, "y", "x")
    assert numbers.dtype == np.float64
    np.testing.assert_array_equal(numbers, [1, 2.5, -300] + [np.nan] * 4)


def test_switches_and_whole_numbers_are_numbers():
    np.testing.assert_array_equal(as_numbers(np.array([True, False]), "y", "x"), [1, 0])
    np.testing.assert_array_equal(as_numbers(np.array([1, 255], np.uint8), "y", "x"), [1, 255])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array(["1", "two"]), "my file: column 'y' has 'two' in row 2; expected a number"),
        (np.array(["1,5"]), "column 'y' has '1,5' in row 1"),
        (np.array([1.0, np.inf]), "my file: column 'y' has an infinite value in row 2"),
        (np.array(["1", "-inf"]), "column 'y' has an infinite value in row 2"),
        (HOURS, r"my file: column 'y' has dtype datetime64\[us\]; expected numbers"),
        (np.array([1, [2]], dtype=object), r"column 'y' has '\[2\]' in row 2"),
    ],
    ids=["word", "comma", "infinite", "infinite text", "dates", "list"],
)
def test_what_is_no_number(column, message):
    with pytest.raises(DataError, match=message):
        as_numbers(column, "y", "my file")


def test_the_missing_value_of_pandas_among_objects():
    np.testing.assert_array_equal(as_numbers(np.array([1, pd.NA], dtype=object), "y", "x"), [1, np.nan])


@pytest.mark.parametrize("column", [np.array([1j]), np.array([1], "m8[s]")], ids=["complex", "spans"])
def test_other_numbers_are_refused(column):
    with pytest.raises(DataError, match="column 'y' has dtype"):
        as_numbers(column, "y", "x")


# Times


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (np.array(["2024-01-31", "2024/02/29"]), ["2024-01-31", "2024-02-29"]),
        (np.array(["2024-01-31 18:00", "2024-01-31T19:00:00Z"]), ["2024-01-31T18:00", "2024-01-31T19:00"]),
        (np.array(["2024-01", "2024-02"]), ["2024-01-01", "2024-02-01"]),
        (
            np.array([dt.date(2024, 1, 31), dt.datetime(2024, 2, 1, 6)], dtype=object),
            ["2024-01-31", "2024-02-01T06"],
        ),
    ],
)
def test_dates(column, expected):
    times = as_times(column, "ds", "x")
    assert times.dtype == "M8[us]"
    np.testing.assert_array_equal(times, np.array(expected, "M8[us]"))


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        (np.array(["1", "2"]), np.int64),
        (np.array([1.0, 2.0]), np.int64),
        (np.array([1, 2], np.int8), np.int64),
        (np.array(["1.0", "2.5"]), np.float64),
        (np.array([0.5, 1], np.float32), np.float64),
    ],
)
def test_counted_time(column, dtype):
    times = as_times(column, "t", "x")
    assert times.dtype == dtype
    np.testing.assert_array_equal(times, column.astype(float))


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array(["2024-01-01", "soon"]), "my file: column 'ds' has 'soon' in row 2; expected dates as in"),
        (np.array(["31.01.2024"]), r"column 'ds' has '31\.01\.2024' in row 1"),
        (np.array(["2024-02-30"]), "column 'ds' has '2024-02-30' in row 1"),
        (np.array(["2024-01-01T00:00+02:00"]), r"'2024-01-01T00:00\+02:00' in row 1"),
        (np.array(["2024-01-01", ""]), "my file: column 'ds' has no time in row 2"),
        (np.array(["2024-01-01", "NaT"], "M8[ns]"), "column 'ds' has no time in row 2"),
        (np.array([1, np.nan]), "column 'ds' has no time in row 2"),
        (np.array([True, False]), "column 'ds' has dtype bool; expected dates or numbers"),
        (np.array([1, 2], "m8[s]"), "column 'ds' has dtype timedelta64"),
        (np.array([dt.date(2024, 1, 1), None], dtype=object), "column 'ds' has no time in row 2"),
    ],
    ids=["word", "dots", "no day", "offset", "empty", "NaT", "NaN", "bool", "spans", "None"],
)
def test_what_is_no_time(column, message):
    with pytest.raises(DataError, match=message):
        as_times(column, "ds", "my file")


@pytest.mark.parametrize("value", [np.inf, 1e300, "1e300"])
def test_numbers_too_large_for_time(value):
    with pytest.raises(DataError, match="column 't'"):
        as_times(np.array([1, value]), "t", "x")


@pytest.mark.parametrize(
    "column",
    [np.array([1, 2**64 - 1], np.uint64), np.array(["300000-01-01"]), np.array([2**40], "M8[D]")],
    ids=["uint64", "text", "days"],
)
def test_times_beyond_their_type(column):
    with pytest.raises(DataError, match="column 't'"):
        as_times(column, "t", "x")


@pytest.mark.parametrize("word", ["now", "today"])
def test_words_for_this_moment_are_no_dates(word):
    with pytest.raises(DataError, match=f"'{word}' in row 1"):
        as_times(np.array([word]), "ds", "x")


@pytest.mark.parametrize(
    ("numbers", "form"),
    [([20240130, 20240131, 20240201], "YYYYMMDD"), ([196011, 196012, 196101], "YYYYMM")],
)
@pytest.mark.parametrize("kind", [np.int64, np.float64, str])
def test_dates_written_as_numbers_are_not_counted(numbers, form, kind):
    with pytest.raises(DataError, match=f"column 'ds' has numbers as {numbers[0]}, .* dates as {form}"):
        as_times(np.array(numbers).astype(kind), "ds", "x")


@pytest.mark.parametrize("numbers", [[202401, 202402, 202403], [1990, 1991], [20241301], [0, 1]])
def test_what_may_be_counted_is(numbers):
    assert as_times(np.array(numbers), "ds", "x").tolist() == numbers


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_may_be_parted_by_commas_semicolons_or_tabs(delimiter, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(delimiter.join(row) for row in (("ds", "y"), ("1", "2"), ("2", "3"))))
    assert {name: v.tolist() for name, v in read_file(path).columns.items()} == {
        "ds": [1, 2],
        "y": [2, 3],
    }


def test_a_column_has_one_name():
    frame = pd.DataFrame({("a", "b"): [1]})
    with pytest.raises(ArgumentError, match=r"a column is called \('a', 'b'\); expected a name in words"):
        Table.of(frame)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", "30"], np.array([1, -2, 30])),
        (["1", "", "2.5"], np.array([1, np.nan, 2.5])),
        ([".5", "1e3", "-4."], np.array([0.5, 1000, -4])),
        (["007", "1"], np.array(["007", "1"])),
        (["1", "x"], np.array(["1", "x"])),
        (["", ""], np.array(["", ""])),
        (["1" * 30, "2"], np.array([float("1" * 30), 2])),
    ],
    ids=["whole", "missing", "forms", "leading zeros", "word", "empty", "long"],
)
def test_cells_are_numbers_where_all_of_them_are(cells, expected, tmp_path):
    """So that a table says the same as CSV, as Parquet and as a data frame."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a,b", *(f"{cell},x" for cell in cells)]))
    found = read_file(path).columns["a"]
    assert found.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(found, expected)
