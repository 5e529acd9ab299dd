"""The derivatives by every h_t and c_t, against central differences of the textbook's equations."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops import (
    LSTMCell,
    StateMasks,
    Weights,
    backward,
    dropout_mask,
    error_flow,
    forward,
    memory_horizon,
    numerical_gradient,
    relative_error,
    split_gates,
    zoneout_mask,
)
from gatewise.types import State
from tests.ops.problems import CELLS, draw_state, draw_weights
from tests.ops.textbook import RNN_ACTIVATIONS, logistic

T, B, D, H = 4, 3, 2, 3
LENGTHS = np.array([4, 2, 0])
RESET = np.array([[0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
BOTH_WAYS = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
TOLERANCE = 1e-8
STEP = 1e-4

SITUATIONS = {
    "plain": {},
    "ragged": {"lengths": LENGTHS},
    "reset": {"reset": RESET},
    "ragged reset": {"lengths": LENGTHS, "reset": RESET},
}
KINDS = [("recurrent",), ("zoneout",), ("recurrent", "zoneout"), ("expected zoneout",)]


def draw_masks(rng, kinds):
    recurrent = dropout_mask((B, H), 0.4, rng, np.float64) if "recurrent" in kinds else None
    zoneout_h = zoneout_mask((T, B, H), 0.4, rng) if "zoneout" in kinds else None
    return StateMasks(recurrent, 0.3 if "expected zoneout" in kinds else zoneout_h)


class Row:
    """One row of a batch by the textbook's step; a step's h and c can be moved by hand."""

    def __init__(self, row, cell, x, weights, state, dy, dstate, *, masks=None, **walk):
        self.cell, self.weights, self.masks, self.row = cell, weights, masks or StateMasks(), row
        self.x, self.dy = x[:, row], dy[:, row]
        self.dlast = dstate.h[row], dstate.c[row]
        self.reset = walk["reset"][:, row] if "reset" in walk else np.zeros(len(x), dtype=bool)
        length = walk["lengths"][row] if "lengths" in walk else len(x)
        self.reverse = walk.get("reverse", False)
        self.order = list(range(length))[:: -1 if self.reverse else 1]
        self.before = {}
        self.run(self.order, state.h[row], state.c[row], self.before)

    def run(self, order, h, c, before, dh=0.0, dc=0.0):
        """The loss of the steps in `order`; the first of them leaves its h and c moved by dh and dc."""
        loss, moved = 0.0, order[:1]
        for t in order:
            before[t] = h, c
            h, c = self.step(t, h, c, dc if t in moved else 0.0)
            h = h + (dh if t in moved else 0.0)
            loss += h @ self.dy[t]
        return float(loss + h @ self.dlast[0] + c @ self.dlast[1])

    def step(self, t, h, c, dc):
        # In the reverse direction the border before step t + 1 is crossed on entering step t.
        border = t + 1 if self.reverse else t
        if border < len(self.x) and self.reset[border] and (not self.reverse or border in self.order):
            h, c = np.zeros_like(h), np.zeros_like(c)
        weights, held = self.weights, h
        seen = h if self.masks.recurrent is None else h * self.masks.recurrent[self.row]
        z = weights.weight_ih @ self.x[t] + weights.weight_hh @ seen + weights.bias
        if self.cell.has_memory:
            z_i, z_f, z_g, z_o = np.split(z, 4)
            p_i, p_f, p_o = np.zeros((3, len(h))) if weights.peephole is None else weights.peephole
            g = np.tanh(z_g) if self.cell.candidate_tanh else z_g
            c = logistic(z_f + p_f * c) * c + logistic(z_i + p_i * c) * g + dc
            h = logistic(z_o + p_o * c) * (np.tanh(c) if self.cell.output_tanh else c)
        else:
            h = RNN_ACTIVATIONS[self.cell.activation](z)
        zoneout = self.masks.zoneout_h
        if zoneout is not None:
            share = zoneout[t, self.row] if isinstance(zoneout, np.ndarray) else zoneout
            h = share * held + (1 - share) * h
        return h, c

    def derivatives(self, t):
        """∂L/∂h_t and ∂L/∂c_t by central differences."""
        order = self.order[self.order.index(t) :]
        h, c = self.before[t]
        dh, dc = np.zeros_like(h), np.zeros_like(c)
        by_h, by_c = (
            numerical_gradient(lambda: self.run(order, h, c, {}, dh, dc), moved, STEP) for moved in (dh, dc)
        )
        return by_h, by_c


def draw_problem(seed, name, steps=T, batch=B, hidden=H):
    cell, peephole = CELLS[name]
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(size=(steps, batch, D)), rng.normal(size=(steps, batch, hidden))
    weights = draw_weights(rng, cell, D, hidden, peephole)
    state, dstate = (draw_state(rng, cell, batch, hidden) for _ in range(2))
    return rng, (cell, x, weights, state), dy, dstate


def assert_every_step(problem, dy, dstate, **options):
    flow = error_flow(dy, forward(*problem, **options)[2], dstate)
    for row in range(dy.shape[1]):
        there = Row(row, *problem, dy, dstate, **options)
        for t in range(len(dy)):
            if t not in there.order:
                assert not flow.h[t, row].any()
                assert not flow.c[t, row].any()
                continue
            by_h, by_c = there.derivatives(t)
            assert np.abs(by_h).max() > 1e-3
            assert relative_error(flow.h[t, row], by_h) < TOLERANCE, f"h of step {t}, row {row}"
            assert relative_error(flow.c[t, row], by_c) < TOLERANCE, f"c of step {t}, row {row}"
            assert by_c.size == 0 or np.abs(by_c).max() > 1e-3


@BOTH_WAYS
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_every_step_of_a_short_sequence(name, situation, reverse):
    _, problem, dy, dstate = draw_problem(0, name)
    assert_every_step(problem, dy, dstate, reverse=reverse, **SITUATIONS[situation])


@BOTH_WAYS
@pytest.mark.parametrize("kinds", KINDS, ids=" and ".join)
@pytest.mark.parametrize("name", ["lstm", "lstm-no-tanh-at-all-peephole", "rnn-tanh"])
def test_every_step_under_masks(name, kinds, reverse):
    rng, problem, dy, dstate = draw_problem(1, name)
    masks = draw_masks(rng, kinds)
    assert_every_step(problem, dy, dstate, reverse=reverse, masks=masks, **SITUATIONS["ragged reset"])


# Weights under which an error neither vanishes nor explodes, so that there is something to compare.
LASTING = ["lstm", "lstm-peephole", "lstm-no-tanh", "lstm-linear-candidate", "rnn-tanh", "rnn-relu"]


def lasting_problem(name, steps):
    rng, (cell, x, weights, state), dy, dstate = draw_problem(2, name, steps, batch=1)
    if cell.has_memory:
        weights = weights._replace(
            weight_hh=0.1 * weights.weight_hh,
            bias=np.repeat([-2.0, 5.0, 0.0, 0.0], H),
            peephole=None if weights.peephole is None else 0.1 * weights.peephole,
        )
    elif cell.activation == "relu":
        # Units that stay open hand on what they get, in a circle.
        weights = weights._replace(weight_hh=np.roll(np.eye(H), 1, axis=0), bias=np.full(H, 0.5))
        x, state = np.abs(x), State(np.abs(state.h), state.c)
        weights = weights._replace(weight_ih=np.abs(weights.weight_ih))
    else:
        rotation, _ = np.linalg.qr(rng.normal(size=(H, H)))
        weights = weights._replace(weight_hh=rotation, bias=np.zeros(H))
        x, state = 0.01 * x, State(0.01 * state.h, state.c)
    dy[:-1] = 0  # what arrives at a step is then the gradient by lag
    return (cell, x, weights, state), dy, dstate


@pytest.mark.parametrize("name", LASTING)
def test_lags_of_a_long_sequence(name):
    steps = 200
    problem, dy, dstate = lasting_problem(name, steps)
    there = Row(0, *problem, dy, dstate)
    flow = error_flow(dy, forward(*problem)[2], dstate)
    for lag in (0, 1, 10, 60, 199):
        t = steps - 1 - lag
        by_h, by_c = there.derivatives(t)
        for found, expected in ((flow.h[t, 0], by_h), (flow.c[t, 0], by_c)):
            assert expected.size == 0 or np.abs(expected).max() > 1e-3, "nothing is left of the error"
            assert relative_error(found, expected) < 1e-7, f"lag {lag}"


def test_without_a_path_through_h_the_forget_gate_alone_carries_the_error():
    # docs/derivation.md, "The cell state: a path with a gate instead of a matrix": to the last bit.
    _, (cell, x, weights, state), dy, dstate = draw_problem(3, "lstm", steps=50)
    weights = weights._replace(weight_hh=np.zeros_like(weights.weight_hh))
    _, _, cache = forward(cell, x, weights, state)
    flow = error_flow(dy, cache, dstate)
    by_own_h = dy * cache.o * (1 - np.tanh(cache.c) * np.tanh(cache.c))
    assert np.array_equal(flow.h[:-1], dy[:-1])
    assert np.array_equal(flow.c[:-1], flow.c[1:] * cache.f[1:] + by_own_h[:-1])

    carried = error_flow(np.zeros_like(dy), cache, State(np.zeros_like(dstate.h), dstate.c))
    expected = dstate.c
    for t in reversed(range(len(dy))):
        assert np.array_equal(carried.c[t], expected)
        expected = expected * cache.f[t]
    assert not carried.h.any()


def test_the_way_through_h_is_added_as_the_derivation_says():
    # docs/derivation.md, "What runs through h": dc_t / dc_{t-1} = diag(f) + A diag(o (1 - tanh² c)).
    _, problem, dy, dstate = draw_problem(4, "lstm", batch=1)
    weights = problem[2]
    _, _, cache = forward(*problem)
    flow = error_flow(dy, cache, dstate)
    w_i, w_f, w_g, w_o = np.split(weights.weight_hh, 4)
    for t in range(1, T):
        i, f, g, o = (getattr(cache, gate)[t, 0] for gate in "ifgo")
        c, c_prev, dh, dc = cache.c[t, 0], cache.c_prev[t, 0], flow.h[t, 0], flow.c[t, 0]
        slope = cache.o[t - 1, 0] * (1 - np.tanh(c_prev) ** 2)
        a = (c_prev * f * (1 - f))[:, None] * w_f + (g * i * (1 - i))[:, None] * w_i
        a += (i * (1 - g * g))[:, None] * w_g
        total = np.diag(f) + a * slope
        # h_{t-1} also moves o_t, past c_t.
        by_output_gate = (dh * np.tanh(c) * o * (1 - o)) @ w_o * slope
        expected = dc @ total + by_output_gate + dy[t - 1, 0] * slope
        np.testing.assert_allclose(flow.c[t - 1, 0], expected, rtol=1e-12)


@BOTH_WAYS
@pytest.mark.parametrize("name", CELLS)
def test_the_first_step_leads_to_the_gradient_of_the_initial_state(name, reverse):
    _, problem, dy, dstate = draw_problem(5, name)
    cell, _, weights, _ = problem
    _, _, cache = forward(*problem, reverse=reverse)
    flow = error_flow(dy, cache, dstate)
    first = cache.walk.order[0]
    gates, c_prev, dh, dc = (part[first] for part in (cache.gates.copy(), cache.c_prev, flow.h, flow.c))
    if cell.has_memory:
        i, f, g, o = split_gates(gates)
        use = np.tanh(cache.c[first]) if cell.output_tanh else cache.c[first]
        dz = [
            dc * g * i * (1 - i),
            dc * c_prev * f * (1 - f),
            dc * i * (1 - g * g if cell.candidate_tanh else 1),
            dh * use * o * (1 - o),
        ]
        p_i, p_f, _ = np.zeros((3, H)) if weights.peephole is None else weights.peephole
        expected = State(np.concatenate(dz, axis=1) @ weights.weight_hh, dc * f + dz[0] * p_i + dz[1] * p_f)
    else:
        slopes = {"tanh": 1 - gates**2, "sigmoid": gates * (1 - gates), "relu": gates > 0}
        expected = State((dh * slopes[cell.activation]) @ weights.weight_hh, dc)
    _, dfirst, _ = backward(dy, cache, dstate)
    np.testing.assert_allclose(dfirst.h, expected.h, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(dfirst.c, expected.c, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["lstm-peephole", "rnn-tanh"])
def test_a_state_left_between_two_halves_is_an_initial_state(name):
    # What reaches h_t is what its own step gets, and what the rest of the sequence says of its initial state.
    _, problem, dy, dstate = draw_problem(6, name)
    cell, x, weights, _ = problem
    _, _, cache = forward(*problem)
    flow = error_flow(dy, cache, dstate)
    for t in range(T - 1):
        rest = forward(cell, x[t + 1 :], weights, State(cache.h[t], cache.c[t]))[2]
        _, dmiddle, _ = backward(dy[t + 1 :], rest, dstate)
        np.testing.assert_allclose(flow.h[t], dy[t] + dmiddle.h, rtol=1e-12)


def as_float32(part):
    return type(part)(*map(as_float32, part)) if isinstance(part, tuple) else narrow(part)


def narrow(array):
    return array.astype(np.float32) if isinstance(array, np.ndarray) else array


@BOTH_WAYS
@pytest.mark.parametrize("name", CELLS)
def test_float32_is_close_to_float64(name, reverse):
    _, problem, dy, dstate = draw_problem(7, name)
    options = {"reverse": reverse, **SITUATIONS["ragged reset"]}
    expected = error_flow(dy, forward(*problem, **options)[2], dstate)
    cell, *arrays = problem
    cache = forward(cell, *map(as_float32, arrays), **options)[2]
    found = error_flow(narrow(dy), cache, as_float32(dstate))
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * max(1, np.abs(other).max(initial=0)))


@BOTH_WAYS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["lstm-peephole", "lstm-linear-candidate", "rnn-tanh"])
def test_a_look_at_the_error_changes_no_bit_of_what_backward_gives(name, dtype, reverse):
    rng, problem, dy, dstate = draw_problem(8, name)
    cell, *arrays = problem
    masks = draw_masks(rng, ("recurrent", "zoneout"))
    if dtype == np.float32:
        arrays, dy, dstate = [as_float32(part) for part in arrays], narrow(dy), as_float32(dstate)
        masks = masks._replace(recurrent=narrow(masks.recurrent))
    options = {"reverse": reverse, "masks": masks, **SITUATIONS["ragged reset"]}
    outcomes = []
    for look in (False, True):
        _, _, cache = forward(cell, *arrays, **options)
        if look:
            handed = [dy, *dstate, cache.gates, cache.h_slots, cache.c_slots]
            before = [array.copy() for array in handed]
            once, again = error_flow(dy, cache, dstate), error_flow(dy, cache, dstate)
            assert all(np.array_equal(*pair) for pair in zip(once, again, strict=True))
            assert all(np.array_equal(*pair) for pair in zip(handed, before, strict=True))
        dx, dfirst, gradients = backward(dy, cache, dstate)
        outcomes.append([dx, *dfirst, *(part for part in gradients if part is not None)])
    for found, expected in zip(*outcomes, strict=True):
        assert found.dtype == dtype
        assert np.array_equal(found, expected)


def test_a_gradient_of_the_state_that_is_left_out_is_zero():
    _, problem, dy, dstate = draw_problem(9, "lstm")
    _, _, cache = forward(*problem)
    zeros = State(*(np.zeros_like(part) for part in dstate))
    for found, expected in zip(error_flow(dy, cache), error_flow(dy, cache, zeros), strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("held", [np.zeros((T, B, H), dtype=bool), 0.1], ids=["drawn", "expected"])
def test_zoneout_of_the_cell_state_is_refused(held):
    _, problem, dy, _ = draw_problem(10, "lstm")
    _, _, cache = forward(*problem, masks=StateMasks(zoneout_c=held))
    with pytest.raises(ArgumentError, match=r"masks\.zoneout_c; expected None, .* Run forward without it"):
        error_flow(dy, cache)


def test_a_spent_cache_is_refused():
    _, problem, dy, _ = draw_problem(11, "lstm")
    _, _, cache = forward(*problem)
    backward(dy, cache)
    with pytest.raises(ArgumentError, match="backward has turned this cache's gates into their gradients"):
        error_flow(dy, cache)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dy": np.ones((T, 1, H))}, r"dy has shape \(4, 1, 3\); expected \(4, 3, 3\)"),
        ({"dstate": State(np.ones((1, H)))}, r"dstate.h has shape \(1, 3\); expected \(3, 3\)"),
        ({"dstate": State(np.ones((B, H)))}, r"dstate.c has shape \(0,\); expected \(3, 3\)"),
    ],
    ids=["dy", "h", "c"],
)
def test_gradients_that_do_not_fit_are_refused(changes, message):
    _, problem, dy, dstate = draw_problem(12, "lstm")
    _, _, cache = forward(*problem)
    with pytest.raises(ArgumentError, match=f"error_flow: {message}"):
        error_flow(**{"dy": dy, "cache": cache, "dstate": dstate} | changes)


def test_the_gradient_by_lag_of_one_unit_is_known_in_the_head():
    # f = 0.99, nothing written, nothing seen of h: the error of c is 0.99 to the power of the lag.
    steps = 100
    weights = Weights(np.zeros((4, 1)), np.zeros((4, 1)), np.array([0.0, np.log(99), 0.0, 0.0]))
    _, _, cache = forward(LSTMCell(), np.zeros((steps, 1, 1)), weights)
    flow = error_flow(np.zeros((steps, 1, 1)), cache, State(np.zeros((1, 1)), np.ones((1, 1))))
    np.testing.assert_allclose(flow.c[:, 0, 0], 0.99 ** np.arange(steps)[::-1], rtol=1e-12)


def test_the_horizon_is_where_a_norm_falls_below_a_third_of_its_peak():
    assert memory_horizon(np.array([1.0, 0.9, 0.37, 0.36, 0.4])) == 3
    assert memory_horizon(np.array([1.0, 4.0, 2.0, 1.4, 0.0])) == 3  # of the peak, which may come later
    assert memory_horizon(np.array([1.0, 0.5, 0.4])) is None
    assert memory_horizon(np.array([1.0, 2.0, 3.0])) is None
