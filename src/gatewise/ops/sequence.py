"""A cell through time: the forward pass over a whole sequence and back-propagation through time.

Four things happen here, whichever the cell:

* the input part of all sums is one matrix product over all time steps, the recurrent part one a step;
* ragged batches run on the padded buffer: with rows sorted by length, longest first, step t computes
  only the rows still alive;
* a reset mask starts a row afresh in the middle of a batch;
* the backward pass collects the gradients of the sums step by step and turns them into weight
  gradients in one product over all steps (Werbos 1990).

The cell itself is in ``ops/cell.py``. The steps of an LSTM in float32 go through the native kernel where
there is one; the loops here are its reference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.ops.cell import Cell, LSTMCell, split_gates
from gatewise.types import GATE_ORDER, Array, BoolArray, IntArray, State

__all__ = ["SequenceCache", "Weights", "backward", "forward"]


class Weights(NamedTuple):
    """The parameters of one layer in one direction, or their gradients.

    Attributes:
        weight_ih: (G * H, D), from the input.
        weight_hh: (G * H, H), from the hidden state.
        bias: (G * H,).
        peephole: (3, H), from the cell state to i, f and o; None without peepholes.
    """

    weight_ih: Array
    weight_hh: Array
    bias: Array
    peephole: Array | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """In which order the steps of a batch are taken, and what is alive at each.

    Hidden and cell states lie in buffers of T + 1 slots. Walking forward, step t reads slot t and
    writes slot t + 1; in reverse it reads slot t + 1 and writes slot t. The initial state stands in
    the slot that the first step reads, so the states before all steps are one view of the buffer.
    """

    steps: int
    batch: int
    reverse: bool = False
    lengths: IntArray | None = None
    reset: BoolArray | None = None
    alive: list[int] = field(init=False)
    valid: BoolArray | None = field(init=False)
    keep: BoolArray | None = field(init=False)

    def __post_init__(self) -> None:
        valid = alive = None
        if self.lengths is not None:
            if (np.diff(self.lengths) > 0).any():
                raise ArgumentError(f"lengths={self.lengths}; expected the longest first.")
            valid = self.lengths > np.arange(self.steps)[:, None]
            alive = [int(n) for n in valid.sum(axis=1)]
        object.__setattr__(self, "valid", valid)
        object.__setattr__(self, "alive", alive or [self.batch] * self.steps)
        object.__setattr__(self, "keep", self._kept_states())

    def _kept_states(self) -> BoolArray | None:
        """(T, B, 1), False where a step must not see the state it is handed.

        ``reset[t]`` says that step t begins a new sequence. Walking in reverse, the border between
        steps t - 1 and t is crossed on entering step t - 1.
        """
        if self.reset is None:
            return None
        # In the padding begins no sequence; a mark there must not part a reversed row from its state.
        keep = ~self.reset if self.valid is None else ~(self.reset & self.valid)
        if self.reverse:
            keep = np.concatenate([keep[1:], np.ones((1, self.batch), dtype=bool)])
        return keep[:, :, None]

    @property
    def order(self) -> range:
        """Time steps in the order they are taken."""
        return range(self.steps - 1, -1, -1) if self.reverse else range(self.steps)

    def before(self, t: int) -> int:
        """Slot of the state that step t reads."""
        return t + 1 if self.reverse else t

    def after(self, t: int) -> int:
        """Slot of the state that step t writes."""
        return t if self.reverse else t + 1

    def states_before(self, slots: Array) -> Array:
        """(T, B, H): the state each step was handed, resets applied."""
        states = slots[1:] if self.reverse else slots[:-1]
        return states if self.keep is None else states * self.keep

    def states_after(self, slots: Array) -> Array:
        """(T, B, H): the state each step left behind; zero in the padding."""
        states = slots[:-1] if self.reverse else slots[1:]
        if self.valid is not None and self.reverse:
            # Reversed padding carries the initial state to where a short row begins.
            return states * self.valid[:, :, None]
        return states

    def last_state(self, slots: Array) -> Array:
        """(B, H): the state after each row's last step."""
        if self.reverse:
            last: Array = slots[0].copy()
        elif self.lengths is None:
            last = slots[-1].copy()
        else:
            last = slots[self.lengths, np.arange(self.batch)]
        return last

    def rows(self, values: Array) -> Array:
        """(N, K): the valid steps of (T, B, K) under each other; what stands in the padding never enters."""
        rows: Array = values.reshape(-1, values.shape[-1]) if self.valid is None else values[self.valid]
        return rows

    def padded(self, rows: Array) -> Array:
        """The inverse of ``rows``, with zeros in the padding."""
        if self.valid is None:
            return rows.reshape(self.steps, self.batch, -1)
        values = np.zeros((self.steps, self.batch, rows.shape[-1]), rows.dtype)
        values[self.valid] = rows
        return values


