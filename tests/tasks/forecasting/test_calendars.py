"""Forecasts come on the days and hours on which values come, and on no others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gatewise import load
from gatewise.cli.app import app
from tests.tasks.forecasting.problems import quick, wave

HORIZON = 12
HOURS = pd.date_range("2024-01-01", periods=24 * 40, freq="h")

CALENDARS = {
    "each second business day": pd.date_range("2024-01-01", periods=80, freq="2B"),
    "opening hours": HOURS[(HOURS.hour >= 9) & (HOURS.hour <= 16)],
    "opening hours on weekdays": pd.date_range("2024-01-01", periods=120, freq="bh"),
    "Sunday to Thursday": pd.date_range(
        "2024-01-01", periods=120, freq=pd.offsets.CDay(weekmask="Sun Mon Tue Wed Thu")
    ),
    "twice a week": pd.date_range("2024-01-01", periods=80, freq=pd.offsets.CDay(weekmask="Tue Thu")),
    "ends of business months": pd.date_range("2010-01-01", periods=80, freq="BME"),
    "half months": pd.date_range("2020-01-01", periods=80, freq="SME"),
    "fiscal quarters": pd.date_range("2000-01-01", periods=80, freq="QE-NOV"),
}


@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("name", CALENDARS)
def test_forecasts_go_on_in_the_calendar_of_the_data(name, zone, tmp_path):
    times = CALENDARS[name].tz_localize(zone)
    known = len(times) - HORIZON
    frame = pd.DataFrame({"ds": times[:known], "y": wave(known)})
    made = quick(horizon=HORIZON, epochs=1, steps_per_epoch=2, season_length=None).fit(frame)
    assert not [note for note in made.notes_ if "side by side" not in note]
    made.save(tmp_path / "m.safetensors")
    for each in (made, load(tmp_path / "m.safetensors")):
        assert each.predict()["ds"].tolist() == times[known:].tolist()
        assert each.predict(frame[5:])["ds"].tolist() == times[known:].tolist()
    past = made.backtest(frame, windows=1)
    assert past["ds"].tolist() == times[known - HORIZON : known].tolist()


def test_opening_hours_have_a_season_and_are_learnt():
    """A day of eight hours, of which each is its own."""
    times = CALENDARS["opening hours on weekdays"].append(pd.date_range("2024-01-22", periods=300, freq="bh"))
    times = times.unique()
    values = np.asarray((times.hour - 12) ** 2 + 3.0 * times.day_of_week)
    known = len(times) - 16
    made = quick(horizon=16, season_length=None, epochs=8, steps_per_epoch=40, context_length=None)
    made.fit(pd.DataFrame({"ds": times[:known], "y": values[:known]}))
    assert made.setup_.season == 8
    found = made.predict()
    assert found["ds"].tolist() == times[known:].tolist()
    assert np.abs(found["y_hat"] - values[known:]).mean() < 1.5


def test_on_the_command_line(tmp_path, capsys):
    times = CALENDARS["opening hours"]
    frame = pd.DataFrame({"ds": times[:-4], "y": wave(len(times) - 4)})
    frame.to_csv(tmp_path / "d.csv", index=False)
    model, options = str(tmp_path / "m.safetensors"), ["--epochs", "1", "--steps-per-epoch", "2"]
    short = ["--horizon", "4", "--hidden-size", "4", *options]
    app(["train", "forecast", str(tmp_path / "d.csv"), "-o", model, *short], standalone_mode=False)
    capsys.readouterr()
    app(["predict", model], standalone_mode=False)
    shown = capsys.readouterr().out
    assert [str(time) in shown for time in times[-4:]] == [True] * 4
