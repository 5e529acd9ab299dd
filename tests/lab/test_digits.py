"""Sequential digits: the images and their split, the training, and a verdict that can go either way."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from gatewise.errors import MissingExtraError
from gatewise.lab import run
from gatewise.lab.digits import EXPERIMENT, _Reader, fit_linear, load, read_images
from gatewise.lab.experiment import Result
from gatewise.lab.network import SequenceNetwork

PLAIN, SCATTERED = EXPERIMENT.quick


@pytest.fixture(scope="module")
def digits():
    return pytest.importorskip("sklearn.datasets").load_digits()


@pytest.fixture(scope="module")
def report(digits):
    return run("digits", quick=True, jobs=1)


def results_of(plain, scattered, rnn=0.0):
    """Results with these accuracies of the LSTM, the RNN's and a linear model's."""
    found = [Result("linear model", 0, 1.0, {"accuracy": 0.965, "validation": 0.96})]
    for reading, shares in zip(EXPERIMENT.readings, (plain, scattered), strict=True):
        for seed, share in enumerate(shares):
            found.append(Result(f"LSTM, {reading.label}", seed, 1.0, {"accuracy": share}))
            found.append(Result(f"RNN, {reading.label}", seed, 1.0, {"accuracy": rnn}))
    return found


def test_every_image_is_in_one_part_of_the_split(digits):
    parts = load(scattered=False, pooled=1)
    assert [len(part.digits) for part in parts] == [1297, 200, 300]
    found = [(*row, digit) for part in parts for row, digit in zip(part.pixels, part.digits, strict=True)]
    there = [(*row, digit) for row, digit in zip(digits.data / 16, digits.target, strict=True)]
    assert sorted(found) == sorted(there)
    for part in parts:
        assert np.bincount(part.digits).min() > 0.06 * len(part.digits), "ten digits, about as many of each"


def test_scattered_images_have_the_same_pixels_in_one_other_order(digits):
    for plain, scattered in zip(load(False, 1), load(True, 1), strict=True):
        assert np.array_equal(plain.digits, scattered.digits)
        assert np.array_equal(np.sort(plain.pixels), np.sort(scattered.pixels))
        assert not np.array_equal(plain.pixels, scattered.pixels)
    # Which pixel came where is found from the images to learn from, and holds for those to test on.
    (plain, _, plain_test), (scattered, _, scattered_test) = load(False, 1), load(True, 1)
    used = [k for k in range(64) if len(np.unique(plain.pixels[:, k])) > 2]
    for k in used:
        (place,) = np.flatnonzero((scattered.pixels == plain.pixels[:, [k]]).all(axis=0))
        assert np.array_equal(scattered_test.pixels[:, place], plain_test.pixels[:, k])
    assert len(used) > 50


def test_small_images_are_means_of_four_pixels(digits):
    small, large = load(False, 2)[2], load(False, 1)[2]
    image = large.pixels[5].reshape(8, 8)
    by_hand = [
        image[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean() for row, column in np.ndindex(4, 4)
    ]
    assert np.array_equal(small.pixels[5], by_hand)


def test_a_batch_brings_a_pixel_a_step(digits):
    images = load(False, 1)[0]
    batch = images.batch(np.array([3, 1]))
    assert batch.x.shape == (64, 2, 1)
    assert np.array_equal(batch.x[:, 0, 0], images.pixels[3])
    assert np.array_equal(batch.targets, images.digits[[3, 1]])


def test_the_order_is_nothing_to_the_linear_model(digits):
    plain, scattered = fit_linear(PLAIN), fit_linear(SCATTERED)
    assert plain == pytest.approx(scattered, abs=0.01)
    assert 0.75 < plain["accuracy"] < 0.95


def test_weights_are_chosen_by_the_loss_without_noise(digits):
    build, _ = PLAIN.builds()["LSTM"]
    reader = _Reader(SequenceNetwork(build, 1, 10, "last", 0))
    batch = load(PLAIN.scattered, PLAIN.pooled)[1].batch(np.arange(20))
    answers, _ = reader.network.outputs(batch.x)
    chances = np.exp(answers) / np.exp(answers).sum(axis=1, keepdims=True)
    loss = -np.log(chances[np.arange(20), batch.targets]).mean()
    assert reader.loss(batch) == (pytest.approx(float(loss), rel=1e-5), 20)
    noisy = reader.loss_and_gradients(batch, np.random.default_rng(0))
    assert abs(noisy - loss) > 1e-4, "in training there is some"


def test_the_same_seed_gives_the_same_network(digits):
    reading = replace(SCATTERED, epochs=1)
    first, again, other = (read_images(reading, "LSTM", seed) for seed in (0, 0, 1))
    assert first == again != other
    assert json.loads(json.dumps(first)) == first


def test_the_quick_version_reaches_its_accuracy(report):
    assert report.finding.reached, report.finding.verdict
    for result in report.results:
        if result.group != "linear model":
            assert len(result.values["curve"]) == PLAIN.epochs
            assert not result.values["diverged"]


def test_the_quick_version_fails_with_an_untrained_network(report):
    untrained = read_images(replace(PLAIN, epochs=0), "LSTM", 0)
    assert untrained["accuracy"] < 0.3
    group = f"LSTM, {PLAIN.label}"
    results = [
        replace(result, values=untrained) if result.group == group else result for result in report.results
    ]
    finding = EXPERIMENT.conclude(results)
    assert not finding.reached
    assert "NOT reached" in finding.verdict


def test_a_network_that_diverges_is_a_result_too(digits):
    found = read_images(replace(PLAIN, epochs=1, learning_rates=(1e38, 1e38)), "RNN", 0)
    assert found["diverged"]
    assert 0 <= found["accuracy"] <= 1
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("plain", "scattered", "reached"),
    [
        ([0.98] * 10, [0.94] * 10, True),
        ([0.98] * 9 + [0.9], [0.94] * 9 + [0.5], True),
        ([0.98] * 8 + [0.9] * 2, [0.94] * 10, False),
        ([0.98] * 10, [0.94] * 8 + [0.9] * 2, False),
        ([0.5] * 10, [0.5] * 10, False),
    ],
)
def test_nine_of_ten_seeds_must_reach_the_accuracy_on_both_orders(plain, scattered, reached):
    finding = EXPERIMENT.conclude(results_of(plain, scattered, rnn=1.0))
    assert finding.reached is reached


def test_verdict_and_table_say_the_figures():
    finding = EXPERIMENT.conclude(results_of([0.98] * 9 + [0.9], [0.95] * 10, rnn=0.925))
    assert "97% wanted: LSTM 98.0% (9 of 10), RNN 92.5% (0 of 10)" in finding.verdict
    assert "linear model of the whole image: 96.5%" in finding.verdict
    assert finding.rows[0][1:] == ("LSTM, H = 64", "98.0% (90.0% to 98.0%)", "9 of 10 reach 97%")
    assert finding.rows[-1][1:3] == ("linear model", "96.5%")


def test_without_scikit_learn_it_is_said_before_any_training(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    load.cache_clear()
    told = []
    with pytest.raises(MissingExtraError, match=r"pip install 'gatewise\[lab\]'"):
        run("digits", quick=True, jobs=1, tell=lambda *args: told.append(args))
    assert told == []


def test_the_figure_has_a_curve_for_each_network(report):
    pytest.importorskip("plotly")
    traces = report.figure().data
    curves = [trace for trace in traces if trace.name in ("LSTM", "RNN")]
    assert len(curves) == len(report.results) - 1
    assert all(len(trace.x) == PLAIN.epochs and max(trace.y) <= 1 for trace in curves)
