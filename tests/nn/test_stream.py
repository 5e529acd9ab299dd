"""Streams: a sequence taken step by step equals the whole, on every target, and nothing else changes it."""

import tracemalloc

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, set_threads, targets
from gatewise.nn import LSTM, RNN, Embedding, Linear, TokenStream
from gatewise.types import State

NATIVE = [name for name in targets() if name != "numpy"]
needs_native = pytest.mark.skipif(not NATIVE, reason="the native module is not here")

LAYERS = {
    "LSTM": lambda *sizes, **options: LSTM(*sizes, **options),
    "LSTM without tanh": lambda *sizes, **options: LSTM(*sizes, output_tanh=False, **options),
    "LSTM with a linear candidate": lambda *sizes, **options: LSTM(*sizes, candidate_tanh=False, **options),
    "LSTM with peepholes": lambda *sizes, **options: LSTM(*sizes, peephole=True, **options),
    "LSTM with all": lambda *sizes, **options: LSTM(
        *sizes, peephole=True, output_tanh=False, zoneout_hidden=0.2, **options
    ),
    "LSTM with zoneout": lambda *sizes, **options: LSTM(
        *sizes, zoneout_hidden=0.2, zoneout_cell=0.35, **options
    ),
    "LSTM with dropout": lambda *sizes, **options: LSTM(
        *sizes, dropout=0.5, recurrent_dropout=0.4, **options
    ),
    "RNN": lambda *sizes, **options: RNN(*sizes, **options),
    "RNN with sigmoid": lambda *sizes, **options: RNN(*sizes, activation="sigmoid", **options),
    "RNN with relu and zoneout": lambda *sizes, **options: RNN(
        *sizes, activation="relu", zoneout_hidden=0.3, **options
    ),
}
# D, H, L: around the widths of vectors, panels and blocks.
SIZES = [
    (1, 1, 1),
    (3, 16, 2),
    (5, 17, 3),
    (28, 33, 1),
    (64, 65, 2),
    (7, 130, 1),
    (400, 20, 1),
    (5, (33, 17, 40)),
]


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)
    set_threads(None)


def shaken(layer, seed=0):
    """The layer with biases and peepholes that a test can see."""
    rng = np.random.default_rng(seed)
    vector = layer.parameters.vector
    vector[...] = rng.uniform(-1, 1, vector.size) / np.sqrt(layer.hidden_size)
    return layer


def wide_twin(layer, make, *sizes):
    twin = make(*sizes, dtype=np.float64)
    twin.parameters.vector[...] = layer.parameters.vector
    return twin


