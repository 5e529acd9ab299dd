"""Intervals follow the errors of what has come since training: their misses come to be what was promised."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.tasks.forecasting.recent_errors import following_errors, horizons_before

S = 4


def stream_of_forecasts(values, levels, width):
    """Forecasts of 0 with these quantiles' offsets times ``width``, horizon after horizon of one series."""
    windows = np.stack([np.zeros(len(values) // S, np.intp), np.arange(0, len(values) - S + 1, S)], axis=1)
    shape = (len(windows), S, len(levels))
    offsets = np.broadcast_to(np.array([{0.5: 0.0}.get(each, (each - 0.5) * 3) for each in levels]), shape)
    return windows, Forecasts(np.zeros(shape[:2]), offsets * width, np.ones(len(windows)))


def answered(values, levels, width):
    """What each horizon's forecast becomes by those before it."""
    windows, forecasts = stream_of_forecasts(values, levels, width)
    before = horizons_before(windows, np.array([0]), S)
    rows = before[:, 1] // S
    past = Forecasts(*(part[rows] for part in forecasts))
    return following_errors(forecasts, windows, past, before, values.reshape(-1, S)[rows], levels)


@pytest.mark.parametrize("width", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("levels", [(0.1, 0.5, 0.9), (0.05, 0.8)])
def test_misses_come_to_be_what_was_promised(width, levels):
    values = np.random.default_rng(0).normal(size=S * 400)
    found = answered(values, levels, width)
    below = values.reshape(-1, S)[200:, :, None] < found.quantiles[200:]
    for column, level in enumerate(levels):
        if level != 0.5:
            assert below[..., column].mean() == pytest.approx(level, abs=0.03)


def test_each_side_follows_its_own_errors():
    values = np.abs(np.random.default_rng(1).normal(size=S * 100))
    found = answered(values, (0.1, 0.5, 0.9), 1.0)
    assert (np.diff(found.quantiles[:60, 0, 0]) > 0).all()  # nothing comes below
    assert not found.quantiles[..., 1].any()
    assert found.quantiles[60:, 0, 2].min() > 0.8


def test_one_horizon_by_hand():
    values = np.array([9.0, 9.0, 0.0, np.nan, 0.0, 0.0, 0.0, 0.0])
    found = answered(values, (0.1, 0.5, 0.9), 1.0)
    # Of three values two lay above 1.2 and none below -1.2.
    np.testing.assert_allclose(found.quantiles[0], np.broadcast_to([-1.2, 0.0, 1.2], (S, 3)))
    expected = [-1.2 * np.exp(-0.2 * 0.1), 0.0, 1.2 * np.exp(0.2 * (2 / 3 - 0.1))]
    np.testing.assert_allclose(found.quantiles[1], np.broadcast_to(expected, (S, 3)))


def test_a_horizon_of_which_nothing_came_says_nothing():
    values = np.array([np.nan] * S + [0.0] * S)
    found = answered(values, (0.1, 0.5, 0.9), 1.0)
    np.testing.assert_array_equal(found.quantiles[1], found.quantiles[0])


def test_windows_lie_side_by_side_and_after_training():
    before = horizons_before(np.array([[0, 20], [1, 9]]), np.array([9, 3]), S)
    assert before.tolist() == [[0, 12], [0, 16], [1, 5]]


def noise(count, seed):
    values = np.zeros(count)
    rng = np.random.default_rng(seed)
    for step in range(1, count):
        values[step] = 0.6 * values[step - 1] + rng.normal()
    return values


@pytest.fixture(scope="module")
def trained():
    model = gw.Forecaster(horizon=6, hidden_size=8, epochs=3, season_length=6, progress=False)
    return model.fit(noise(600, 0))


@pytest.mark.parametrize("times", [0.5, 3.0])
def test_intervals_hold_again_where_the_noise_has_changed(trained, times):
    values = np.concatenate([noise(600, 0), times * noise(1200, 1)])
    following, as_calibrated = [], []
    trained_width = np.mean(trained.predict()["q0.9"] - trained.predict()["q0.1"])
    for end in range(1200, 1794, 6):
        found, actual = trained.predict(values[:end]), values[end : end + 6]
        following.append(((found["q0.1"] <= actual) & (actual <= found["q0.9"])).mean())
        as_calibrated.append((np.abs(actual - found["y_hat"]) <= trained_width / 2).mean())
    assert abs(np.mean(as_calibrated) - 0.8) > 0.15
    assert np.mean(following) == pytest.approx(0.8, abs=0.04)


def test_nothing_changes_where_nothing_has_come(trained):
    from_training, same = trained.predict(), trained.predict(noise(600, 0))
    for name in ("q0.1", "y_hat", "q0.9"):
        np.testing.assert_array_equal(from_training[name], same[name])


def test_a_backtest_gives_what_predict_gave_at_each_origin():
    values = np.concatenate([noise(500, 2), 3 * noise(100, 3)])
    model = gw.Forecaster(horizon=6, hidden_size=8, epochs=1, season_length=6, progress=False)
    table = model.backtest(values, windows=10, step=3)
    fitted = model.fit(values[: 600 - 6 - 27])
    for number in (0, 4, 9):
        found = fitted.predict(values[: 600 - 6 - 27 + 3 * number])
        mine = table["cutoff"] == 600 - 6 - 27 + 3 * number - 1
        for name in ("q0.1", "y_hat", "q0.9"):
            np.testing.assert_allclose(table[name][mine], found[name], rtol=1e-5, atol=1e-5)


def test_without_calibration_intervals_stay_as_learnt():
    model = gw.Forecaster(
        horizon=6, hidden_size=8, epochs=1, season_length=6, calibrate=False, progress=False
    ).fit(noise(300, 4))
    values = np.concatenate([noise(300, 4), 5 * noise(60, 5)])
    widths = [model.predict(values[:end]) for end in (300, 360)]
    calm, wild = (np.mean(each["q0.9"] - each["q0.1"]) for each in widths)
    assert wild < 2 * calm
