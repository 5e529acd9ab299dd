"""The field against its definition: every path of every small problem, written out and summed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops import (
    CRFWeights,
    crf_log_likelihood,
    crf_log_likelihood_backward,
    crf_marginals,
    softmax,
    viterbi,
)
from tests.ops.gradients import assert_gradients

LENGTHS = np.array([2, 4, 1, 3])
T, B = 4, 4


def draw(K, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    weights = CRFWeights(*(rng.normal(size=shape).astype(dtype) for shape in ((K, K), (K,), (K,))))
    return rng.normal(size=(T, B, K)).astype(dtype), rng.integers(0, K, (T, B)), weights


def paths(emissions, length, weights):
    """Every path of one sequence with its score, as the definition has it."""
    transitions, start, end = weights
    for path in itertools.product(range(len(start)), repeat=int(length)):
        score = start[path[0]] + sum(emissions[t, k] for t, k in enumerate(path)) + end[path[-1]]
        yield path, score + sum(transitions[i, j] for i, j in itertools.pairwise(path))


@pytest.mark.parametrize("K", [1, 2, 3, 5])
def test_likelihood_marginals_and_best_path_are_those_of_all_paths(K):
    emissions, tags, weights = draw(K, seed=K)
    log_likelihood, cache = crf_log_likelihood(emissions, tags, LENGTHS, weights)
    marginals = crf_marginals(emissions, LENGTHS, weights)
    best, best_scores = viterbi(emissions, LENGTHS, weights)
    for b, length in enumerate(LENGTHS):
        scores = dict(paths(emissions[:, b], length, weights))
        partition = sum(map(np.exp, scores.values()))
        assert cache.log_partition[b] == pytest.approx(np.log(partition), rel=1e-12)
        given = scores[tuple(tags[:length, b])]
        assert log_likelihood[b] == pytest.approx(given - np.log(partition), rel=1e-10, abs=1e-12)
        assert tuple(best[:length, b]) == max(scores, key=scores.get)
        assert best_scores[b] == pytest.approx(max(scores.values()), rel=1e-12)
        expected = np.zeros((T, K))
        for path, score in scores.items():
            for t, k in enumerate(path):
                expected[t, k] += np.exp(score) / partition
        np.testing.assert_allclose(marginals[:, b], expected, rtol=1e-10, atol=1e-15)


def test_gradients():
    emissions, tags, weights = draw(3)
    dlog_likelihood = np.random.default_rng(1).normal(size=B)

    def loss():
        return float(dlog_likelihood @ crf_log_likelihood(emissions, tags, LENGTHS, weights)[0])

    _, cache = crf_log_likelihood(emissions, tags, LENGTHS, weights)
    demissions, dweights = crf_log_likelihood_backward(dlog_likelihood, cache)
    arrays = {name: (array, getattr(dweights, name)) for name, array in weights._asdict().items()}
    assert_gradients(loss, arrays | {"emissions": (emissions, demissions)})


def test_the_gradients_vanish_where_one_path_is_certain():
    emissions, _, weights = draw(3)
    best, _ = viterbi(emissions, LENGTHS, weights)
    emissions = emissions + 1e3 * np.eye(3)[best]
    log_likelihood, cache = crf_log_likelihood(emissions, best, LENGTHS, weights)
    np.testing.assert_allclose(log_likelihood, 0, atol=1e-10)
    demissions, dweights = crf_log_likelihood_backward(np.ones(B), cache)
    for array in (demissions, *dweights):
        np.testing.assert_allclose(array, 0, atol=1e-10)


def test_padding_changes_nothing():
    emissions, tags, weights = draw(3)
    valid = np.arange(T)[:, None] < LENGTHS
    other = np.where(valid[..., None], emissions, np.nan)
    longer = np.concatenate([other, np.full((2, B, 3), 1e9)])
    other_tags = np.concatenate([np.where(valid, tags, -7), np.full((2, B), 99)])
    expected, cache = crf_log_likelihood(emissions, tags, LENGTHS, weights)
    actual, longer_cache = crf_log_likelihood(longer, other_tags, LENGTHS, weights)
    np.testing.assert_array_equal(actual, expected)
    gradients = crf_log_likelihood_backward(np.ones(B), cache)
    longer_gradients = crf_log_likelihood_backward(np.ones(B), longer_cache)
    np.testing.assert_array_equal(longer_gradients[0][:T], gradients[0])
    for array, longer_array in zip(gradients[1], longer_gradients[1], strict=True):
        np.testing.assert_allclose(longer_array, array, rtol=1e-12)
    assert not longer_gradients[0][T:].any()
    assert not gradients[0][~valid].any()
    np.testing.assert_array_equal(
        crf_marginals(longer, LENGTHS, weights)[:T], crf_marginals(emissions, LENGTHS, weights)
    )
    for actual, expected in zip(
        viterbi(longer, LENGTHS, weights), viterbi(emissions, LENGTHS, weights), strict=True
    ):
        np.testing.assert_array_equal(actual[:T], expected)


def test_each_sequence_stands_for_itself():
    emissions, tags, weights = draw(4)
    together, _ = crf_log_likelihood(emissions, tags, LENGTHS, weights)
    best, scores = viterbi(emissions, LENGTHS, weights)
    for b, length in enumerate(LENGTHS):
        alone = emissions[:length, b : b + 1], np.array([length])
        [likelihood], _ = crf_log_likelihood(alone[0], tags[:length, b : b + 1], alone[1], weights)
        assert likelihood == pytest.approx(together[b], rel=1e-12)
        path, score = viterbi(*alone, weights)
        np.testing.assert_array_equal(path[:, 0], best[:length, b])
        assert score[0] == pytest.approx(scores[b], rel=1e-12)


def test_without_weights_each_step_is_a_softmax():
    emissions, tags, weights = draw(4)
    weights = CRFWeights(*map(np.zeros_like, weights))
    lengths = np.full(B, T)
    probabilities = softmax(emissions)
    np.testing.assert_allclose(crf_marginals(emissions, lengths, weights), probabilities, rtol=1e-12)
    expected = np.log(np.take_along_axis(probabilities, tags[..., None], axis=2)).sum(axis=(0, 2))
    np.testing.assert_allclose(crf_log_likelihood(emissions, tags, lengths, weights)[0], expected, rtol=1e-12)
    np.testing.assert_array_equal(viterbi(emissions, lengths, weights)[0], emissions.argmax(axis=2))


def test_scores_far_apart_neither_overflow_nor_lose_the_path():
    emissions, tags, weights = draw(3, dtype=np.float32)
    emissions *= 1e4
    forbidden = weights._replace(transitions=np.where(np.eye(3, dtype=bool), weights.transitions, -1e30))
    forbidden = CRFWeights(*(array.astype(np.float32) for array in forbidden))
    log_likelihood, cache = crf_log_likelihood(emissions, tags * 0 + 1, LENGTHS, forbidden)
    demissions, dweights = crf_log_likelihood_backward(np.ones(B, np.float32), cache)
    for array in (log_likelihood, demissions, *dweights):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
    best, _ = viterbi(emissions, LENGTHS, forbidden)
    for b, length in enumerate(LENGTHS):
        assert len(set(best[:length, b])) == 1, "no path may leave its tag"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"emissions": np.zeros((4, 3))}, r"emissions has shape \(4, 3\); expected \(T, B, 3\)"),
        ({"emissions": np.zeros((4, 4, 2))}, r"emissions has shape \(4, 4, 2\); expected \(T, B, 3\)"),
        ({"tags": np.zeros((3, 4), int)}, r"tags has shape \(3, 4\) and dtype int64; expected \(4, 4\)"),
        ({"tags": np.zeros((4, 4))}, r"tags has shape \(4, 4\) and dtype float64"),
        ({"tags": np.full((4, 4), 3)}, r"tags lie in \[0, 3\]; expected \[0, 3\)"),
        ({"lengths": np.array([2, 4, 1])}, r"lengths has shape \(3,\)"),
        ({"lengths": np.array([2, 4, 0, 1])}, r"lengths lie in \[0, 4\]; expected \[1, 4\]"),
        ({"lengths": np.array([2, 5, 1, 1])}, r"lengths lie in \[1, 5\]; expected \[1, 4\]"),
        ({"weights": CRFWeights(np.zeros((2, 3)), np.zeros(3), np.zeros(3))}, r"transitions has shape"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    emissions, tags, weights = draw(3)
    arguments = {"emissions": emissions, "tags": tags, "lengths": LENGTHS, "weights": weights} | change
    with pytest.raises(ArgumentError, match=message):
        crf_log_likelihood(**arguments)
