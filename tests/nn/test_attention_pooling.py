"""Attention pooling: its gradients, and what it is by its equations."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import AttentionPooling
from tests.ops.gradients import assert_gradients

LENGTHS = np.array([2, 4])


@pytest.fixture
def layer():
    return AttentionPooling(3, 5, seed=1, dtype=np.float64)


@pytest.fixture
def y():
    return np.random.default_rng(2).normal(size=(4, 2, 3))


def test_it_is_the_mean_weighed_by_the_answers_to_the_query(layer, y):
    pooled = layer(y, LENGTHS)
    for b, length in enumerate(LENGTHS):
        scores = [
            layer.parameters["query"] @ np.tanh(layer.parameters["weight"] @ step + layer.parameters["bias"])
            for step in y[:length, b]
        ]
        shares = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(pooled[b], shares @ y[:length, b], rtol=1e-13)


def test_gradients(layer, y):
    layer.parameters["bias"][...] = np.random.default_rng(3).normal(size=5)
    dpooled = np.random.default_rng(4).normal(size=(2, 3))
    _, cache = layer.forward(y, LENGTHS)
    pairs = {"y": (y, layer.backward(dpooled, cache))}
    pairs |= {name: (layer.parameters[name], layer.gradients[name]) for name in layer.parameters}
    assert_gradients(lambda: np.sum(layer(y, LENGTHS) * dpooled), pairs)


def test_backward_adds_to_the_gradients(layer, y):
    dpooled = np.ones((2, 3))
    layer.backward(dpooled, layer.forward(y, LENGTHS)[1])
    once = layer.gradients.vector.copy()
    layer.backward(dpooled, layer.forward(y, LENGTHS)[1])
    np.testing.assert_allclose(layer.gradients.vector, 2 * once, rtol=1e-14)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros((4, 2, 2))}, r"x has shape \(4, 2, 2\); expected \(T, B, 3\)"),
        ({"y": np.zeros((4, 2, 3), np.float32)}, "dtype float32"),
        ({"lengths": np.array([2, 5])}, r"lengths lie in \[2, 5\]"),
        ({"lengths": np.array([2, 0])}, "sequence 1 has no step"),
    ],
    ids=["features", "type", "too long", "empty"],
)
def test_what_does_not_fit_is_refused(layer, y, change, message):
    with pytest.raises(ArgumentError, match=message):
        layer.forward(**{"y": y, "lengths": LENGTHS, **change})


def test_sizes_are_checked():
    with pytest.raises(ArgumentError, match="AttentionPooling: attention_size=0"):
        AttentionPooling(3, 0)
