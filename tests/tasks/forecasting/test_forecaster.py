"""A forecaster goes on with each series, whatever frame it comes in and whatever unit it is counted in."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise import Forecaster
from gatewise.data.frames import Table
from gatewise.data.table_files import read_file
from gatewise.errors import DataError, TrainingError
from tests.tasks.forecasting.problems import (
    DAY,
    QUICK,
    START,
    assert_same_columns,
    following,
    panel,
    quick,
    wave,
    words,
)

COLUMNS = ["unique_id", "ds", "y_hat", "q0.1", "q0.5", "q0.9"]
COVARIATES = {"known": ("price",), "past": ("rain",), "static": ("region",)}


@pytest.fixture(scope="module")
def model():
    return quick().fit(panel())


@pytest.fixture(scope="module")
def with_covariates():
    return quick(**COVARIATES).fit(panel())


# Forecasts


def test_a_row_for_each_series_and_step(model):
    found = model.predict()
    assert list(found) == COLUMNS
    assert found["unique_id"].tolist() == ["b"] * 6 + ["a"] * 6
    np.testing.assert_array_equal(found["ds"], following()["ds"])
    assert (found["q0.1"] <= found["q0.5"]).all()
    assert (found["q0.5"] <= found["q0.9"]).all()
    assert all(np.isfinite(found[name]).all() for name in COLUMNS[2:])


def test_a_season_is_learnt():
    found = quick(epochs=20, steps_per_epoch=30).fit(wave())
    assert np.abs(found.predict()["y_hat"] - wave(126)[120:]).max() < 0.5
    assert not found.verdict_.baseline_wins or found.verdict_.best_baseline.name == "seasonal naive"
    assert found.history_[-1]["validation_loss"] < found.history_[0]["validation_loss"]


@pytest.mark.parametrize(
    "options",
    [
        {"point": "mean"},
        {"distribution": "normal"},
        {"distribution": "student_t", "point": "mean"},
        {"strategy": "recursive", "patch_size": 4},
        {"strategy": "recursive", "distribution": "normal", "patch_size": 2},
        {"cell": "rnn", "num_layers": 2, "linear_skip": False},
        {"scaling": "mean", "calendar": False, "calibrate": False},
        {"horizon": 1},
        {"horizon": 7, "patch_size": 3},
        {"patch_size": 12, "validation_fraction": 0},
        {"quantiles": (0.05, 0.95)},
        {"context_length": None},
        COVARIATES | {"context_length": 4},
    ],
    ids=lambda options: " ".join(f"{k}={v}" for k, v in options.items())[:60],
)
def test_every_kind_forecasts_and_is_the_same_each_time(options):
    made = quick(**{"num_samples": 50, **options}).fit(panel())
    future = following() if made.known else None
    first, again = made.predict(future=future), made.predict(future=future)
    assert_same_columns(first, again)
    assert len(first["y_hat"]) == 2 * made.horizon
    levels = [f"q{level:g}" for level in made.quantiles]
    assert list(first) == ["unique_id", "ds", "y_hat", *levels]
    quantiles = np.stack([first[name] for name in levels])
    assert np.isfinite(first["y_hat"]).all()
    assert (np.diff(quantiles, axis=0) >= 0).all()
    for key, size in (("b", 5), ("a", 150)):
        assert np.abs(first["y_hat"][first["unique_id"] == key] - size).max() < size
    assert (made.verdict_ is None) == (made.validation_fraction == 0)


def test_without_quantiles_there_is_the_point_alone():
    made = quick(quantiles=()).fit(wave())
    assert list(made.predict()) == COLUMNS[:3]
    assert list(made.backtest(wave(), windows=1)) == ["unique_id", "cutoff", "ds", "y", "y_hat"]


def test_the_point_is_the_median_and_lies_in_the_interval():
    """Also where what was held out lies far above all that was learnt."""
    y = wave() + 0.2 * np.maximum(0, np.arange(120) - 100) ** 2
    found = quick(epochs=1).fit(y).predict()
    np.testing.assert_array_equal(found["y_hat"], found["q0.5"])
    assert (found["q0.1"] <= found["y_hat"]).all()
    assert (found["y_hat"] <= found["q0.9"]).all()


def test_learning_anew_forgets_what_was_learnt():
    again = quick(**COVARIATES).fit(panel())
    again.set_params(known=(), past=(), static=())
    assert_same_columns(again.fit(wave()).predict(), quick().fit(wave()).predict())


def test_a_loss_that_diverges_leaves_a_model_that_can_be_used():
    made = quick(learning_rate=1e30, clip_norm=None)
    with pytest.raises(TrainingError, match="training diverged"):
        made.fit(wave())
    assert np.isfinite(made.predict()["y_hat"]).all()


def test_the_seed_makes_the_model():
    first, second, third = (
        quick(epochs=1, seed=seed).fit(wave()).network_.parameters.vector for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)


# Frames


def kinds():
    data = {name: panel()[name] for name in ("unique_id", "ds", "y")}
    lists = {name: list(v) if v.dtype == object else v for name, v in data.items()}
    return {
        "pandas": (pd.DataFrame, pd.DataFrame(data)),
        "polars": (pl.DataFrame, pl.DataFrame(lists)),
        "pyarrow": (pa.Table, pa.table(lists)),
        "texts": (dict, {"unique_id": data["unique_id"], "ds": list(map(str, data["ds"])), "y": lists["y"]}),
    }


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "texts"])
def test_every_kind_of_frame_gives_the_same(kind, model):
    made_of, frame = kinds()[kind]
    made = quick().fit(frame)
    found = made.predict()
    assert type(found) is made_of
    assert_same_columns(Table.of(found).with_times("ds").columns, model.predict())
    assert type(model.predict(frame)) is made_of
    assert type(made.backtest(frame, windows=1)) is made_of
    assert type(made.anomalies(frame)) is made_of


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_columns_of_other_names_and_a_time_zone(zone):
    data = panel()
    frame = pd.DataFrame({"shop": data["unique_id"], "when": data["ds"], "sales": data["y"]})
    frame["when"] = frame["when"].dt.tz_localize(zone)
    made = quick(id="shop", time="when", target="sales").fit(frame)
    found = made.predict()
    assert list(found.columns) == ["shop", "when", *COLUMNS[2:]]
    assert found["when"].dtype == frame["when"].dtype
    assert found["when"][0] == frame["when"][119] + pd.DateOffset(days=1)
    assert list(made.backtest(frame, windows=1).columns)[:4] == ["shop", "cutoff", "when", "sales"]


def test_cutoffs_are_in_the_time_zone_of_the_times():
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=120, tz="Asia/Tokyo"), "y": wave()})
    found = quick().backtest(frame, windows=1)
    assert found["cutoff"].dtype == frame["ds"].dtype
    assert (found["cutoff"] < found["ds"]).all()


@pytest.mark.parametrize("freq", ["D", "MS"])
def test_days_of_a_time_zone_go_on_when_the_clocks_change(freq):
    times = pd.date_range("2024-01-01", periods=121, freq=freq, tz="Europe/Berlin")
    found = quick(epochs=1).fit(pd.DataFrame({"ds": times[:120], "y": wave()})).predict()
    assert found["ds"][0] == times[120]


@pytest.mark.parametrize(
    ("zone", "last"),
    [("America/Santiago", "2024-09-07"), ("America/Havana", "2024-11-02")],
    ids=["gap", "repeat"],
)
def test_a_midnight_that_the_clocks_skip_or_show_twice(zone, last):
    times = pd.date_range(end=last, periods=120, freq="D", tz=zone)
    found = quick(epochs=1).fit(pd.DataFrame({"ds": times, "y": wave()})).predict()
    days = [times[-1].date() + dt.timedelta(days=k) for k in (1, 2)]
    assert [each.date() for each in found["ds"][:2]] == days


def test_hours_of_a_time_zone_go_on_when_the_clocks_change():
    times = pd.date_range("2024-03-27", periods=126, freq="h", tz="Europe/Berlin")
    found = quick(epochs=1).fit(pd.DataFrame({"ds": times[:120], "y": wave()})).predict()
    assert found["ds"].tolist() == times[120:].tolist()


def test_the_order_of_rows_tells_nothing(with_covariates):
    order = np.random.default_rng(0).permutation(220)
    mixed = {name: values[order] for name, values in panel().items()}
    one, other = (
        with_covariates.predict(panel(), future=following()),
        with_covariates.predict(mixed, future=following()),
    )
    for key in "ab":
        np.testing.assert_allclose(
            one["y_hat"][one["unique_id"] == key], other["y_hat"][other["unique_id"] == key], rtol=1e-6
        )


def test_counted_time_goes_on():
    assert quick().fit(wave()).predict()["ds"].tolist() == list(range(120, 126))
    half = quick().fit({"ds": np.arange(120) / 2, "y": wave()})
    assert half.predict()["ds"].tolist() == [60, 60.5, 61, 61.5, 62, 62.5]


# Laws


@pytest.mark.parametrize("change", [{}, {"distribution": "student_t"}, {"strategy": "recursive"}], ids=str)
def test_a_constant_added_moves_the_forecasts(change):
    made = [quick(**change, num_samples=40).fit(y).predict() for y in (wave(), wave() + 1000)]
    for name in COLUMNS[2:]:
        np.testing.assert_allclose(made[1][name] - 1000, made[0][name], atol=1e-4)


@pytest.mark.parametrize("scaling", ["standard", "mean"])
@pytest.mark.parametrize("factor", [1e-6, 3.7, 1e6])
def test_a_factor_scales_the_forecasts(scaling, factor):
    made = [quick(scaling=scaling).fit(y).predict() for y in (wave(), factor * wave())]
    for name in COLUMNS[2:]:
        np.testing.assert_allclose(made[1][name], factor * made[0][name], rtol=1e-4)


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_values_too_large_or_too_small_to_be_scaled(size):
    with pytest.raises(DataError, match=r"series 'y' of column 'y' has values of the size .* another unit"):
        quick(epochs=1).fit(size * wave())


def test_a_series_is_forecast_alone_as_among_others(model):
    data = panel()
    part = {name: values[120:] for name, values in data.items()}
    together, alone = model.predict(), model.predict(part)
    np.testing.assert_allclose(alone["y_hat"], together["y_hat"][6:], rtol=1e-5)


def test_what_was_kept_of_the_training_data_is_enough(model, with_covariates):
    assert_same_columns(model.predict(), model.predict(panel()))
    one = with_covariates.predict(future=following())
    assert_same_columns(one, with_covariates.predict(panel(), future=following()))


def test_known_covariates_of_the_future_matter_and_past_ones_need_none(with_covariates):
    low, high = (with_covariates.predict(future=following(price)) for price in (-3, 3))
    assert not np.allclose(low["y_hat"], high["y_hat"])


def test_new_series_are_scaled_by_what_they_show(model):
    y = 1e4 * wave(60, 5)
    new = {"unique_id": words(*["new"] * 60), "ds": START + np.arange(60) * DAY, "y": y}
    found = model.predict(new)
    assert found["unique_id"].tolist() == ["new"] * 6
    np.testing.assert_array_equal(found["ds"], START + np.arange(60, 66) * DAY)
    assert np.abs(found["y_hat"] - 5e4).max() < 2.5e4
    ten = model.predict({**new, "y": 10 * y})
    np.testing.assert_allclose(ten["y_hat"], 10 * found["y_hat"], rtol=1e-4)


def test_unknown_words_of_a_static_covariate_are_none_of_the_words(with_covariates):
    data = panel()
    data["region"] = words(*["east"] * 220)
    assert np.isfinite(with_covariates.predict(data, future=following())["y_hat"]).all()


# Real series


def test_airline_passengers_beat_seasonal_naive(data_folder):
    table = read_file(data_folder / "forecasting" / "airline-passengers.csv")
    time, target = table.columns
    made = Forecaster(
        horizon=12, time=time, target=target, hidden_size=32, epochs=10, steps_per_epoch=30, progress=False
    )
    found = made.backtest(table, windows=3)
    assert found[time][-1] == "1960-12", "as the file has it"
    mase = {each.name: each.mase for each in made.verdict_.baselines}
    assert made.verdict_.forecaster.mase < 0.9 * mase["seasonal naive"]
    assert not made.verdict_.baseline_wins


def test_the_quick_settings_are_hyperparameters():
    assert {name: value for name, value in quick().get_params().items() if name in QUICK} == QUICK
