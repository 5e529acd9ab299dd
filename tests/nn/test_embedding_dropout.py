"""Embedding dropout: whole words are left out of a call, and get no gradient from it."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, RNN, Embedding
from gatewise.ops import TokenInput
from tests.ops.gradients import assert_gradients

T, B, E, H = 6, 5, 3, 4
FORMS = {"table": 8, "rows": 200}
EITHER_FORM = pytest.mark.parametrize("symbols", FORMS.values(), ids=FORMS)


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)


def make(symbols, dtype=np.float64, rate=0.4, seed=0):
    """An embedding, tokens among which some occur often, and a mask that drops some of them, not all."""
    embedding = Embedding(symbols, E, seed=seed, dtype=dtype)
    tokens = np.random.default_rng(seed + 1).integers(0, min(symbols, 12), (T, B))
    mask = embedding.dropout_mask(rate, np.random.default_rng(seed + 2))
    dropped = mask[tokens] == 0
    assert dropped.any()
    assert not dropped.all()
    return embedding, tokens, mask


def written(x):
    return x.rows() if isinstance(x, TokenInput) else x


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_symbols_are_dropped_at_the_rate_and_the_others_keep_the_mean(rate, dtype):
    mask = Embedding(20_000, 1, dtype=dtype).dropout_mask(rate, np.random.default_rng(0))
    assert mask.shape == (20_000, 1)
    assert mask.dtype == dtype
    assert np.mean(mask == 0) == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / mask.size))
    np.testing.assert_allclose(mask[mask != 0], 1 / (1 - rate), rtol=1e-6)


@EITHER_FORM
def test_a_word_is_dropped_whole_and_wherever_it_occurs(symbols):
    embedding, tokens, mask = make(symbols)
    x = embedding.input(tokens, mask)
    assert isinstance(x, TokenInput) is (symbols < tokens.size)
    rows, weight = written(x), embedding.parameters["weight"]
    for place, token in np.ndenumerate(tokens):
        assert np.array_equal(rows[place], weight[token] * mask[token, 0])
    assert np.array_equal(embedding.forward(tokens, mask)[0], rows)


@EITHER_FORM
def test_without_a_mask_no_bit_changes(symbols):
    embedding, tokens, _ = make(symbols)
    mask = embedding.dropout_mask(0.0, rng := np.random.default_rng(3))
    assert mask is None
    assert rng.bit_generator.state == np.random.default_rng(3).bit_generator.state
    assert np.array_equal(written(embedding.input(tokens, mask)), embedding.parameters["weight"][tokens])
    assert np.array_equal(embedding.forward(tokens, mask)[0], embedding(tokens))
    if symbols < tokens.size:
        assert embedding.input(tokens, mask).table is embedding.parameters["weight"]


@EITHER_FORM
def test_the_mean_of_many_draws_is_the_undropped_row(symbols):
    embedding, tokens, _ = make(symbols)
    rng = np.random.default_rng(4)
    draws = np.stack(
        [written(embedding.input(tokens, embedding.dropout_mask(0.6, rng))) for _ in range(4000)]
    )
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - embedding(tokens)) < 4 * error).all()


@pytest.mark.parametrize("tokens", [np.array(3), np.array([3, 0, 3]), np.array([[0, 4], [3, 0]])])
def test_value_and_gradient_of_forward(tokens):
    embedding = Embedding(5, E, dtype=np.float64)
    mask = np.array([[0.0], [2.0], [0.0], [2.0], [2.0]])
    before = embedding.parameters.vector.copy()
    y, cache = embedding.forward(tokens, mask)
    assert np.array_equal(y, embedding.parameters["weight"][tokens] * mask[tokens])
    assert np.array_equal(embedding.parameters.vector, before)
    dy = np.random.default_rng(5).normal(size=y.shape)
    embedding.backward(dy, cache, mask)
    pairs = {"weight": (embedding.parameters["weight"], embedding.gradients["weight"])}
    assert_gradients(lambda: float(np.sum(embedding.forward(tokens, mask)[0] * dy)), pairs)
    untouched = [symbol for symbol in range(5) if symbol not in tokens or not mask[symbol]]
    assert not embedding.gradients["weight"][untouched].any()


@EITHER_FORM
@pytest.mark.parametrize("walk", [{}, {"lengths": np.array([3, 6, 0, 5, 1])}], ids=["whole", "ragged"])
@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_gradients_through_a_layer(kind, walk, symbols):
    embedding, tokens, _ = make(symbols)
    layer = kind(E, H, 2, bidirectional=True, dtype=np.float64)
    dy = np.random.default_rng(6).normal(size=(T, B, 2 * H))

    def forward():
        mask = embedding.dropout_mask(0.4, np.random.default_rng(2))
        return *layer.forward(embedding.input(tokens, mask), **walk), mask

    _, _, cache, mask = forward()
    before = embedding.parameters.vector.copy()
    embedding.input_backward(layer.backward(dy, cache)[0], tokens, mask)
    assert np.array_equal(embedding.parameters.vector, before)
    occurring = slice(0, 12)  # other rows of a large table have no part in it
    rows = embedding.parameters["weight"][occurring]
    gradient = embedding.gradients["weight"]
    assert_gradients(lambda: float(np.sum(forward()[0] * dy)), {"table": (rows, gradient[occurring])})
    assert not gradient[12:].any()
    assert not gradient[mask[:, 0] == 0].any()


@EITHER_FORM
def test_gradients_add_up(symbols):
    embedding, tokens, mask = make(symbols)
    layer = LSTM(E, H, dtype=np.float64)

    def backward(mask):
        y, _, cache = layer.forward(embedding.input(tokens, mask))
        embedding.input_backward(layer.backward(np.ones_like(y), cache)[0], tokens, mask)
        return embedding.gradients.vector.copy()

    first = backward(mask)
    both = backward(other := embedding.dropout_mask(0.4, np.random.default_rng(7)))
    embedding.zero_gradients()
    np.testing.assert_allclose(both, first + backward(other), rtol=1e-12, atol=1e-14)


@EITHER_FORM
@pytest.mark.parametrize("target", targets())
def test_every_target_agrees_with_the_reference(symbols, target):
    """In float32, against the reference in float64."""
    set_target(target)
    found = {}
    for dtype in (np.float32, np.float64):
        embedding, tokens, mask = make(symbols, dtype)
        layer = LSTM(E, H, 2, seed=8, dtype=dtype)
        y, _, cache = layer.forward(embedding.input(tokens, mask))
        embedding.input_backward(layer.backward(np.ones_like(y), cache)[0], tokens, mask)
        found[dtype] = np.concatenate([y.ravel(), embedding.gradients.vector])
    np.testing.assert_allclose(found[np.float32], found[np.float64], rtol=0, atol=1e-5)


@pytest.mark.parametrize("rate", [-0.1, 1.0, np.nan])
def test_a_rate_that_is_no_probability_below_1_is_refused(rate):
    message = rf"Embedding: rate={rate}; expected a probability in \[0, 1\)"
    with pytest.raises(ArgumentError, match=message):
        Embedding(5, E).dropout_mask(rate, np.random.default_rng(9))


CALLS = {
    "forward": lambda embedding, tokens, mask: embedding.forward(tokens, mask),
    "input": lambda embedding, tokens, mask: embedding.input(tokens, mask),
    "backward": lambda embedding, tokens, mask: embedding.backward(np.ones((T, B, E)), tokens, mask),
    "back, rows": lambda embedding, tokens, mask: embedding.input_backward(np.ones((T, B, E)), tokens, mask),
    "back, table": lambda embedding, tokens, mask: embedding.input_backward(np.ones((5, E)), tokens, mask),
}
MASKS = {
    "not a column": (np.ones(5), r"mask has shape \(5,\); expected \(5, 1\)"),
    "one for all": (np.ones((1, 1)), r"mask has shape \(1, 1\); expected \(5, 1\)"),
    "one for each element": (np.ones((5, E)), r"mask has shape \(5, 3\); expected \(5, 1\)"),
    "float32": (np.ones((5, 1), np.float32), "mask has dtype float32; this layer computes in float64"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("mask", "message"), MASKS.values(), ids=MASKS)
def test_a_mask_that_does_not_fit_is_refused(call, mask, message):
    embedding = Embedding(5, E, dtype=np.float64)
    with pytest.raises(ArgumentError, match=f"Embedding: {message}"):
        call(embedding, np.zeros((T, B), int), mask)
    assert not embedding.gradients.vector.any()
