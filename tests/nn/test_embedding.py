"""Embedding: rows of a table chosen by token; a symbol that occurs often collects all its gradients."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import Embedding
from tests.ops.gradients import assert_gradients

TOKENS = {
    "repeated": np.array([[3, 0, 3], [3, 4, 0]]),
    "one symbol": np.array([2, 2, 2, 2]),
    "a single token": np.array(1),
}


@pytest.mark.parametrize("tokens", TOKENS.values(), ids=TOKENS)
def test_value_and_gradient(tokens):
    layer = Embedding(5, 3, dtype=np.float64)
    dy = np.random.default_rng(0).normal(size=(*tokens.shape, 3))
    y, cache = layer.forward(tokens)
    assert np.array_equal(y, layer.parameters["weight"][tokens])
    assert np.array_equal(layer(tokens), y)
    layer.backward(dy, cache)
    pairs = {"weight": (layer.parameters["weight"], layer.gradients["weight"])}
    assert_gradients(lambda: float(np.sum(layer(tokens) * dy)), pairs)
    absent = np.setdiff1d(np.arange(5), tokens)
    assert not layer.gradients["weight"][absent].any()


def test_gradients_add_up():
    layer = Embedding(4, 2, dtype=np.float64)
    for _ in range(2):
        layer.backward(np.ones((3, 2)), np.array([1, 3, 1]))
    assert layer.gradients["weight"].tolist() == [[0, 0], [4, 4], [0, 0], [2, 2]]


def test_no_tokens_give_no_rows():
    layer = Embedding(4, 2)
    y, cache = layer.forward(np.empty((0, 3), dtype=int))
    assert y.shape == (0, 3, 2)
    layer.backward(y, cache)
    assert not layer.gradients.vector.any()


def test_the_rows_handed_out_are_not_the_table():
    layer = Embedding(4, 2)
    assert not np.shares_memory(layer(np.arange(4)), layer.parameters["weight"])


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64], ids=["uint8", "int16", "int64"])
def test_tokens_may_be_integers_of_any_type(dtype):
    layer = Embedding(200, 2)
    layer.backward(np.ones((2, 2), dtype=np.float32), np.array([199, 0], dtype=dtype))
    assert np.flatnonzero(layer.gradients["weight"].any(axis=1)).tolist() == [0, 199]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Embedding(0, 2), "Embedding: vocabulary_size=0; expected a whole number of at least 1"),
        (lambda: Embedding(5, -1), "Embedding: embedding_size=-1; expected a whole number of at least 1"),
        (lambda: Embedding(5, 2, dtype=np.int32), "Embedding: dtype=.*int32.*; expected float32 or float64"),
        (lambda: Embedding(5, 2)(np.array([0, 5])), r"Embedding: tokens lie in \[0, 5\]; expected \[0, 5\)"),
        (
            lambda: Embedding(5, 2)(np.array([-1, 4])),
            r"Embedding: tokens lie in \[-1, 4\]; expected \[0, 5\)",
        ),
        (lambda: Embedding(5, 2)(np.zeros(3)), "Embedding: tokens has dtype float64; expected integers"),
    ],
    ids=["no symbols", "negative size", "int32", "token too large", "negative token", "float tokens"],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
