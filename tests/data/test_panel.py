"""A long frame becomes series on grids: the order of rows tells nothing, and what is odd is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data.frames import Table
from gatewise.data.frequency import Frequency
from gatewise.data.panel import ColumnNames, read_future, read_panel
from gatewise.data.tables import as_table
from gatewise.errors import ArgumentError, DataError

NAN = np.nan
DAY = np.timedelta64(1, "D")


def days(count, start="2024-02-26"):
    return np.datetime64(start, "us") + np.arange(count) * DAY


def words(*values):
    return np.array(values, dtype=object)


def two_series():
    """Series "b" before "a", of different lengths, with covariates of each kind."""
    rng = np.random.default_rng(0)
    return {
        "unique_id": words(*["b"] * 5, *["a"] * 3),
        "ds": np.concatenate([days(5), days(3, "2024-03-10")]),
        "y": rng.normal(size=8),
        "price": rng.normal(size=8),
        "rain": rng.normal(size=8),
        "region": words(*["north"] * 5, *["south"] * 3),
        "size": np.repeat([3.0, 7.0], [5, 3]),
    }


NAMES = ColumnNames(known=("price",), past=("rain",), static=("region", "size"))


def one(times, values, **others):
    return Table.of({"ds": times, "y": np.array(values, dtype=float), **others}, "my data")


def read_one(times, values, freq=None, names=None, **others):
    return read_panel(one(times, values, **others), names or ColumnNames(), freq)


def assert_same(panel, other):
    assert (panel.frequency, panel.notes) == (other.frequency, other.notes)
    for one_of, another in zip(
        sorted(panel.series, key=lambda s: s.key), sorted(other.series, key=lambda s: s.key), strict=True
    ):
        assert (one_of.key, one_of.start, one_of.static) == (another.key, another.start, another.static)
        for name in ("values", "known", "past"):
            np.testing.assert_array_equal(getattr(one_of, name), getattr(another, name))


# Groups


def test_rows_are_grouped_by_series():
    data = two_series()
    panel = read_panel(Table.of(data), NAMES)
    assert [each.key for each in panel.series] == ["b", "a"]
    assert panel.ends().tolist() == [5, 3]
    assert str(panel.frequency) == "1d"
    assert panel.notes == ()
    for each, rows in zip(panel.series, (slice(0, 5), slice(5, 8)), strict=True):
        assert each.start == data["ds"][rows][0]
        np.testing.assert_array_equal(each.values, data["y"][rows])
        np.testing.assert_array_equal(each.known[:, 0], data["price"][rows])
        np.testing.assert_array_equal(each.past[:, 0], data["rain"][rows])
    assert [each.static for each in panel.series] == [("north", 3.0), ("south", 7.0)]


@given(st.permutations(range(8)))
def test_the_order_of_rows_tells_nothing(order):
    data = two_series()
    mixed = {name: values[list(order)] for name, values in data.items()}
    expected = read_panel(Table.of(data), NAMES)
    found = read_panel(Table.of(mixed), NAMES)
    assert_same(found, expected)
    assert [each.key for each in found.series] == list(dict.fromkeys(mixed["unique_id"]))


def test_without_a_column_of_ids_all_rows_are_one_series():
    [series] = read_one(days(3), [1, 2, 3]).series
    assert series.key == "y"
    names = ColumnNames(target="value", time="when")
    [series] = read_panel(Table.of({"when": [1, 2], "value": [3, 4]}), names).series
    assert series.key == "value"


@pytest.mark.parametrize("keys", [[1, 2], [True, False], [0.5, 1.5], ["x", "y"]], ids=str)
def test_keys_are_plain_values(keys):
    table = Table.of({"unique_id": np.repeat(keys, 2), "ds": [0, 1] * 2, "y": [1, 2, 3, 4]})
    panel = read_panel(table, ColumnNames())
    assert [each.key for each in panel.series] == keys
    assert [type(each.key) for each in panel.series] == [type(key) for key in keys]


def test_plain_numbers_are_a_series_counted_from_zero():
    kinds = [list, tuple, np.array, pd.Series, pl.Series]
    for data in (kind([1.0, 2.5, 3.0]) for kind in kinds):
        [series] = read_panel(as_table(data, ColumnNames()), ColumnNames()).series
        assert (series.start, series.key) == (0, "y")
        np.testing.assert_array_equal(series.values, [1, 2.5, 3])


@pytest.mark.parametrize("data", [[[1, 2], [3, 4]], [[1, 2], [3]]], ids=["matrix", "ragged"])
def test_nested_lists_are_no_series(data):
    with pytest.raises((ArgumentError, DataError), match="expected"):
        read_panel(as_table(data, ColumnNames()), ColumnNames())


# Gaps and missing values


def test_steps_without_a_row_are_missing():
    times = days(6)[[0, 1, 2, 5]]
    panel = read_one(times, [1, 2, NAN, 4])
    np.testing.assert_array_equal(panel.series[0].values, [1, 2, NAN, NAN, NAN, 4])
    assert [note.split(";")[0] for note in panel.notes] == [
        "2 steps have no row, in 1 of 1 series",
        "1 values are missing, in 1 of 1 series",
    ]


def test_a_series_begins_with_its_first_value_and_ends_with_its_last_row():
    panel = read_one(
        days(5), [NAN, NAN, 3, 4, NAN], price=np.arange(5.0), names=ColumnNames(known=("price",))
    )
    [series] = panel.series
    assert series.start == days(5)[2]
    np.testing.assert_array_equal(series.values, [3, 4, NAN])
    np.testing.assert_array_equal(series.known[:, 0], [2, 3, 4])


def test_notes_count_the_series_that_are_concerned():
    table = Table.of(
        {
            "unique_id": np.repeat([1, 2, 3], 3),
            "ds": [0, 1, 2, 0, 2, 3, 0, 1, 2],
            "y": [1, 2, 3, 4, NAN, 6, 7, NAN, 9],
        }
    )
    missing_rows, missing_values = read_panel(table, ColumnNames()).notes
    assert missing_rows.startswith("1 steps have no row, in 1 of 3 series;")
    assert missing_values.startswith("2 values are missing, in 2 of 3 series;")


def test_covariates_are_carried_forward():
    names = ColumnNames(known=("a",), past=("b",))
    panel = read_one(
        np.array([0, 1, 2, 4, 5]),
        [1, 2, 3, 5, 6],
        names=names,
        a=[NAN, 10, NAN, 14, NAN],
        b=[20, 21, 22, NAN, 25],
    )
    [series] = panel.series
    np.testing.assert_array_equal(series.known[:, 0], [0, 10, 10, 10, 14, 14])
    np.testing.assert_array_equal(series.past[:, 0], [20, 21, 22, 22, 22, 25])
    assert panel.notes[-1] == "missing values of covariates are taken from the step before"


def test_texts_are_read_as_numbers_and_dates():
    """As from a CSV file."""
    table = Table.of({"ds": ["2024-01-02", "2024-01-01"], "y": ["", "1.5"]})
    [series] = read_panel(table, ColumnNames(), "1d").series
    np.testing.assert_array_equal(series.values, [1.5, NAN])


# The step


def test_the_step_can_be_named():
    panel = read_one(days(3)[[0, 2]], [1, 2], freq="1d")
    np.testing.assert_array_equal(panel.series[0].values, [1, NAN, 2])


@pytest.mark.parametrize(
    ("times", "freq", "kind"),
    [(days(3), "1", "dates"), (np.arange(3), "1d", "numbers")],
    ids=["dates", "numbers"],
)
def test_a_step_of_another_kind_is_refused(times, freq, kind):
    with pytest.raises(ArgumentError, match=f"freq='{freq}', but column 'ds' of my data holds {kind}"):
        read_one(times, [1, 2, 3], freq=freq)


def test_cuts_keep_the_grid():
    panel = read_panel(Table.of(two_series()), NAMES)
    cut = panel.cut([4, 2])
    assert cut.ends().tolist() == [4, 2]
    np.testing.assert_array_equal(cut.series[0].values, panel.series[0].values[:4])
    last = panel.last(4)
    assert last.ends().tolist() == [4, 3]
    assert last.series[0].start == panel.series[0].start + DAY
    np.testing.assert_array_equal(last.series[0].past, panel.series[0].past[1:])
    assert [each.key for each in panel.only(np.array([1])).series] == ["a"]


# Bad input

ROWS = {"unique_id": words("a", "a", "b", "b"), "ds": days(4), "y": [1.0, 2, 3, 4], "k": [1.0] * 4}


@pytest.mark.parametrize(
    ("change", "names", "message"),
    [
        ({"y": words(1, 2, "three", 4)}, {}, "column 'y' has 'three' in row 3; expected a number"),
        ({"y": [NAN] * 4}, {}, "column 'y' has no value at all"),
        ({"y": [1, 2, NAN, NAN]}, {}, "series 'b' has no value in column 'y'; remove the series"),
        ({"unique_id": words("a", "a", None, "b")}, {}, "column 'unique_id' names no series in row 3"),
        ({"unique_id": words("a", "a", "b", "")}, {}, "column 'unique_id' names no series in row 4"),
        ({"unique_id": [1, 1, NAN, 2]}, {}, "column 'unique_id' names no series in row 3"),
        (
            {"ds": days(4)[[0, 0, 1, 2]]},
            {},
            "series 'a' has the time 2024-02-26.* more than once in column 'ds'",
        ),
        (
            {},
            {"id": "shop"},
            "no column 'shop'; there are 'unique_id', 'ds', 'y', 'k'. Rename .* with id=",
        ),
        ({}, {"target": "v"}, "no column 'v'; .* with target="),
        ({}, {"time": "t"}, "no column 't'; .* with time="),
        ({}, {"known": ("p",)}, "no column 'p'; .*known"),
        ({}, {"past": ("p",)}, "no column 'p'; .*past"),
        ({}, {"static": ("p",)}, "no column 'p'; .* with static="),
        ({"k": words("x", 1, 1, 1)}, {"known": ("k",)}, "column 'k' has 'x' in row 1"),
        (
            {"k": [1, 2, 3, 3]},
            {"static": ("k",)},
            r"column 'k' has 2 values in series 'a'; a static covariate has one",
        ),
        (
            {"k": words("x", None, "y", "y")},
            {"static": ("k",)},
            "column 'k' has a missing value in series 'a'",
        ),
    ],
)
def test_bad_frames(change, names, message):
    with pytest.raises(DataError, match=message):
        read_panel(Table.of({**ROWS, **change}, "my data"), ColumnNames(**names))


def test_no_rows():
    with pytest.raises(DataError, match="my data has no rows"):
        read_one(np.array([], "M8[us]"), [])


def test_a_time_off_the_grid():
    times = days(5)
    times[3] += np.timedelta64(90, "m")
    message = (
        "my data: series 'y' has the time 2024-02-29T01:30.* in column 'ds', which lies off its grid of 1d"
    )
    with pytest.raises(DataError, match=message):
        read_one(times, range(5), freq="1d")


def test_a_time_that_is_far_too_late():
    times = days(5).copy()
    times[-1] = np.datetime64("2924-01-01")
    with pytest.raises(
        DataError, match=r"series 'y' has 5 rows in column 'ds', which reach over 328,\d{3} steps of 1d"
    ):
        read_one(times, range(5))


def test_duplicates_are_those_of_one_series():
    panel = read_panel(Table.of({**ROWS, "ds": days(4)[[0, 1, 0, 1]]}), ColumnNames())
    assert panel.ends().tolist() == [2, 2]
    same = one(days(4)[[0, 1, 1, 2]], [1, 2, 3, 4])
    with pytest.raises(DataError, match="name with id= the column that tells the series apart"):
        read_panel(same, ColumnNames())


# The future


def future_of(times=None, keys=None, prices=None, name="future"):
    times = np.concatenate([days(2, "2024-03-02"), days(2, "2024-03-13")]) if times is None else times
    keys = words("b", "b", "a", "a") if keys is None else keys
    prices = np.array([1.0, 2, 3, 4]) if prices is None else prices
    return Table.of({"unique_id": keys, "ds": times, "price": prices}, name)


def ahead(table, horizon=2):
    panel = read_panel(Table.of(two_series()), NAMES)
    return read_future(table, NAMES, panel.frequency, panel.series, horizon)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 0, 2, 1]], ids=["in order", "mixed"])
def test_the_future_of_each_series(order):
    whole = future_of()
    mixed = Table.of({name: values[order] for name, values in whole.columns.items()}, "future")
    found = ahead(mixed)
    np.testing.assert_array_equal(found[0], [[1], [2]])
    np.testing.assert_array_equal(found[1], [[3], [4]])


def test_more_future_than_needed_is_no_obstacle():
    np.testing.assert_array_equal(ahead(future_of(), 1)[1], [[3]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keys": words("b", "b", "c", "c")}, "future: series 'a' has no row for 2024-03-13"),
        (
            {"times": np.concatenate([days(2, "2024-03-02"), days(2, "2024-03-14")])},
            "series 'a' has no row for 2024-03-13",
        ),
        ({"prices": np.array([1, NAN, 3, 4])}, "future: series 'b' has a missing value in column 'price'"),
        ({"prices": words(1, 2, "x", 4)}, "future: column 'price' has 'x' in row 3"),
    ],
)
def test_a_future_that_is_not_whole(change, message):
    with pytest.raises(DataError, match=message):
        ahead(future_of(**change))


def test_the_message_names_the_columns_that_are_needed():
    with pytest.raises(DataError, match="the columns price are needed for all 3 steps to forecast"):
        ahead(future_of(), 3)
    with pytest.raises(DataError, match="future: no column 'price'"):
        ahead(Table.of({"ds": days(2)}, "future"))


def test_a_future_with_two_rows_of_one_time():
    table = Table.of(
        {
            "unique_id": words("b", "b", "b", "a", "a"),
            "ds": np.concatenate([days(2, "2024-03-02")[[0, 0, 1]], days(2, "2024-03-13")]),
            "price": np.arange(5.0),
        },
        "future",
    )
    with pytest.raises(DataError, match="more than once"):
        ahead(table)


def test_the_future_of_times_with_the_errors_of_rounding():
    names = ColumnNames(known=("price",))
    times = np.arange(100) * 0.1
    panel = read_panel(Table.of({"ds": times[:90], "y": times[:90], "price": times[:90]}), names)
    table = Table.of({"ds": times[90:], "price": times[90:]}, "future")
    [found] = read_future(table, names, panel.frequency, panel.series, 10)
    np.testing.assert_allclose(found[:, 0], times[90:])


def test_the_frequency_of_a_panel_is_read_back():
    panel = read_panel(Table.of(two_series()), NAMES)
    assert Frequency.parse(str(panel.frequency)) == panel.frequency


def test_a_series_of_a_longer_step_is_named():
    hours = np.datetime64("2024-01-01", "us") + np.arange(500) * np.timedelta64(1, "h")
    table = Table.of(
        {
            "unique_id": words(*["hourly"] * 500, *["daily"] * 20),
            "ds": np.concatenate([hours, hours[::24][:20]]),
            "y": np.arange(520.0),
        }
    )
    with pytest.raises(DataError, match="series 'daily' has rows in column 'ds' only 24 steps apart"):
        read_panel(table, ColumnNames())


def test_a_future_that_stands_in_the_data_already_is_pointed_out():
    names = ColumnNames(known=("price",))
    data = {"ds": days(30), "y": np.append(np.arange(25.0), [NAN] * 5), "price": np.arange(30.0)}
    panel = read_panel(Table.of(data), names)
    future = Table.of({"ds": days(30)[25:], "price": np.arange(5.0)}, "future")
    with pytest.raises(DataError, match=r"ends with 5 steps without a value, .* give their rows as future="):
        read_future(future, names, panel.frequency, panel.series, 5)
