"""The same bits whatever the number of threads, whoever else is calling, and on both sides of a fork."""

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import gatewise
from gatewise.kernels import fma_peak, recurrent_threads, set_target, set_threads
from gatewise.nn import LSTM, RNN, Embedding, Linear, TokenStream
from gatewise.ops.dropout import StateMasks
from gatewise.ops.sequence.native import native_layer
from gatewise.ops.sequence.walk import Walk
from gatewise.ops.sequence.weights import Weights
from tests.kernels.cases import (
    CELLS,
    NATIVE,
    assert_same_bits,
    draw_case,
    forward_and_backward,
    inference,
    some_options,
)

pytestmark = pytest.mark.skipif(not NATIVE, reason="the native module is not here")

COUNTS = [2, 3, 5]
# Enough arithmetic for five threads, in shapes that no number of threads divides.
SIZES = {
    "wide": {"steps": 7, "batch": 37, "features": 29, "hidden": 90},
    "fewer rows than threads": {"steps": 40, "batch": 3, "features": 30, "hidden": 101},
    "one row": {"steps": 60, "batch": 1, "features": 30, "hidden": 130},
    "two rows and many units": {"steps": 12, "batch": 2, "features": 20, "hidden": 403},
    "a tile of rows and many units": {"steps": 6, "batch": 6, "features": 9, "hidden": 401},
    "long": {"steps": 150, "batch": 11, "features": 50, "hidden": 33},
    "more symbols than steps": {"steps": 9, "batch": 33, "features": 31, "hidden": 65, "symbols": 500},
}


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)
    set_threads(None)


def outcome(case, target):
    return forward_and_backward(case, target) | inference(case, target)


