"""Embedding.input chooses the shorter way into a recurrent layer, and the longer one gives the same."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, set_threads, targets
from gatewise.nn import LSTM, RNN, Embedding
from gatewise.ops import TokenInput
from tests.nn.problems import draw_states
from tests.ops.gradients import assert_gradients

T, B, E, H = 6, 5, 3, 7

LAYERS = {
    "LSTM": lambda **options: LSTM(E, H, **options),
    "LSTM, peepholes": lambda **options: LSTM(E, H, peephole=True, **options),
    "LSTM, linear candidate": lambda **options: LSTM(E, H, candidate_tanh=False, **options),
    "LSTM, both directions": lambda **options: LSTM(E, H, bidirectional=True, **options),
    "LSTM, two layers in both directions": lambda **options: LSTM(E, H, 2, bidirectional=True, **options),
    "LSTM, skip connections": lambda **options: LSTM(E, H, 2, skip_connections=True, **options),
    "RNN": lambda **options: RNN(E, H, **options),
    "RNN, two layers in both directions": lambda **options: RNN(E, H, 2, bidirectional=True, **options),
}
WALKS = {
    "whole": {},
    "ragged": {"lengths": np.array([3, 6, 0, 5, 1])},
    "longest first": {"lengths": np.array([6, 5, 5, 2, 0])},
    "reset": {"reset": np.random.default_rng(0).random((T, B)) < 0.25},
    "ragged, reset": {
        "lengths": np.array([3, 6, 0, 5, 1]),
        "reset": np.random.default_rng(1).random((T, B)) < 0.25,
    },
}


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)
    set_threads(None)


def problem(make, symbols, dtype, seed=0):
    rng = np.random.default_rng(seed)
    embedding, layer = Embedding(symbols, E, seed=1, dtype=dtype), make(dtype=dtype)
    layer.parameters.vector[...] = rng.normal(size=layer.parameters.vector.size) / np.sqrt(H)
    tokens = rng.integers(0, symbols, (T, B))
    dy = rng.normal(size=(T, B, layer.output_size)).astype(dtype)
    state, dstate = (
        type(each)(*(part.astype(dtype) for part in each)) for each in draw_states(rng, layer, B)
    )
    return embedding, layer, tokens, dy, state, dstate


def run(embedding, layer, tokens, dy, state, dstate, *, written, **walk):
    """Everything that a pass gives, through ``input`` or with the input written out."""
    for each in (embedding, layer):
        each.zero_gradients()
    x = embedding(tokens) if written else embedding.input(tokens)
    y, last, cache = layer.forward(x, state, **walk)
    inferred, inferred_last = layer(x, state, **walk)
    dx, dfirst = layer.backward(dy, cache, dstate)
    if written:
        embedding.backward(dx, tokens)
    else:
        embedding.input_backward(dx, tokens)
    return {
        "y": np.array(y),
        "h": last.h,
        "c": last.c,
        "inferred y": inferred,
        "inferred h": inferred_last.h,
        "inferred c": inferred_last.c,
        "dh": dfirst.h,
        "dc": dfirst.c,
        "table": embedding.gradients.vector.copy(),
        "weights": layer.gradients.vector.copy(),
    }


def assert_same(found, expected, tolerance):
    for name, values in expected.items():
        scale = max(1.0, np.abs(values).max(initial=0))
        np.testing.assert_allclose(found[name], values, rtol=0, atol=tolerance * scale, err_msg=name)


def test_the_table_is_the_input_where_it_is_the_shorter_one():
    tokens = np.zeros((2, 3), dtype=int)
    for symbols, is_table in ((5, True), (6, False), (7, False)):
        embedding = Embedding(symbols, 2)
        x = embedding.input(tokens)
        assert isinstance(x, TokenInput) is is_table
        if is_table:
            assert x.table is embedding.parameters["weight"]
            x = x.rows()
        np.testing.assert_array_equal(x, embedding(tokens))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (np.array([[0, 5]]), r"Embedding: tokens lie in \[0, 5\]; expected \[0, 5\)"),
        (np.array([[-1, 4]]), r"Embedding: tokens lie in \[-1, 4\]; expected \[0, 5\)"),
        (np.zeros((2, 3)), "Embedding: tokens has dtype float64; expected integers"),
    ],
)
def test_input_refuses_what_are_no_tokens(tokens, message):
    with pytest.raises(ArgumentError, match=message):
        Embedding(5, 2).input(tokens)


@pytest.mark.parametrize("symbols", [4, 200], ids=["table", "written out"])
@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_input_and_back_equal_the_input_written_out(make, walk, symbols):
    """In float64, to the last digits."""
    parts = problem(make, symbols, np.float64)
    assert_same(run(*parts, written=False, **walk), run(*parts, written=True, **walk), 1e-12)


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("symbols", [4, 200], ids=["table", "written out"])
@pytest.mark.parametrize("walk", WALKS.values(), ids=WALKS)
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_every_target_agrees_with_the_reference(make, walk, symbols, target):
    """In float32, against the reference in float64."""
    embedding, layer, tokens, dy, state, dstate = problem(make, symbols, np.float32)
    wide = problem(make, symbols, np.float64)
    for one, other in zip(wide[:2], (embedding, layer), strict=True):
        one.parameters.vector[...] = other.parameters.vector
    wide_states = [type(each)(*(part.astype(np.float64) for part in each)) for each in (state, dstate)]
    expected = run(*wide[:2], tokens, dy.astype(np.float64), *wide_states, written=True, **walk)
    set_target(target)
    assert_same(run(embedding, layer, tokens, dy, state, dstate, written=False, **walk), expected, 1e-5)


@pytest.mark.parametrize("symbols", [4, 40], ids=["table", "written out"])
@pytest.mark.parametrize("walk", ["whole", "ragged, reset"])
@pytest.mark.parametrize("name", ["LSTM, two layers in both directions", "LSTM, skip connections", "RNN"])
def test_gradients(name, walk, symbols):
    embedding, layer, tokens, dy, state, dstate = problem(LAYERS[name], symbols, np.float64)

    def loss():
        y, last = layer(embedding.input(tokens), state, **WALKS[walk])
        return float((y * dy).sum() + sum((a * b).sum() for a, b in zip(last, dstate, strict=True)))

    run(embedding, layer, tokens, dy, state, dstate, written=False, **WALKS[walk])
    pairs = {
        "table": (embedding.parameters["weight"], embedding.gradients["weight"]),
        "weight_ih": (layer.parameters["weight_ih_l0"], layer.gradients["weight_ih_l0"]),
    }
    assert_gradients(loss, pairs)


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("symbols", [4, 200], ids=["table", "written out"])
def test_gradients_of_the_table_add_up(symbols, target):
    set_target(target)
    embedding, layer, tokens, dy, *_ = problem(LAYERS["LSTM"], symbols, np.float32)
    for _ in range(2):
        x = embedding.input(tokens)
        embedding.input_backward(layer.backward(dy, layer.forward(x)[2])[0], tokens)
    twice = embedding.gradients.vector.copy()
    embedding.zero_gradients()
    embedding.input_backward(layer.backward(dy, layer.forward(embedding.input(tokens))[2])[0], tokens)
    np.testing.assert_allclose(twice, 2 * embedding.gradients.vector, rtol=0, atol=1e-5)


BAD_TOKENS = {
    "too large": (TokenInput(np.array([[0, 4]]), np.zeros((4, E), np.float32)), r"tokens lie in \[0, 4\]"),
    "negative": (TokenInput(np.array([[-1, 3]]), np.zeros((4, E), np.float32)), r"tokens lie in \[-1, 3\]"),
    "floats": (TokenInput(np.zeros((2, 2)), np.zeros((4, E), np.float32)), "tokens has shape .* float64"),
    "one axis": (TokenInput(np.zeros(2, int), np.zeros((4, E), np.float32)), r"tokens has shape \(2,\)"),
    "none": (TokenInput(np.zeros((0, 2), int), np.zeros((4, E), np.float32)), r"tokens has shape \(0, 2\)"),
    "another width": (
        TokenInput(np.zeros((2, 2), int), np.zeros((4, E + 1), np.float32)),
        r"table has shape \(4, 4\)",
    ),
    "float64": (TokenInput(np.zeros((2, 2), int), np.zeros((4, E))), "table has dtype float64"),
}


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_layer_refuses_tokens_that_do_not_fit(name, target):
    set_target(target)
    x, message = BAD_TOKENS[name]
    for call in (LSTM(E, H), LSTM(E, H).forward):
        with pytest.raises(ArgumentError, match=message):
            call(x)


def test_the_gradient_of_the_table_must_fit_it():
    """An array of another shape would be broadcast in silence."""
    embedding = Embedding(4, E)
    for dx in (np.ones((1, E), np.float32), np.ones((4, 1), np.float32), np.ones((3, E), np.float32)):
        with pytest.raises(ArgumentError, match="Embedding: dx"):
            embedding.input_backward(dx, np.zeros((T, B), int))
    assert not embedding.gradients.vector.any()
