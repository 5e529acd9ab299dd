"""A forecaster is blind to the time to come: splits, scales, verdicts, backtests and marked events."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from gatewise.data.frames import Table
from gatewise.data.panel import read_panel
from gatewise.data.windows import WindowShape
from gatewise.tasks.forecasting.frames import actual_values
from gatewise.tasks.forecasting.intervals import calibration_of
from gatewise.tasks.forecasting.panel_learner import PanelLearner
from gatewise.tasks.forecasting.setup import choose_shape
from gatewise.tasks.forecasting.split import split_by_time, training_windows
from tests.tasks.forecasting.problems import DAY, START, assert_same_columns, panel, quick, wave, words

COLUMNS = ["unique_id", "ds", "y_hat", "q0.1", "q0.5", "q0.9"]
COVARIATES = {"known": ("price",), "past": ("rain",), "static": ("region",)}


@pytest.fixture(scope="module")
def model():
    return quick().fit(panel())


# Split by time


def test_the_last_part_of_each_series_is_held_out():
    data = read_panel(Table.of(panel()), quick()._names)
    split = split_by_time(data, 6, 0.1)
    assert split.learnt.tolist() == [108, 90]
    windows = training_windows(data, split, WindowShape(24, 6, 6), 6)
    held_out = split.choosing(data, 6, 4096)
    for k in (0, 1):
        assert windows[windows[:, 0] == k, 1].max() + 6 == split.learnt[k]
        assert held_out[held_out[:, 0] == k, 1].tolist() == list(range(split.learnt[k], split.ends[k] - 5))
    assert len(split.judging(data, 6, 4096)) == 0, "too little for both"
    assert split_by_time(data, 6, 0).learnt.tolist() == [120, 100]
    assert split_by_time(data, 30, 0.1).learnt.tolist() == [90, 70]
    assert split_by_time(data, 40, 0.1).learnt.tolist() == [80, 100]  # too short to spare any


def test_the_network_and_its_scales_come_from_the_training_part_alone():
    """What is held out chooses among epochs, and there is one."""
    data, changed = panel(), panel()
    for last in (slice(108, 120), slice(210, 220)):
        for name in ("y", "price", "rain"):
            changed[name][last] = 77 * np.random.default_rng(3).normal(size=last.stop - last.start)
    one, other = (quick(**COVARIATES, epochs=1).fit(each) for each in (data, changed))
    assert one.setup_.to_json() == other.setup_.to_json()
    np.testing.assert_array_equal(one.network_.parameters.vector, other.network_.parameters.vector)
    np.testing.assert_array_equal(one.calibration_, other.calibration_)
    assert one.history_ != other.history_
    plain = [quick(**COVARIATES, epochs=1, calibrate=False).fit(each) for each in (data, changed)]
    assert plain[0].verdict_ != plain[1].verdict_


def test_the_verdict_is_of_what_was_not_learnt_from(model):
    assert (
        model.verdict_.data
        == "2 series in 5 parts, each by a network that learnt from the others, 100 forecasts of 6 steps"
    )
    plain = quick(calibrate=False).fit(panel()).verdict_
    assert plain.data == "the held-out end of 2 series, by which weights were chosen, 12 forecasts of 6 steps"
    assert [each.name for each in model.verdict_.baselines] == ["naive", "seasonal naive", "drift"]
    assert model.verdict_.interval == pytest.approx(0.8)


def test_what_is_long_is_calibrated_on_a_part_of_its_own():
    """The first half of what is held out chooses, the second calibrates, as one does by hand."""
    data = wave(2000)
    plain, made = quick(calibrate=False).fit(data), quick().fit(data)
    assert made.verdict_.data == (
        "the held-out end of one series, apart from what the weights were chosen by, 95 forecasts of 6 steps"
    )
    series = read_panel(Table.of({"ds": np.arange(2000), "y": data}), plain._names).series
    windows = np.array([[0, at] for at in range(1900, 1995)])
    actual = actual_values(series, windows, 6)
    expected = calibration_of(plain._forecast(series, windows), actual, (0.1, 0.5, 0.9), windows)
    np.testing.assert_allclose(made.calibration_, expected, atol=1e-5)
    scale = made.setup_.scales["y"].scale
    raw, moved = plain.predict(), made.predict()
    np.testing.assert_array_equal(raw["y_hat"], moved["y_hat"])
    low, high = (raw[name] + expected[:, k] * scale for name, k in (("q0.1", 0), ("q0.9", 2)))
    np.testing.assert_array_equal(moved["q0.5"], raw["q0.5"])
    np.testing.assert_allclose(moved["q0.1"], np.minimum(low, raw["q0.5"]), rtol=1e-4)
    np.testing.assert_allclose(moved["q0.9"], np.maximum(high, raw["q0.5"]), rtol=1e-4)


def test_a_covariate_that_never_changes_is_no_obstacle():
    made = quick(past=("rain",)).fit({**panel(), "rain": np.full(220, 5.0)})
    assert np.isfinite(made.predict()["y_hat"]).all()


def test_nothing_held_out_is_noted():
    made = quick(validation_fraction=0).fit(wave())
    assert made.verdict_ is None
    assert made.notes_ == ("no part is held out: no verdict, and quantiles as learnt",)
    assert not made.calibration_.any()


def test_series_too_short_to_learn_from_are_noted_and_forecast():
    data = {
        "unique_id": np.repeat([1, 2], [120, 4]),
        "ds": np.concatenate([np.arange(120), np.arange(4)]),
        "y": np.concatenate([wave(), [3, 4, 5, 4]]),
    }
    made = quick().fit(data)
    assert "series 2 is too short to learn from" in made.notes_
    assert np.isfinite(made.predict()["y_hat"]).all()


@pytest.mark.parametrize(
    "end", [[5, 4, 6, 7], [5, 5, 5, 5], [np.nan] * 4], ids=["values", "equal values", "missing values"]
)
def test_short_series_are_forecast_from_what_was_kept_as_from_the_data(end):
    data = {
        "unique_id": np.repeat([1, 2], [120, 6]),
        "ds": np.concatenate([np.arange(120), np.arange(6)]),
        "y": np.concatenate([wave(), [3, 9], end]),
    }
    made = quick(context_length=4).fit(data)
    np.testing.assert_allclose(made.predict()["y_hat"], made.predict(data)["y_hat"], rtol=1e-6)


def test_progress_tells_the_notes_and_the_verdict(capsys):
    y = wave()
    y[50] = np.nan
    made = quick(progress=True).fit(y)
    told = capsys.readouterr().err
    assert made.notes_[0].startswith("1 values are missing, in 1 of 1 series")
    assert made.notes_[0] in told
    assert str(made.verdict_) in told


@pytest.mark.parametrize(
    ("horizon", "season", "context", "patch", "longest", "expected"),
    [
        (48, 24, None, None, 10_000, (168, 48, 24)),
        (24, 96, None, None, 10_000, (288, 24, 24)),
        (12, 12, None, None, 1000, (84, 12, 12)),
        (10, 1, None, None, 1000, (20, 10, 1)),
        (6, 12, None, None, 60, (30, 6, 6)),
        (6, 12, 10, None, 1000, (10, 6, 2)),
        (6, 12, 30, 5, 1000, (30, 6, 5)),
        (1, 7, None, None, 5, (2, 1, 1)),
    ],
)
def test_the_shape_of_windows(horizon, season, context, patch, longest, expected):
    assert choose_shape(horizon, season, context, patch, longest) == WindowShape(*expected)


# Measuring


def test_score_is_minus_the_mase_of_the_last_steps():
    data, later = panel(), panel()
    made = quick().fit(data)
    result = made.evaluate(later)
    assert result["data"] == "the end of 2 series, 2 forecasts of 6 steps"
    assert made.score(later) == -result["forecasters"][0]["mase"]
    earlier = {name: np.concatenate([values[:114], values[120:214]]) for name, values in later.items()}
    actual = np.concatenate([later["y"][114:120], later["y"][214:]])
    mae = np.abs(made.predict(earlier)["y_hat"] - actual).mean()
    assert result["forecasters"][0]["mae"] == pytest.approx(mae, rel=1e-5)


def test_the_forecast_of_a_new_series_does_not_depend_on_what_it_is_measured_by():
    made, y = quick(horizon=1).fit(panel()), wave(60, 5)
    errors = []
    for last in (10.0, 1000.0):  # above any forecast
        data = {
            "unique_id": words(*["new"] * 60),
            "ds": START + np.arange(60) * DAY,
            "y": np.append(y[:-1], last),
        }
        errors.append(last - made.evaluate(data)["forecasters"][0]["mae"])
    assert errors[0] == pytest.approx(errors[1], rel=1e-6)


# Backtests


def backtest(data, **options):
    return quick().backtest(data, **options)


def test_a_backtest_is_a_row_for_each_origin_series_and_step():
    data, made = panel(), quick()
    found = made.backtest(data, windows=3, step=4)
    assert list(found) == ["unique_id", "cutoff", "ds", "y", *COLUMNS[2:]]
    assert len(found["y"]) == 3 * 2 * 6
    cutoffs = found["cutoff"].reshape(3, 2, 6)
    for k, length in ((0, 120), (1, 100)):
        offset = 7 * k
        for origin in range(3):
            at = length - 14 + 4 * origin
            assert (cutoffs[origin, k] == START + (offset + at - 1) * DAY).all()
            rows = slice(12 * origin + 6 * k, 12 * origin + 6 * k + 6)
            np.testing.assert_array_equal(found["ds"][rows], START + (offset + at + np.arange(6)) * DAY)
            np.testing.assert_array_equal(found["y"][rows], data["y"][120 * k :][at : at + 6])
    assert made.verdict_.data == "2 series from 3 origins, 6 forecasts of 6 steps"
    assert made.verdict_.forecaster.mae == pytest.approx(np.abs(found["y"] - found["y_hat"]).mean())
    assert not hasattr(made, "network_")
    before = {"b": data["y"][:106], "a": data["y"][120:206]}
    scales = {key: np.abs(y[12:] - y[:-12]).mean() for key, y in before.items()}
    errors = np.abs(found["y"] - found["y_hat"]) / [scales[key] for key in found["unique_id"]]
    assert made.verdict_.forecaster.mase == pytest.approx(errors.mean())


@pytest.mark.parametrize("refit", [False, True])
def test_a_backtest_never_sees_what_it_forecasts(refit):
    """All that changes after an origin leaves its forecasts as they were."""
    data, changed = panel(), panel()
    for last in (slice(108, 120), slice(208, 220)):
        for name in ("y", "rain"):
            changed[name][last] = 500 * np.random.default_rng(1).normal(size=12)
    options = {"past": ("rain",), "static": ("region",)}
    one, other = (quick(**options).backtest(each, windows=2, refit=refit) for each in (data, changed))
    for name in COLUMNS[2:]:
        np.testing.assert_array_equal(one[name][:12], other[name][:12])
        assert not np.array_equal(one[name][12:], other[name][12:])


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("step", [None, 2])
def test_each_fit_of_a_backtest_is_given_the_steps_before_its_origin_and_no_more(refit, step, monkeypatch):
    given, fit = [], PanelLearner._fit_panel

    def noting(self, panel, table, **options):
        given.append([each.values.copy() for each in panel.series])
        return fit(self, panel, table, **options)

    monkeypatch.setattr(PanelLearner, "_fit_panel", noting)
    data = panel()
    found = quick(epochs=1).backtest(data, windows=3, step=step, refit=refit)
    whole = [data["y"][:120], data["y"][120:]]
    back = [6 + number * (step or 6) for number in (2, 1, 0)]
    assert len(given) == (3 if refit else 1)
    for cut, parts in zip(back, given, strict=False):
        for part, values in zip(parts, whole, strict=True):
            np.testing.assert_array_equal(part, values[: len(values) - cut])
    assert len(found["y_hat"]) == 2 * 3 * 6


def test_refitting_learns_from_all_that_precedes():
    once, anew = backtest(panel(), windows=2), backtest(panel(), windows=2, refit=True)
    np.testing.assert_array_equal(once["y_hat"][:12], anew["y_hat"][:12])
    assert not np.allclose(once["y_hat"][12:], anew["y_hat"][12:])
    shorter = {name: np.concatenate([v[:114], v[120:214]]) for name, v in panel().items()}
    expected = quick().fit(shorter).predict()["y_hat"]
    np.testing.assert_allclose(anew["y_hat"][12:], expected, rtol=1e-6)


def test_a_backtest_leaves_the_model_as_it_is(model):
    made = copy.deepcopy(model)
    before = made.predict()
    made.backtest(panel(), windows=1)
    assert_same_columns(made.predict(), before)
    assert made.verdict_.data.endswith("from 1 origins, 2 forecasts of 6 steps")


def test_series_too_short_for_a_backtest_are_left_out():
    data = panel()
    kept = np.r_[0:120, 120:135]
    found = backtest({name: values[kept] for name, values in data.items()}, windows=2)
    assert set(found["unique_id"]) == {"b"}


# Anomalies


def test_a_planted_spike_is_found():
    y = wave(200)
    made = quick(epochs=20, steps_per_epoch=30).fit(y)
    spiked = y.copy()
    spiked[[150, 170]] += [2, -3]
    found = made.anomalies(spiked, rate=0.01)
    assert list(found) == ["unique_id", "ds", "y", "y_hat", "score", "anomaly"]
    assert np.flatnonzero(found["anomaly"]).tolist() == [150, 170]
    assert np.isnan(found["score"][:24]).all()
    assert (found["score"][24:] >= 0).all()
    np.testing.assert_array_equal(found["y"], spiked)
    assert found["ds"].tolist() == list(range(200))


def test_the_score_is_one_at_the_border_of_the_interval(model):
    """A step ahead, as predict gives it for the series up to there."""
    data = panel()
    found = model.anomalies(data, rate=0.1)
    part = {name: values[:100] for name, values in data.items()}
    next_step = {name: values[0] for name, values in model.predict(part).items()}
    assert found["y_hat"][100] == pytest.approx(next_step["y_hat"], rel=1e-5)
    half = (next_step["q0.9"] - next_step["q0.1"]) / 2
    assert found["score"][100] == pytest.approx(abs(data["y"][100] - next_step["y_hat"]) / half, rel=1e-4)
    for key, length in (("b", 120), ("a", 100)):
        assert found["anomaly"][found["unique_id"] == key].sum() == round(0.1 * (length - 24))


def test_what_is_missing_is_no_anomaly(model):
    data = panel()
    data["y"][60:80] = np.nan
    found = model.anomalies(data, rate=1)
    assert np.isnan(found["score"][60:80]).all()
    assert not found["anomaly"][60:80].any()
    assert not model.anomalies(data, rate=0)["anomaly"].any()
