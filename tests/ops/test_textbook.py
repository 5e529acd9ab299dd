"""The fast form of the equations is the textbook's joined form W [x; h'], peepholes as in Graves 2013."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewise.ops import forward
from tests.ops import textbook
from tests.ops.problems import CELLS, draw_state, draw_weights, flipped

LAW = settings(derandomize=True, deadline=None, database=None, max_examples=25)


@pytest.mark.parametrize("name", CELLS)
@LAW
@given(data=st.data())
def test_joined_form(name, data):
    cell, peephole = CELLS[name]
    T, B, D, H = (data.draw(st.integers(1, 6), label=letter) for letter in "TBDH")
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    weights, state = draw_weights(rng, cell, D, H, peephole), draw_state(rng, cell, B, H)
    x = rng.normal(size=(T, B, D))
    y, last, cache = forward(cell, x, weights, state)
    W = np.concatenate([weights.weight_ih, weights.weight_hh], axis=1)
    for row in range(B):
        if cell.has_memory:
            tanhs = cell.output_tanh, cell.candidate_tanh
            h, c = textbook.lstm(
                x[:, row], state.h[row], state.c[row], W, weights.bias, weights.peephole, *tanhs
            )
            np.testing.assert_allclose(cache.c[:, row], c, rtol=1e-11, atol=1e-13)
            np.testing.assert_allclose(last.c[row], c[-1], rtol=1e-11, atol=1e-13)
        else:
            h = textbook.rnn(x[:, row], state.h[row], W, weights.bias, cell.activation)
        np.testing.assert_allclose(y[:, row], h, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(last.h[row], h[-1], rtol=1e-11, atol=1e-13)


@LAW
@given(data=st.data())
def test_reversed_direction_is_forward_on_flipped_input(data):
    cell, peephole = CELLS[data.draw(st.sampled_from(list(CELLS)), label="cell")]
    T, B, D, H = (data.draw(st.integers(1, 5), label=letter) for letter in "TBDH")
    lengths = np.sort(data.draw(st.lists(st.integers(0, T), min_size=B, max_size=B), label="lengths"))[::-1]
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    weights, state = draw_weights(rng, cell, D, H, peephole), draw_state(rng, cell, B, H)
    x = rng.normal(size=(T, B, D))
    y, last, cache = forward(cell, x, weights, state, lengths=lengths, reverse=True)
    y_there, last_there, cache_there = forward(cell, flipped(x, lengths), weights, state, lengths=lengths)
    np.testing.assert_allclose(y, flipped(y_there, lengths), atol=1e-12)
    np.testing.assert_allclose(cache.c, flipped(cache_there.c, lengths), atol=1e-12)
    np.testing.assert_allclose(last.h, last_there.h, atol=1e-12)
    np.testing.assert_allclose(last.c, last_there.c, atol=1e-12)
