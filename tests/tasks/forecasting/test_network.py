"""The network of a forecaster: its gradients, and that nothing of the time to come reaches its outputs."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from gatewise.data.frequency import Frequency
from gatewise.data.panel import Series
from gatewise.data.windows import CovariateScale, ForecastWindows, SeriesScale, WindowShape
from gatewise.errors import ArgumentError
from gatewise.tasks.forecasting.heads import DistributionHead, QuantileHead, make_head
from gatewise.tasks.forecasting.network import ForecastNetwork
from tests.ops.gradients import assert_gradients

HEADS = {
    "quantiles": QuantileHead((0.1, 0.5, 0.9), "median"),
    "quantiles and a median": QuantileHead((0.2, 0.9), "median"),
    "quantiles and a mean": QuantileHead((0.2, 0.9), "mean"),
    "median": QuantileHead((), "median"),
    "mean": QuantileHead((), "mean"),
    "normal": DistributionHead("normal", (0.1, 0.5, 0.9)),
    "student_t": DistributionHead("student_t", (0.1, 0.5, 0.9)),
}
EACH_HEAD = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
SHAPES = [WindowShape(4, 4, 2), WindowShape(4, 3, 2), WindowShape(3, 1, 3)]


def windows(shape, change=None):
    """Six windows over two series with gaps, a covariate of each kind and a static one."""
    rng = np.random.default_rng(2)
    series = []
    for key, length in enumerate((12, 9)):
        values = rng.normal(size=length)
        values[[3, 8]] = np.nan
        known, past = rng.normal(size=(2, length, 1))
        series.append(Series(key, np.datetime64("2024-01-01", "us"), values, known, past))
    if change is not None:
        change(series)
    return ForecastWindows(
        series,
        Frequency.parse("1h"),
        [SeriesScale(0.0, 1.5), SeriesScale(1.0, 0.5)],
        shape,
        cycles=("day",),
        covariates=CovariateScale(np.zeros(2), np.ones(2)),
        static=np.array([[1.0], [-1.0]], np.float32),
        windows=np.array([[0, 2], [0, 6], [0, 8], [1, 1], [1, 4], [1, 5]]),
    )


def batch(shape, change=None, indices=range(6)):
    given = windows(shape, change).batch(np.array(indices))
    doubles = {name: getattr(given, name).astype(np.float64) for name in ("context", "features", "target")}
    return given._replace(**doubles)


def network(shape, head, **options):
    features = windows(shape).batch(np.arange(1)).features.shape[-1]
    made = ForecastNetwork(shape, features, head, 3, 2, dtype=np.float64, seed=1, **options)
    made.parameters.vector[...] = np.random.default_rng(4).normal(size=made.parameters.vector.size) * 0.5
    return made


def assert_loss_gradients(made, loss, *names):
    """A hundredfold: the slopes of the pinball loss nearly cancel each other."""
    pairs = {name: (made.parameters[name], 100 * made.gradients[name]) for name in names}
    assert_gradients(lambda: 100 * loss(), pairs)


@EACH_HEAD
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("linear_skip", [True, False], ids=["skip", "no skip"])
def test_gradients(head, shape, linear_skip):
    made, given = network(shape, head, linear_skip=linear_skip), batch(shape)
    assert not given.observed.all()
    loss = made.loss_and_gradients(given, np.random.default_rng(0))
    assert made.loss(given) == (pytest.approx(loss, rel=1e-12), given.observed.sum())
    names = ["output.weight", "output.bias", "lstm.weight_hh_l0", "lstm.bias_l1"]
    names += ["skip.weight", "skip.bias"] if linear_skip else []
    assert_loss_gradients(made, lambda: made.loss(given)[0], *names)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_gradients_with_dropout(cell):
    shape = SHAPES[1]
    made, given = network(shape, HEADS["quantiles"], dropout=0.4, cell=cell), batch(shape)

    def loss():
        return made.loss_and_gradients(given, np.random.default_rng(5))

    loss()
    assert_loss_gradients(made, loss, f"{cell}.weight_ih_l0", "output.weight", "skip.weight")


def test_gradients_are_added():
    made, given = network(SHAPES[0], HEADS["normal"]), batch(SHAPES[0])
    made.loss_and_gradients(given, np.random.default_rng(0))
    once = made.gradients.vector.copy()
    made.loss_and_gradients(given, np.random.default_rng(0))
    np.testing.assert_allclose(made.gradients.vector, 2 * once, rtol=1e-12)


@EACH_HEAD
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_outputs_have_a_row_for_each_step(head, shape):
    outputs = network(shape, head)(batch(shape))
    assert outputs.shape == (6, shape.horizon, head.width)


def test_steps_and_patches_are_in_order():
    """With outputs that are their biases alone, step s is place s % P of every patch."""
    shape = WindowShape(4, 5, 2)
    made = network(shape, HEADS["quantiles"], linear_skip=False)
    made.parameters["output.weight"][...] = 0
    made.parameters["output.bias"][...] = np.arange(6)
    np.testing.assert_array_equal(
        made(batch(shape))[0], [[0, 1, 2], [3, 4, 5], [0, 1, 2], [3, 4, 5], [0, 1, 2]]
    )


def test_the_skip_is_a_linear_map_of_the_context():
    shape = WindowShape(4, 3, 2)
    made, given = network(shape, HEADS["quantiles"]), batch(shape)
    without = made(given)
    made.parameters["skip.weight"][...] += 1
    expected = np.broadcast_to(given.context.sum(axis=1)[:, None, None], without.shape)
    np.testing.assert_allclose(made(given) - without, expected, atol=1e-12)


@EACH_HEAD
def test_nothing_after_the_origin_changes_an_output(head):
    shape, at = WindowShape(4, 3, 2), 6

    def later(series):
        for values in (series[0].values, series[0].past):
            values[at:] = 100 * np.random.default_rng(0).normal(size=values[at:].shape)

    made = network(shape, head)
    # Window 1 of series 0 begins to forecast at 6.
    one, other = (batch(shape, change, [1]) for change in (None, later))
    assert not np.array_equal(one.target, other.target)
    np.testing.assert_array_equal(made(one), made(other))


def test_a_window_alone_is_as_one_among_others():
    shape = SHAPES[1]
    made = network(shape, HEADS["quantiles"])
    together = made(batch(shape))
    for index in range(6):
        alone = made(batch(shape, indices=[index]))
        np.testing.assert_allclose(alone[0], together[index], atol=1e-12)


def test_what_is_missing_does_not_count_in_the_loss():
    made, given = network(SHAPES[0], HEADS["quantiles"]), batch(SHAPES[0])
    changed = given._replace(target=np.where(given.observed, given.target, 77.0))
    assert made.loss(changed) == made.loss(given)


# Heads


def test_quantiles_are_in_order_and_the_median_is_one_of_them():
    head, outputs = HEADS["quantiles"], np.array([[3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(head.quantiles(outputs), [[1, 2, 3]])
    assert head.point(outputs).tolist() == [2]
    head = HEADS["quantiles and a mean"]
    np.testing.assert_array_equal(head.quantiles(outputs), [[1, 2]])
    assert head.point(outputs).tolist() == [3]


LEVELS = {"three": (0.1, 0.5, 0.9), "two, on one side": (0.6, 0.8), "many": (0.05, 0.2, 0.5, 0.7, 0.95)}


@pytest.mark.parametrize("levels", LEVELS.values(), ids=LEVELS)
def test_draws_from_quantiles_of_a_normal_distribution_are_normal(levels):
    """Beyond the outermost ones too, where a fifth of the draws from 0.1 to 0.9 would be two values."""
    law = NormalDist(3, 2)
    head = QuantileHead(levels, "median")
    outputs = [law.inv_cdf(level) for level in levels]
    own = [] if 0.5 in levels else [3.0]
    draws = head.draw(np.tile(own + outputs, (40_000, 1)), np.random.default_rng(0))
    for level in (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999):
        share = np.mean(draws <= law.inv_cdf(level))
        assert share == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 40_000))
    assert len(np.unique(draws)) == len(draws)


def test_draws_follow_the_quantile_function():
    head = QuantileHead((0.1, 0.5, 0.9), "median")
    draws = head.draw(np.tile([1.0, 2.0, 5.0], (40_000, 1)), np.random.default_rng(0))
    np.testing.assert_allclose(np.quantile(draws, [0.1, 0.5, 0.9]), [1, 2, 5], atol=0.07)
    assert draws.min() < 0
    assert draws.max() > 8
    same = head.draw(np.full((10, 3), 4.0), np.random.default_rng(0))
    assert (same == 4).all(), "quantiles that are one value have no tails"


def test_draws_of_models_before_tails_stay_between_the_outermost_quantiles():
    head = QuantileHead((0.1, 0.5, 0.9), "median", tails=False)
    draws = head.draw(np.tile([1.0, 2.0, 5.0], (40_000, 1)), np.random.default_rng(0))
    assert (draws.min(), draws.max()) == (1, 5)
    np.testing.assert_allclose(np.quantile(draws, [0.3, 0.5, 0.7]), [1.5, 2, 3.5], atol=0.05)
    assert np.mean(draws == 1) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("family", ["normal", "student_t"])
def test_draws_follow_the_distribution(family):
    stats = pytest.importorskip("scipy.stats")
    head = make_head(family, (), "median")
    raw = np.log(np.expm1(0.5 - 1e-3))
    draws = head.draw(np.tile([3.0, raw], (20_000, 1)), np.random.default_rng(1))
    theirs = stats.norm(3, 0.5) if family == "normal" else stats.t(4, 3, 0.5)
    assert stats.kstest(draws, theirs.cdf).pvalue > 0.01
    assert head.point(np.array([[3.0, raw]])).tolist() == [3]


def test_the_head_is_made_by_the_hyperparameters():
    assert isinstance(make_head("normal", (0.1, 0.9), "mean"), DistributionHead)
    assert make_head(None, (0.1, 0.9), "mean").width == 3
    assert make_head(None, (0.1, 0.5, 0.9), "median").width == 3


def test_an_unknown_cell_is_no_silent_default():
    with pytest.raises((KeyError, ArgumentError)):
        network(SHAPES[0], HEADS["mean"], cell="gru")
