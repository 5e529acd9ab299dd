"""Pooling against sums written out, its gradients, and that padding does not count."""

import numpy as np
import pytest

from gatewise.ops.pooling import (
    attention_pool,
    attention_pool_backward,
    last_step,
    max_pool,
    mean_pool,
    mean_pool_backward,
    picked_backward,
)
from tests.ops.gradients import assert_gradients

LENGTHS = np.array([3, 5, 1])
RNG = np.random.default_rng(0)
Y, SCORES, DPOOLED = RNG.normal(size=(5, 3, 4)), RNG.normal(size=(5, 3)), RNG.normal(size=(3, 4))


def attend(y, lengths):
    return attention_pool(y, SCORES, lengths)


def attend_backward(dpooled, cache):
    return attention_pool_backward(dpooled, cache)[0]


POOLINGS = {
    "last": (last_step, picked_backward),
    "last of both directions": (
        lambda y, lengths: last_step(y, lengths, bidirectional=True),
        picked_backward,
    ),
    "mean": (mean_pool, mean_pool_backward),
    "max": (max_pool, picked_backward),
    "attention": (attend, attend_backward),
}
EACH = pytest.mark.parametrize(("pool", "backward"), POOLINGS.values(), ids=POOLINGS)


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("last", lambda steps, _: steps[-1]),
        ("last of both directions", lambda steps, _: np.r_[steps[-1, :2], steps[0, 2:]]),
        ("mean", lambda steps, _: steps.mean(axis=0)),
        ("max", lambda steps, _: steps.max(axis=0)),
        ("attention", lambda steps, scores: softmax(scores) @ steps),
    ],
)
def test_each_sequence_is_pooled_by_itself(name, expected):
    pooled, _ = POOLINGS[name][0](Y, LENGTHS)
    for b, length in enumerate(LENGTHS):
        np.testing.assert_allclose(pooled[b], expected(Y[:length, b], SCORES[:length, b]), rtol=1e-14)


@EACH
def test_gradient(pool, backward):
    y = Y.copy()
    dy = backward(DPOOLED, pool(y, LENGTHS)[1])
    assert_gradients(lambda: np.sum(pool(y, LENGTHS)[0] * DPOOLED), {"y": (y, dy)})


def test_gradient_of_the_scores():
    scores = SCORES.copy()
    _, dscores = attention_pool_backward(DPOOLED, attention_pool(Y, scores, LENGTHS)[1])
    pairs = {"scores": (scores, dscores)}
    assert_gradients(lambda: np.sum(attention_pool(Y, scores, LENGTHS)[0] * DPOOLED), pairs)


@EACH
def test_what_stands_in_the_padding_does_not_count(pool, backward):
    padding = np.arange(5)[:, None] >= LENGTHS
    other = np.where(padding[..., None], 1e6, Y)
    (pooled, cache), (same, _) = pool(Y, LENGTHS), pool(other, LENGTHS)
    np.testing.assert_array_equal(pooled, same)
    assert not backward(DPOOLED, cache)[padding].any()


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_types_stay_as_they_are(pool, backward, dtype):
    pooled, cache = pool(Y.astype(dtype), LENGTHS)
    if pool is not attend:
        assert pooled.dtype == backward(DPOOLED.astype(dtype), cache).dtype == dtype
    np.testing.assert_allclose(pooled, pool(Y, LENGTHS)[0], rtol=1e-6)


def test_enormous_scores_do_not_overflow():
    pooled, _ = attention_pool(Y, np.where(SCORES > 0, 1e4, -1e4), LENGTHS)
    assert np.isfinite(pooled).all()


def test_of_equal_maxima_the_first_gets_the_gradient():
    y = np.ones((3, 1, 1))
    assert picked_backward(np.ones((1, 1)), max_pool(y, np.array([3]))[1]).ravel().tolist() == [1, 0, 0]
