"""Windows are what a slow loop over the series makes of them, and show nothing of the time to come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewise.data.calendar import calendar_features
from gatewise.data.frequency import Frequency
from gatewise.data.panel import Series
from gatewise.data.windows import CovariateScale, ForecastWindows, SeriesScale, WindowShape

HOURLY = Frequency.parse("1h")
CYCLES = ("day", "week")


def make_series(lengths, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    found = []
    for key, length in enumerate(lengths):
        values = 10 * key + rng.normal(size=length)
        values[1:][rng.random(length - 1) < missing] = np.nan
        start = np.datetime64("2024-02-28", "us") + key * np.timedelta64(5, "h")
        found.append(Series(key, start, values, rng.normal(size=(length, 2)), rng.normal(size=(length, 1))))
    return found


SCALES = [SeriesScale(0.5, 2.0), SeriesScale(9.0, 0.5), SeriesScale(21.0, 3.0)]
COVARIATES = CovariateScale(np.array([0.1, -0.2, 0.3]), np.array([2.0, 0.5, 1.5]))
STATIC = np.array([[1, 0.5], [0, -0.5], [2, 0.25]], np.float32)


def make(series, shape, windows, future=None, room=0, covariates=COVARIATES):
    return ForecastWindows(
        series,
        HOURLY,
        SCALES[: len(series)],
        shape,
        cycles=CYCLES,
        covariates=covariates,
        static=STATIC[: len(series)],
        future=future,
        room=room,
        windows=np.array(windows),
    )


def every_window(series, shape):
    """All windows that have their whole horizon, from the first step on, and those at each end."""
    return [(k, at) for k, each in enumerate(series) for at in range(1, len(each) + 1)]


def value_at(array, at, default):
    return array[at] if 0 <= at < len(array) else default


def slow_window(series, shape, scale, static, at, future=None):
    """Context, features, target, centre of one window, step by step, as the docstrings say."""
    C, P = shape.context, shape.patch
    past = [value_at(series.values, t, np.nan) for t in range(at - C, at)]
    seen = [not np.isnan(value) for value in past]
    centre = scale.centre
    for part in (past, past[-P:]):
        known_values = [value for value in part if not np.isnan(value)]
        if known_values:
            centre = float(np.mean(known_values))
    context, last = [], centre
    for value, is_seen in zip(past, seen, strict=True):
        last = value if is_seen else last
        context.append((last - centre) / scale.scale)
    rows = []
    for first in range(at - C, at + shape.padded_horizon, P):
        steps = range(first, first + P)
        ahead = first >= at
        row = [0.0 if ahead or not seen[t - at + C] else context[t - at + C] for t in steps]
        row += [0.0 if ahead else float(seen[t - at + C]) for t in steps]
        for t in steps:
            known = value_at(series.known, t, None)
            if known is None and future is not None:
                known = value_at(future, t - len(series), None) if t >= len(series) else None
            hidden = known is None or t >= at + shape.horizon
            row += [0, 0] if hidden else list((known - COVARIATES.mean[:2]) / COVARIATES.spread[:2])
        for t in steps:
            hidden = ahead or not 0 <= t < len(series)
            row += [0] if hidden else list((series.past[t] - COVARIATES.mean[2:]) / COVARIATES.spread[2:])
        row += list(calendar_features(HOURLY.times(series.start, np.array([first])), CYCLES)[0])
        row += [*static, float(ahead)]
        rows.append(row)
    target = [(value_at(series.values, at + s, np.nan) - centre) / scale.scale for s in range(shape.horizon)]
    return context, rows, target, centre


SHAPES = [
    WindowShape(6, 4, 2),
    WindowShape(6, 3, 2),
    WindowShape(4, 1, 4),
    WindowShape(5, 3, 1),
    WindowShape(3, 5, 3),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("missing", [0, 0.4], ids=["whole", "with gaps"])
@pytest.mark.parametrize("with_future", [False, True], ids=["no future", "future"])
def test_windows_are_those_of_a_slow_loop(shape, missing, with_future):
    series = make_series([9, 14, 2], missing=missing)
    rng = np.random.default_rng(5)
    future = [rng.normal(size=(shape.horizon, 2)) for _ in series] if with_future else None
    windows = every_window(series, shape)
    made = make(series, shape, windows, future)
    order = rng.permutation(len(windows))
    batch = made.batch(order)
    B, patches = len(windows), (shape.context + shape.padded_horizon) // shape.patch
    assert batch.features.shape == (patches, B, shape.patch * (2 + 2 + 1) + 4 + 2 + 1)
    assert batch.context.dtype == batch.features.dtype == batch.target.dtype == np.float32
    assert made.lengths.tolist() == [shape.context] * B
    for b, index in enumerate(order):
        k, at = windows[index]
        context, rows, target, centre = slow_window(
            series[k], shape, SCALES[k], STATIC[k], at, None if future is None else future[k]
        )
        np.testing.assert_allclose(batch.context[b], context, atol=1e-5)
        np.testing.assert_allclose(batch.features[:, b], rows, atol=1e-5)
        np.testing.assert_array_equal(batch.observed[b], ~np.isnan(target))
        np.testing.assert_allclose(batch.target[b], np.nan_to_num(target), atol=1e-5)
        assert (batch.centre[b], batch.scale[b]) == (pytest.approx(centre), SCALES[k].scale)


def test_an_empty_context_is_at_the_middle_of_its_series():
    series = make_series([12])
    series[0].values[3:9] = np.nan
    batch = make(series, WindowShape(4, 2, 2), [(0, 8)]).batch(np.array([0]))
    assert batch.centre[0] == SCALES[0].centre
    assert not batch.context.any()
    assert batch.observed.tolist() == [[False, True]]


@given(st.integers(1, 20), st.integers(0, 10**6))
@settings(max_examples=40)
def test_the_time_to_come_changes_nothing(at, seed):
    """Neither the target nor what is known up to the present only shows anything after the origin."""
    shape = WindowShape(6, 4, 2)
    series = make_series([24, 20], missing=0.2)
    rng = np.random.default_rng(seed)
    before = make(series, shape, [(0, at)]).batch(np.array([0]))
    for values in (series[0].values, series[0].past):
        values[at:] = rng.normal(size=values[at:].shape) * 1000
    after = make(series, shape, [(0, at)]).batch(np.array([0]))
    for name in ("context", "features", "centre", "scale"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    assert not np.array_equal(before.target, after.target)


def test_known_covariates_of_the_horizon_are_seen():
    series = make_series([24])
    shape = WindowShape(6, 4, 2)
    before = make(series, shape, [(0, 12)]).batch(np.array([0])).features
    series[0].known[15] += 1
    after = make(series, shape, [(0, 12)]).batch(np.array([0])).features
    assert np.argwhere((before != after).any(axis=-1)[:, 0]).ravel().tolist() == [4]


def test_known_covariates_after_the_horizon_are_not_seen():
    series = make_series([24])
    shape = WindowShape(6, 3, 2)
    before = make(series, shape, [(0, 12)]).batch(np.array([0])).features
    series[0].known[15:] += 1
    np.testing.assert_array_equal(make(series, shape, [(0, 12)]).batch(np.array([0])).features, before)


def test_the_order_of_series_tells_nothing():
    shape = WindowShape(6, 4, 2)
    series = make_series([9, 14, 5], missing=0.3)
    windows = np.array(every_window(series, shape))
    one = make(series, shape, windows).batch(np.arange(len(windows)))
    order = [2, 0, 1]
    moved = windows.copy()
    moved[:, 0] = np.argsort(order)[windows[:, 0]]
    other = ForecastWindows(
        [series[k] for k in order],
        HOURLY,
        [SCALES[k] for k in order],
        shape,
        cycles=CYCLES,
        covariates=COVARIATES,
        static=STATIC[order],
        windows=moved,
    ).batch(np.arange(len(windows)))
    for name in one._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_values_may_be_moved_and_stretched():
    """What the network is given does not depend on the unit, if the scale follows it."""
    shape = WindowShape(6, 4, 2)
    [series] = make_series([20], missing=0.2)
    moved = Series(0, series.start, 1000 + 8 * series.values, series.known, series.past)
    scale = SCALES[0]

    def batch(given, its_scale):
        return ForecastWindows(
            [given],
            HOURLY,
            [its_scale],
            shape,
            cycles=CYCLES,
            covariates=COVARIATES,
            static=STATIC[:1],
            windows=np.array([[0, 1], [0, 7], [0, 16]]),
        ).batch(np.arange(3))

    one = batch(series, scale)
    other = batch(moved, SeriesScale(1000 + 8 * scale.centre, 8 * scale.scale))
    np.testing.assert_allclose(one.features, other.features, atol=1e-5)
    np.testing.assert_allclose(one.target, other.target, atol=1e-5)


def test_room_is_made_for_what_follows():
    """A forecast that goes on from its own draws reaches beyond the horizon of one window."""
    shape = WindowShape(4, 2, 2)
    series = make_series([10, 6])
    future = [np.ones((7, 2)), np.zeros((7, 2))]
    made = make(series, shape, [(0, 10)], future, room=7)
    steps = made.steps_from(np.array([0]), np.array([10])) + 6
    batch = made.assemble(np.zeros((1, 4)), np.full((1, 2), np.nan), steps, np.array([0]))
    known = batch.features[:, 0, 4:8].reshape(-1, 2)
    expected = (np.array([[1, 1]] * 5 + [[np.nan, np.nan]]) - COVARIATES.mean[:2]) / COVARIATES.spread[:2]
    np.testing.assert_allclose(known[:5], expected[:5], rtol=1e-6)
    assert not known[5].any()
    assert np.isnan(made.past_of(steps)).all()


@pytest.mark.parametrize(("horizon", "patch", "padded"), [(1, 1, 1), (4, 2, 4), (5, 2, 6), (1, 7, 7)])
def test_the_horizon_is_filled_up_to_whole_patches(horizon, patch, padded):
    assert WindowShape(14, horizon, patch).padded_horizon == padded


def test_each_batch_loses_values_of_its_own_and_the_same_ones_again():
    """Were they the same in all, the network would never see what lies there beside what lies elsewhere."""
    shape = WindowShape(24, 4, 4)
    series = make_series([200])
    windows = make(series, shape, every_window(series, shape))
    training = windows.thinned(5)

    def gone(read, first):
        batch, patches = read.batch(np.arange(first, first + 30)), shape.context // shape.patch
        seen = batch.features[:patches, :, shape.patch : 2 * shape.patch]
        return seen.swapaxes(0, 1).reshape(30, shape.context) == 0

    parts = [gone(training, first) for first in (40, 80, 120)]
    assert all(part.any() for part in parts)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not np.array_equal(parts[one], parts[other])
    np.testing.assert_array_equal(parts[0], gone(training, 40))
    assert not np.array_equal(parts[0], gone(windows.thinned(6), 40)), "another seed"
    assert not gone(windows, 40).any(), "those of before are as they were"
