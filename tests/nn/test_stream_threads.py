"""A stream serves one thread: a second one in the middle of a step is refused, and mixes nothing."""

from __future__ import annotations

import threading
from copy import deepcopy

import numpy as np
import pytest

from gatewise.errors import ArgumentError, BusyError, GatewiseError
from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, AttentionDecoder, TokenStream
from gatewise.types import State
from tests.nn.streams import draw, language_parts, shaken, steps

pytestmark = pytest.mark.usefixtures("free_choice")

X = draw(np.random.default_rng(0), 6, 1, 3)


class Held:
    """Stands for a part that a step calls: when it is asked to, it stops there until it is let go."""

    def __init__(self, part):
        self._part, self.hold = part, False
        self.reached, self.go = threading.Event(), threading.Event()

    def _wait(self):
        if self.hold:
            self.reached.set()
            assert self.go.wait(60)

    def __call__(self, *arguments):
        self._wait()
        return self._part(*arguments)

    def __getattr__(self, name):
        found = getattr(self._part, name)
        if name not in ("step", "step_tokens", "generate"):
            return found

        def held(*arguments):
            self._wait()
            return found(*arguments)

        return held


def held_in(stream):
    """Put what stops a step into a stream."""
    name = "_layer" if stream._native is None else "_native"
    held = Held(getattr(stream, name))
    setattr(stream, name, held)
    return held


def in_the_middle(held, first, others):
    """Begin ``first`` in a thread, try the others while it is held, let it go on; what came of it."""
    results = []
    held.hold = True
    thread = threading.Thread(target=lambda: results.append(first()))
    thread.start()
    assert held.reached.wait(60)
    held.hold = False
    try:
        for other in others:
            with pytest.raises(
                BusyError, match=r"another thread is using it at this moment.*one thread at a"
            ):
                other()
    finally:
        held.go.set()
        thread.join()
    return results[0]


@pytest.mark.parametrize("target", targets())
def test_a_second_thread_in_the_middle_of_a_step_is_refused_and_changes_nothing(target):
    set_target(target)
    layer = shaken(LSTM(3, 5, 2))
    expected = steps(layer.stream(), X)
    stream = layer.stream()
    held = held_in(stream)
    zeros = State(np.zeros((2, 1, 5), np.float32), np.zeros((2, 1, 5), np.float32))
    found = [stream.step(x).copy() for x in X[:2]]
    others = [
        lambda: stream.step(X[0]),
        stream.reset,
        lambda: stream.state,
        lambda: setattr(stream, "state", zeros),
    ]
    found.append(in_the_middle(held, lambda: stream.step(X[2]).copy(), others))
    found += [stream.step(x).copy() for x in X[3:]]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("target", targets())
def test_so_it_is_with_tokens(target):
    set_target(target)
    parts = language_parts(6, LSTM(5, 5))
    tokens = np.array([[1], [2], [0], [3]])
    expected = steps(TokenStream(*parts), tokens)
    stream = TokenStream(*parts)
    held = held_in(stream)
    found = [stream.step(tokens[0]).copy()]
    found.append(in_the_middle(held, lambda: stream.step(tokens[1]).copy(), [lambda: stream.step(tokens[1])]))
    found += [stream.step(each).copy() for each in tokens[2:]]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(len(targets()) < 2, reason="the native module is not here")
def test_so_it_is_while_a_text_is_written():
    parts, uniforms = language_parts(6, LSTM(5, 5)), np.linspace(0.1, 0.9, 5)
    expected = TokenStream(*parts).generate(1, uniforms, 1.0)
    stream = TokenStream(*parts)
    held = held_in(stream)
    others = [lambda: stream.step(np.array([1])), lambda: stream.generate(1, uniforms, 1.0)]
    found = in_the_middle(held, lambda: stream.generate(1, uniforms, 1.0), others)
    np.testing.assert_array_equal(found, expected)


def test_so_it_is_with_a_decoder():
    decoder = AttentionDecoder(3, 4, 1, 4, seed=0)
    memory = draw(np.random.default_rng(1), 5, 1, 4)
    prepared = decoder.attention.prepare(memory)
    begin = State(np.zeros((1, 1, 4), np.float32), np.zeros((1, 1, 4), np.float32))
    alone = decoder.stream(begin)
    expected = [alone.step(x, prepared)[0] for x in X[:3]]
    stream = decoder.stream(begin)
    held = Held(stream._stepper.step)
    stream._stepper.step = held
    found = [stream.step(X[0], prepared)[0]]
    others = [lambda: stream.step(X[1], prepared)]
    found.append(in_the_middle(held, lambda: stream.step(X[1], prepared)[0], others))
    found.append(stream.step(X[2], prepared)[0])
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("target", targets())
def test_after_an_error_the_stream_is_free_again(target):
    set_target(target)
    stream = shaken(LSTM(3, 5)).stream()
    for _ in range(2):
        with pytest.raises(ArgumentError):
            stream.step(np.zeros((1, 4), np.float32))
    with pytest.raises(ArgumentError):
        stream.state = None
    assert stream.step(X[0]).shape == (1, 5)


@pytest.mark.parametrize("target", targets())
def test_threads_that_take_turns_are_welcome(target):
    set_target(target)
    layer = shaken(LSTM(3, 5))
    expected, stream, found = steps(layer.stream(), X), layer.stream(), []
    for x in X:
        thread = threading.Thread(target=lambda x=x: found.append(stream.step(x).copy()))
        thread.start()
        thread.join()
    np.testing.assert_array_equal(found, expected)


def test_a_stream_without_kernel_can_still_be_copied():
    set_target("numpy")
    stream = shaken(LSTM(3, 5)).stream()
    stream.step(X[0])
    again = deepcopy(stream)
    np.testing.assert_array_equal(again.step(X[1]), stream.step(X[1]))


def test_the_error_is_one_of_gatewise_and_of_python():
    assert issubclass(BusyError, GatewiseError)
    assert issubclass(BusyError, RuntimeError)
