"""The gradient by lag in both directions of reading, and that of the plain RNN beside it."""

import numpy as np
import pytest

import gatewise as gw
from gatewise.magnify.lag import plain_rnn
from gatewise.nn import LSTM, RNN

T, D, H = 12, 3, 5


def two_alike(kind):
    """A stack of one layer whose directions have the same weights."""
    stack = kind(D, H, bidirectional=True, seed=1)
    for name, view in stack.parameters.items():
        if not name.endswith("_reverse"):
            stack.parameters[f"{name}_reverse"][...] = view
    return stack


@pytest.mark.parametrize("step", [0, 4, T - 1, -3])
@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_reading_from_the_end_is_reading_the_flipped_sequence(kind, step):
    """What is behind a question for one direction lies before it for the other."""
    stack, x = two_alike(kind), np.random.default_rng(2).normal(size=(T, D))
    place = step % T
    there, back = gw.magnify(stack, x).lag(step)
    there_flipped, back_flipped = gw.magnify(stack, x[::-1].copy()).lag(T - 1 - place)
    assert [there.reverse, back.reverse] == [False, True]
    assert (len(there.h), len(back.h)) == (place + 1, T - place)
    assert (there.h > 0).all()
    assert (back.h > 0).all()
    for one, other in ((there, back_flipped), (back, there_flipped)):
        np.testing.assert_allclose(one.h, other.h, rtol=1e-4)
        if kind is LSTM:
            np.testing.assert_allclose(one.c, other.c, rtol=1e-4)


@pytest.mark.parametrize("step", [0, 3, T - 2])
def test_the_plain_rnn_is_asked_at_the_same_step(step):
    """What comes after a question changes nothing, and the lag counts from it."""
    stack, x = LSTM(D, H, seed=1), np.random.default_rng(3).normal(size=(T, D))
    whole, cut = (gw.magnify(stack, part).reading for part in (x, x[: step + 1]))
    curve, of_cut = plain_rnn(whole, step), plain_rnn(cut)
    assert len(curve.h) == step + 1
    np.testing.assert_allclose(curve.h, of_cut.h, rtol=1e-5)
    np.testing.assert_allclose(curve.h[0], np.sqrt(H), rtol=1e-5)  # of the sum of its own outputs
