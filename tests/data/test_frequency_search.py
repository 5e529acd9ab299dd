"""Which times never come is seen in the data, and told apart from gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gatewise.data.frequency import Frequency
from gatewise.data.frequency_search import counts_by_clock, infer_frequency, never_seen, weekly_pattern


def moments(index):
    return np.asarray(index.tz_localize(None)).astype("M8[us]")


def steps(freq, periods, keep=lambda index: np.ones(len(index), bool)):
    index = pd.date_range("2024-01-01", periods=periods, freq=freq)
    return moments(index[keep(index)])


def minutes(index):
    return index.hour * 60 + index.minute


def lunch(index):
    clock = minutes(index)
    return (index.day_of_week < 5) & (((clock >= 570) & (clock <= 690)) | ((clock >= 780) & (clock <= 900)))


def half_saturdays(index):
    last = np.select([index.day_of_week < 5, index.day_of_week == 5], [16, 12], -1)
    return (index.hour >= 9) & (index.hour <= last)


PATTERNS = {
    "1h@09:00-16:00": steps("h", 24 * 20, lambda i: (i.hour >= 9) & (i.hour <= 16)),
    "1h@mon-fri 09:00-16:00": steps("bh", 100),
    "1h@mon-fri": steps("h", 24 * 30, lambda i: i.day_of_week < 5),
    "30min@mon-fri 09:30-11:30,13:00-15:00": steps("30min", 48 * 30, lunch),
    "1h@mon-fri 09:00-16:00;sat 09:00-12:00": steps("h", 24 * 60, half_saturdays),
    "1h@00:00-05:00,22:00,23:00": steps("h", 24 * 20, lambda i: (i.hour >= 22) | (i.hour <= 5)),
    "2b": steps("2B", 40),
    "3b": steps("3B", 60),
    "1d@mon-thu,sun": steps("D", 60, lambda i: ~i.day_of_week.isin([4, 5])),
    "1d@mon-sat": steps("D", 60, lambda i: i.day_of_week < 6),
    "1d@mon-thu": steps("D", 60, lambda i: i.day_of_week < 4),
    "1d@tue,thu": steps("D", 60, lambda i: i.day_of_week.isin([1, 3])),
    "2w": steps("2W-TUE", 30),
    "4w": steps("4W-MON", 30),
    "1mo-bend": steps("BME", 40),
    "1mo-bstart": steps("BMS", 40),
    "1q-bend": steps("BQE", 40),
    "1y-bend": steps("BYE-JUN", 30),
    "1mo@15,end": steps("SME", 40),
    "1mo@1,15": steps("SMS", 40),
    "1mo@1,11,21": np.array([f"2024-{m:02}-{d:02}" for m in range(1, 13) for d in (1, 11, 21)], "M8[us]"),
    "1mo@30": np.array([f"2024-{m:02}-{29 if m == 2 else 30}" for m in range(1, 13)], "M8[us]"),
    "1q-end": steps("QE-NOV", 30),
    "1q": steps("QS-FEB", 30),
    "1y-end": steps("YE-JUN", 30),
    "2mo-end": steps("2ME", 30),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_what_never_comes_is_no_step(name):
    times = PATTERNS[name]
    frequency = infer_frequency([times], "ds")
    assert str(frequency) == name
    assert Frequency.parse(name) == frequency
    positions, on_grid = frequency.positions(times[0], times)
    assert on_grid.all()
    np.testing.assert_array_equal(positions, np.arange(len(times)))
    np.testing.assert_array_equal(frequency.times(times[0], positions), times)
    part = len(times) - 5
    np.testing.assert_array_equal(frequency.times(times[part], np.arange(-part, 5)), times)


@pytest.mark.parametrize("name", [name for name in PATTERNS if "h@" in name or "d@" in name])
def test_a_few_gaps_hide_no_pattern(name):
    times = PATTERNS[name]
    kept = np.arange(len(times)) % 13 != 7
    assert str(infer_frequency([times[kept]], "ds")) == name


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
@pytest.mark.parametrize(
    ("name", "freq", "count"),
    [("1d", "D", 40), ("1h", "h", 24 * 14), ("1h", "h", 24 * 40), ("15min", "15min", 900)],
)
def test_gaps_are_no_pattern(name, freq, count, share):
    times = steps(freq, count)
    for seed in range(20):
        kept = np.random.default_rng(seed).uniform(size=count) > share
        found = infer_frequency([times[kept]], "ds")
        assert found.unit == "time", seed
        assert never_seen(Frequency.parse(name), [times[kept]]) == []


@pytest.mark.parametrize(
    ("freq", "count", "later", "name"),
    [
        ("D", 60, "12h", "1d"),
        ("D", 22, "6h", "1d"),
        ("W-MON", 40, "1D", "1w"),
        ("MS", 30, "1D", "31d"),
        ("h", 900, "20min", "1h"),
    ],
)
def test_one_wrong_time_makes_no_pattern(freq, count, later, name):
    times = steps(freq, count)
    times[count // 2] += np.timedelta64(pd.Timedelta(later))
    found = infer_frequency([times], "ds")
    assert str(found) == name
    assert not found.positions(times[0], times)[1].all()


def test_a_pattern_is_that_of_all_series():
    shop, kiosk = PATTERNS["1h@mon-fri"], steps("h", 24 * 30, lambda i: i.day_of_week >= 5)
    assert str(infer_frequency([shop, kiosk], "ds")) == "1h"
    assert weekly_pattern([shop]) is not None


def test_a_named_step_that_goes_over_what_never_comes():
    assert never_seen(Frequency.parse("1d"), [steps("B", 40)]) == ["Saturdays", "Sundays"]
    hours = never_seen(Frequency.parse("1h"), [steps("bh", 100)])
    assert hours[:3] == ["Saturdays", "Sundays", "00:00"]
    assert never_seen(Frequency.parse("1b"), [steps("B", 40)]) == []


def test_where_a_pattern_is_likely_and_not_sure_it_is_told():
    three_days = steps("h", 24 * 3, lambda i: (i.hour >= 9) & (i.hour <= 16))
    assert str(infer_frequency([three_days], "ds")) == "1h"
    assert never_seen(Frequency.parse("1h"), [three_days])[:2] == ["00:00", "01:00"]
    three_weeks = steps("D", 20, lambda i: i.day_of_week < 6)
    assert str(infer_frequency([three_weeks], "ds")) == "1d"
    assert never_seen(Frequency.parse("1d"), [three_weeks]) == ["Sundays"]


def by_clock(index):
    return counts_by_clock(moments(index.tz_convert("UTC")), moments(index))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_days_and_opening_hours_are_regular_by_the_clock_and_hours_in_utc(zone):
    noons = pd.date_range("2024-02-20 12:00", periods=300).tz_localize(zone)
    assert by_clock(noons)
    hours = pd.date_range("2024-02-20", periods=24 * 300, freq="h")
    open_hours = hours[(hours.hour >= 9) & (hours.hour <= 16) & (hours.day_of_week < 5)]
    assert by_clock(open_hours.tz_localize(zone))
    assert not by_clock(pd.date_range("2024-02-20", periods=24 * 300, freq="h", tz=zone))
    assert not by_clock(pd.date_range("2024-10-20", periods=24 * 20 + 5, freq="h", tz=zone))
    six = pd.date_range("2024-02-20 06:00", periods=300, freq="6h")
    assert not by_clock(six.tz_localize("UTC").tz_convert(zone))
    if zone != "Asia/Kolkata":
        assert by_clock(six.tz_localize(zone))
