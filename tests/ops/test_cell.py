"""One step: the backward halves of the cells are the derivatives of their forward halves."""

import numpy as np
import pytest

from gatewise.ops import LSTMCell, RNNCell, split_gates
from tests.ops.gradients import assert_gradients
from tests.ops.problems import CELLS, draw_state

B, H = 3, 4


def draw_step(name, seed):
    """The cell, its peepholes, sums z, the state before, and gradients for h and c."""
    cell, has_peephole = CELLS[name]
    rng = np.random.default_rng(seed)
    peephole = rng.normal(size=(3, H)) if has_peephole else None
    z = rng.normal(size=(B, cell.gates * H))
    return cell, peephole, z, draw_state(rng, cell, B, H).c, draw_state(rng, cell, B, H)


@pytest.mark.parametrize("name", CELLS)
def test_gradients_of_one_step(name):
    cell, peephole, z, c_prev, (dh, dc) = draw_step(name, 0)

    def loss():
        h, c = cell.forward(z.copy(), c_prev, peephole)
        return float(np.sum(h * dh) + np.sum(c * dc))

    gates, dz = z.copy(), np.empty_like(z)
    _, c = cell.forward(gates, c_prev, peephole)
    _, dc_prev = cell.backward(dh, dc, gates, c_prev, c, peephole, dz)
    assert_gradients(loss, {"z": (z, dz)} | ({"c_prev": (c_prev, dc_prev)} if cell.has_memory else {}))


@pytest.mark.parametrize("name", CELLS)
def test_one_step_back_changes_nothing_that_it_is_handed(name):
    cell, peephole, gates, c_prev, (dh, dc) = draw_step(name, 1)
    _, c = cell.forward(gates, c_prev, peephole)
    handed = [dh, dc, gates, c_prev, c]
    before = [array.copy() for array in handed]
    cell.backward(dh, dc, gates, c_prev, c, peephole, np.empty_like(gates))
    assert all(np.array_equal(array, copy) for array, copy in zip(handed, before, strict=True))


def test_the_constant_error_flow_is_the_forget_gate():
    # M18: without a loss on h, what reaches c_{t-1} is what reached c_t, times f_t, and nothing else.
    cell, _, gates, c_prev, (dh, dc) = draw_step("lstm", 2)
    _, c = cell.forward(gates, c_prev)
    _, dc_prev = cell.backward(np.zeros_like(dh), dc, gates, c_prev, c, None, np.empty_like(gates))
    assert np.array_equal(dc_prev, dc * split_gates(gates)[1])


def test_gates_come_in_the_order_i_f_g_o():
    # A sum of ±100 opens or shuts one gate; each case can be worked out in the head.
    shut, open_ = -100.0, 100.0

    def step(i, f, g, o):
        h, c = LSTMCell().forward(np.array([[i, f, g, o]]), np.array([[0.5]]))
        return h.item(), c.item()

    assert step(shut, open_, 0.3, open_) == pytest.approx((np.tanh(0.5), 0.5))
    assert step(open_, shut, 0.3, open_) == pytest.approx((np.tanh(np.tanh(0.3)), np.tanh(0.3)))
    assert step(open_, open_, 0.3, shut) == pytest.approx((0.0, 0.5 + np.tanh(0.3)))


def test_without_the_output_tanh_the_cell_state_itself_goes_out():
    z = np.array([[100.0, 100.0, 100.0, 100.0]])
    h, c = LSTMCell(output_tanh=False).forward(z, np.array([[3.0]]))
    assert h.item() == c.item() == pytest.approx(4.0)


def test_a_linear_candidate_writes_its_sum_into_the_cell_state():
    # All gates open: 0.5 is kept, and of the candidate's 3 nothing is squashed.
    z = np.array([[100.0, 100.0, 3.0, 100.0]])
    h, c = LSTMCell(candidate_tanh=False).forward(z, np.array([[0.5]]))
    assert c.item() == pytest.approx(3.5)
    assert h.item() == pytest.approx(np.tanh(3.5))
    assert split_gates(z)[2].item() == 3.0


def test_the_rnn_works_in_place_and_hands_its_empty_cell_state_on():
    z, c = np.array([[0.5, -0.5]]), np.empty((1, 0))
    h, c_next = RNNCell("relu").forward(z, c)
    assert h is z
    assert c_next is c
    assert h.tolist() == [[0.5, 0.0]]
