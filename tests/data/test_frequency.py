"""The step of time: named and read back, found in real calendars, and counted forth and back."""

from __future__ import annotations

import calendar
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data.frequency import Frequency, written
from gatewise.data.frequency_search import infer_frequency
from gatewise.errors import ArgumentError, DataError

SPANS = st.builds(
    lambda count, unit: f"{count}{unit}",
    st.integers(1, 5000),
    st.sampled_from(["us", "ms", "s", "min", "h", "d", "w"]),
)
MONTHS = st.builds(
    lambda count, unit, end: f"{count}{unit}{end}",
    st.integers(1, 40),
    st.sampled_from(["mo", "q", "y"]),
    st.sampled_from(["", "-end"]),
)
COUNTED = st.one_of(
    st.integers(1, 10**12).map(str), st.sampled_from([0.5, 0.25, 0.1, 1.5, 1000.125]).map(repr)
)
NAMES = st.one_of(SPANS, MONTHS, COUNTED, st.just("1b"))
STARTS = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1))


def moment(start):
    return np.datetime64(start, "us")


def dates(*texts):
    return np.array(texts, "M8[us]")


def month_ends(year, months, step=1):
    """Last days of months, by the standard library's calendar."""
    return dates(
        *(
            f"{y}-{m:02d}-{calendar.monthrange(y, m)[1]}"
            for y, m in ((year + k // 12, k % 12 + 1) for k in range(step - 1, step * months, step))
        )
    )


def every(step, count, start="2023-12-29"):
    return np.datetime64(start, "us") + np.arange(count) * np.timedelta64(step, "m")


# Names


@given(NAMES)
def test_what_is_printed_is_read_as_the_same(text):
    frequency = Frequency.parse(text)
    assert Frequency.parse(str(frequency)) == frequency


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("h", "1h"),
        ("60min", "1h"),
        ("90min", "90min"),
        ("24h", "1d"),
        ("14d", "2w"),
        ("3mo", "1q"),
        ("12mo-end", "1y-end"),
        ("4q", "1y"),
        ("1b", "1b"),
        ("b", "1b"),
        ("1", "1"),
        ("2.0", "2"),
        ("0.5", "0.5"),
    ],
)
def test_names_are_short(text, printed):
    assert str(Frequency.parse(text)) == printed


@pytest.mark.parametrize(
    "text",
    ["", "x", "1x", "-1h", "0h", "0", "1.5h", "1.5b", "1h-end", "1-end", "1 h", "1N", "mo-", "1mo-start"],
)
def test_what_is_no_frequency(text):
    with pytest.raises(ArgumentError, match=r"freq='.*'; expected a number and a unit, as in '15min'"):
        Frequency.parse(text)


@pytest.mark.parametrize("text", [".", ".h"])
def test_a_point_is_no_number(text):
    with pytest.raises(ArgumentError, match="freq="):
        Frequency.parse(text)


@pytest.mark.parametrize("step", [1e-5, 1e-9, 9.999999999999972e-07])
def test_small_counted_steps_are_read_back(step):
    frequency = Frequency("number", step)
    assert Frequency.parse(str(frequency)) == frequency


@pytest.mark.parametrize("step", [86_400_000, 3_600_000_000_000], ids=["days of ms", "hours of ns"])
def test_large_counted_steps_are_read_back(step):
    frequency = infer_frequency([np.arange(5) * step], "t")
    assert Frequency.parse(str(frequency)) == frequency


# Found in calendars

CALENDARS = {
    "1h": every(60, 100),
    "15min": every(15, 100),
    "1d": every(24 * 60, 400),
    "1w": every(7 * 24 * 60, 60),
    "2d": every(2 * 24 * 60, 60),
    "1b": dates(
        *(d for d in map(str, np.arange("2024-01-01", "2024-03-01", dtype="M8[D]")) if np.is_busday(d))
    ),
    "1mo": np.arange("2023-01", "2026-01", dtype="M8[M]").astype("M8[us]"),
    "1mo-end": month_ends(2023, 30),
    "1q": np.arange("2015-01", "2025-01", 3, dtype="M8[M]").astype("M8[us]"),
    "1q-end": month_ends(2015, 30, 3),
    "2q": np.arange("2005-01", "2025-01", 6, dtype="M8[M]").astype("M8[us]"),
    "1y": np.arange("1950", "2020", dtype="M8[Y]").astype("M8[us]"),
    "1y-end": month_ends(1980, 30, 12),
    "1": np.arange(7, 30),
    "5": np.arange(1950, 2020, 5),
    "0.5": np.arange(40) / 2,
}


