"""Calendar features: by hand, planted in values, and found in a forecaster that reads a weekly series."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError, DataError, NotFittedError
from gatewise.magnify import UnitIndex, index_units, meanings
from gatewise.magnify.calendar_features import series_features

MONDAY = np.datetime64("2024-01-01")
WEEK = ["day of the week", "weekend"]
MONTH = ["day of the month", "start of the month", "end of the month"]


def days(count, first=MONDAY):
    return first + np.arange(count)


def weekday(times):
    """0 for Monday, by Python's own calendar."""
    return np.array([time.weekday() for time in times.astype("M8[s]").tolist()])


def circle(share):
    return np.stack([np.sin(2 * np.pi * share), np.cos(2 * np.pi * share)], axis=-1)


def multiple_correlation(columns, values):
    """Of each unit with the best sum of the columns, by least squares with an intercept; 0 of a still one."""
    design = np.column_stack([np.ones(len(columns)), columns])
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return np.sqrt(fitted.var(axis=0) / np.maximum(values.var(axis=0), 1e-9))


def index_of(values, times):
    return UnitIndex(values.clip(-127, 127).astype(np.int8), [""] * len(values), "series", times)


def test_hours_by_hand():
    """From half past midnight on, every five hours: three days."""
    times = np.datetime64("2024-01-01T00:30", "us") + np.arange(0, 70, 5) * np.timedelta64(1, "h")
    found = series_features(len(times), times)
    assert list(found) == ["position in the series", "hour of the day"]
    np.testing.assert_allclose(found["hour of the day"], circle((0.5 + np.arange(0, 70, 5)) / 24), atol=1e-6)
    assert found["position in the series"][:, 0].tolist() == list(range(14))


def test_days_by_hand():
    times = days(800, np.datetime64("2023-12-30"))
    found = series_features(len(times), times)
    assert list(found) == ["position in the series", *WEEK, *MONTH, "time of the year"]
    np.testing.assert_allclose(found["day of the week"], circle(weekday(times) / 7), atol=1e-6)
    assert found["weekend"][:10, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 1, 1, 0]
    by_hand = {  # how much of the month and of the year is over
        "2023-12-30": (29 / 31, 363 / 365),
        "2024-01-01": (0, 0),
        "2024-01-15": (14 / 31, 14 / 366),
        "2024-02-29": (28 / 29, 59 / 366),
        "2024-03-01": (0, 60 / 366),
    }
    for day, (month, year) in by_hand.items():
        row = int(np.flatnonzero(times == np.datetime64(day))[0])
        np.testing.assert_allclose(found["day of the month"][row], circle(month), atol=1e-6)
        np.testing.assert_allclose(found["time of the year"][row], circle(year), atol=1e-6)
    february = (times >= np.datetime64("2024-02-01")) & (times < np.datetime64("2024-03-01"))
    assert found["start of the month"][february, 0].tolist() == [1] * 3 + [0] * 26
    assert found["end of the month"][february, 0].tolist() == [0] * 26 + [1] * 3


@pytest.mark.parametrize(
    ("times", "names"),
    [
        (days(13), []),
        (days(14), WEEK),
        (days(62), WEEK + MONTH),
        (MONDAY + 7 * np.arange(30), MONTH),
        (np.datetime64("2020-01", "M") + np.arange(23), []),
        (np.datetime64("2020-01", "M") + np.arange(25), ["time of the year"]),
        (np.busday_offset(MONDAY, np.arange(20)), ["day of the week"]),
    ],
)
def test_what_comes_once_or_cannot_vary_is_left_out(times, names):
    """Of less than two weeks nothing, of weeks and months no weekday, of business days no weekend."""
    assert list(series_features(len(times), times.astype("M8[us]"))) == ["position in the series", *names]


def test_without_dates_there_is_the_position_alone():
    assert list(series_features(100)) == ["position in the series"]
    assert list(series_features(1, days(1))) == ["position in the series"]


