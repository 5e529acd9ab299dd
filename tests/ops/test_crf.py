"""The field against its definition: every path of every small problem, written out and summed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops import (
    CRFAllowed,
    CRFWeights,
    crf_allowing,
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


# What is impossible


def some_allowed(K, seed):
    """Drawn at random, but for the first tags, which may stand anywhere, so that each length has paths."""
    rng = np.random.default_rng(seed)
    allowed = CRFAllowed(*(rng.random(shape) < 0.5 for shape in ((K, K), (K,), (K,))))
    allowed.transitions[0, :2] = allowed.start[:2] = allowed.end[:2] = True
    return allowed


def drawn_path(allowed, length, rng):
    """A path that is allowed."""
    K = len(allowed.start)
    possible = [
        path
        for path in itertools.product(range(K), repeat=int(length))
        if allowed.start[path[0]]
        and allowed.end[path[-1]]
        and all(allowed.transitions[i, j] for i, j in itertools.pairwise(path))
    ]
    return possible[rng.integers(len(possible))], possible


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_only_allowed_paths_count(seed, dtype):
    K = 2 + seed % 3
    emissions, _, free = draw(K, seed, dtype)
    allowed = some_allowed(K, seed)
    weights = crf_allowing(free, allowed)
    assert all(array.dtype == dtype for array in weights)
    assert all(np.isfinite(array).all() for array in free), "the weights themselves stay as they are"
    tags, rng = np.zeros((T, B), int), np.random.default_rng(seed)
    possible = []
    for b, length in enumerate(LENGTHS):
        tags[:length, b], all_of_it = drawn_path(allowed, length, rng)
        possible.append(all_of_it)
    log_likelihood, cache = crf_log_likelihood(emissions, tags, LENGTHS, weights)
    marginals = crf_marginals(emissions, LENGTHS, weights)
    best, best_scores = viterbi(emissions, LENGTHS, weights)
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-10, "atol": 1e-12}
    for b, length in enumerate(LENGTHS):
        scores = {path: s for path, s in paths(emissions[:, b], length, free) if path in possible[b]}
        partition = sum(map(np.exp, scores.values()))
        np.testing.assert_allclose(cache.log_partition[b], np.log(partition), **close)
        given = scores[tuple(tags[:length, b])]
        np.testing.assert_allclose(log_likelihood[b], given - np.log(partition), **close)
        assert tuple(best[:length, b]) == max(scores, key=scores.get)
        np.testing.assert_allclose(best_scores[b], max(scores.values()), **close)
        expected = np.zeros((T, K))
        for path, score in scores.items():
            for t, k in enumerate(path):
                expected[t, k] += np.exp(score) / partition
        np.testing.assert_allclose(marginals[:, b], expected, **close)
        assert not marginals[:, b][expected == 0].any(), "what is impossible has no probability at all"


@pytest.mark.parametrize("seed", range(3))
def test_gradients_where_not_all_is_allowed(seed):
    emissions, tags, free = draw(3, seed)
    allowed, rng = some_allowed(3, seed), np.random.default_rng(seed)
    for b, length in enumerate(LENGTHS):
        tags[:length, b], _ = drawn_path(allowed, length, rng)
    dlog_likelihood = rng.normal(size=B)

    def loss():
        weights = crf_allowing(free, allowed)
        return float(dlog_likelihood @ crf_log_likelihood(emissions, tags, LENGTHS, weights)[0])

    _, cache = crf_log_likelihood(emissions, tags, LENGTHS, crf_allowing(free, allowed))
    demissions, dweights = crf_log_likelihood_backward(dlog_likelihood, cache)
    arrays = {name: (array, getattr(dweights, name)) for name, array in free._asdict().items()}
    assert_gradients(loss, arrays | {"emissions": (emissions, demissions)})
    for gradient, may in zip(dweights, allowed, strict=True):
        assert not gradient[~may].any()


def test_padding_does_not_meet_what_is_impossible():
    emissions, _, free = draw(3)
    allowed = CRFAllowed(np.ones((3, 3), bool), np.ones(3, bool), np.ones(3, bool))
    allowed.transitions[2, 0] = allowed.transitions[0, 0] = allowed.end[1] = allowed.start[0] = False
    weights = crf_allowing(free, allowed)
    tags = np.full((T, B), 2)  # the padding is tag 0, which may not follow
    log_likelihood, cache = crf_log_likelihood(emissions, tags, LENGTHS, weights)
    assert np.isfinite(log_likelihood).all()
    for b, length in enumerate(LENGTHS):
        alone = emissions[:length, b : b + 1], tags[:length, b : b + 1], LENGTHS[b : b + 1]
        assert crf_log_likelihood(*alone, weights)[0][0] == pytest.approx(log_likelihood[b], rel=1e-12)
    for gradient in crf_log_likelihood_backward(np.ones(B), cache)[1]:
        assert np.isfinite(gradient).all()


def test_an_impossible_path_has_the_probability_0_and_finite_gradients():
    emissions, _, free = draw(2)
    allowed = CRFAllowed(np.array([[True, True], [True, False]]), np.ones(2, bool), np.ones(2, bool))
    log_likelihood, cache = crf_log_likelihood(
        emissions, np.ones((T, B), int), LENGTHS, crf_allowing(free, allowed)
    )
    assert np.isneginf(log_likelihood[LENGTHS > 1]).all()
    assert np.isfinite(log_likelihood[LENGTHS == 1]).all()
    demissions, dweights = crf_log_likelihood_backward(np.ones(B), cache)
    assert all(np.isfinite(array).all() for array in (demissions, *dweights))


def test_weights_that_leave_no_path_are_refused():
    emissions, tags, free = draw(2)
    # Only 0 then 1: possible for no length but 2.
    allowed = CRFAllowed(
        np.array([[False, True], [False, False]]), np.array([True, False]), np.array([False, True])
    )
    weights = crf_allowing(free, allowed)
    two = np.full(B, 2)
    np.testing.assert_array_equal(viterbi(emissions, two, weights)[0][:2, 0], [0, 1])
    for call in (
        lambda: crf_log_likelihood(emissions, tags, LENGTHS, weights),
        lambda: crf_marginals(emissions, LENGTHS, weights),
        lambda: viterbi(emissions, LENGTHS, weights),
    ):
        with pytest.raises(ArgumentError, match="minus infinity on every path of sequence 1, of length 4"):
            call()


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