@dataclass(frozen=True, slots=True)
class SequenceCache:
    """What the forward pass keeps: enough for ``backward``, and for anyone who wants to look inside.

    Six floats a unit, step and sequence for the LSTM: four gates, c and h.

    Attributes:
        cell: the equations that were run.
        walk: the order of steps.
        x: (T, B, D), the input as given.
        weights: the parameters used; not copied.
        gates: (T, B, G * H), activated.
        h_slots: (T + 1, B, H), hidden states, the initial one included.
        c_slots: the same for the cell state; 0 wide for the RNN, which has none.
    """

    cell: Cell
    walk: Walk
    x: Array
    weights: Weights
    gates: Array
    h_slots: Array
    c_slots: Array

    @property
    def h(self) -> Array:
        """(T, B, H): hidden state after each step."""
        return self.walk.states_after(self.h_slots)

    @property
    def c(self) -> Array:
        """(T, B, H): cell state after each step."""
        return self.walk.states_after(self.c_slots)

    @property
    def h_prev(self) -> Array:
        """(T, B, H): hidden state before each step."""
        return self.walk.states_before(self.h_slots)

    @property
    def c_prev(self) -> Array:
        """(T, B, H): cell state before each step."""
        return self.walk.states_before(self.c_slots)

    def _gate(self, index: int) -> Array:
        if self.cell.gates != len(GATE_ORDER):
            raise AttributeError(f"{type(self.cell).__name__} has no gate {GATE_ORDER[index]!r}")
        return split_gates(self.gates)[index]

    @property
    def i(self) -> Array:
        """(T, B, H): input gate (LSTM only, as f, g and o)."""
        return self._gate(0)

    @property
    def f(self) -> Array:
        """(T, B, H): forget gate."""
        return self._gate(1)

    @property
    def g(self) -> Array:
        """(T, B, H): candidate."""
        return self._gate(2)

    @property
    def o(self) -> Array:
        """(T, B, H): output gate."""
        return self._gate(3)


def forward(
    cell: Cell,
    x: Array,
    weights: Weights,
    state: State | None = None,
    *,
    lengths: IntArray | None = None,
    reset: BoolArray | None = None,
    reverse: bool = False,
) -> tuple[Array, State, SequenceCache]:
    """Run a cell over a whole sequence.

    Args:
        cell: the equations.
        x: (T, B, D).
        weights: the layer's parameters, of x's type.
        state: initial h and c, (B, H) each; zeros where omitted.
        lengths: (B,) valid steps of each row, longest first; all T where omitted.
        reset: (T, B), True where a step begins a new sequence: it sees a state of zeros.
        reverse: walk from each row's last step to its first.

    Returns:
        y (T, B, H), zero in the padding; the state after each row's last step; the cache.

    Raises:
        ArgumentError: lengths rise.
    """
    steps, batch, _ = x.shape
    hidden = weights.weight_hh.shape[1]
    walk = Walk(steps, batch, reverse, lengths, reset)
    sums = walk.rows(x) @ weights.weight_ih.T
    sums += weights.bias
    gates = walk.padded(sums)
    h_slots = np.zeros((steps + 1, batch, hidden), x.dtype)
    c_slots = np.zeros((steps + 1, batch, hidden if cell.has_memory else 0), x.dtype)
    if state is not None:
        first = walk.before(walk.order[0])
        h_slots[first], c_slots[first] = state
    if native := _native_walk(cell, walk, weights):
        kernels.lstm_forward(native, weights.weight_hh, gates, h_slots, c_slots)
    else:
        _steps_forward(cell, walk, weights, gates, h_slots, c_slots)
    cache = SequenceCache(cell, walk, x, weights, gates, h_slots, c_slots)
    return cache.h, State(walk.last_state(h_slots), walk.last_state(c_slots)), cache


