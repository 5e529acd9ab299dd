"""Streams of tokens: from symbols to logits, step by step as the whole, whether or not a table is kept."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, RNN, TokenStream
from tests.nn.streams import language_parts, steps

pytestmark = pytest.mark.usefixtures("free_choice")

TABLES = {
    # kLargestTable in native/core/recurrent/stream.cpp is 2^22 floats; V * 4H padded to vectors.
    "one symbol": (1, lambda: LSTM(5, 6)),
    "a small table": (65, lambda: LSTM(5, 18, 2)),
    "a table of many blocks": (500, lambda: LSTM(5, 33, peephole=True)),
    "no table": (9000, lambda: LSTM(5, 120)),
    "no table, two layers": (9000, lambda: LSTM(5, 120, 2)),
    "a plain table": (300, lambda: RNN(5, 30, 2)),
    "no plain table": (9000, lambda: RNN(5, 480)),
    "widths": (300, lambda: LSTM(5, (30, 17))),
    "no table, widths": (9000, lambda: LSTM(5, (120, 40))),
    "skip connections": (20, lambda: LSTM(5, 6, 2, skip_connections=True)),
    "a linear candidate": (65, lambda: LSTM(5, 18, 2, candidate_tanh=False)),
}


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("batch_size", [1, 2, 7])
@pytest.mark.parametrize("name", TABLES)
def test_tokens_step_by_step_give_the_logits_of_the_whole(name, batch_size, target):
    symbols, make = TABLES[name]
    embedding, layer, head = language_parts(symbols, make())
    tokens = np.random.default_rng(0).integers(0, symbols, (4, batch_size))
    tokens.flat[-1] = symbols - 1
    set_target("numpy")
    y, last = layer(embedding(tokens))
    expected = head(y)
    set_target(target)
    stream = TokenStream(embedding, layer, head, batch_size)
    np.testing.assert_allclose(steps(stream, tokens), expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(stream.state.h, last.h, rtol=0, atol=1e-5)
    stream.reset()
    np.testing.assert_allclose(steps(stream, tokens), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("target", targets())
def test_a_head_without_bias(target):
    set_target(target)
    embedding, layer, head = language_parts(40, LSTM(5, 18), bias=False)
    tokens = np.random.default_rng(0).integers(0, 40, (4, 3))
    stream = TokenStream(embedding, layer, head, 3)
    np.testing.assert_allclose(steps(stream, tokens), head(layer(embedding(tokens))[0]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64, np.uint64])
def test_tokens_may_be_integers_of_any_type(dtype, target):
    set_target(target)
    embedding, layer, head = language_parts(200, LSTM(5, 6))
    stream = TokenStream(embedding, layer, head, 2)
    expected = stream.step(np.array([199, 3])).copy()
    for tokens in (np.array([199, 3], dtype), np.array([199, 0, 3, 0], dtype)[::2]):
        stream.reset()
        np.testing.assert_array_equal(stream.step(tokens), expected)
    stream.reset()
    np.testing.assert_array_equal(stream.step([199, 3]), expected)


BAD_TOKENS = {
    "too large": ([1, 30], r"tokens lie in \[1, 30\]; expected \[0, 30\)"),
    "negative": ([-1, 3], r"tokens lie in \[-1, 3\]; expected \[0, 30\)"),
    "far beyond 32 bits": ([0, 2**32 + 1], r"tokens lie in \[0, 4294967297\]; expected \[0, 30\)"),
    "another batch": ([1, 2, 3], r"stream: tokens has shape \(3,\); expected \(2,\)"),
    "one token": (1, r"stream: tokens has shape \(\); expected \(2,\)"),
    "a sequence": ([[1, 2]], r"stream: tokens has shape \(1, 2\); expected \(2,\)"),
    "floats": ([1.0, 2.0], "tokens has dtype float64; expected integers"),
    "truths": ([True, False], "tokens has dtype bool; expected integers"),
}


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("name", BAD_TOKENS)
def test_tokens_that_do_not_fit_are_refused_and_change_nothing(name, target):
    set_target(target)
    tokens, message = BAD_TOKENS[name]
    stream = TokenStream(*language_parts(30, LSTM(5, 6)), 2)
    expected = steps(stream, np.array([[1, 2], [3, 4]]))
    stream.reset()
    stream.step(np.array([1, 2]))
    with pytest.raises(ArgumentError, match=message):
        stream.step(tokens)
    np.testing.assert_array_equal(stream.step(np.array([3, 4])), expected[1])