def test_a_planted_unit_is_found_with_any_phase_and_its_correlations_are_those_of_least_squares():
    rng = np.random.default_rng(0)
    times = days(200)
    values = rng.integers(-127, 128, (200, 30))
    values[:, 17] = 80 * np.cos(2 * np.pi * (weekday(times) - 2.3) / 7) + rng.normal(0, 20, 200)
    index = index_of(values, times)
    found = {each.feature: each for each in meanings(index)}
    assert found.keys() <= set(WEEK), "a weekend is part of a week"
    assert found["day of the week"].unit == 17

    held = index.values[:, 17].astype(float)
    design = np.column_stack([np.ones(200), circle(weekday(times) / 7)])
    weights = np.linalg.lstsq(design[:100], held[:100], rcond=None)[0]
    wave = design @ weights
    assert found["day of the week"].sought == pytest.approx(
        np.corrcoef(wave[:100], held[:100])[0, 1], rel=1e-5
    )
    assert found["day of the week"].held_out == pytest.approx(
        np.corrcoef(wave[100:], held[100:])[0, 1], rel=1e-5
    )


def test_the_phase_is_frozen():
    """A unit that keeps to the week, but is two days later on the second half, follows no weekday."""
    times = days(200)
    shift = np.where(np.arange(200) < 100, 0, 2)
    values = 100 * np.cos(2 * np.pi * (weekday(times) + shift)[:, None] / 7)
    assert multiple_correlation(circle(weekday(times) / 7)[100:], values[100:]) > 0.99
    assert "day of the week" not in [each.feature for each in meanings(index_of(values, times), least=0.0)]


def test_chance_finds_are_not_shown():
    """A thousand units of noise in three weeks: some follow the weekday well where they were sought."""
    times = days(42)
    values = np.random.default_rng(1).integers(-127, 128, (42, 1000))
    sought = multiple_correlation(circle(weekday(times) / 7)[:21], values[:21])
    assert sought.max() > 0.7
    assert meanings(index_of(values, times), least=0.4) == []


def test_two_times_a_day_have_one_axis():
    """At noon and midnight every sine is 0: what is left is the cosine."""
    times = np.datetime64("2024-01-01", "us") + np.arange(60) * np.timedelta64(12, "h")
    values = np.where(np.arange(60) % 2, 90, -90)[:, None]
    found = {each.feature: each for each in meanings(index_of(values, times))}
    assert found["hour of the day"].held_out == pytest.approx(1)


def daily(season, seed, count=1000):
    """Trend and noise, and a wave of a week of this amplitude."""
    rng, steps = np.random.default_rng(seed), np.arange(count)
    wave = season * np.sin(2 * np.pi * steps / 7)
    return {"ds": days(count), "y": 0.003 * steps + rng.normal(0, 0.5, count) + wave}


def forecaster(data, **options):
    """Not told the calendar: what its units know of the week, they have from the values."""
    options = {
        "horizon": 7,
        "patch_size": 1,
        "context_length": 28,
        "hidden_size": 8,
        "calendar": False,
        "epochs": 3,
        "steps_per_epoch": 30,
        "batch_size": 64,
        "learning_rate": 1e-2,
        "progress": False,
        **options,
    }
    return gw.Forecaster(**options).fit(data)


@pytest.fixture(scope="module")
def weekly():
    return forecaster(daily(2.0, seed=0))


@pytest.mark.parametrize("patch", [1, 7])
def test_a_unit_follows_the_week_of_a_weekly_series(patch):
    """Of a series that is not that of the training; a patch of seven days hides no weekday."""
    index = index_units(forecaster(daily(2.0, seed=0), patch_size=patch), daily(2.0, seed=1))
    found = {each.feature: each for each in meanings(index, least=0.0)}
    week = found.pop("day of the week")
    assert week.held_out > 0.8
    found.pop("weekend", None)
    assert max((abs(each.held_out) for each in found.values()), default=0) < 0.3
    truth = multiple_correlation(circle(weekday(index.times) / 7), index.values.astype(float))
    assert truth[week.unit] == pytest.approx(week.held_out, abs=0.1)


@pytest.mark.parametrize("options", [{}, {"patch_size": 7}, {"context_length": 7}])
def test_without_a_week_in_the_series_no_unit_follows_it(options):
    """The same but for the wave. Nor does a context of just a week bring one in by how it is read."""
    index = index_units(forecaster(daily(0.0, seed=0), **options), daily(0.0, seed=1))
    assert set(WEEK) <= index.features().keys()
    assert meanings(index) == []
    assert max((abs(each.held_out) for each in meanings(index, least=0.0)), default=0) < 0.3
    truth = multiple_correlation(circle(weekday(index.times) / 7), index.values.astype(float))
    assert truth.max() < 0.3


