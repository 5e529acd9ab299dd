"""Back-propagation through time: every gradient, with every option, against central differences."""

import numpy as np
import pytest

from gatewise.ops import Weights, backward, forward, numerical_gradient
from gatewise.types import State
from tests.ops.gradients import assert_gradients
from tests.ops.problems import CELLS, draw_state, draw_weights

T, B, D, H = 4, 3, 2, 3
LENGTHS = np.array([4, 2, 0])
RESET = np.array([[0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)

SITUATIONS = {
    "plain": {},
    "ragged": {"lengths": LENGTHS},
    "reset": {"reset": RESET},
    "ragged reset": {"lengths": LENGTHS, "reset": RESET},
}
COMBINATIONS = [(cell, "ragged reset", True) for cell in CELLS] + [
    (cell, situation, state)
    for cell in ("lstm-peephole", "rnn-tanh")
    for situation, state in [("plain", False), ("plain", True), ("ragged", True), ("reset", True)]
]


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize(
    ("name", "situation", "with_state"),
    COMBINATIONS,
    ids=[f"{cell}, {what}{', state' if state else ''}" for cell, what, state in COMBINATIONS],
)
def test_gradients_through_time(name, situation, with_state, reverse):
    cell, peephole = CELLS[name]
    options = {"reverse": reverse, **SITUATIONS[situation]}
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    weights = draw_weights(rng, cell, D, H, peephole)
    state, dstate = (draw_state(rng, cell, B, H) if with_state else None for _ in range(2))

    def loss():
        y, last, _ = forward(cell, x, weights, state, **options)
        parts = [(y, dy)] + ([] if dstate is None else list(zip(last, dstate, strict=True)))
        return float(sum(np.sum(value * gradient) for value, gradient in parts))

    dx, dfirst, dweights = backward(dy, forward(cell, x, weights, state, **options)[2], dstate)
    pairs = {"x": (x, dx)}
    for field, array, gradient in zip(Weights._fields, weights, dweights, strict=True):
        if array is not None:
            pairs[field] = (array, gradient)
    if state is not None:
        pairs["h0"] = (state.h, dfirst.h)
        if cell.has_memory:
            pairs["c0"] = (state.c, dfirst.c)
    assert_gradients(loss, pairs)


@pytest.mark.parametrize("name", ["lstm", "lstm-peephole", "rnn-tanh"])
def test_a_thousand_steps_along_a_random_direction(name):
    # M11: too long for a difference an element, so one difference along a direction through all weights.
    cell, peephole = CELLS[name]
    rng = np.random.default_rng(2)
    x, dy = rng.normal(size=(1000, 2, 2)), rng.normal(size=(1000, 2, 3))
    weights = draw_weights(rng, cell, 2, 3, peephole)
    direction = draw_weights(rng, cell, 2, 3, peephole)
    distance = np.zeros(1)

    def loss():
        moved = [None if w is None else w + distance * d for w, d in zip(weights, direction, strict=True)]
        return float(np.sum(forward(cell, x, Weights(*moved))[0] * dy))

    _, _, dweights = backward(dy, forward(cell, x, weights)[2])
    slope = sum(float(np.sum(dw * d)) for dw, d in zip(dweights, direction, strict=True) if dw is not None)
    assert slope == pytest.approx(numerical_gradient(loss, distance, 1e-4)[0], rel=1e-6)


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_nothing_handed_in_is_changed_and_nothing_handed_out_is_tied_to_it(reverse):
    cell, _ = CELLS["lstm"]
    rng = np.random.default_rng(3)
    x, dy = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    weights = draw_weights(rng, cell, D, H)
    state, dstate = draw_state(rng, cell, B, H), draw_state(rng, cell, B, H)
    handed = [x, dy, *weights[:3], *state, *dstate]
    before = [array.copy() for array in handed]
    y, last, cache = forward(cell, x, weights, state, lengths=LENGTHS, reset=RESET, reverse=reverse)
    first = backward(dy, cache, dstate)
    again = backward(dy, cache, dstate)
    assert all(np.array_equal(array, copy) for array, copy in zip(handed, before, strict=True))
    assert np.array_equal(first[0], again[0])
    assert not any(np.shares_memory(part, array) for part in (*last, *first[1]) for array in (*handed, y))


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_the_cache_obeys_the_equations(reverse):
    # M16: learn i ⊙ g, forget f ⊙ c', remember their sum, use o ⊙ tanh c. The magnifier reads these names.
    cell, _ = CELLS["lstm"]
    rng = np.random.default_rng(4)
    weights, state = draw_weights(rng, cell, D, H), draw_state(rng, cell, B, H)
    x = rng.normal(size=(T, B, D))
    y, _, cache = forward(cell, x, weights, state, lengths=LENGTHS, reset=RESET, reverse=reverse)
    valid = np.arange(T)[:, None] < LENGTHS
    sums = x @ weights.weight_ih.T + cache.h_prev @ weights.weight_hh.T + weights.bias
    candidate = np.tanh(sums[..., 2 * H : 3 * H])
    np.testing.assert_allclose(cache.g[valid], candidate[valid], atol=1e-14)
    remember, use = cache.f * cache.c_prev + cache.i * cache.g, cache.o * np.tanh(cache.c)
    np.testing.assert_allclose(cache.c[valid], remember[valid], atol=1e-14)
    np.testing.assert_allclose(cache.h[valid], use[valid], atol=1e-14)
    assert np.array_equal(cache.h, y)
    assert not cache.h[~valid].any()
    assert not cache.c[~valid].any()


def test_the_states_of_a_plain_rnn_carry_no_memory():
    cell, _ = CELLS["rnn-tanh"]
    rng = np.random.default_rng(5)
    state = State(rng.normal(size=(B, H)), np.empty((B, 0)))
    _, last, cache = forward(cell, rng.normal(size=(T, B, D)), draw_weights(rng, cell, D, H), state)
    assert last.c.shape == (B, 0)
    assert cache.c.shape == (T, B, 0)
