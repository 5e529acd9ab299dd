"""Where clocks change, a forecast keeps to the hours that they show."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

import gatewise as gw
from gatewise import Forecaster, load
from gatewise.data.local_clock import LocalClock
from gatewise.tasks.forecasting.baselines import Baselines
from gatewise.tasks.forecasting.setup import ForecastSetup
from tests.tasks.forecasting.problems import quick


def shape_of_a_day(times, weekend):
    """Peaks in the morning and in the evening by the clock, lower at weekends."""
    hour = np.asarray(times.hour + times.minute / 60, dtype=float)
    level = np.where(times.day_of_week < 5, 1, weekend)
    return 10 + 4 * level * np.exp(-(((hour - 8) / 1.5) ** 2)) + 6 * level * np.exp(-(((hour - 19) / 2) ** 2))


def series(zone, start, days, freq, weekend=1.0):
    steps = days * (pd.Timedelta("1D") // pd.Timedelta(freq))
    times = pd.date_range(start, periods=steps, freq=freq, tz=zone)
    noise = np.random.default_rng(0).normal(0, 0.1, steps)
    return pd.DataFrame({"ds": times, "y": shape_of_a_day(times, weekend) + noise})


CASES = {
    "spring in Berlin": ("Europe/Berlin", "2024-03-31", "1h", {}),
    "autumn in Berlin": ("Europe/Berlin", "2024-10-27", "1h", {}),
    "spring in New York, weekends": ("America/New_York", "2024-03-10", "1h", {"weekend": 0.5}),
    "autumn of the south": ("America/Santiago", "2024-04-07", "1h", {"horizon": 36}),
    "quarters of an hour": ("Europe/Berlin", "2024-03-31", "15min", {}),
    "half an hour, in steps of that": ("Australia/Lord_Howe", "2024-10-06", "30min", {}),
    "half an hour, in hours": ("Australia/Lord_Howe", "2024-04-07", "1h", {}),
    "drawn block by block": (
        "Europe/Berlin",
        "2024-10-27",
        "1h",
        {"strategy": "recursive", "patch_size": 12},
    ),
    "drawn in spring": ("Europe/Berlin", "2024-03-31", "1h", {"strategy": "recursive", "patch_size": 12}),
}


SHORT = ("spring in Berlin", "autumn in Berlin", "half an hour, in hours", "drawn in spring")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SHORT else pytest.mark.slow) for name in CASES]
)
def test_after_a_change_a_forecast_is_as_good_as_before(name):
    zone, day, freq, options = CASES[name]
    options = dict(options)
    per_day = pd.Timedelta("1D") // pd.Timedelta(freq)
    change = pd.Timestamp(day)
    data = series(zone, change - pd.Timedelta(days=100), 112, freq, options.pop("weekend", 1.0))
    at = int(data["ds"].searchsorted(change.tz_localize(zone)))
    horizon = options.pop("horizon", per_day)
    made = Forecaster(
        horizon=horizon,
        hidden_size=24,
        epochs=4,
        steps_per_epoch=50,
        num_samples=40,
        progress=False,
        **options,
    )
    made.fit(data[: at - 14 * per_day])
    assert made.setup_.clock == LocalClock(zone, 86_400_000_000 // per_day)

    def error(end):
        found = made.predict(data[max(0, end - 25 * per_day) : end])
        part = data[end : end + horizon]
        assert found["ds"].tolist() == part["ds"].tolist()
        return np.abs(found["y_hat"].to_numpy() - part["y"].to_numpy()).mean()

    before = np.mean([error(at - days * per_day) for days in range(10, 3, -1)])
    across = [error(at + step) for step in range(-per_day, per_day // 2, max(1, per_day // 6))]
    after = [error(at + days * per_day) for days in range(1, 8)]
    # With 24 steps for a day it was up to ten times as much.
    assert np.mean(across) < 1.5 * before
    assert np.mean(after) < 1.5 * before
    assert max(*across, *after) < 2.5 * before


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("start", ["2024-01-20", "2024-08-20"])
def test_what_is_kept_is_enough_wherever_the_series_ends(zone, start, tmp_path):
    data = series(zone, start, 80, "1h")
    for end in range(24 * 40, 24 * 79, 24 * 5 + 7):
        made = quick(horizon=24, season_length=None, context_length=None, epochs=1, steps_per_epoch=2)
        made.fit(data[:end])
        found = made.predict()
        made.save(tmp_path / "m.safetensors")
        pd.testing.assert_frame_equal(found, made.predict(data[:end]))
        pd.testing.assert_frame_equal(found, load(tmp_path / "m.safetensors").predict())


def test_polars_texts_and_each_answer_have_all_their_steps():
    data = series("Europe/Berlin", "2024-02-20", 60, "1h")
    model = quick(horizon=24, season_length=None, context_length=None, epochs=1, steps_per_epoch=2)
    end = 24 * 39
    frame = pl.from_pandas(data)
    assert model.fit(frame[:end]).predict()["ds"].to_list() == frame["ds"][end : end + 24].to_list()
    scored = model.anomalies(frame)
    assert scored["ds"].to_list() == frame["ds"].to_list()
    assert scored["y"].to_list() == frame["y"].to_list()
    past = model.backtest(frame, windows=10)
    joined = past.join(frame, on="ds")
    assert len(joined) == 240
    assert joined["y"].to_list() == joined["y_right"].to_list()


@pytest.mark.parametrize("day", ["2024-03-31", "2024-10-27"])
def test_covariates_known_ahead_are_those_of_their_own_hour(day):
    change = pd.Timestamp(day)
    data = series("Europe/Berlin", change - pd.Timedelta(days=60), 64, "1h")
    price = np.random.default_rng(1).normal(size=len(data))
    data = data.assign(price=price, y=3 * price)
    at = int(data["ds"].searchsorted(change.tz_localize("Europe/Berlin")))
    model = quick(
        horizon=24, season_length=None, context_length=24, epochs=10, steps_per_epoch=60, known=("price",)
    )
    model.set_params(hidden_size=32, patch_size=1, learning_rate=1e-2).fit(data[: at - 100])
    for end in (at - 30, at - 12, at - 3, at + 1, at + 20):
        found = model.predict(data[:end], future=data[end : end + 24].drop(columns="y"))
        error = np.abs(found["y_hat"].to_numpy() - data["y"][end : end + 24].to_numpy())
        assert error.mean() < 0.5, end


def test_the_baseline_of_seasons_repeats_the_hour_that_clocks_show():
    for day in ("2024-03-31", "2024-10-27"):
        data = series("Europe/Berlin", pd.Timestamp(day) - pd.Timedelta(days=5), 10, "1h")
        hours = data["ds"].dt.hour.to_numpy(float)
        start = data["ds"].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("M8[us]")[0]
        slots = LocalClock("Europe/Berlin", 3_600_000_000).slots(start, np.arange(len(hours) + 48))
        positions = np.arange(48, len(hours) - 48)
        found = Baselines(hours, 24, slots).at(positions, 48)["seasonal naive"]
        expected = hours[positions[:, None] + np.arange(48)]
        assert (found == expected).mean() > 0.995, "all but the hour that is left out"
        plain = Baselines(hours, 24).at(positions, 48)["seasonal naive"]
        assert (plain == expected).mean() < 0.8


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT-3", None])
def test_where_clocks_never_change_all_is_as_it_was(zone):
    data = series(zone, "2024-03-01", 30, "1h")
    model = quick(horizon=24, epochs=1, steps_per_epoch=2).fit(data)
    assert model.setup_.clock is None
    plain = quick(horizon=24, epochs=1, steps_per_epoch=2).fit(
        data.assign(ds=data["ds"].dt.tz_localize(None))
    )
    if zone != "Etc/GMT-3":
        np.testing.assert_array_equal(model.predict()["y_hat"], plain.predict()["y_hat"])


def test_a_setup_without_a_zone_counts_in_utc_as_it_did():
    data = series("Europe/Berlin", "2024-03-01", 40, "1h")
    made = quick(horizon=24, epochs=1, steps_per_epoch=2).fit(data)
    told = json.loads(json.dumps(made.setup_.to_json()))
    assert told["zone"] == "Europe/Berlin"
    assert ForecastSetup.from_json(told, made._names).clock == made.setup_.clock
    del told["zone"]
    assert ForecastSetup.from_json(told, made._names).clock is None
    for wrong in ("Nowhere/Atall", 5, ["UTC"]):
        with pytest.raises(gw.errors.DataError, match="its forecasting setup cannot be read"):
            ForecastSetup.from_json({**told, "zone": wrong}, made._names)


def test_the_magnifier_shows_patches_by_local_days():
    data = series("Europe/Berlin", "2024-03-20", 14, "1h")
    made = quick(horizon=24, season_length=None, context_length=96, epochs=1, steps_per_epoch=2).fit(data)
    labels = gw.magnify(made, data).reading.labels
    assert labels == tuple(f"2024-{day} 01:00:00" for day in ("03-30", "03-31", "04-01", "04-02", "04-03"))
