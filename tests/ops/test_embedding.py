"""Tokens with their table are the input written out, forward and backward, in every option."""

import numpy as np
import pytest

from gatewise import ops
from gatewise.ops import StateMasks, TokenInput
from gatewise.ops.embedding import add_rows
from gatewise.types import State
from tests.ops.gradients import assert_gradients
from tests.ops.problems import CELLS, draw_state, draw_weights

T, B, D, H = 6, 4, 3, 5


def test_rows_are_the_input_written_out():
    rng = np.random.default_rng(0)
    table, tokens = rng.normal(size=(7, D)), rng.integers(0, 7, (T, B))
    written = TokenInput(tokens, table).rows()
    assert written.shape == (T, B, D)
    for t, b in np.ndindex(T, B):
        assert np.array_equal(written[t, b], table[tokens[t, b]])


@pytest.mark.parametrize("shape", [(), (1,), (30,), (4, 5), (2, 3, 4), (0,), (0, 3)], ids=str)
@pytest.mark.parametrize("symbols", [1, 3, 50])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_rows_are_added_one_by_one(shape, symbols, dtype):
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, symbols, shape).astype(dtype)
    rows, total = rng.normal(size=(*shape, D)), rng.normal(size=(symbols, D))
    expected = total.copy()
    np.add.at(expected, tokens, rows)
    add_rows(total, np.asarray(tokens), rows)
    np.testing.assert_allclose(total, expected, rtol=0, atol=1e-12)


def test_adding_rows_leaves_the_others_and_what_it_is_given_alone():
    tokens, rows = np.array([3, 1, 3]), np.ones((3, 2))
    total = np.full((5, 2), -0.0)
    add_rows(total, tokens, rows)
    assert total.tolist() == [[0, 0], [1, 1], [0, 0], [2, 2], [0, 0]]
    assert np.signbit(total[[0, 2, 4]]).all(), "not even added zero to"
    assert tokens.tolist() == [3, 1, 3]
    assert (rows == 1).all()


OPTIONS = {
    "plain": {},
    "reverse": {"reverse": True},
    "ragged": {"lengths": np.array([6, 4, 1, 0])},
    "ragged, in reverse": {"lengths": np.array([5, 5, 2, 0]), "reverse": True},
    "reset": {"reset": np.random.default_rng(2).random((T, B)) < 0.3},
    "masks": {
        "masks": StateMasks(
            np.array([0, 1.5, 1.5, 0, 1.5])[np.random.default_rng(3).integers(0, 5, (B, H))],
            np.random.default_rng(4).random((T, B, H)) < 0.3,
        )
    },
}


def draw(seed, cell, peephole, symbols):
    rng = np.random.default_rng(seed)
    weights = draw_weights(rng, cell, D, H, peephole)
    x = TokenInput(rng.integers(0, symbols, (T, B)), rng.normal(size=(symbols, D)))
    return x, weights, draw_state(rng, cell, B, H), rng.normal(size=(T, B, H)), draw_state(rng, cell, B, H)


@pytest.mark.parametrize("symbols", [2, 9, 60])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", CELLS)
def test_tokens_do_what_their_rows_do(name, options, symbols):
    cell, peephole = CELLS[name]
    x, weights, state, dy, dstate = draw(0, cell, peephole, symbols)
    found = ops.forward(cell, x, weights, state, **options)
    expected = ops.forward(cell, x.rows(), weights, state, **options)
    np.testing.assert_array_equal(found[0], expected[0])
    for one, other in zip(found[1], expected[1], strict=True):
        np.testing.assert_array_equal(one, other)
    y, last = ops.infer(cell, x, weights, state, **options)
    y_written, last_written = ops.infer(cell, x.rows(), weights, state, **options)
    for one, other in zip((y, *last), (y_written, *last_written), strict=True):
        np.testing.assert_array_equal(one, other)

    dtable, dfirst, dweights = ops.backward(dy, found[2], dstate)
    dx, dfirst_written, dweights_written = ops.backward(dy, expected[2], dstate)
    total = np.zeros_like(x.table)
    np.add.at(total, x.tokens, dx)
    np.testing.assert_allclose(dtable, total, rtol=0, atol=1e-12)
    pairs = zip((*dfirst, *dweights), (*dfirst_written, *dweights_written), strict=True)
    for one, other in pairs:
        if one is not None:
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("symbols", [3, 60])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", ["lstm-peephole", "rnn-sigmoid"])
def test_gradients_through_tokens(name, options, symbols):
    cell, peephole = CELLS[name]
    x, weights, state, dy, dstate = draw(1, cell, peephole, symbols)

    def loss():
        y, last, _ = ops.forward(cell, x, weights, state, **options)
        return float((y * dy).sum() + sum((a * b).sum() for a, b in zip(last, dstate, strict=True)))

    _, _, cache = ops.forward(cell, x, weights, state, **options)
    dtable, dfirst, dweights = ops.backward(dy, cache, dstate)
    pairs = {"table": (x.table, dtable), "h": (state.h, dfirst.h)}
    pairs |= {
        name: (part, gradient)
        for name, part, gradient in zip(weights._fields, weights, dweights, strict=True)
        if part is not None
    }
    assert_gradients(loss, pairs)


def test_gradients_of_the_table_add_to_an_array_that_is_given():
    cell, peephole = CELLS["lstm"]
    x, weights, state, dy, _ = draw(2, cell, peephole, 5)
    alone = ops.backward(dy, ops.forward(cell, x, weights, state)[2])[0]
    given = np.ones_like(x.table)
    found = ops.backward(dy, ops.forward(cell, x, weights, state)[2], dx=given)[0]
    assert found is given
    np.testing.assert_allclose(found, alone + 1, rtol=0, atol=1e-12)


def test_a_symbol_that_occurs_in_the_padding_alone_has_no_gradient():
    cell, peephole = CELLS["lstm"]
    x, weights, state, dy, _ = draw(3, cell, peephole, 8)
    tokens = np.where(np.arange(T)[:, None] < [6, 3, 1, 0], x.tokens % 7, 7)
    _, _, cache = ops.forward(
        cell, x._replace(tokens=tokens), weights, State(*state), lengths=np.array([6, 3, 1, 0])
    )
    dtable = ops.backward(dy, cache)[0]
    assert dtable[:7].any()
    assert not dtable[7].any()
