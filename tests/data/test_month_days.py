"""Days of months against the calendar, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data import month_days


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (15, ["2024-02-15", "2024-03-15", "2024-06-15"]),
        (30, ["2024-02-29", "2024-03-30", "2024-06-30"]),
        ("end", ["2024-02-29", "2024-03-31", "2024-06-30"]),
        ("bend", ["2024-02-29", "2024-03-29", "2024-06-28"]),
        ("bstart", ["2024-02-01", "2024-03-01", "2024-06-03"]),
    ],
)
def test_a_day_of_each_month(day, expected):
    months = np.array(["2024-02", "2024-03", "2024-06"], "M8[M]")
    np.testing.assert_array_equal(month_days.dates(day, months), np.array(expected, "M8[us]"))


@pytest.mark.parametrize(
    ("text", "days"),
    [("1,15", (1, 15)), ("15,31", (15, "end")), ("30", (30,)), ("end", ("end",)), ("5,28", (5, 28))],
)
def test_lists_of_days(text, days):
    assert month_days.parse(text) == days


@pytest.mark.parametrize("text", ["", "0", "32", "15,1", "15,15", "29,30", "30,end", "x", "1;15", "end,end"])
def test_what_is_no_list(text):
    assert month_days.parse(text) is None


def test_days_are_counted_over_months_that_have_none():
    """The 15th and the last day of each quarter's first month."""
    days, start = (15, "end"), np.datetime64("2023-11-30", "us")
    expected = np.array(["2023-11-15", "2023-11-30", "2024-02-15", "2024-02-29", "2024-05-15"], "M8[us]")
    found = month_days.times(days, start, np.arange(-1, 4), 3)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(month_days.positions(days, start, expected, 3), np.arange(-1, 4))
