"""Streams: step by step equals the whole, on every target, from any state; what does not fit is refused."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, RNN
from gatewise.types import State
from tests.nn.streams import LAYERS, draw, draw_state, shaken, steps

pytestmark = pytest.mark.usefixtures("free_choice")
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


def wide_twin(layer, make, *sizes):
    twin = make(*sizes, dtype=np.float64)
    twin.parameters.vector[...] = layer.parameters.vector
    return twin


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
