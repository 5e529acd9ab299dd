"""The memory of streams: what is copied, what is handed out again, and that a step allocates nothing."""

import tracemalloc

import numpy as np
import pytest

from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, RNN, TokenStream
from tests.nn.streams import LAYERS, draw, draw_state, language_parts, shaken, steps

pytestmark = pytest.mark.usefixtures("free_choice")

NATIVE = [name for name in targets() if name != "numpy"]
needs_native = pytest.mark.skipif(not NATIVE, reason="the native module is not here")


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("kind", ["LSTM", "RNN"])
def test_the_state_handed_over_is_a_copy_both_ways(kind, target):
    set_target(target)
    layer = shaken(LAYERS[kind](3, 6))
    x = draw(np.random.default_rng(3), 3, 1, 3)
    given = draw_state(np.random.default_rng(4), layer, 1)
    stream = layer.stream()
    stream.state = given
    expected = steps(stream, x)
    stream.state = given
    taken = stream.state
    for part in (*given, *taken):
        part[...] = 99
    np.testing.assert_array_equal(steps(stream, x), expected)
    stream.step(x[0])
    assert (taken.h == 99).all(), "a state taken out does not go on"


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("kind", ["LSTM", "RNN"])
def test_later_changes_of_the_layer_do_not_reach_the_stream(kind, target):
    set_target(target)
    layer = shaken(LAYERS[kind](3, 6, 2))
    x = draw(np.random.default_rng(6), 4, 1, 3)
    stream = layer.stream()
    expected = steps(stream, x)
    stream.reset()
    layer.parameters.vector[...] = 5
    np.testing.assert_array_equal(steps(stream, x), expected)


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("symbols", [30, 9000], ids=["table", "no table"])
def test_later_changes_of_any_part_do_not_reach_the_token_stream(symbols, target):
    set_target(target)
    parts = language_parts(symbols, LSTM(5, 120))
    tokens = np.array([[0], [7], [29], [1]])
    stream = TokenStream(*parts)
    expected = steps(stream, tokens)
    for part in parts:
        stream.reset()
        part.parameters.vector[...] = 3
        np.testing.assert_array_equal(steps(stream, tokens), expected, err_msg=type(part).__name__)


@needs_native
@pytest.mark.parametrize("target", NATIVE)
def test_the_same_array_comes_back_each_time(target):
    set_target(target)
    layer = shaken(LSTM(3, 6))
    stream = layer.stream(2)
    x = draw(np.random.default_rng(8), 2, 2, 3)
    y = stream.step(x[0])
    before = y.copy()
    assert stream.step(x[1]) is y
    assert not np.array_equal(y, before)
    assert y.dtype == np.float32
    assert y.flags.c_contiguous


@pytest.mark.parametrize("target", targets())
def test_the_array_that_comes_back_may_be_written_to_and_fed_in(target):
    set_target(target)
    layer = shaken(LSTM(6, 6, 2))
    x = draw(np.random.default_rng(9), 2, 6)
    stream = layer.stream(2)
    expected, y = [], x
    for _ in range(4):
        y = stream.step(y.copy()).copy()
        expected.append(y)
    stream.reset()
    y = x
    for each in expected:
        y = stream.step(y)
        np.testing.assert_array_equal(y, each)
    stream.reset()
    for each, fed in zip(expected, [x, *expected], strict=False):
        y = stream.step(fed)
        np.testing.assert_array_equal(y, each)
        y[...] = np.nan


@pytest.mark.parametrize("target", targets())
def test_the_input_may_lie_in_memory_as_it_likes(target):
    set_target(target)
    layer = shaken(LSTM(4, 6))
    x = draw(np.random.default_rng(10), 3, 4)
    stream = layer.stream(3)
    expected = stream.step(x).copy()
    strided = np.full((3, 8), np.float32(7))[:, ::2]
    strided[...] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    for other in (np.asfortranarray(x), strided, x[::-1].copy()[::-1], frozen):
        stream.reset()
        before = other.copy()
        np.testing.assert_array_equal(stream.step(other), expected)
        np.testing.assert_array_equal(other, before)


KEPT_BY_THE_TEST = 200  # bytes: its own two numbers


def growth(step, count=1000):
    """Bytes that are left after so many steps, and the most that were in use at once."""
    for _ in range(10):
        step()
    tracemalloc.start()
    try:
        step()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(count):
            step()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before, peak - before


@needs_native
@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("batch_size", [1, 30])
@pytest.mark.parametrize("make", [LSTM, RNN])
def test_a_step_allocates_nothing(make, batch_size, target):
    set_target(target)
    stream = make(128, 256, 2).stream(batch_size)
    x = np.ones((batch_size, 128), np.float32)
    left, most = growth(lambda: stream.step(x))
    assert left < KEPT_BY_THE_TEST
    assert most < 400, "the smallest of the arrays at work has 512 bytes"


@needs_native
@pytest.mark.parametrize("target", NATIVE)
def test_a_step_of_tokens_keeps_nothing(target):
    set_target(target)
    stream = TokenStream(*language_parts(500, LSTM(5, 128, 2)), 7)
    tokens = np.arange(7)
    left, most = growth(lambda: stream.step(tokens))
    assert left < KEPT_BY_THE_TEST
    assert most < 2000, "a row of logits alone has 2000 bytes"