def draw(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def draw_state(rng, layer, batch):
    """Zero beyond a layer's width."""
    shape = (layer.num_layers, batch, layer.hidden_size)
    inside = np.arange(layer.hidden_size) < np.array(layer.hidden_sizes)[:, None, None]
    memory = layer.hidden_size if layer.cell.has_memory else 0
    return State(draw(rng, *shape) * inside, draw(rng, *shape[:2], memory) * inside[..., :memory])


def steps(stream, x):
    return np.stack([stream.step(each).copy() for each in x])


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("batch_size", [1, 2, 7, 30])
@pytest.mark.parametrize("kind", LAYERS)
def test_step_by_step_equals_the_whole(kind, batch_size, target):
    """Against the reference in float64, from a state that is not zero to the state after the last step."""
    rng = np.random.default_rng(batch_size)
    for sizes in SIZES:
        layer = shaken(LAYERS[kind](*sizes))
        x, state = draw(rng, 5, batch_size, sizes[0]), draw_state(rng, layer, batch_size)
        wide_state = State(*(part.astype(np.float64) for part in state))
        truth, last = wide_twin(layer, LAYERS[kind], *sizes)(x.astype(np.float64), wide_state)
        set_target(target)
        stream = layer.stream(batch_size)
        stream.state = state
        np.testing.assert_allclose(steps(stream, x), truth, rtol=0, atol=1e-5, err_msg=str(sizes))
        np.testing.assert_allclose(stream.state.h, last.h, rtol=0, atol=1e-5, err_msg=str(sizes))
        np.testing.assert_allclose(stream.state.c, last.c, rtol=0, atol=1e-5, err_msg=str(sizes))


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("kind", ["linear candidate", "peepholes and zoneout", "skip connections", "float64"])
def test_what_has_no_kernel_streams_all_the_same(kind, target):
    options = {
        "linear candidate": {"candidate_tanh": False},
        "peepholes and zoneout": {"peephole": True, "zoneout_cell": 0.3},
        "skip connections": {"skip_connections": True},
        "float64": {"dtype": np.float64},
    }[kind]
    layer = shaken(LSTM(4, 9, 2, **options))
    x = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(layer.dtype)
    set_target(target)
    stream = layer.stream(3)
    y = steps(stream, x)
    expected, last = layer(x)
    assert y.dtype == layer.dtype
    assert y.shape == (5, 3, layer.output_size)
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(stream.state.c, last.c, rtol=0, atol=1e-6)


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("kind", ["LSTM", "LSTM with all", "RNN"])
def test_a_stream_begins_and_begins_again_from_zeros(kind, target):
    set_target(target)
    layer = shaken(LAYERS[kind](3, 18, 2))
    x = draw(np.random.default_rng(1), 4, 2, 3)
    stream = layer.stream(2)
    assert not any(part.any() for part in stream.state)
    first = steps(stream, x)
    assert stream.state.h.any()
    stream.reset()
    assert not any(part.any() for part in stream.state)
    np.testing.assert_array_equal(steps(stream, x), first)


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("kind", ["LSTM", "RNN"])
def test_a_state_can_be_taken_out_and_put_back(kind, target):
    """After odd and even numbers of steps, into the same stream and into another."""
    set_target(target)
    layer = shaken(LAYERS[kind](3, (18, 7, 20)))
    x = draw(np.random.default_rng(2), 7, 2, 3)
    stream, other = layer.stream(2), layer.stream(2)
    whole = steps(stream, x)
    for taken in range(7):
        stream.reset()
        for each in x[:taken]:
            stream.step(each)
        state = stream.state
        for each in (stream, other):
            each.state = state
            np.testing.assert_array_equal(each.state.h, state.h)
            np.testing.assert_array_equal(each.state.c, state.c)
            np.testing.assert_array_equal(steps(each, x[taken:]), whole[taken:])


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
def test_a_layer_and_its_stream_hand_their_state_to_each_other(kind, target):
    set_target(target)
    layer = shaken(LAYERS[kind](3, (17, 9)))
    x = draw(np.random.default_rng(5), 8, 4, 3)
    whole, _ = layer(x)
    stream = layer.stream(4)
    _, stream.state = layer(x[:3])
    np.testing.assert_allclose(steps(stream, x[3:6]), whole[3:6], rtol=0, atol=1e-6)
    np.testing.assert_allclose(layer(x[6:], stream.state)[0], whole[6:], rtol=0, atol=1e-6)


def test_a_plain_tuple_is_a_state_as_it_is_for_the_layer():
    layer = LSTM(3, 6)
    state = draw_state(np.random.default_rng(4), layer, 1)
    stream = layer.stream()
    stream.state = tuple(state)
    np.testing.assert_array_equal(stream.state.c, state.c)


@pytest.mark.parametrize("target", targets())
def test_a_plain_rnn_does_not_look_at_a_cell_state(target):
    """As the layer does not."""
    set_target(target)
    layer = shaken(RNN(3, 6))
    h = draw(np.random.default_rng(4), 1, 1, 6)
    x = draw(np.random.default_rng(5), 2, 1, 3)
    for state in (State(h), State(h, np.full((1, 1, 6), np.nan, dtype=np.float32))):
        stream = layer.stream()
        stream.state = state
        np.testing.assert_allclose(steps(stream, x), layer(x, state)[0], rtol=0, atol=1e-6)


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
def test_streams_of_one_layer_do_not_know_each_other(target):
    set_target(target)
    layer = shaken(LSTM(3, 6))
    x = draw(np.random.default_rng(7), 4, 1, 3)
    one, other = layer.stream(), layer.stream()
    expected = steps(other, x)
    other.reset()
    found = []
    for each in x:
        one.step(-each)
        found.append(other.step(each).copy())
    np.testing.assert_array_equal(found, expected)


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


BAD_INPUTS = {
    "another batch": (np.zeros((3, 4), np.float32), r"stream: x has shape \(3, 4\); expected \(2, 4\)"),
    "another width": (np.zeros((2, 5), np.float32), r"stream: x has shape \(2, 5\); expected \(2, 4\)"),
    "no batch": (np.zeros(4, np.float32), r"stream: x has shape \(4,\); expected \(2, 4\)"),
    "a sequence": (np.zeros((1, 2, 4), np.float32), r"stream: x has shape \(1, 2, 4\); expected \(2, 4\)"),
    "nothing": (np.zeros((0, 4), np.float32), r"stream: x has shape \(0, 4\); expected \(2, 4\)"),
    "float64": (np.zeros((2, 4)), "stream: x has dtype float64; this layer computes in float32"),
    "integers": (np.zeros((2, 4), int), "stream: x has dtype int64; this layer computes in float32"),
    "the other end first": (
        np.zeros((2, 4), ">f4"),
        "stream: x has dtype >f4; this layer computes in float32",
    ),
    "a list": ([[0.0] * 4] * 2, "stream: x has type list; this layer computes in float32"),
    "None": (None, "stream: x has type NoneType; this layer computes in float32"),
}


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("name", BAD_INPUTS)
def test_an_input_that_does_not_fit_is_refused_and_changes_nothing(name, target):
    set_target(target)
    x, message = BAD_INPUTS[name]
    layer = shaken(LSTM(4, 6))
    good = draw(np.random.default_rng(11), 2, 2, 4)
    stream = layer.stream(2)
    expected = steps(stream, good)
    stream.reset()
    stream.step(good[0])
    with pytest.raises(ArgumentError, match=message):
        stream.step(x)
    np.testing.assert_array_equal(stream.step(good[1]), expected[1])


BAD_STATES = {
    "no layers": (
        lambda s: State(s.h[0], s.c[0]),
        r"stream: state.h has shape \(3, 5\); expected \(2, 3, 5\)",
    ),
    "another batch": (lambda s: State(s.h[:, :2], s.c[:, :2]), "stream: state.h has shape"),
    "another c": (lambda s: State(s.h, s.c[..., :4]), r"stream: state.c has shape \(2, 3, 4\); expected"),
    "no c": (lambda s: State(s.h), r"stream: state.c has shape \(0,\); expected \(2, 3, 5\)"),
    "float64": (lambda s: State(s.h.astype(float), s.c), "stream: state.h has dtype float64"),
    "None": (lambda s: None, "stream: state"),
    "an array": (lambda s: s.h, "stream: state"),
}


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("name", BAD_STATES)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(name, target):
    set_target(target)
    make, message = BAD_STATES[name]
    layer = LSTM(4, 5, 2)
    stream = layer.stream(3)
    state = draw_state(np.random.default_rng(12), layer, 3)
    stream.state = state
    with pytest.raises(ArgumentError, match=message):
        stream.state = make(state)
    np.testing.assert_array_equal(stream.state.h, state.h)
    np.testing.assert_array_equal(stream.state.c, state.c)


@pytest.mark.parametrize("make", [LSTM, RNN])
def test_both_directions_cannot_be_streamed(make):
    with pytest.raises(ArgumentError, match="stream: the layer is bidirectional"):
        make(3, 4, bidirectional=True).stream()


@pytest.mark.parametrize("batch_size", [0, -1, 1.0, True, "2", None])
def test_a_batch_size_that_cannot_be_is_refused(batch_size):
    with pytest.raises(ArgumentError, match=r"stream: batch_size=.*; expected a whole number of at least 1"):
        LSTM(3, 4).stream(batch_size)


def language_parts(symbols, layer, *, bias=True, features=5, seed=0):
    embedding, head = (
        Embedding(symbols, features, seed=seed),
        Linear(layer.output_size, symbols, bias=bias, seed=seed),
    )
    if bias:
        head.parameters["bias"][...] = np.random.default_rng(seed).standard_normal(symbols)
    return embedding, shaken(layer), head


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
@pytest.mark.parametrize("batch_size", [1, 30])
@pytest.mark.parametrize("make", [LSTM, RNN])
def test_a_step_allocates_nothing(make, batch_size):
    stream = make(128, 256, 2).stream(batch_size)
    x = np.ones((batch_size, 128), np.float32)
    left, most = growth(lambda: stream.step(x))
    assert left < KEPT_BY_THE_TEST
    assert most < 400, "the smallest of the arrays at work has 512 bytes"


@needs_native
def test_a_step_of_tokens_keeps_nothing():
    stream = TokenStream(*language_parts(500, LSTM(5, 128, 2)), 7)
    tokens = np.arange(7)
    left, most = growth(lambda: stream.step(tokens))
    assert left < KEPT_BY_THE_TEST
    assert most < 2000, "a row of logits alone has 2000 bytes"
