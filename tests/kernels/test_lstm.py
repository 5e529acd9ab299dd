"""Every target's kernel does what the NumPy reference does, whatever the shape and the options."""

import itertools
import threading

import numpy as np
import pytest

from gatewise import ops
from gatewise.kernels import get_target, set_target, set_threads, targets
from gatewise.types import State

NATIVE = [name for name in targets() if name != "numpy"]
pytestmark = pytest.mark.skipif(not NATIVE, reason="the native module is not here")

# Around the widths of registers and tiles, and shapes in which nothing fits evenly.
SIZES = [1, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 65, 80, 200]
ROWS = [1, 2, 3, 5, 6, 7, 11, 13, 20]
OPTIONS = list(itertools.product([False, True], repeat=5))
NAMES = ("reverse", "ragged", "reset", "peephole", "no tanh")


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)
    set_threads(None)


def problem(seed, hidden, batch, options):
    """A sequence in float32 with distinct random numbers everywhere."""
    rng = np.random.default_rng(seed)
    reverse, ragged, reset, peephole, no_tanh = options
    steps, features = int(rng.integers(1, 9)), int(rng.integers(1, 7))

    def draw(*shape, scale=1.0):
        return (scale * rng.standard_normal(shape)).astype(np.float32)

    weights = ops.Weights(
        draw(4 * hidden, features),
        draw(4 * hidden, hidden, scale=hidden**-0.5),
        draw(4 * hidden),
        draw(3, hidden) if peephole else None,
    )
    lengths = np.sort(rng.integers(0, steps + 1, batch))[::-1] if ragged else None
    walk = {
        "lengths": lengths,
        "reset": rng.random((steps, batch)) < 0.3 if reset else None,
        "reverse": reverse,
    }
    arrays = (draw(steps, batch, features), State(draw(batch, hidden), draw(batch, hidden)))
    gradients = (draw(steps, batch, hidden), State(draw(batch, hidden), draw(batch, hidden)))
    return ops.LSTMCell(not no_tanh), weights, walk, arrays, gradients


def run(target, case):
    """Everything that forward and backward give, by name."""
    cell, weights, walk, (x, state), (dy, dstate) = case
    set_target(target)
    y, last, cache = ops.forward(cell, x, weights, state, **walk)
    dx, dfirst, dweights = ops.backward(dy, cache, dstate)
    named = {"y": y, "h": last.h, "c": last.c, "gates": cache.gates, "cells": cache.c}
    named |= {"dx": dx, "dh": dfirst.h, "dc": dfirst.c}
    named |= {f"d{name}": value for name, value in dweights._asdict().items() if value is not None}
    return named


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize(
    "options",
    OPTIONS,
    ids=lambda each: "+".join(n for n, on in zip(NAMES, each, strict=True) if on) or "plain",
)
def test_a_kernel_agrees_with_the_reference(target, options):
    rng = np.random.default_rng(OPTIONS.index(options))
    for seed, hidden in enumerate(SIZES):
        case = problem(seed, hidden, int(rng.choice(ROWS)), options)
        expected, found = run("numpy", case), run(target, case)
        for name, values in expected.items():
            scale = max(1.0, np.abs(values).max(initial=0))
            np.testing.assert_allclose(
                found[name], values, rtol=0, atol=1e-5 * scale, err_msg=f"{name}, H = {hidden}"
            )


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[-1]], ids=["plain", "all options"])
def test_the_bits_do_not_depend_on_the_threads(target, options):
    case = problem(5, 160, 37, options)
    set_threads(1)
    alone = run(target, case)
    for count in (2, 3, 8):
        set_threads(count)
        for name, values in run(target, case).items():
            np.testing.assert_array_equal(values, alone[name], err_msg=f"{name} with {count} threads")


@pytest.mark.parametrize("target", NATIVE)
def test_a_row_does_not_depend_on_its_neighbours(target):
    """Rows are computed in tiles; which tile a row falls into must not show."""
    cell, weights, walk, (x, state), _ = problem(2, 33, 13, (False,) * 5)
    set_target(target)
    together, _, _ = ops.forward(cell, x, weights, state, **walk)
    for row in range(13):
        part = slice(row, row + 1)
        alone, _, _ = ops.forward(cell, x[:, part], weights, State(state.h[part], state.c[part]), **walk)
        np.testing.assert_allclose(alone, together[:, part], rtol=0, atol=2e-6)


def test_several_python_threads_may_call_at_once():
    set_threads(2)
    cases = [problem(seed, 64, 20, OPTIONS[seed]) for seed in range(6)]
    expected = [run(NATIVE[-1], case) for case in cases]
    found = [None] * len(cases)

    def work(k):
        for _ in range(5):
            found[k] = run(NATIVE[-1], cases[k])

    workers = [threading.Thread(target=work, args=(k,)) for k in range(len(cases))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one, other in zip(found, expected, strict=True):
        for name, values in other.items():
            np.testing.assert_array_equal(one[name], values, err_msg=name)


def test_float64_stays_on_the_reference():
    cell, weights, walk, (x, state), _ = problem(1, 5, 3, (False,) * 5)
    wide = ops.Weights(*(None if part is None else part.astype(np.float64) for part in weights))
    wide_state = State(state.h.astype(np.float64), state.c.astype(np.float64))
    by_target = []
    for target in ("numpy", NATIVE[-1]):
        set_target(target)
        assert get_target() == target
        by_target.append(ops.forward(cell, x.astype(np.float64), wide, wide_state, **walk)[0])
    np.testing.assert_array_equal(*by_target)
