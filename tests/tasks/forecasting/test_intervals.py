"""Calibrated quantiles hold on windows like those of the calibration; paths go on from their own past."""

from __future__ import annotations

from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest

from gatewise.data.frequency import Frequency
from gatewise.data.panel import Series
from gatewise.data.windows import CovariateScale, ForecastWindows, SeriesScale, WindowShape
from gatewise.tasks.forecasting.forecasts import Forecasts, Sampling, forecast_windows, sample_paths
from gatewise.tasks.forecasting.intervals import calibrated_apart, calibration_of
from gatewise.tasks.forecasting.split import origins

LEVELS = (0.1, 0.5, 0.9)
NORMAL = NormalDist()


def exchangeable(count, horizon, seed, levels=LEVELS):
    """Windows of different scales with quantiles that are far too narrow and lie too low."""
    rng = np.random.default_rng(seed)
    scale, centre = rng.uniform(0.5, 20, count), rng.normal(size=count) * 100
    noise = rng.gumbel(size=(count, horizon)) * np.linspace(1, 3, horizon)
    actual = centre[:, None] + scale[:, None] * noise
    offsets = np.linspace(-0.2, 0.2, len(levels)) - 0.5
    quantiles = centre[:, None, None] + scale[:, None, None] * np.broadcast_to(
        offsets, (count, horizon, len(levels))
    )
    return Forecasts(quantiles[..., len(levels) // 2].copy(), quantiles, scale), actual


def below(forecasts, actual, shifts):
    """Share of values below each calibrated quantile, (S, Q)."""
    moved = forecasts.quantiles + shifts * forecasts.scale[:, None, None]
    return (actual[..., None] <= moved).mean(axis=0)


def test_quantiles_hold_on_fresh_windows_step_by_step():
    shifts = calibration_of(*exchangeable(3000, 4, 0), LEVELS)
    forecasts, actual = exchangeable(20_000, 4, 1)
    before, after = (below(forecasts, actual, each) for each in (np.zeros((4, 3)), shifts))
    assert np.abs(before[:, [0, 2]] - [0.1, 0.9]).min() > 0.03
    np.testing.assert_allclose(after[:, [0, 2]], np.broadcast_to([0.1, 0.9], (4, 2)), atol=0.02)
    assert shifts.shape == (4, 3)
    assert shifts.dtype == np.float32


def test_the_median_stays():
    assert not calibration_of(*exchangeable(500, 2, 0), LEVELS)[:, 1].any()


@pytest.mark.parametrize("count", [9, 19, 50])
def test_few_windows_are_enough_on_average(count):
    """Over many small sets a fresh value lies beyond each bound no more often than its level says."""
    outside = np.zeros(2)
    trials = 4000
    for seed in range(trials):
        forecasts, actual = exchangeable(count + 1, 1, seed, (0.1, 0.9))
        known = Forecasts(forecasts.point[:-1], forecasts.quantiles[:-1], forecasts.scale[:-1])
        shifts = calibration_of(known, actual[:-1], (0.1, 0.9))
        low, high = (forecasts.quantiles[-1] + shifts * forecasts.scale[-1])[0]
        outside += [actual[-1, 0] < low, actual[-1, 0] > high]
    error = 3 * np.sqrt(0.09 / trials)
    assert (outside / trials <= 0.1 + error).all()
    assert (outside / trials >= 0.1 - 1 / (count + 1) - error).all()


def rank_by_brute_force(count, level):
    """Of the values in order, the least (from 1) below or at which a fresh one of as many lies often enough.

    Of count + 1 exchangeable values the fresh one has each rank with the same probability; it lies at most
    at the r-th of the others in r of count + 1 cases, and beneath it in r of them as well.
    """
    ranks = range(1, count + 1)
    if level > Fraction(1, 2):
        return min([r for r in ranks if Fraction(r, count + 1) >= level], default=count)
    return max([r for r in ranks if Fraction(r, count + 1) <= level], default=1)


@pytest.mark.parametrize(
    "level", ["0.01", "0.05", "0.1", "0.25", "0.3", "0.7", "0.75", "0.9", "0.95", "0.99"]
)
def test_the_rank_is_that_of_conformal_prediction(level):
    for count in (*range(1, 40), 99, 149, 399):
        values = np.random.default_rng(count).permutation(count).astype(float)
        forecasts = Forecasts(np.zeros((count, 1)), np.zeros((count, 1, 1)), np.full(count, 0.5))
        shifts = calibration_of(forecasts, values[:, None], (float(level),))
        assert shifts[0, 0] == 2 * (rank_by_brute_force(count, Fraction(level)) - 1), count


def test_with_few_windows_a_step_is_calibrated_with_those_beside_it():
    forecasts, actual = exchangeable(40, 6, 5)
    distance = (actual - forecasts.quantiles[..., 2]) / forecasts.scale[:, None]
    shifts = calibration_of(forecasts, actual, LEVELS)
    for step, near in enumerate([(0, 3), (0, 3), (1, 4), (2, 5), (3, 6), (3, 6)]):
        values = np.sort(distance[:, slice(*near)].ravel())
        assert shifts[step, 2] == np.float32(values[rank_by_brute_force(len(values), Fraction(9, 10)) - 1])
    assert len(np.unique(calibration_of(*exchangeable(100, 6, 5), LEVELS)[:, 2])) == 6
    everything = calibration_of(*exchangeable(10, 6, 5), LEVELS)
    assert len(np.unique(everything[:, 2])) == 1


def autoregression(phi, steps, rng):
    """Errors (M, S) of the best forecasts of an AR(1), from each origin of a stretch; their spread (S,)."""
    noise = rng.standard_normal(steps)
    horizon, errors, at = 12, [], np.zeros(steps - 11)
    for step in range(horizon):
        at = phi * at + noise[step : step + steps - 11]
        errors.append(at)
    return np.stack(errors, axis=1), np.sqrt(np.cumsum(phi ** (2.0 * np.arange(horizon))))


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 1.0])
def test_intervals_hold_where_windows_overlap(phi):
    """The best forecasts of an AR(1), judged by its law: what they cover of values to come is known."""
    rng = np.random.default_rng(0)
    covered = {True: [], False: []}
    for _ in range(60):
        parts = [autoregression(phi, 24, rng) for _ in range(5)]
        errors, spread = np.concatenate([part for part, _ in parts]), parts[0][1]
        count = len(parts[0][0])
        windows = np.stack(
            [np.zeros(5 * count, int), np.add.outer(np.arange(5) * 24, np.arange(count)).ravel()], 1
        )
        quantiles = np.broadcast_to(spread[:, None] * [-1.2816, 0, 1.2816], (*errors.shape, 3))
        forecasts = Forecasts(np.zeros(errors.shape), quantiles, np.ones(len(errors)))
        for knows, where in ((True, windows), (False, None)):
            shifts = calibration_of(forecasts, errors, LEVELS, where)
            low, high = ((quantiles[0] + shifts)[:, k] / spread for k in (0, 2))
            covered[knows].append([NORMAL.cdf(b) - NORMAL.cdf(a) for a, b in zip(low, high, strict=True)])
    assert 0.76 < np.mean(covered[True]) < 0.84
    if phi >= 0.9:
        assert np.mean(covered[False]) < np.mean(covered[True]) - 0.02, "counted as if they were independent"