@pytest.mark.parametrize("name", CALENDARS)
def test_the_step_of_a_calendar_is_found(name):
    times = CALENDARS[name]
    frequency = infer_frequency([times], "ds")
    assert str(frequency) == name
    positions, on_grid = frequency.positions(times[0], times)
    np.testing.assert_array_equal(positions, np.arange(len(times)))
    assert on_grid.all()
    np.testing.assert_array_equal(frequency.times(times[0], np.arange(len(times))), times)


@pytest.mark.parametrize("name", CALENDARS)
def test_gaps_do_not_hide_the_step(name):
    """All but every tenth row: the other steps are still the most frequent ones."""
    times = CALENDARS[name]
    kept = np.arange(len(times)) % 10 != 7
    frequency = infer_frequency([times[kept], times[:1]], "ds")
    assert str(frequency) == name
    np.testing.assert_array_equal(frequency.positions(times[0], times[kept])[0], np.arange(len(times))[kept])


def test_the_step_that_most_series_have():
    assert str(infer_frequency([every(60, 5), every(15, 50), every(60, 20)], "ds")) == "15min"


def test_months_in_the_middle_and_at_an_hour():
    times = np.arange("2023-01", "2026-01", dtype="M8[M]").astype("M8[us]") + np.timedelta64(14 * 24 + 6, "h")
    frequency = infer_frequency([times], "ds")
    assert str(frequency) == "1mo"
    np.testing.assert_array_equal(frequency.times(times[0], np.arange(36)), times)


def test_five_days_in_a_row_are_days():
    assert str(infer_frequency([every(24 * 60, 5, "2024-01-01")], "ds")) == "1d"


def test_floats_with_the_errors_of_rounding():
    times = np.arange(200) * 0.1
    frequency = infer_frequency([times], "t")
    positions, on_grid = frequency.positions(times[0], times)
    np.testing.assert_array_equal(positions, np.arange(200))
    assert on_grid.all()


@pytest.mark.parametrize(("days", "name"), [(28, "4w"), (30, "30d")])
def test_equal_steps_of_about_a_month_are_no_months(days, name):
    assert str(infer_frequency([every(days * 24 * 60, 40)], "ds")) == name


@pytest.mark.parametrize("series", [[], [np.array([3])], [dates("2024-01-01"), dates("2024-01-05")]])
def test_one_time_has_no_step(series):
    with pytest.raises(
        DataError, match=r"column 'when': no series has two times, .* name the step with freq="
    ):
        infer_frequency(series, "when")


# Counted


@given(NAMES, STARTS, st.lists(st.integers(-200, 200), min_size=1, max_size=20))
def test_positions_are_the_inverse_of_times(name, start, positions):
    frequency, positions = Frequency.parse(name), np.array(positions)
    at = moment(start)
    if frequency.unit == "number":
        at = np.int64(start.year) if float(frequency.step).is_integer() else np.float64(start.year)
    elif frequency.unit == "business day":
        at = np.busday_offset(at.astype("M8[D]"), 0, roll="forward").astype("M8[us]")
    elif frequency.month_end:
        at = ((at.astype("M8[M]") + 1).astype("M8[D]") - 1).astype("M8[us]")
    elif frequency.unit == "month":  # a day that every month has
        at = at.astype("M8[M]").astype("M8[us]") + np.timedelta64(min(start.day, 28) - 1, "D")
    times = frequency.times(at, positions)
    back, on_grid = frequency.positions(at, times)
    np.testing.assert_array_equal(back, positions)
    assert on_grid.all()
    assert times.dtype == np.asarray(at).dtype


