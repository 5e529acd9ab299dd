"""Forward through time: a cell over a whole sequence."""

from __future__ import annotations

import numpy as np

from gatewise import kernels
from gatewise.ops.cell import Cell
from gatewise.ops.dropout import StateMasks, zoneout
from gatewise.ops.embedding import TokenInput
from gatewise.ops.held import Held
from gatewise.ops.sequence.cache import GateBuffer, SequenceCache
from gatewise.ops.sequence.mogrified_sums import MogrifiedSums
from gatewise.ops.sequence.native import native_layer, takes_native
from gatewise.ops.sequence.walk import Walk
from gatewise.ops.sequence.weights import Weights
from gatewise.types import Array, BoolArray, IntArray, State

__all__ = ["forward", "infer"]


def forward(
    cell: Cell,
    x: Array | TokenInput,
    weights: Weights,
    state: State | None = None,
    *,
    lengths: IntArray | None = None,
    reset: BoolArray | None = None,
    reverse: bool = False,
    masks: StateMasks | None = None,
    watch: bool = True,
) -> tuple[Array, State, SequenceCache]:
    """Run a cell over a whole sequence.

    Args:
        cell: the equations.
        x: (T, B, D), or tokens and the table of what they stand for.
        weights: the layer's parameters, of x's type.
        state: initial h and c, (B, H) each; zeros where omitted.
        lengths: (B,) valid steps of each row, longest first; all T where omitted.
        reset: (T, B), True where a step begins a new sequence: it sees a state of zeros.
        reverse: walk from each row's last step to its first.
        masks: recurrent dropout and zoneout. What a unit keeps under zoneout is the state that its step
            sees: zero where a new sequence begins.
        watch: x, weights and masks are marked, and ``backward`` refuses the cache if they have changed; False
            for whoever does that himself.

    Returns:
        y (T, B, H), zero in the padding and read-only, for the cache shares it; the state after each row's
        last step; the cache.

    Raises:
        ArgumentError: lengths rise, or a mask does not fit.
    """
    masks = masks or StateMasks()
    held = _hold(x, weights, masks) if watch else None
    walk, h_slots, c_slots = _begin(cell, x, weights, state, lengths, reset, reverse, masks)
    mogrified, inputs = _mogrified(walk, x, weights, masks)
    if takes_native(cell, weights, masks):
        native = native_layer(cell, walk, inputs, weights, masks, mogrified)
        shape = (walk.steps, walk.batch, len(weights.bias))
        gates = np.empty(shape, np.float32) if walk.valid is None else np.zeros(shape, np.float32)
        kernels.recurrent_forward(native, gates, h_slots, c_slots)
    else:
        if isinstance(inputs, TokenInput):
            inputs = inputs.rows()
        if mogrified is None:
            sums = walk.rows(inputs) @ weights.weight_ih.T
            sums += weights.bias
            gates = walk.padded(sums)
        else:
            gates = np.zeros((walk.steps, walk.batch, len(weights.bias)), inputs.dtype)
        _steps_forward(cell, walk, weights, masks, gates, h_slots, c_slots, mogrified)
    cache = SequenceCache(cell, walk, x, weights, GateBuffer(gates), h_slots, c_slots, masks, mogrified, held)
    y = cache.h
    y.flags.writeable = False
    return y, State(walk.last_state(h_slots), walk.last_state(c_slots)), cache


def infer(
    cell: Cell,
    x: Array | TokenInput,
    weights: Weights,
    state: State | None = None,
    *,
    lengths: IntArray | None = None,
    reset: BoolArray | None = None,
    reverse: bool = False,
    masks: StateMasks | None = None,
) -> tuple[Array, State]:
    """As ``forward``, but keeps nothing for a way back: no gates, and the cell state of one step only."""
    masks = masks or StateMasks()
    if not takes_native(cell, weights, masks):
        _, last, cache = forward(
            cell, x, weights, state, lengths=lengths, reset=reset, reverse=reverse, masks=masks, watch=False
        )
        return cache.h, last
    walk, h_slots, c_slots = _begin(cell, x, weights, state, lengths, reset, reverse, masks, keep_all=False)
    mogrified, inputs = _mogrified(walk, x, weights, masks)
    native = native_layer(cell, walk, inputs, weights, masks, mogrified)
    kernels.recurrent_forward(native, None, h_slots, c_slots)
    return walk.states_after(h_slots), State(walk.last_state(h_slots), c_slots[0])


