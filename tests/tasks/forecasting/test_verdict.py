"""The verdict's measures by hand, by published figures, and its words by who is better."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from gatewise.data.panel import Series
from gatewise.errors import DataError
from gatewise.tasks.forecasting.baselines import Baselines
from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.tasks.forecasting.judge import count_of, judge
from gatewise.tasks.forecasting.split import origins
from gatewise.tasks.forecasting.verdict import Accuracy, Judged, Verdict, mase_scale, nominal_share

NAN = np.nan


# Measures


def test_measures_by_hand():
    actual = np.array([[1.0, 3.0], [NAN, -4.0]])
    forecast = np.array([[2.0, 3.0], [9.0, -1.0]])
    found = Judged(actual, np.array([0.5, 2.0])).accuracy("me", forecast)
    assert found.name == "me"
    assert found.mae == pytest.approx((1 + 0 + 3) / 3)
    assert found.rmse == pytest.approx(math.sqrt((1 + 0 + 9) / 3))
    assert found.mase == pytest.approx(((1 + 0) / 2 / 0.5 + 3 / 2.0) / 2)
    assert found.smape == pytest.approx(200 * (1 / 3 + 0 + 3 / 5) / 3)
    assert found.coverage is None


def test_coverage_counts_its_borders_and_what_came():
    actual = np.array([[1.0, 2.0, 3.0], [4.0, NAN, 6.0]])
    low, high = np.full((2, 3), 2.0), np.full((2, 3), 4.0)
    judged = Judged(actual, np.ones(2), low, high)
    assert judged.accuracy("me", actual, interval=True).coverage == 3 / 5
    assert judged.accuracy("naive", actual).coverage is None


def test_a_window_without_a_scale_does_not_count_in_mase():
    actual, forecast = np.array([[1.0], [5.0], [NAN]]), np.zeros((3, 1))
    assert Judged(actual, np.array([NAN, 2.0, 1.0])).accuracy("me", forecast).mase == 2.5
    assert math.isnan(Judged(actual, np.full(3, NAN)).accuracy("me", forecast).mase)


def test_zeros_forecast_as_zeros_are_no_error_of_any_percent():
    assert Judged(np.zeros((1, 2)), np.ones(1)).accuracy("me", np.zeros((1, 2))).smape == 0


def test_zeros_forecast_as_anything_else_have_no_smape():
    """It would be 200, however close the forecast is."""
    for close in (1e-9, 0.5, 100.0):
        assert math.isnan(Judged(np.zeros((1, 2)), np.ones(1)).accuracy("me", np.array([[0.0, close]])).smape)
    assert Judged(np.array([[0.0, 1.0]]), np.ones(1)).accuracy("me", np.array([[0.0, 3.0]])).smape == 50


def test_nothing_to_measure_on_is_no_error_of_0():
    for actual in (np.full((2, 3), NAN), np.zeros((0, 3))):
        with pytest.raises(DataError, match="no value to measure forecasts on"):
            Judged(actual, np.ones(len(actual)), actual, actual).accuracy("me", actual, interval=True)


@pytest.mark.parametrize(
    ("mase", "smape", "noted"),
    [
        (NAN, 10.0, ["no MASE"]),
        (1.0, NAN, ["no sMAPE"]),
        (NAN, NAN, ["no MASE", "no sMAPE"]),
        (1.0, 10.0, []),
    ],
)
def test_a_measure_that_does_not_exist_is_none_with_a_reason(mase, smape, noted):
    row = Accuracy("forecaster", 1.0, 1.5, mase, smape)
    found = Verdict("one series", None, row, [Accuracy("naive", 2.0, 3.0, mase, smape)])
    values = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert values["forecasters"][0]["mase"] == (None if math.isnan(mase) else mase)
    assert values["forecasters"][0]["smape"] == (None if math.isnan(smape) else smape)
    assert [note.partition(":")[0] for note in values.get("notes", [])] == noted
    assert "nan" not in str(found)
    assert str(found).count("\nno ") == len(noted)


@pytest.mark.parametrize(
    ("values", "season", "expected"),
    [
        ([1, 2, 4, 7], 1, 2),
        ([1, 2, 4, 7], 2, 4),
        ([1, NAN, 4, 7, 9], 1, 2.5),
        ([1, 2], 2, NAN),
        ([1, 2], 5, NAN),
        ([3, 4, 3, 4], 2, NAN),
        ([1, NAN], 1, NAN),
        ([14.62] * 50, 7, NAN),
        (np.sin(np.arange(960) * np.pi / 12), 24, NAN),
        (1e8 + np.arange(4) % 2, 1, 1),
        (1e-9 * (np.arange(4) % 2), 1, 1e-9),
    ],
)
def test_the_scale_of_mase(values, season, expected):
    np.testing.assert_equal(mase_scale(np.array(values, float), season), expected)


def test_published_figures_of_m4(data_folder):
    """Seasonal naive over the 414 hourly series: sMAPE 13.912 and MASE 1.193, as the competition has it."""
    found = {}
    for part in ("train", "test"):
        path = data_folder / "forecasting" / "m4_hourly" / f"Hourly-{part}.csv"
        with path.open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        found[part] = {row[0]: np.array([float(cell) for cell in row[1:] if cell]) for row in rows}
    train = [found["train"][key] for key in found["test"]]
    actual = np.stack(list(found["test"].values()))
    judged = Judged(actual, np.array([mase_scale(values, 24) for values in train]))
    forecasts = np.concatenate(
        [Baselines(values, 24).at(np.array([len(values)]), 48)["seasonal naive"] for values in train]
    )
    accuracy = judged.accuracy("seasonal naive", forecasts)
    assert actual.shape == (414, 48)
    assert accuracy.smape == pytest.approx(13.912, abs=5e-4)
    assert accuracy.mase == pytest.approx(1.193, abs=5e-4)


@pytest.mark.parametrize(("file", "published"), [("ETTh1.csv", (1.222, 0.671))])
def test_measured_figures_of_etth1(file, published, data_folder):
    """Persistence a day ahead over all windows of the test part: MSE 1.222, MAE 0.671."""
    with (data_folder / "forecasting" / file).open(newline="") as rows:
        table = np.array([[float(cell) for cell in row[1:]] for row in list(csv.reader(rows))[1:]])
    z = (table - table[:8640].mean(axis=0)) / table[:8640].std(axis=0)
    series = [
        Series(k, np.int64(0), column, np.zeros((len(z), 0)), np.zeros((len(z), 0)))
        for k, column in enumerate(z.T)
    ]
    windows = origins(series, np.full(7, 11_520), np.full(7, 14_400), 24)
    assert len(windows) == 7 * (2880 - 23)
    actual = np.stack([series[k].values[at : at + 24] for k, at in windows])
    last = np.repeat([[series[k].values[at - 1]] for k, at in windows], 24, axis=1)
    found = Judged(actual, np.ones(len(windows))).accuracy("naive", last)
    assert (found.rmse**2, found.mae) == (
        pytest.approx(published[0], abs=6e-4),
        pytest.approx(published[1], abs=6e-4),
    )


# Who wins


def verdict(ours, *others, mae=None):
    def accuracy(name, error):
        return Accuracy(name, error if mae is None else mae[name], error, NAN if mae else error, 10.0)

    rows = [accuracy(f"baseline {k}", error) for k, error in enumerate(others)]
    return Verdict("test", 0.8, accuracy("forecaster", ours), rows)


@pytest.mark.parametrize(
    ("ours", "words", "wins"),
    [
        (1.0, "The forecaster beats every baseline: MASE 1 against 2 of baseline 1, 50 % less.", False),
        (1.97, "The forecaster beats every baseline: MASE 1.97 against 2 of baseline 1, 2 % less.", False),
        (
            1.99,
            "The forecaster is no better than the best baseline: MASE 1.99 against 2 of baseline 1.",
            False,
        ),
        (
            2.01,
            "The forecaster is no better than the best baseline: MASE 2.01 against 2 of baseline 1.",
            False,
        ),
        (2.03, "A BASELINE WINS: MASE 2.03 against 2 of baseline 1. Use baseline 1 instead, or try", True),
    ],
)
def test_who_wins(ours, words, wins):
    found = verdict(ours, 3.0, 2.0)
    assert found.best_baseline.name == "baseline 1"
    assert found.baseline_wins is wins
    assert found.words.startswith(words)
    assert str(found).splitlines()[-1] == found.words


def test_mae_decides_where_there_is_no_mase():
    found = verdict(1.0, 1.0, 1.0, mae={"forecaster": 5.0, "baseline 0": 4.0, "baseline 1": 3.0})
    assert found.words.startswith("A BASELINE WINS: MAE 5 against 3 of baseline 1.")


def test_nothing_is_better_than_no_error():
    assert "no better" in verdict(0.0, 0.0).words


def test_a_verdict_is_a_table_and_plain_values():
    rows = [Accuracy("naive", 2.0, 3.0, NAN, 12.5), Accuracy("drift", 2.5, 3.5, NAN, 13.5)]
    found = Verdict("one series", 0.8, Accuracy("forecaster", 1.0, 1.5, NAN, 10.0, 0.785), rows)
    lines = str(found).splitlines()
    assert lines[0] == "forecasts of one series:"
    assert lines[1].split() == ["MAE", "RMSE", "MASE", "sMAPE", "80", "%", "interval"]
    assert lines[2].split() == ["forecaster", "1", "1.5", "-", "10.00", "covers", "78.5", "%"]
    assert lines[3].split() == ["naive", "2", "3", "-", "12.50"]
    values = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert values["forecasters"][0] == {
        "name": "forecaster",
        "mae": 1.0,
        "rmse": 1.5,
        "mase": None,
        "smape": 10.0,
        "coverage": 0.785,
    }
    assert [row["name"] for row in values["forecasters"]] == ["forecaster", "naive", "drift"]
    assert (values["baseline_wins"], values["verdict"], values["interval"]) == (False, found.words, 0.8)


# Together


def test_baselines_are_given_the_past_alone():
    """Each window's baselines, forecasts and scales are those of its own series and place."""
    rng = np.random.default_rng(0)
    series = [Series(k, np.int64(0), rng.normal(size=20) + 10 * k, *np.zeros((2, 20, 0))) for k in range(2)]
    windows = np.array([[0, 12], [1, 15], [0, 17]])
    actual = np.stack([series[k].values[at : at + 3] for k, at in windows])
    quantiles = np.stack([actual - 1, actual, actual + np.array([1, -0.5, 1])], axis=-1)
    forecasts = Forecasts(actual + 0.25, quantiles, np.ones(3))
    found = judge(series, windows, np.array([10, 8]), forecasts, (0.1, 0.5, 0.9), 4, "some data")
    assert found.data == "some data, 3 forecasts of 3 steps"
    assert found.interval == pytest.approx(0.8)
    assert found.forecaster.mae == pytest.approx(0.25)
    assert found.forecaster.coverage == pytest.approx(2 / 3)
    scales = [np.abs(np.diff(series[k].values[:end].reshape(-1), 1)).mean() for k, end in ((0, 10), (1, 8))]
    seasonal = [
        np.abs(series[k].values[4:end] - series[k].values[: end - 4]).mean() for k, end in ((0, 10), (1, 8))
    ]
    assert scales != seasonal
    assert found.forecaster.mase == pytest.approx(np.mean([0.25 / seasonal[k] for k, _ in windows]))
    naive = np.mean(
        [np.abs(actual[m] - series[k].values[at - 1]).mean() for m, (k, at) in enumerate(windows)]
    )
    assert found.baselines[0].mae == pytest.approx(naive)
    last = np.mean(
        [np.abs(actual[m] - series[k].values[at - 4 : at - 1]).mean() for m, (k, at) in enumerate(windows)]
    )
    assert found.baselines[1].mae == pytest.approx(last)


