"""Steps in UTC on slots of local days, and windows that are cut along them."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data.calendar import calendar_features
from gatewise.data.frequency import Frequency
from gatewise.data.local_clock import LocalClock, moved_within, on_slots
from gatewise.data.panel import Series
from gatewise.data.windows import CovariateScale, ForecastWindows, SeriesScale, WindowShape
from gatewise.data.zones import clock_of

NAN = np.nan
HOUR, QUARTER = 3600 * 10**6, 900 * 10**6


def clock(zone, step=HOUR):
    return LocalClock(zone, step)


def slots(zone, start, count, step=HOUR):
    return clock(zone, step).slots(np.datetime64(start, "us"), np.arange(count)).tolist()


def test_an_hour_is_left_out_in_spring_and_comes_twice_in_autumn():
    assert slots("Europe/Berlin", "2024-03-30T23", 5) == [0, 1, 3, 4, 5]
    assert slots("Europe/Berlin", "2024-10-26T23", 5) == [0, 1, 1, 2, 3]
    assert slots("America/New_York", "2024-03-10T05", 4) == [0, 1, 3, 4]
    assert slots("America/Santiago", "2024-04-07T01", 4) == [0, 1, 1, 2]
    assert slots("Asia/Tokyo", "2024-03-30T23", 4) == [0, 1, 2, 3]


def test_finer_steps_move_by_as_many_as_an_hour_has():
    assert slots("Europe/Berlin", "2024-03-31T00:30", 5, QUARTER) == [0, 1, 6, 7, 8]
    assert slots("Europe/Berlin", "2024-10-27T00:30", 7, QUARTER) == [0, 1, -2, -1, 0, 1, 2]
    assert slots("Australia/Lord_Howe", "2024-04-06T14:30", 4, 2 * QUARTER) == [0, 0, 1, 2]


def test_a_change_by_a_part_of_a_step_is_a_phase():
    howe = clock("Australia/Lord_Howe")
    start = np.datetime64("2024-04-06T13", "us")
    assert howe.slots(start, np.arange(4)).tolist() == [0, 1, 2, 3]
    assert howe.phases(start, np.arange(4)).tolist() == [0, 0, -0.5, -0.5]
    six = clock("Europe/Berlin", 6 * HOUR)
    assert six.slots(np.datetime64("2024-03-30", "us"), np.arange(8)).tolist() == list(range(8))


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe"]
)
def test_the_time_of_a_slot_is_what_clocks_show(zone):
    step = HOUR if zone != "Australia/Lord_Howe" else HOUR // 2
    start, positions = np.datetime64("2024-01-05T07", "us"), np.arange(370 * 24 * HOUR // step)
    each = clock(zone, step)
    utc = Frequency("time", step).times(start, positions)
    np.testing.assert_array_equal(each.times(start, each.slots(start, positions)), clock_of(utc, zone))


def test_where_no_clock_is_needed():
    for zone, step in ((None, HOUR), ("UTC", HOUR), ("+05:30", HOUR), ("Europe/Berlin", 24 * HOUR)):
        assert LocalClock.where_needed(zone, step) is None
    assert LocalClock.where_needed("Europe/Berlin", HOUR) == LocalClock("Europe/Berlin", HOUR)


def test_values_on_slots():
    found = on_slots(np.array([1.0, 2, 3, 4]), np.array([0, 1, 1, 3]))
    np.testing.assert_array_equal(found, [1, 2, NAN, 4])
    moved = moved_within(np.array([[1.0, 2, 4, NAN]]), np.array([[0, 0.5, -0.25, 0.5]]))
    np.testing.assert_array_equal(moved, [[1, 3, 3.5, NAN]])


SHAPE = WindowShape(6, 4, 2)


def windows(zone, start, values, step=HOUR, future=None):
    values = np.asarray(values, dtype=float)
    known = np.arange(len(values), dtype=float)[:, None]
    series = Series("a", np.datetime64(start, "us"), values, known, np.zeros((len(values), 0)))
    return ForecastWindows(
        [series],
        Frequency("time", step),
        [SeriesScale(0.0, 1.0)],
        SHAPE,
        cycles=("day",),
        covariates=CovariateScale(np.zeros(1), np.ones(1)),
        static=np.zeros((1, 0), np.float32),
        future=future,
        clock=LocalClock.where_needed(zone, step),
        windows=np.array([[0, at] for at in range(1, len(values) + 1)]),
    )


def shown(made, position):
    batch = made.batch(np.array([position - 1]))
    past = batch.context[0] + batch.centre[0]
    return past.tolist(), np.where(batch.observed[0], batch.target[0] + batch.centre[0], NAN).tolist()


def test_windows_across_a_spring():
    """From 20:00 local time on; 02:00 to 03:00 is left out after the sixth value."""
    made = windows("Europe/Berlin", "2024-03-30T19", np.arange(14))
    past, target = shown(made, 4)
    assert past[2:] == [0, 1, 2, 3]
    np.testing.assert_array_equal(target, [4, 5, NAN, 6])
    past, target = shown(made, 8)
    assert past == [3, 4, 5, 5, 6, 7]  # the hour left out is filled
    np.testing.assert_array_equal(target, [8, 9, 10, 11])
    assert made.slots_ahead(np.array([3, 7]), 4).tolist() == [[0, 1, 3, 4], [0, 1, 2, 3]]
    late = made.batch(np.array([3]), delay=1)
    assert not late.features[2, 0, 3], "what is not known yet is not observed"


def test_windows_across_an_autumn():
    """02:00 to 03:00 comes twice, as the sixth and the seventh value."""
    made = windows("Europe/Berlin", "2024-10-26T19", np.arange(14))
    past, target = shown(made, 5)
    np.testing.assert_array_equal(target, [5, 7, 8, 9])
    assert made.slots_ahead(np.array([4]), 4).tolist() == [[0, 0, 1, 2]]
    past, _ = shown(made, 9)
    assert past == [2, 3, 4, 5, 7, 8]
    past, target = shown(made, 6)
    assert past[1:] == [0, 1, 2, 3, 4], "of the second of the two the first is not part"
    np.testing.assert_array_equal(target, [5, 7, 8, 9])


def test_features_are_those_of_local_clocks():
    made = windows("America/New_York", "2024-03-09T12", np.arange(40), future=[np.full((4, 1), 99.0)])
    batch = made.batch(np.array([29]))
    first = np.datetime64("2024-03-10T14", "us") + np.arange(-6, 4, 2) * np.timedelta64(1, "h")
    hours = clock_of(np.array([np.datetime64("2024-03-10T18", "us")]), "America/New_York")[0]
    assert hours == np.datetime64("2024-03-10T14")
    np.testing.assert_allclose(batch.features[:, 0, 6:8], calendar_features(first, ("day",)), atol=1e-6)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("step", [HOUR, HOUR // 2, 3 * HOUR])
def test_the_time_to_come_changes_no_window(zone, step):
    """In windows all around both changes of a year."""
    count = 12 * 24 * HOUR // step
    for start in ("2024-03-05", "2024-03-27", "2024-04-03", "2024-10-02", "2024-10-23", "2024-10-31"):
        values = np.random.default_rng(0).normal(size=count)
        whole = windows(zone, start, values, step)
        for at in range(20, count - 20, 31):
            other = windows(zone, start, np.where(np.arange(count) < at, values, 1e3), step)
            for delay in (0, 2):
                one, two = (each.batch(np.array([at - 1]), delay) for each in (whole, other))
                np.testing.assert_array_equal(one.context, two.context)
                np.testing.assert_array_equal(one.features, two.features)


def test_without_changes_all_is_as_without_a_zone():
    values = np.random.default_rng(0).normal(size=60)
    one, other = (windows(zone, "2024-06-01", values) for zone in ("Europe/Berlin", None))
    indices = np.arange(60)
    for name in ("context", "target", "observed", "centre"):
        np.testing.assert_array_equal(getattr(one.batch(indices), name), getattr(other.batch(indices), name))
    assert (one.slots_ahead(indices, 4) == np.arange(4)).all()