def some_case(kind, name, seed):
    rng = np.random.default_rng([seed, list(CELLS).index(kind), list(SIZES).index(name)])
    options = (some_options(rng) - {"zoneout c"}) if seed else frozenset()
    return draw_case(rng, kind, options | ({"tokens"} if "symbols" in SIZES[name] else set()), **SIZES[name])


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("kind", ["lstm", "rnn-tanh"])
def test_a_pass_has_the_same_bits_in_any_number_of_threads(kind, name, target):
    for seed in range(3):
        case = some_case(kind, name, seed)
        set_threads(1)
        alone = outcome(case, target)
        for count in COUNTS:
            set_threads(count)
            assert_same_bits(outcome(case, target), alone, f"{case} in {count} threads")


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 7, 9, 12])
@pytest.mark.parametrize("kind", ["lstm", "rnn-tanh"])
def test_any_mixture_of_options_has_the_same_bits_in_any_number_of_threads(kind, batch, target):
    """With few rows threads divide the units, and wait for each other at every step."""
    for seed, hidden in enumerate((101, 129, 170) if kind == "lstm" else (257, 301, 337)):
        rng = np.random.default_rng([batch, hidden])
        features = int(rng.integers(1, 60))
        each = CELLS[kind].gates * hidden * (hidden + features) * batch
        options = some_options(rng) - ({"zoneout c"} if seed % 2 else {"peephole"})
        # Enough for five threads; the shorter rows of a ragged batch count as the longest.
        steps = -(-2_100_000 // each)
        case = draw_case(rng, kind, options, steps=steps, batch=batch, features=features, hidden=hidden)
        set_threads(1)
        alone = outcome(case, target)
        for count in COUNTS:
            set_threads(count)
            assert_same_bits(outcome(case, target), alone, f"{case} in {count} threads")


def threads_of(kind, steps, batch, hidden, *, features=4, of=8):
    """How many of so many threads a pass takes."""
    cell = CELLS[kind]
    rows = cell.gates * hidden
    weights = Weights(*(np.zeros(shape, np.float32) for shape in ((rows, features), (rows, hidden), rows)))
    x = np.zeros((steps, batch, features), np.float32)
    set_target(NATIVE[-1])
    set_threads(of)
    return recurrent_threads(native_layer(cell, Walk(steps, batch), x, weights, StateMasks()))


@pytest.mark.parametrize("kind", ["lstm", "rnn-tanh"])
@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("hidden", [1, 8, 16, 32])
def test_short_steps_of_few_rows_wake_nobody_however_many_they_are(kind, batch, hidden):
    """There threads would wait for each other at every step, longer than the step itself takes."""
    for steps in (10, 1000, 20_000):
        assert threads_of(kind, steps, batch, hidden) == 1
        assert threads_of(kind, steps, batch, hidden, of=2) == 1


def test_steps_are_shared_by_as_many_as_have_enough_to_do():
    assert threads_of("lstm", 500, 1, 64) == 1
    assert threads_of("lstm", 500, 1, 128) == 3
    assert threads_of("lstm", 500, 1, 256) == 8
    assert threads_of("lstm", 500, 1, 256, of=2) == 2
    assert threads_of("lstm", 500, 2, 128) == 6
    assert threads_of("rnn-tanh", 500, 1, 256) == 3
    assert threads_of("lstm", 1, 1, 256) == 1  # the whole pass is too short


def test_rows_are_shared_where_there_are_enough_and_wait_for_nobody():
    assert threads_of("lstm", 2000, 16, 8) == 8
    assert threads_of("lstm", 2000, 5, 8) == 2
    assert threads_of("lstm", 20, 16, 8) == 1
    assert threads_of("lstm", 500, 5, 300) == 8


def test_at_a_tie_rows_are_shared_for_these_wait_for_nobody():
    """Two threads could have two rows each, or half the units."""
    from gatewise.kernels import _native

    x = np.zeros((500, 4, 4), np.float32)
    weights = Weights(*(np.zeros(shape, np.float32) for shape in ((208, 4), (208, 52), 208)))
    layer = native_layer(CELLS["lstm"], Walk(500, 4), x, weights, StateMasks())
    assert _native.recurrent_sharing(8, layer, 500, 4) == (2, False)


def stream_outputs(layer, inputs):
    stream = layer.stream(inputs.shape[1])
    ys = np.stack([stream.step(x).copy() for x in inputs])
    return {"y": ys, "h": stream.state.h, "c": stream.state.c}


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("batch_size", [1, 2, 7, 30])
@pytest.mark.parametrize("layer", [LSTM(90, 301, 2, peephole=True), RNN(90, 613, 2)], ids=["LSTM", "RNN"])
def test_a_stream_has_the_same_bits_in_any_number_of_threads(layer, batch_size, target):
    set_target(target)
    x = np.random.default_rng(0).standard_normal((4, batch_size, 90)).astype(np.float32)
    set_threads(1)
    alone = stream_outputs(layer, x)
    for count in COUNTS:
        set_threads(count)
        assert_same_bits(stream_outputs(layer, x), alone, f"{count} threads")


@pytest.mark.parametrize("target", NATIVE)
def test_logits_have_the_same_bits_in_any_number_of_threads(target):
    set_target(target)
    embedding, layer, head = Embedding(3001, 40, seed=1), LSTM(40, 60, seed=2), Linear(60, 3001, seed=3)
    tokens = np.random.default_rng(0).integers(0, 3001, (5, 3))
    found = {}
    for count in (1, *COUNTS):
        set_threads(count)
        stream = TokenStream(embedding, layer, head, 3)
        found[count] = {"logits": np.stack([stream.step(each).copy() for each in tokens])}
        assert_same_bits(found[count], found[1], f"{count} threads")


def in_threads(works):
    """Runs all works at once, in a Python thread each; raises the first that any of them raised."""
    errors = []

    def guarded(work):
        try:
            work()
        except BaseException as error:  # whatever it was, the test must hear of it
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_several_python_threads_may_call_at_once(count):
    set_threads(count)
    names = [("lstm", "wide"), ("rnn-tanh", "long"), ("lstm", "one row"), ("lstm", "more symbols than steps")]
    cases = [some_case(kind, name, 1) for kind, name in names]
    expected = [outcome(case, NATIVE[-1]) for case in cases]
    layer = LSTM(20, 300, seed=4)
    x = np.random.default_rng(0).standard_normal((10, 7, 20)).astype(np.float32)
    stepped = stream_outputs(layer, x)

    def work(case, truth):
        for _ in range(5):
            assert_same_bits(outcome(case, NATIVE[-1]), truth, str(case))

    works = [lambda pair=pair: work(*pair) for pair in zip(cases, expected, strict=True)]
    works += [lambda: assert_same_bits(stream_outputs(layer, x), stepped)] * 2
    in_threads(works)


@pytest.mark.parametrize("target", NATIVE)
def test_a_pass_while_another_thread_holds_the_workers(target):
    """Then it runs alone, and to the same bits."""
    set_target(target)
    set_threads(2)
    case = some_case("lstm", "wide", 2)
    layer = RNN(20, 700, seed=4)
    x = np.random.default_rng(0).standard_normal((10, 7, 20)).astype(np.float32)
    expected, stepped = outcome(case, target), stream_outputs(layer, x)
    done = threading.Event()

    def hold():
        while not done.is_set():
            fma_peak(2)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        for _ in range(5):
            assert_same_bits(outcome(case, target), expected)
            assert_same_bits(stream_outputs(layer, x), stepped)
    finally:
        done.set()
        holder.join()


def test_more_threads_than_a_pass_is_worth_or_the_batch_has_rows():
    set_threads(1)
    cases = [
        draw_case(
            np.random.default_rng(seed), "lstm", frozenset(), steps=3, batch=batch, features=2, hidden=hidden
        )
        for seed, (batch, hidden) in enumerate([(1, 1), (1, 300), (2, 5), (3, 200)])
    ]
    expected = [outcome(case, NATIVE[-1]) for case in cases]
    set_threads(64)
    for case, truth in zip(cases, expected, strict=True):
        assert_same_bits(outcome(case, NATIVE[-1]), truth, str(case))


FORKS = """
    import os, signal, sys, threading, warnings

    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)

    import numpy as np
    from gatewise.kernels import _native, set_threads
    from gatewise.nn import LSTM

    _native.let_ranks_crowd(True)
    layer = LSTM(30, 90, 2, bidirectional=False, seed=1)
    x = np.random.default_rng(0).standard_normal((8, 37, 30)).astype(np.float32)

    def outcome():
        layer.zero_gradients()
        y, state, cache = layer.forward(x)
        dx, dstate = layer.backward(np.ones_like(y), cache)
        inferred, _ = layer(x)
        stream = layer.stream(37)
        stepped = [stream.step(each).copy() for each in x]
        arrays = (y, *state, dx, *dstate, layer.gradients.vector, inferred, *stepped)
        return b"".join(array.tobytes() for array in arrays)

    def in_a_child(work):
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # a child that hangs is ended, and not left behind
            try:
                os._exit(0 if work() else 1)
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(2)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    set_threads(1)
    expected = outcome()
    set_threads(3)
    same = lambda: outcome() == expected
"""


def run_script(script):
    code = textwrap.dedent(FORKS) + textwrap.dedent(script)
    source = Path(gatewise.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(source), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@needs_fork
def test_a_fork_before_the_first_call():
    run_script("assert in_a_child(same) and same() and in_a_child(same)")


@needs_fork
def test_a_child_gets_workers_of_its_own_and_the_parent_keeps_its():
    run_script("""
        assert same()
        assert in_a_child(same)
        assert same()
        assert in_a_child(lambda: same() and in_a_child(same) and same())
        assert same()
    """)


@needs_fork
def test_a_stream_made_before_a_fork_goes_on_in_both():
    run_script("""
        big = LSTM(30, 300, seed=1)
        def steps(stream):
            return b"".join(stream.step(each).tobytes() for each in x)
        truth, stream = steps(big.stream(37)), big.stream(37)
        stream.step(x[0])
        stream.reset()
        assert in_a_child(lambda: steps(stream) == truth)
        assert steps(stream) == truth
    """)


@needs_fork
def test_a_fork_while_another_thread_is_at_work():
    run_script("""
        done = threading.Event()
        right = []

        def work():
            other = LSTM(40, 120, seed=2)
            z = np.random.default_rng(1).standard_normal((20, 40, 40)).astype(np.float32)
            truth = other(z)[0].tobytes()
            while not done.is_set():
                right.append(other(z)[0].tobytes() == truth)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for _ in range(5):
                assert in_a_child(same)
                assert same()
        finally:
            done.set()
            thread.join()
        assert all(right) and right
    """)
