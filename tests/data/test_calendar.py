"""The calendar's features are points on circles that turn with the day, the week and the year."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data.calendar import CYCLES, calendar_features, seen_cycles
from gatewise.data.frequency import Frequency

TIMES = st.lists(st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2090, 1, 1)), min_size=1, max_size=5)


def shares(time):
    """How far the day, the week and the year have gone at a time, by the standard library."""
    day = (time - time.replace(hour=0, minute=0, second=0, microsecond=0)) / dt.timedelta(days=1)
    year = (time - dt.datetime(time.year, 1, 1)) / dt.timedelta(days=365.2425)
    return {"day": day, "week": (time.weekday() + day) / 7, "year": year}


@given(
    TIMES, st.permutations(list(CYCLES)).flatmap(lambda names: st.sampled_from([names[:k] for k in range(4)]))
)
def test_features_are_those_of_the_standard_library(times, cycles):
    found = calendar_features(np.array(times, "M8[us]"), cycles)
    assert found.shape == (len(times), 2 * len(cycles))
    assert found.dtype == np.float32
    for row, time in zip(found, times, strict=True):
        for k, name in enumerate(cycles):
            angle = 2 * math.pi * shares(time)[name]
            np.testing.assert_allclose(row[2 * k : 2 * k + 2], [math.sin(angle), math.cos(angle)], atol=1e-5)


def test_points_lie_on_the_circle_and_come_again():
    times = np.datetime64("2024-01-01", "us") + np.arange(24 * 14) * np.timedelta64(1, "h")
    found = calendar_features(times, ("day", "week")).astype(float)
    np.testing.assert_allclose(found[:, ::2] ** 2 + found[:, 1::2] ** 2, 1, atol=1e-6)
    np.testing.assert_allclose(found[:-24, :2], found[24:, :2], atol=1e-5)
    np.testing.assert_allclose(found[: -24 * 7], found[24 * 7 :], atol=1e-5)
    assert len(np.unique(found[: 24 * 7].round(4), axis=0)) == 24 * 7


def test_a_week_begins_on_monday():
    np.testing.assert_allclose(
        calendar_features(np.array(["2024-01-01"], "M8[us]"), ("week",)), [[0, 1]], atol=1e-6
    )


@pytest.mark.parametrize(
    ("freq", "length", "cycles"),
    [
        ("1h", 48, ()),
        ("1h", 49, ("day",)),
        ("1h", 24 * 14 + 1, ("day", "week")),
        ("1h", 24 * 800, ("day", "week", "year")),
        ("1d", 14, ()),
        ("1d", 15, ("week",)),
        ("1d", 732, ("week", "year")),
        ("1b", 11, ("week",)),
        ("1w", 106, ("year",)),
        ("1mo", 24, ()),
        ("1mo", 26, ("year",)),
        ("1mo-end", 26, ("year",)),
        ("1q", 10, ("year",)),
        ("1y", 30, ()),
        ("1", 10_000, ()),
    ],
)
def test_a_cycle_is_longer_than_a_step_and_seen_twice(freq, length, cycles):
    frequency = Frequency.parse(freq)
    start = np.array([5 if frequency.unit == "number" else np.datetime64("2024-01-31", "us")])
    assert seen_cycles(frequency, [(start, 2), (start, length)]) == cycles
