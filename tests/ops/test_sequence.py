"""Back-propagation through time: every gradient, with every option, against central differences."""

from dataclasses import replace

import numpy as np
import pytest

from gatewise.errors import ArgumentError
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
    options = {"lengths": LENGTHS, "reset": RESET, "reverse": reverse}
    y, last, cache = forward(cell, x, weights, state, **options)
    first = backward(dy, cache, dstate)
    again = backward(dy, forward(cell, x, weights, state, **options)[2], dstate)
    assert all(np.array_equal(array, copy) for array, copy in zip(handed, before, strict=True))
    assert np.array_equal(first[0], again[0])
    assert not any(np.shares_memory(part, array) for part in (*last, *first[1]) for array in (*handed, y))


@pytest.mark.parametrize("name", ["lstm-peephole", "rnn-tanh"])
def test_a_spent_cache_says_so_and_keeps_its_states(name):
    cell, peephole = CELLS[name]
    rng = np.random.default_rng(6)
    x, dy = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    _, _, cache = forward(cell, x, draw_weights(rng, cell, D, H, peephole), lengths=LENGTHS)
    kin, states = replace(cache, x=x.copy()), (cache.h.copy(), cache.c.copy())
    backward(dy, cache)
    message = "backward has turned this cache's gates into their gradients; look at them before it, or run"
    for spent in (cache, kin):
        for look in ["gates", *("ifgo" if cell.gates == 4 else "")]:
            with pytest.raises(ArgumentError, match=message):
                getattr(spent, look)
        with pytest.raises(ArgumentError, match=message):
            backward(dy, spent)
        assert np.array_equal(spent.h, states[0])
        assert np.array_equal(spent.c, states[1])


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_the_gates_room_is_taken_by_their_gradients_and_the_padding_stays_zero(reverse):
    cell, _ = CELLS["lstm"]
    rng = np.random.default_rng(7)
    weights = draw_weights(rng, cell, D, H)
    _, _, cache = forward(cell, rng.normal(size=(T, B, D)), weights, lengths=LENGTHS, reverse=reverse)
    room = cache.gates
    _, _, dweights = backward(rng.normal(size=(T, B, H)), cache)
    np.testing.assert_allclose(room.sum(axis=(0, 1)), dweights.bias, atol=1e-14)
    assert not room[np.arange(T)[:, None] >= LENGTHS].any()


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all steps", "ragged"])
@pytest.mark.parametrize("name", ["lstm-peephole", "rnn-tanh"])
def test_gradients_are_added_to_arrays_that_are_handed_in(name, lengths, reverse):
    cell, peephole = CELLS[name]
    rng = np.random.default_rng(8)
    x, dy = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    weights = draw_weights(rng, cell, D, H, peephole)
    wide = rng.normal(size=(T, B, D + 2))
    totals, before = draw_weights(rng, cell, D, H, peephole), wide.copy()
    started = [None if total is None else total.copy() for total in totals]

    def cache():
        return forward(cell, x, weights, lengths=lengths, reverse=reverse)[2]

    dx, dfirst, dweights = backward(dy, cache())
    total, again, same = backward(dy, cache(), gradients=totals, dx=wide[..., 1:-1])
    assert same is totals
    assert np.shares_memory(total, wide)
    assert np.array_equal(wide[..., 1:-1], before[..., 1:-1] + dx)
    assert np.array_equal(wide[..., [0, -1]], before[..., [0, -1]])
    assert np.array_equal(again.h, dfirst.h)
    for sum_, start, part in zip(totals, started, dweights, strict=True):
        assert sum_ is None or np.array_equal(sum_, start + part)


def test_gradients_without_the_peepholes_of_the_weights_are_refused():
    cell, _ = CELLS["lstm-peephole"]
    rng = np.random.default_rng(9)
    weights = draw_weights(rng, cell, D, H, peephole=True)
    _, _, cache = forward(cell, rng.normal(size=(T, B, D)), weights)
    gradients = draw_weights(rng, cell, D, H)
    with pytest.raises(ArgumentError, match=r"gradients\.peephole and the weights' own differ"):
        backward(np.ones((T, B, H)), cache, gradients=gradients)
    assert cache.gates.any()  # nothing has been touched


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
