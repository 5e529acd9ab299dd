"""Random recurrent layers with all that goes in and out of them, for the tests of gradients and laws."""

from typing import NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from gatewise.nn import LSTM, RNN
from gatewise.types import Array, State

LAW = settings(derandomize=True, deadline=None, database=None, max_examples=30)

KINDS = {
    "lstm": lambda *sizes, **options: LSTM(*sizes, **options),
    "lstm-peephole": lambda *sizes, **options: LSTM(*sizes, peephole=True, **options),
    "lstm-no-tanh": lambda *sizes, **options: LSTM(*sizes, output_tanh=False, **options),
    "lstm-linear-candidate": lambda *sizes, **options: LSTM(*sizes, candidate_tanh=False, **options),
    "lstm-mogrifier": lambda *sizes, **options: LSTM(*sizes, mogrifier_rounds=3, **options),
    "lstm-mogrifier-rank": lambda *sizes, **options: LSTM(
        *sizes, mogrifier_rounds=2, mogrifier_rank=2, peephole=True, **options
    ),
    "rnn": lambda *sizes, **options: RNN(*sizes, **options),
}


class Problem(NamedTuple):
    """A float64 layer, its input, and the gradients that reach it from above."""

    layer: LSTM | RNN
    x: Array
    dy: Array
    state: State
    dstate: State


class Outcome(NamedTuple):
    """All that one forward and one backward pass give."""

    y: Array
    h: Array
    c: Array
    dx: Array
    dh0: Array
    dc0: Array
    gradients: Array


def draw_states(rng, layer, B):
    """A state and its gradient, zero beyond a layer's width; the plain RNN has no c."""
    shape = (layer.num_layers * layer.directions, B, layer.hidden_size)
    widths = np.repeat(layer.hidden_sizes, layer.directions)
    inside = np.arange(layer.hidden_size) < widths[:, None, None]
    memory = layer.hidden_size if layer.cell.has_memory else 0
    return tuple(
        State(rng.normal(size=shape) * inside, rng.normal(size=(*shape[:2], memory)) * inside[..., :memory])
        for _ in range(2)
    )


def make_problem(layer, T, B, rng):
    x, dy = rng.normal(size=(T, B, layer.input_size)), rng.normal(size=(T, B, layer.output_size))
    # Biases begin at zero, where a test cannot see whether they are used.
    layer.parameters.vector[...] = rng.normal(size=layer.parameters.vector.size) / np.sqrt(layer.hidden_size)
    return Problem(layer, x, dy, *draw_states(rng, layer, B))


def narrowed(problem, layer):
    """The same problem in float32, for a layer of that type and of the same shapes."""
    layer.parameters.vector[...] = problem.layer.parameters.vector
    x, dy = (part.astype(np.float32) for part in (problem.x, problem.dy))
    states = [type(each)(*(part.astype(np.float32) for part in each)) for each in problem[3:]]
    return Problem(layer, x, dy, *states)


@st.composite
def problems(draw, min_steps=1, bidirectional=True):
    """Any problem of a few steps, rows, features, units and layers, of one width or of several."""
    options = {
        "bidirectional": bidirectional and draw(st.booleans(), label="bidirectional"),
        "skip_connections": draw(st.booleans(), label="skip_connections"),
        "layer_norm": draw(st.booleans(), label="layer_norm"),
    }
    T, B = draw(st.integers(min_steps, 6), label="T"), draw(st.integers(1, 4), label="B")
    sizes = (
        draw(st.integers(1, 3), label="D"),
        draw(st.lists(st.integers(1, 3), min_size=1, max_size=2), label="hidden_size"),
    )
    kind = draw(st.sampled_from(list(KINDS)), label="kind")
    rng = np.random.default_rng(draw(st.integers(0, 2**32), label="seed"))
    return make_problem(KINDS[kind](*sizes, dtype=np.float64, **options), T, B, rng)


def lengths_of(problem, least=0):
    """A strategy for the lengths of a problem's rows, in no order."""
    T, B, _ = problem.x.shape
    return st.lists(st.integers(least, T), min_size=B, max_size=B).map(np.array)


def resets_of(problem):
    T, B, _ = problem.x.shape
    return st.lists(st.lists(st.booleans(), min_size=B, max_size=B), min_size=T, max_size=T).map(np.array)


def run(problem, lengths=None, reset=None):
    """Forward and backward, from gradients of zero."""
    layer, x, dy, state, dstate = problem
    layer.zero_gradients()
    y, last, cache = layer.forward(x, state, lengths, reset=reset)
    dx, dfirst = layer.backward(dy, cache, dstate)
    return Outcome(y, *last, dx, *dfirst, layer.gradients.vector.copy())


def assert_same(actual, expected, tolerance=1e-12):
    """Agreement of each part, within `tolerance` of its greatest magnitude."""
    for name, one, other in zip(Outcome._fields, actual, expected, strict=True):
        scale = max(1, np.abs(other).max(initial=0))
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * scale, err_msg=name)