def test_parts_are_calibrated_by_the_others():
    """Of two parts one is far wider: judged by itself each would hold, judged by the other neither does."""
    forecasts, actual = exchangeable(400, 3, 8)
    parts, windows = np.repeat([0, 1], 200), np.stack([np.arange(400), np.zeros(400, int)], axis=1)
    actual = forecasts.point[:, None, 0] + (actual - forecasts.point[:, :1]) * np.where(parts, 9, 1)[:, None]
    own = calibrated_apart(forecasts, actual, LEVELS, windows, np.zeros(400, int)).quantiles
    apart = calibrated_apart(forecasts, actual, LEVELS, windows, parts).quantiles
    shifts = calibration_of(
        Forecasts(*(each[200:] for each in forecasts)), actual[200:], LEVELS, windows[200:]
    )
    expected = forecasts.quantiles[:200] + shifts * forecasts.scale[:200, None, None]
    np.testing.assert_allclose(apart[:200, :, [0, 2]], expected[:, :, [0, 2]], rtol=1e-6)
    inside = [((q[..., 0] <= actual) & (actual <= q[..., 2])).mean() for q in (own, apart)]
    assert abs(inside[0] - 0.8) < 0.02
    assert abs(inside[1] - 0.8) > 0.05


def test_missing_values_do_not_count():
    forecasts, actual = exchangeable(300, 2, 6)
    holes = actual.copy()
    holes[100:150, 0] = np.nan
    kept = np.delete(np.arange(300), np.arange(100, 150))
    part = Forecasts(*(values[kept] for values in forecasts))
    expected = calibration_of(part, actual[kept], LEVELS)[0]
    np.testing.assert_array_equal(calibration_of(forecasts, holes, LEVELS)[0], expected)
    assert not calibration_of(forecasts, np.full_like(actual, np.nan), LEVELS).any()


def test_no_quantiles_no_shifts():
    forecasts = Forecasts(np.zeros((3, 2)), np.zeros((3, 2, 0)), np.ones(3))
    assert calibration_of(forecasts, np.zeros((3, 2)), ()).shape == (2, 0)


# Origins