def test_a_leap_year_has_its_day():
    daily, yearly = Frequency.parse("1d"), Frequency.parse("1y")
    start = np.datetime64("2024-02-28", "us")
    assert daily.times(start, np.array([1, 2])).astype("M8[D]").astype(str).tolist() == [
        "2024-02-29",
        "2024-03-01",
    ]
    assert daily.times(start.astype("M8[D]").astype("M8[us]") - np.timedelta64(365, "D"), np.array([1]))[
        0
    ] == np.datetime64("2023-03-01")
    assert yearly.times(start, np.array([1, 2]))[1] == np.datetime64("2026-02-28")


def test_month_ends_follow_the_calendar():
    frequency = Frequency.parse("1mo-end")
    start = np.datetime64("2023-01-31T18:00", "us")
    expected = month_ends(2023, 30) + np.timedelta64(18, "h")
    np.testing.assert_array_equal(frequency.times(start, np.arange(30)), expected)


def test_business_days_skip_the_weekend_and_keep_the_hour():
    frequency = Frequency.parse("1b")
    friday = np.datetime64("2024-05-03T17:30", "us")
    assert frequency.times(friday, np.array([-1, 0, 1]))[[0, 2]].astype(str).tolist() == [
        "2024-05-02T17:30:00.000000",
        "2024-05-06T17:30:00.000000",
    ]


@pytest.mark.parametrize(
    ("name", "start", "wrong"),
    [
        ("1h", "2024-01-01T00:00", "2024-01-01T05:30"),
        ("1d", "2024-01-01", "2024-01-03T00:00:01"),
        ("1w", "2024-01-01", "2024-01-09"),
        ("1mo", "2024-01-01", "2024-03-02"),
        ("1mo-end", "2024-01-31", "2024-02-28"),
        ("1q", "2024-01-01", "2024-05-01"),
        ("1y", "2024-02-28", "2025-03-01"),
        ("1b", "2024-05-03", "2024-05-04"),
        ("1b", "2024-05-03T12:00", "2024-05-06T13:00"),
    ],
)
def test_times_off_the_grid_are_found(name, start, wrong):
    frequency = Frequency.parse(name)
    times = np.concatenate([frequency.times(np.datetime64(start, "us"), np.arange(3)), dates(wrong)])
    _, on_grid = frequency.positions(times[0], times)
    assert on_grid.tolist() == [True, True, True, False]


def test_counts_off_the_grid_are_found():
    assert Frequency.parse("2").positions(np.int64(1), np.array([1, 3, 4, 7]))[1].tolist() == [1, 1, 0, 1]
    assert Frequency.parse("0.1").positions(np.float64(0), np.array([0.1, 0.25]))[1].tolist() == [1, 0]


def test_business_days_that_begin_on_a_weekend_are_off_their_grid():
    saturday = dates("2024-05-04", "2024-05-06")
    assert not Frequency.parse("1b").positions(saturday[0], saturday)[1].all()


# Seasons


@pytest.mark.parametrize(
    ("name", "season"),
    [
        ("1", 1),
        ("0.5", 1),
        ("1b", 5),
        ("1mo", 12),
        ("1mo-end", 12),
        ("1q", 4),
        ("1y", 1),
        ("5mo", 1),
        ("1w", 52),
        ("2w", 1),
        ("1d", 7),
        ("2d", 1),
        ("1h", 24),
        ("6h", 4),
        ("5h", 1),
        ("15min", 96),
        ("5min", 288),
        ("1min", 60),
        ("1s", 60),
        ("7s", 1),
    ],
)
def test_the_usual_season(name, season):
    assert Frequency.parse(name).season_length == season


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (np.array(["2024-01-01", "2024-02-01"], "M8[us]"), ["2024-01-01", "2024-02-01"]),
        (
            np.array(["2024-01-01T00:30", "2024-01-01T01:00"], "M8[us]"),
            ["2024-01-01 00:30:00", "2024-01-01 01:00:00"],
        ),
        (np.array(["2024-01-01T00:00:00.5"], "M8[us]"), ["2024-01-01 00:00:00.500000"]),
        (np.array([3, 4]), [3, 4]),
    ],
)
def test_times_are_written_without_what_is_zero(times, expected):
    assert written(times) == expected