@pytest.mark.parametrize("options", [{"patch_size": 1}, {"patch_size": 7, "num_layers": 2}, {"cell": "rnn"}])
def test_each_step_has_what_the_units_hold_after_a_context_that_ends_with_it(options):
    """Seen by the magnifier from outside: it reads the series up to there, and shows the last past patch."""
    model, data = forecaster(daily(2.0, seed=0), epochs=1, **options), daily(2.0, seed=1)
    for layer in range(model.num_layers):
        index = index_units(model, data, layer)
        assert len(index.values) == 1000 - 28 + 1
        assert index.times[0] == MONDAY + 27
        assert index.times[-1] == MONDAY + 999
        for row in (0, 1, 500, 972):
            until = {name: column[: 28 + row] for name, column in data.items()}
            inside = gw.magnify(model, until)
            past = 28 // model.setup_.shape.patch
            arrays = inside.layer(layer).arrays
            held = np.tanh(arrays["c"]) if "c" in arrays else arrays["h"]
            np.testing.assert_allclose(index.values[row] / 127, held[past - 1], atol=0.5 / 127 + 1e-5)


def test_what_the_training_left_is_read_where_no_series_is_given(weekly):
    """It is as long as a context; of so short a series the second half is read."""
    index = index_units(weekly)
    assert len(index.values) == 28 - 14 + 1
    assert index.times[-1] == MONDAY + 999
    assert index.labels[-1].startswith(str(MONDAY + 999))


def test_counted_steps_have_no_calendar():
    model = forecaster(daily(2.0, seed=0)["y"])
    index = index_units(model, daily(2.0, seed=1)["y"])
    assert index.times is None
    assert list(index.features()) == ["position in the series"]
    assert gw.magnify(model, None).reading.times is None


def test_the_times_of_a_reading_are_those_of_the_first_steps_of_its_patches():
    reading = gw.magnify(forecaster(daily(2.0, seed=0), patch_size=7), daily(2.0, seed=1, count=300)).reading
    expected = [MONDAY + 300 - 28 + 7 * k for k in range(5)]
    assert reading.times.astype("M8[D]").tolist() == [day.tolist() for day in expected]
    assert [label[:10] for label in reading.labels] == [str(day) for day in expected]


def test_series_that_cannot_be_indexed(weekly):
    with pytest.raises(NotFittedError):
        index_units(gw.Forecaster())
    two = {"unique_id": ["a"] * 30 + ["b"] * 30, "ds": np.tile(days(30), 2), "y": np.arange(60.0)}
    with pytest.raises(ArgumentError, match="the data has 2 series, 'a', 'b'; expected one"):
        index_units(weekly, two)
    with pytest.raises(DataError, match="no column 'y'"):
        index_units(weekly, {"ds": days(60), "x": np.arange(60.0)})
    with pytest.raises(ArgumentError, match="layer=1; this network has 1 layers"):
        index_units(weekly, daily(2.0, seed=1), 1)
    with pytest.raises(ArgumentError, match="model is a SequenceTagger; expected a fitted LanguageModel or"):
        index_units(gw.SequenceTagger(), "text")


def test_labels_and_hours_of_the_day_are_those_of_the_zone():
    pandas = pytest.importorskip("pandas")
    times = pandas.Series(pandas.date_range("2026-03-27", periods=72, freq="h", tz="Asia/Tokyo"))
    frame = pandas.DataFrame({"ds": times, "y": np.sin(np.arange(72))})
    options = {"horizon": 4, "context_length": 12, "patch_size": 1, "hidden_size": 4}
    made = gw.Forecaster(**options, epochs=1, steps_per_epoch=2, progress=False).fit(frame)
    inside = gw.magnify(made, frame)
    assert inside.labels[0] == str(times[60])[:-6]
    found = gw.magnify.index_units(made, frame)
    assert found.times[-1] == np.datetime64(str(times[71])[:-6])


def test_the_sine_of_half_days_is_0_and_not_its_rounding():
    times = MONDAY.astype("M8[s]") + 12 * np.arange(60) * np.timedelta64(3600, "s")
    hours = series_features(60, times)["hour of the day"]
    np.testing.assert_array_equal(hours[:, 0], 0)
    np.testing.assert_array_equal(hours[:, 1], np.tile([1, -1], 30))