def series_of(values, key=0):
    empty = np.zeros((len(values), 0))
    return Series(key, np.int64(0), np.array(values, float), empty, empty)


def test_origins_are_all_places_between_the_bounds():
    series = [series_of(range(10)), series_of(range(4)), series_of(range(7))]
    found = origins(series, np.array([6, 2, 1]), np.array([10, 4, 5]), 3)
    assert found.tolist() == [[0, 6], [0, 7], [2, 1], [2, 2]]


def test_windows_without_a_value_are_left_out():
    series = [series_of([0, 1, np.nan, np.nan, np.nan, 5])]
    assert origins(series, np.array([1]), np.array([6]), 2)[:, 1].tolist() == [1, 4]


@pytest.mark.parametrize("most", [1, 4, 10, 1000])
def test_no_more_windows_than_asked_for_counted_from_the_end(most):
    series = [series_of(range(60)), series_of(range(30))]
    firsts, lasts = np.array([10, 10]), np.array([60, 30])
    found = origins(series, firsts, lasts, 5, most)
    whole = origins(series, firsts, lasts, 5)
    assert {tuple(row) for row in found} <= {tuple(row) for row in whole}
    assert len(found) <= most + len(series)
    assert [found[found[:, 0] == k, 1].max() for k in (0, 1)] == [55, 25]


# Paths


class Steps:
    """Each step adds one and the step's known covariate to the last value, in scaled units."""

    def __init__(self, shape):
        self.shape = shape

    def __call__(self, batch):
        patch = self.shape.patch
        known = batch.features[-1, :, 2 * patch : 3 * patch]
        return (batch.context[:, -1:] + np.cumsum(1 + known, axis=1))[..., None]


class Noisy:
    """Draws lie up to ``most`` above what the network says."""

    def __init__(self, most):
        self.most = most

    def draw(self, outputs, rng):
        return outputs[..., 0] + self.most * rng.random((len(outputs), 1))


HORIZON = 7


def paths_of(head, samples, indices=(0, 1, 2)):
    """Paths of blocks of two steps, and their last values and the covariates of the horizon."""
    rng = np.random.default_rng(3)
    shape = WindowShape(4, 2, 2)
    series = [
        Series(k, np.int64(0), *(rng.normal(size=s) for s in ((20,), (20, 1), (20, 0)))) for k in (0, 1)
    ]
    future = [rng.normal(size=(HORIZON, 1)) for _ in series]
    windows = ForecastWindows(
        series,
        Frequency.parse("1"),
        [SeriesScale(0.0, 2.0), SeriesScale(1.0, 0.5)],
        shape,
        cycles=(),
        covariates=CovariateScale(np.zeros(1), np.ones(1)),
        static=np.zeros((2, 0), np.float32),
        future=future,
        room=HORIZON,
        windows=np.array([[0, 20], [1, 20], [1, 9]]),
    )
    sampling = Sampling(samples, "median", np.random.default_rng(0))
    paths, scale = sample_paths(Steps(shape), head, windows, np.array(indices), HORIZON, sampling)
    assert scale.tolist() == [2.0, 0.5, 0.5]
    assert paths.shape == (3, samples, HORIZON)
    last = [series[0].values[19], series[1].values[19], series[1].values[8]]
    known = np.concatenate([*future, series[1].known[9 : 9 + HORIZON]], axis=1).T
    found = forecast_windows(Steps(shape), head, windows, HORIZON, (0.1, 0.9), sampling)
    return paths, np.array(last), known, np.array([[2.0], [0.5], [0.5]]), found


def test_each_block_goes_on_from_the_one_before():
    paths, last, known, scale, found = paths_of(Noisy(0), 3)
    expected = last[:, None] + np.cumsum(scale * (1 + known), axis=1)
    np.testing.assert_allclose(paths, np.repeat(expected[:, None], 3, axis=1), atol=1e-5)
    np.testing.assert_allclose(found.point, expected, atol=1e-5)
    np.testing.assert_allclose(found.quantiles, np.repeat(expected[..., None], 2, axis=-1), atol=1e-5)


def test_each_path_goes_on_from_its_own_draws():
    paths, last, known, scale, _ = paths_of(Noisy(0.5), 40)
    steps = np.diff(paths, axis=-1, prepend=np.broadcast_to(last[:, None, None], (3, 40, 1)))
    noise = (steps - (scale * (1 + known))[:, None]) / scale[..., None]
    first_of_a_block = noise[..., ::2]
    assert -1e-4 < first_of_a_block.min() < 0.1
    assert 0.4 < first_of_a_block.max() < 0.5001
    np.testing.assert_allclose(noise[..., 1::2], 0, atol=1e-4)
    assert len(np.unique(first_of_a_block.round(4))) > 300