def backward(dy: Array, cache: SequenceCache, dstate: State | None = None) -> tuple[Array, State, Weights]:
    """Back-propagation through time.

    At each step dh is the sum of that step's own loss (dy) and what comes back through the next
    step's gates; dc has what comes back through the next forget gate.

    Args:
        dy: (T, B, H); the padding is ignored.
        cache: of the forward pass.
        dstate: gradient of the state that ``forward`` returned; zeros where omitted.

    Returns:
        dx (T, B, D); the gradient of the initial state; the gradients of the weights.
    """
    cell, walk, weights = cache.cell, cache.walk, cache.weights
    dz = np.zeros_like(cache.gates)
    if dstate is None:
        dh, dc = np.zeros_like(cache.h_slots[0]), np.zeros_like(cache.c_slots[0])
    else:
        dh, dc = dstate.h.copy(), dstate.c.copy()

    if native := _native_walk(cell, walk, weights):
        kernels.lstm_backward(native, weights.weight_hh, cache.gates, cache.c_slots, dy, dz, dh, dc)
    else:
        _steps_backward(cache, dy, dz, dh, dc)
    rows = walk.rows(dz)
    gradients = Weights(
        weight_ih=rows.T @ walk.rows(cache.x),
        weight_hh=rows.T @ walk.rows(cache.h_prev),
        bias=rows.sum(axis=0),
        peephole=None if weights.peephole is None else _peephole_gradient(dz, cache),
    )
    return walk.padded(rows @ weights.weight_ih), State(dh, dc), gradients


def _native_walk(cell: Cell, walk: Walk, weights: Weights) -> kernels.LstmWalk | None:
    """What the native kernel needs to know, where it can take these steps; else None."""
    if not isinstance(cell, LSTMCell) or not kernels.runs_natively(weights.weight_hh.dtype):
        return None
    alive = None if walk.valid is None else np.array(walk.alive, dtype=np.int32)
    keep = None if walk.keep is None else walk.keep[:, :, 0]
    peephole = None if weights.peephole is None else np.ascontiguousarray(weights.peephole)
    return kernels.LstmWalk(walk.reverse, cell.output_tanh, alive, keep, peephole)


def _steps_forward(
    cell: Cell, walk: Walk, weights: Weights, gates: Array, h_slots: Array, c_slots: Array
) -> None:
    """All steps forward in NumPy: the reference, and the path of every cell without a kernel."""
    weight_hh = np.ascontiguousarray(weights.weight_hh.T)

    for t in walk.order:
        n, before, after = walk.alive[t], walk.before(t), walk.after(t)
        h_prev, c_prev = h_slots[before, :n], c_slots[before, :n]
        if walk.keep is not None:
            h_prev, c_prev = h_prev * walk.keep[t, :n], c_prev * walk.keep[t, :n]
        z = gates[t, :n]
        z += h_prev @ weight_hh
        h_slots[after, :n], c_slots[after, :n] = cell.forward(z, c_prev, weights.peephole)
        if walk.reverse:
            h_slots[after, n:], c_slots[after, n:] = h_slots[before, n:], c_slots[before, n:]


def _steps_backward(cache: SequenceCache, dy: Array, dz: Array, dh: Array, dc: Array) -> None:
    """All steps back in NumPy: fills dz, and leaves in dh and dc the gradient of the initial state."""
    cell, walk, weights = cache.cell, cache.walk, cache.weights
    c_prev = cache.c_prev
    for t in reversed(walk.order):
        n = walk.alive[t]
        dc[:n] = cell.backward(
            dh[:n] + dy[t, :n],
            dc[:n],
            cache.gates[t, :n],
            c_prev[t, :n],
            cache.c_slots[walk.after(t), :n],
            weights.peephole,
            dz[t, :n],
        )
        np.matmul(dz[t, :n], weights.weight_hh, out=dh[:n])
        if walk.keep is not None:
            dh[:n] *= walk.keep[t, :n]
            dc[:n] *= walk.keep[t, :n]


def _peephole_gradient(dz: Array, cache: SequenceCache) -> Array:
    """(3, H): i and f look at the cell state before the step, o at the one after it."""
    dz_i, dz_f, _, dz_o = split_gates(dz)
    pairs = ((dz_i, cache.c_prev), (dz_f, cache.c_prev), (dz_o, cache.c))
    return np.stack([np.einsum("tbh,tbh->h", gradient, c) for gradient, c in pairs])
