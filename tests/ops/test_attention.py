"""Attention against its equations written out, its gradients, and what bounds its memory and its numbers."""

import numpy as np
import pytest

from gatewise.ops import attention
from gatewise.ops.attention import (
    additive_scores,
    additive_scores_backward,
    attend,
    attend_backward,
    dot_scores,
    dot_scores_backward,
    pad_memory,
    sum_outer,
)
from tests.ops.gradients import assert_gradients

T, B, S, K, M = 3, 2, 4, 5, 3
LENGTHS = np.array([4, 2])
MASK = np.arange(S) < LENGTHS[:, None]
STEPS = pytest.mark.parametrize("steps", [1, T], ids=["one step", "several steps"])


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


@STEPS
def test_dot_scores_are_products_of_each_query_with_each_key(steps):
    s, keys = draw(steps, B, K), draw(B, S, K)
    np.testing.assert_allclose(dot_scores(s, keys), np.einsum("tbk,bjk->tbj", s, keys), rtol=1e-12)


@STEPS
def test_gradient_of_the_dot_scores(steps):
    s, keys, de = draw(steps, B, K), draw(B, S, K), draw(steps, B, S)
    pairs = {"s": (s, dot_scores_backward(de, keys)), "keys": (keys, sum_outer([(de, s)]))}
    assert_gradients(lambda: np.sum(dot_scores(s, keys) * de), pairs)


def test_additive_scores_are_those_of_a_hidden_layer():
    q, keys, v = draw(T, B, K), draw(B, S, K), draw(K)
    e = additive_scores(q, keys, v)
    for t, b, j in np.ndindex(T, B, S):
        np.testing.assert_allclose(e[t, b, j], v @ np.tanh(q[t, b] + keys[b, j]), rtol=1e-12)


@STEPS
def test_gradient_of_the_additive_scores(steps):
    q, keys, v, de = draw(steps, B, K), draw(B, S, K), draw(K), draw(steps, B, S)
    dkeys, dv = np.zeros_like(keys), np.zeros_like(v)
    dq = additive_scores_backward(de, q, keys, v, dkeys, dv)
    pairs = {"q": (q, dq), "keys": (keys, dkeys), "v": (v, dv)}
    assert_gradients(lambda: np.sum(additive_scores(q, keys, v) * de), pairs)


def test_the_additive_backward_pass_adds():
    q, keys, v, de = draw(T, B, K), draw(B, S, K), draw(K), draw(T, B, S)
    dkeys, dv = np.zeros_like(keys), np.zeros_like(v)
    more_dkeys, more_dv = np.ones_like(keys), np.ones_like(v)
    additive_scores_backward(de, q, keys, v, dkeys, dv)
    additive_scores_backward(de, q, keys, v, more_dkeys, more_dv)
    np.testing.assert_allclose(more_dkeys, dkeys + 1, rtol=1e-13)
    np.testing.assert_allclose(more_dv, dv + 1, rtol=1e-13)


@pytest.mark.parametrize("rows", [1, 2, 3], ids=["a row a block", "an uneven last block", "even blocks"])
def test_the_size_of_a_block_does_not_matter(monkeypatch, rows):
    batch = 6 if rows == 3 else 5
    q, keys, v, de = draw(T, batch, K), draw(batch, S, K), draw(K), draw(T, batch, S)

    def run():
        dkeys, dv = np.zeros_like(keys), np.zeros_like(v)
        dq = additive_scores_backward(de, q, keys, v, dkeys, dv)
        return additive_scores(q, keys, v), dq, dkeys, dv

    whole = run()
    monkeypatch.setattr(attention, "_BLOCK", rows * S * K)
    for part, expected in zip(run(), whole, strict=True):
        np.testing.assert_allclose(part, expected, rtol=1e-12, atol=1e-14)


@STEPS
def test_gradient_of_context(steps):
    e, values, dcontext = draw(steps, B, S), draw(B, S, M), draw(steps, B, M)
    _, alpha = attend(e, values, MASK)
    pairs = {
        "e": (e, attend_backward(dcontext, alpha, values)),
        "values": (values, sum_outer([(alpha, dcontext)])),
    }
    assert_gradients(lambda: np.sum(attend(e, values, MASK)[0] * dcontext), pairs)


def test_padding_has_neither_weight_nor_gradient():
    e, values = draw(T, B, S), draw(B, S, M)
    context, alpha = attend(e, values, MASK)
    np.testing.assert_allclose(alpha.sum(axis=-1), 1, rtol=1e-14)
    assert (alpha > 0).tolist() == np.broadcast_to(MASK, alpha.shape).tolist()
    de = attend_backward(draw(T, B, M), alpha, values)
    assert (de != 0).tolist() == np.broadcast_to(MASK, de.shape).tolist()
    same, _ = attend(np.where(MASK, e, 1e9), values, MASK)
    np.testing.assert_array_equal(same, context)


def test_enormous_scores_do_not_overflow():
    scores = np.array([[[1e4, 0, -1e4, 1e4], [-1e4, -1e4, 5, 5]]])
    _, alpha = attend(scores, draw(B, S, M), MASK)
    np.testing.assert_allclose(alpha, [[[0.5, 0, 0, 0.5], [0.5, 0.5, 0, 0]]], rtol=1e-12)


def test_outer_products_are_summed_over_steps_and_pairs():
    a, b = draw(T, B, S), draw(T, B, K)
    expected = np.einsum("tbj,tbk->bjk", a, b)
    np.testing.assert_allclose(sum_outer([(a, b)]), expected, rtol=1e-12, atol=1e-14)
    pairs = [(a[2:], b[2:]), (a[:2], b[:2])]
    np.testing.assert_allclose(sum_outer(pairs), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("batch", [1, 2])
def test_padding_a_memory_leaves_the_callers_array_as_it_is(batch):
    memory = draw(S, batch, M)
    before = memory.copy()
    values, mask = pad_memory(memory, np.full(batch, 2))
    np.testing.assert_array_equal(memory, before)
    np.testing.assert_array_equal(values[:, :2], before[:2].swapaxes(0, 1))
    assert not values[:, 2:].any()
    assert mask.tolist() == [[True, True, False, False]] * batch
