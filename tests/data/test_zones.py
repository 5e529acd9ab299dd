"""Time zones by name, fixed offsets among them; the clocks of a zone against the calendar."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gatewise.data.zones import clock_of, is_fixed, offsets_of, utc_of, with_offsets, zone_info


@pytest.mark.parametrize(
    ("name", "minutes"),
    [("+05:30", 330), ("UTC+05:30", 330), ("-0330", -210), ("GMT-03", -180), ("UTC", 0), ("Etc/GMT-2", 120)],
)
def test_offsets_and_names(name, minutes):
    moment = dt.datetime(2026, 1, 31, tzinfo=dt.UTC).astimezone(zone_info(name))
    assert moment.utcoffset() == dt.timedelta(minutes=minutes)


@pytest.mark.parametrize("name", ["tzlocal()", "Nowhere/Atall", "+5", "", "../passwd"])
def test_what_is_no_zone(name):
    with pytest.raises(ValueError, match="there is no time zone"):
        zone_info(name)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "+05:30"])
def test_clocks_show_what_the_calendar_says(zone):
    utc = np.datetime64("2026-01-01", "us") + np.arange(0, 365 * 24, 7) * np.timedelta64(1, "h")
    place = ZoneInfo(zone) if "/" in zone else dt.timezone(dt.timedelta(hours=5, minutes=30))
    shown = clock_of(utc, zone)
    for moment, clock, text in zip(utc.tolist(), shown.tolist(), with_offsets(utc, zone), strict=True):
        local = moment.replace(tzinfo=dt.UTC).astimezone(place)
        assert (clock, text) == (local.replace(tzinfo=None), local.isoformat(sep=" "))
    # Of an hour that is shown twice the first is taken.
    folds = [
        [clock.replace(tzinfo=place, fold=fold).utcoffset() for fold in (0, 1)] for clock in shown.tolist()
    ]
    once = np.array([first == second for first, second in folds])
    assert once.sum() >= len(once) - 2
    np.testing.assert_array_equal(utc_of(shown, zone)[once], utc[once])


def test_no_time_stays_none():
    times = np.array(["2026-01-31T12", "NaT"], "M8[us]")
    assert np.isnat(clock_of(times, "Europe/Berlin")).tolist() == [False, True]
    assert with_offsets(times, "Europe/Berlin") == ["2026-01-31 13:00:00+01:00", ""]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Tokyo", "+05:30"]
)
def test_offsets_are_those_of_each_time(zone):
    times = np.datetime64("2023-12-30T00:07", "us") + np.arange(0, 370 * 24 * 60, 53) * np.timedelta64(1, "m")
    expected = (clock_of(times, zone) - times).astype(np.int64)
    np.testing.assert_array_equal(offsets_of(times, zone), expected)


def test_at_the_ends_of_the_calendar_offsets_stay():
    times = np.array(["-0005-01-01", "0001-01-01", "9999-12-31", "10005-01-01"], "M8[us]")
    assert (np.abs(offsets_of(times, "Europe/Berlin")) < 2 * 3600 * 10**6).all()


@pytest.mark.parametrize(
    ("name", "fixed"), [("UTC", True), ("+05:30", True), ("Etc/GMT-2", True), ("Europe/Berlin", False)]
)
def test_which_zones_never_change(name, fixed):
    assert is_fixed(name) is fixed
