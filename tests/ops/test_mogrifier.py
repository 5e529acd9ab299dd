"""The Mogrifier's rounds: what they make of an input and a state, and their gradients."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops import LSTMCell, backward, forward, mogrify, mogrify_backward
from gatewise.ops.mogrifier import mogrifier_gradients
from tests.ops.gradients import assert_gradients
from tests.ops.problems import draw_weights

N, D, H, RANK = 4, 3, 5, 2
ROUNDS = pytest.mark.parametrize("rounds", [1, 2, 3, 5])
LOW_RANK = pytest.mark.parametrize("rank", [None, RANK], ids=["whole", "low rank"])


def draw_rounds(rng, rounds, rank):
    sizes = [(D, H) if i % 2 else (H, D) for i in range(1, rounds + 1)]
    if rank is None:
        return tuple((rng.normal(size=size),) for size in sizes)
    return tuple((rng.normal(size=(rows, rank)), rng.normal(size=(rank, columns))) for rows, columns in sizes)


def textbook(x, h, matrices):
    """The definition, with x and h of every round kept: one row, one element at a time."""
    xs, hs = {-1: x}, {0: h}
    for i, matrix in enumerate(matrices, start=1):
        if i % 2:
            gate = [2 / (1 + np.exp(-sum(matrix[d, k] * hs[i - 1][k] for k in range(H)))) for d in range(D)]
            xs[i] = np.array([gate[d] * xs[i - 2][d] for d in range(D)])
        else:
            gate = [2 / (1 + np.exp(-sum(matrix[k, d] * xs[i - 1][d] for d in range(D)))) for k in range(H)]
            hs[i] = np.array([gate[k] * hs[i - 2][k] for k in range(H)])
    return xs[max(xs)], hs[max(hs)]


@ROUNDS
@LOW_RANK
def test_the_rounds_are_those_of_the_paper(rounds, rank):
    rng = np.random.default_rng(rounds)
    x, h, weights = rng.normal(size=(N, D)), rng.normal(size=(N, H)), draw_rounds(rng, rounds, rank)
    found_x, found_h, cache = mogrify(x, h, weights)
    matrices = [factors[0] if rank is None else factors[0] @ factors[1] for factors in weights]
    for row in range(N):
        expected_x, expected_h = textbook(x[row], h[row], matrices)
        np.testing.assert_allclose(found_x[row], expected_x, rtol=1e-12)
        np.testing.assert_allclose(found_h[row], expected_h, rtol=1e-12)
    assert len(cache.gates) == rounds
    assert all(((m > 0) & (m < 2)).all() for m in cache.gates)
    assert np.array_equal(cache.x, x)


def test_weights_of_zero_and_no_rounds_leave_everything_as_it_is():
    rng = np.random.default_rng(0)
    x, h = rng.normal(size=(N, D)), rng.normal(size=(N, H))
    shut = tuple((np.zeros_like(each),) for (each,) in draw_rounds(rng, 4, None))
    for weights in ((), shut):
        found_x, found_h, _ = mogrify(x, h, weights)
        assert np.array_equal(found_x, x)
        assert np.array_equal(found_h, h)


@ROUNDS
@LOW_RANK
@pytest.mark.parametrize("masked", [False, True], ids=["h whole", "h thinned"])
def test_gradients_of_one_step(rounds, rank, masked):
    rng = np.random.default_rng(10 + rounds)
    x, h, weights = rng.normal(size=(N, D)), rng.normal(size=(N, H)), draw_rounds(rng, rounds, rank)
    dx, dh = rng.normal(size=(N, D)), rng.normal(size=(N, H))
    mask = np.where(rng.random((N, H)) < 0.3, 0, 1.5) if masked else None

    def loss():
        found_x, found_h, _ = mogrify(x, h, weights, mask)
        return float(np.sum(found_x * dx) + np.sum(found_h * dh))

    _, _, cache = mogrify(x, h, weights, mask)
    dx_before, dh_before, dz = mogrify_backward(dx, dh, cache)
    pairs = {"x": (x, dx_before), "h": (h, dh_before)}
    for i, (factors, gradients) in enumerate(
        zip(weights, mogrifier_gradients(dz, cache), strict=True), start=1
    ):
        for part, (factor, gradient) in enumerate(zip(factors, gradients, strict=True)):
            pairs[f"round {i}, factor {part}"] = (factor, gradient)
    assert_gradients(loss, pairs)


def test_what_is_handed_in_is_left_as_it_was():
    rng = np.random.default_rng(1)
    x, h, weights = rng.normal(size=(N, D)), rng.normal(size=(N, H)), draw_rounds(rng, 5, RANK)
    before = x.copy(), h.copy()
    found_x, found_h, cache = mogrify(x, h, weights)
    mogrify_backward(found_x, found_h, cache)
    assert np.array_equal(x, before[0])
    assert np.array_equal(h, before[1])


def test_the_cache_of_a_sequence_keeps_the_gates_and_the_states_themselves():
    rng = np.random.default_rng(2)
    weights = draw_weights(rng, LSTMCell(), D, H)._replace(mogrifier=draw_rounds(rng, 3, None))
    x = rng.normal(size=(6, N, D))
    y, _, cache = forward(LSTMCell(), x, weights)
    assert np.array_equal(cache.h_prev[1:], y[:-1])
    np.testing.assert_allclose(cache.c, cache.f * cache.c_prev + cache.i * cache.g, rtol=1e-12)
    for t in range(6):
        found_x, found_h, step = mogrify(x[t], cache.h_prev[t], weights.mogrifier)
        for m, kept in zip(step.gates, cache.mogrified.gates, strict=True):
            np.testing.assert_allclose(kept[t], m, rtol=1e-12)
        z = found_x @ weights.weight_ih.T + found_h @ weights.weight_hh.T + weights.bias
        np.testing.assert_allclose(cache.i[t], 1 / (1 + np.exp(-z[:, :H])), rtol=1e-10)


def test_gradients_without_a_mogrifier_are_refused():
    rng = np.random.default_rng(3)
    plain = draw_weights(rng, LSTMCell(), D, H)
    x = rng.normal(size=(2, N, D))
    y, _, cache = forward(LSTMCell(), x, plain._replace(mogrifier=draw_rounds(rng, 2, None)))
    with pytest.raises(ArgumentError, match=r"gradients.mogrifier and the weights' own differ"):
        backward(np.ones_like(y), cache, None, plain)
