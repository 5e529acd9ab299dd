"""Columns become numbers or times, whatever they hold; what is neither is named with its row."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from gatewise.data.columns import as_numbers, as_times
from gatewise.errors import DataError
from tests.data.frames import HOURS

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
        (np.array(["2024-01-31 18:00", "2024-01-31T19:00:00"]), ["2024-01-31T18:00", "2024-01-31T19:00"]),
        (np.array(["2024-01-31 18:00Z", "2024-01-31T19:00:00+00:00"]), ["2024-01-31T18:00", "2024-01-31T19"]),
        (np.array(["2024-01-31 18:00+05:30", "2024-01-31T19+0530"]), ["2024-01-31T18:00", "2024-01-31T19"]),
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
        (
            np.array(["2024-03-30T00:00+01:00", "", "2024-03-31T00:00+02:00"]),
            r"column 'ds' has times of different offsets to UTC, \+01:00 in row 1 and \+02:00 in row 3",
        ),
        (np.array(["2024-01-01T00:00Z", "2024-01-02T00:00"]), "UTC in row 1 and none in row 2; expected one"),
        (np.array(["2024-01-01", ""]), "my file: column 'ds' has no time in row 2"),
        (np.array(["2024-01-01", "NaT"], "M8[ns]"), "column 'ds' has no time in row 2"),
        (np.array([1, np.nan]), "column 'ds' has no time in row 2"),
        (np.array([True, False]), "column 'ds' has dtype bool; expected dates or numbers"),
        (np.array([1, 2], "m8[s]"), "column 'ds' holds spans of time; expected dates"),
        (np.array([dt.date(2024, 1, 1), None], dtype=object), "column 'ds' has no time in row 2"),
    ],
    ids=[
        "word",
        "dots",
        "no day",
        "offsets",
        "offset and none",
        "empty",
        "NaT",
        "NaN",
        "bool",
        "spans",
        "None",
    ],
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
    [
        ([20240130, 20240131, 20240201], "YYYYMMDD"),
        ([20240131], "YYYYMMDD"),
        ([196011, 196012, 196101], "YYYYMM"),
        ([202401, 202402, 202403], "YYYYMM"),
        ([202250, 202251, 202252, 202301], "YYYYWW"),
        ([202240, 202241], "YYYYWW"),
        ([2023364, 2023365, 2024001], "YYYYDDD"),
        ([20223, 20224, 20231, 20232], "YYYYQ"),
        ([2024013122, 2024013123, 2024020100], "YYYYMMDDHH"),
        ([202401312345, 202402010000], "YYYYMMDDHHMM"),
        ([20240131234559], "YYYYMMDDHHMMSS"),
        ([2411, 2412, 2501, 2502], "YYMM"),
        ([112024, 122024, 12025, 22025], "MMYYYY"),
        ([2251, 2252, 2301, 2302], "YYWW"),
        ([24365, 24366, 25001, 25002], "YYDDD"),
        ([240130, 240131, 240201, 240202], "YYMMDD"),
        ([*range(128, 132), *range(201, 230), *range(301, 305)], "MMDD"),
        ([930, 945, 1000, 1015, 1030, 1045, 1100], "HHMM"),
        ([193, 194, 201, 202, 203, 204, 211], "YYQ"),
        ([30012024, 31012024, 1022024, 2022024], "DDMMYYYY"),
    ],
)
@pytest.mark.parametrize("kind", [np.int64, np.float64, str])
def test_dates_written_as_numbers_are_not_counted(numbers, form, kind):
    with pytest.raises(DataError, match=f"column 'ds' has numbers as {numbers[0]}, .* dates as {form} and"):
        as_times(np.array(numbers).astype(kind), "ds", "x")


@pytest.mark.parametrize(
    "numbers",
    [
        [1990, 1991],
        [20241301],
        [0, 1],
        [20001, 20002, 20003],
        [1767225600, 1767229200],
        [*range(202401, 202470)],
        [1, 2, 3, 4, 11, 12, 13, 14],
        [2401, 2402, 2403, 2406, 2407],
        [*range(1, 13), *range(16, 40)],
        [2401, 2403, 2405, 2407],
        [1, 2, 3, 5, 8, 13, 21, 34],
        [101, 112],
    ],
    ids=[
        *("years", "no month", "from 0", "five digits", "seconds", "beyond weeks"),
        *("one gap", "a gap within a year", "days of a month", "every second", "ever wider", "two"),
    ],
)
def test_what_may_be_counted_is(numbers):
    assert as_times(np.array(numbers), "ds", "x").tolist() == list(numbers)


def test_months_behind_a_point_are_not_counted():
    months = [2024.1, 2024.11, 2024.12, 2025.01, 2025.02]
    with pytest.raises(DataError, match=r"numbers as 2024\.1, .* dates as YYYY\.MM and .* as 2026-01"):
        as_times(np.array(months), "ds", "x")
    tenths = np.arange(2024, 2030, 0.01)
    assert as_times(tenths, "ds", "x").tolist() == tenths.tolist()


@pytest.mark.parametrize(("value", "point"), [("1,5", "1.5"), ("-12,25", "-12.25"), (" +0,1", "+0.1")])
def test_a_decimal_comma_is_told_as_such(value, point):
    with pytest.raises(DataError, match=f"expected a number. Write it with a point, {re.escape(point)}"):
        as_numbers(np.array(["1", value]), "y", "the data")