@pytest.mark.parametrize("levels", [(), (0.5,)], ids=["none", "median"])
def test_without_two_quantiles_there_is_no_interval(levels):
    series = [Series(0, np.int64(0), np.arange(10.0) % 3, *np.zeros((2, 10, 0)))]
    forecasts = Forecasts(np.ones((1, 1)), np.ones((1, 1, len(levels))), np.ones(1))
    found = judge(series, np.array([[0, 8]]), np.array([8]), forecasts, levels, 1, "d")
    assert (found.interval, found.forecaster.coverage, found.data) == (None, None, "d, 1 forecast of 1 step")
    assert "interval" not in str(found)


def test_series_are_counted_in_words():
    windows = [
        np.stack([np.arange(5 * count) % count, np.arange(5 * count)], axis=1) for count in (1, 2, 1200)
    ]
    assert [count_of(each) for each in windows] == ["one series", "2 series", "1,200 series"]


@pytest.mark.parametrize(
    ("levels", "share", "words"),
    [
        ((0.05, 0.5, 0.95), 0.9, "90 % interval"),
        ((0.1, 0.9), 0.8, "80 % interval"),
        ((0.35, 0.65), 0.3, "30 % interval"),
        ((0.0005, 0.9995), 0.999, "99.9 % interval"),
        ((0.025, np.float64(0.975)), 0.95, "95 % interval"),
        ((0.0125, 0.9875), 0.975, "97.5 % interval"),
    ],
)
def test_the_share_of_an_interval_is_what_was_asked_for(levels, share, words):
    """0.95 - 0.05 is 0.8999999999999999 in binary fractions."""
    found = nominal_share(levels)
    assert json.dumps(found) == str(share)
    row = Accuracy("forecaster", 1.0, 1.0, 1.0, 1.0, 0.9)
    assert words in str(Verdict("d", found, row, [row]))
