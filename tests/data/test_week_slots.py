"""Times of a week by name, and counted."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data import week_slots
from gatewise.data.frequency import Frequency
from gatewise.errors import ArgumentError

HOUR = 3600 * 10**6


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("d@mon-fri", "1b"),
        ("2d@mon,tue,wed,thu,fri", "2b"),
        ("1d@fri-mon", "1d@mon,fri-sun"),
        ("2h@08:00-16:00", "2h@08:00-16:00"),
        ("1h@22:00-05:00", "1h@00:00-05:00,22:00,23:00"),
        ("30min@mon-fri 9:30-11:30;sat 09:30", "30min@mon-fri 09:30-11:30;sat 09:30"),
        ("15s@09:00:15-09:01:00", "15s@09:00:15-09:01"),
    ],
)
def test_names(text, printed):
    assert str(Frequency.parse(text)) == printed


@pytest.mark.parametrize(
    "text",
    [
        "1h@",
        "1d@",
        "1h@@mon",
        "1d@day",
        "1d@mon 09:00",
        "1h@25:00",
        "1h@mon fri",
        "5h@mon",
        "1h@09:00,09:30",
        "1w@mon",
        "1b@mon",
        "1mo-end@15",
        "1mo@15,1",
        "1mo@30,end",
        "1mo@0",
        "1mo@32",
        "1@3",
        "1h@;",
    ],
)
def test_what_is_no_name(text):
    with pytest.raises(ArgumentError, match=r"freq=.*expected a number and a unit"):
        Frequency.parse(text)


def test_counted_by_hand():
    slots = np.array([9, 10, 33]) * HOUR  # Monday at 9 and 10, Tuesday at 9
    tuesday = np.datetime64("2024-01-02T09", "us")
    first = week_slots.counted(slots, tuesday)
    expected = np.array(["2024-01-01T10", "2024-01-02T09", "2024-01-08T09", "2024-01-08T10"], "M8[us]")
    np.testing.assert_array_equal(week_slots.times(slots, first + np.arange(-1, 3)), expected)
    between = np.array(["2024-01-02T10", "2024-01-01T09:30"], "M8[us]")
    np.testing.assert_array_equal(week_slots.counted(slots, between) - first, [1, -1])