def _hold(x: Array | TokenInput, weights: Weights, masks: StateMasks) -> Held:
    """All that a cache refers to and the way back reads."""
    inputs = x._asdict() if isinstance(x, TokenInput) else {"x": x}
    rounds = {
        f"mogrifier[{i}][{k}]": factor
        for i, factors in enumerate(weights.mogrifier or ())
        for k, factor in enumerate(factors)
    }
    drawn = {f"masks.{name}": mask for name, mask in masks._asdict().items() if isinstance(mask, np.ndarray)}
    return Held(
        **inputs,
        weight_ih=weights.weight_ih,
        weight_hh=weights.weight_hh,
        peephole=weights.peephole,
        **rounds,
        **drawn,
    )


def _mogrified(
    walk: Walk, x: Array | TokenInput, weights: Weights, masks: StateMasks
) -> tuple[MogrifiedSums | None, Array | TokenInput]:
    """What gates input and state, where there is a Mogrifier; and the input, a row for each step then."""
    if weights.mogrifier is None:
        return None, x
    inputs = x.rows() if isinstance(x, TokenInput) else x
    return MogrifiedSums(walk, np.ascontiguousarray(inputs), weights, masks.recurrent), inputs


def _begin(
    cell: Cell,
    x: Array | TokenInput,
    weights: Weights,
    state: State | None,
    lengths: IntArray | None,
    reset: BoolArray | None,
    reverse: bool,
    masks: StateMasks,
    keep_all: bool = True,
) -> tuple[Walk, Array, Array]:
    """The walk, and slots for h and c with the initial state in place; of c only one unless all are kept."""
    steps, batch = x.tokens.shape if isinstance(x, TokenInput) else x.shape[:2]
    hidden, dtype = weights.weight_hh.shape[1], weights.weight_hh.dtype
    masks.check(steps, batch, hidden, cell.has_memory)
    walk = Walk(steps, batch, reverse, lengths, reset)
    # Where rows end early their slots stay as they are: zeros.
    new = np.empty if lengths is None else np.zeros
    h_slots: Array = new((steps + 1, batch, hidden), dtype)
    c_slots: Array = new((steps + 1 if keep_all else 1, batch, hidden if cell.has_memory else 0), dtype)
    first = walk.before(walk.order[0])
    h_slots[first], c_slots[first if keep_all else 0] = (0, 0) if state is None else state
    return walk, h_slots, c_slots


def _steps_forward(
    cell: Cell,
    walk: Walk,
    weights: Weights,
    masks: StateMasks,
    gates: Array,
    h_slots: Array,
    c_slots: Array,
    mogrified: MogrifiedSums | None,
) -> None:
    """All steps forward in NumPy: the reference, and the path of every cell without a kernel."""
    weight_hh = np.ascontiguousarray(weights.weight_hh.T)
    for t in walk.order:
        n, before, after = walk.alive[t], walk.before(t), walk.after(t)
        h_prev, c_prev = h_slots[before, :n], c_slots[before, :n]
        if walk.keep is not None:
            h_prev, c_prev = h_prev * walk.keep[t, :n], c_prev * walk.keep[t, :n]
        z, h_old = gates[t, :n], h_prev
        if mogrified is not None:
            h_prev = mogrified.forward(t, h_prev, z)
        z += masks.thinned(h_prev) @ weight_hh
        h, c = cell.forward(z, c_prev, weights.peephole)
        zoneout_h, zoneout_c = masks.zoneout_at(t, n)
        h_slots[after, :n], c_slots[after, :n] = zoneout(h_old, h, zoneout_h), zoneout(c_prev, c, zoneout_c)
        if walk.reverse:
            h_slots[after, n:], c_slots[after, n:] = h_slots[before, n:], c_slots[before, n:]
