"""A cell through time: the forward pass over a whole sequence and back-propagation through time.

Five things happen here, whichever the cell:

* the input part of all sums is one matrix product over all time steps, the recurrent part one a step;
* ragged batches run on the padded buffer: with rows sorted by length, longest first, step t computes
  only the rows still alive;
* a reset mask starts a row afresh in the middle of a batch;
* recurrent dropout and zoneout thin and hold the states, around the cell's equations; where there is a
  Mogrifier (``ops/mogrifier.py``), it makes each step's sums, the input's part too;
* the backward pass collects the gradients of the sums step by step and turns them into weight
  gradients in one product over all steps (Werbos 1990).

The cell itself is in ``ops/cell.py``, the order of steps in ``ops/_walk.py``, what is kept in
``ops/_cache.py``. In float32 all of this goes through the native kernel where there is one; what stands here
is its reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.ops._cache import GateBuffer, SequenceCache
from gatewise.ops._mogrified_sums import MogrifiedSums
from gatewise.ops._native import native_layer, takes_native
from gatewise.ops._walk import Walk
from gatewise.ops._weights import Weights
from gatewise.ops.cell import Cell, split_gates
from gatewise.ops.dropout import StateMasks, zoneout, zoneout_backward
from gatewise.ops.embedding import TokenInput, add_rows
from gatewise.types import Array, BoolArray, IntArray, State

__all__ = [
    "GateBuffer",
    "SequenceCache",
    "StateMasks",
    "TokenInput",
    "Weights",
    "backward",
    "forward",
    "infer",
    "steps_backward",
]


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

    Returns:
        y (T, B, H), zero in the padding; the state after each row's last step; the cache.

    Raises:
        ArgumentError: lengths rise, or a mask does not fit.
    """
    masks = masks or StateMasks()
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
    cache = SequenceCache(cell, walk, x, weights, GateBuffer(gates), h_slots, c_slots, masks, mogrified)
    return cache.h, State(walk.last_state(h_slots), walk.last_state(c_slots)), cache


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
        return forward(cell, x, weights, state, lengths=lengths, reset=reset, reverse=reverse, masks=masks)[
            :2
        ]
    walk, h_slots, c_slots = _begin(cell, x, weights, state, lengths, reset, reverse, masks, keep_all=False)
    mogrified, inputs = _mogrified(walk, x, weights, masks)
    native = native_layer(cell, walk, inputs, weights, masks, mogrified)
    kernels.recurrent_forward(native, None, h_slots, c_slots)
    return walk.states_after(h_slots), State(walk.last_state(h_slots), c_slots[0])


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


def backward(
    dy: Array,
    cache: SequenceCache,
    dstate: State | None = None,
    gradients: Weights | None = None,
    dx: Array | None = None,
) -> tuple[Array, State, Weights]:
    """Back-propagation through time.

    At each step dh is the sum of that step's own loss (dy) and what comes back through the next
    step's gates; dc has what comes back through the next forget gate.

    Args:
        dy: (T, B, H); the padding is ignored.
        cache: of the forward pass. Its gates are spent afterwards: their gradients take their room.
        dstate: gradient of the state that ``forward`` returned; zeros where omitted.
        gradients: arrays of the weights' shapes to add to; new ones where omitted.
        dx: (T, B, D), or where the input was tokens (V, D), an array to add to; a new one where omitted,
            zero in the padding.

    Returns:
        dx (T, B, D), or where the input was tokens the table's gradient (V, D); the gradient of the initial
        state; the gradients of the weights. Where arrays were given to add to, these.

    Raises:
        ArgumentError: the cache is spent; gradients are without peepholes or a Mogrifier and the weights are
            not.
    """
    weights, x = cache.weights, cache.x
    for name in ("peephole", "mogrifier"):
        if gradients is not None and (getattr(gradients, name) is None) != (getattr(weights, name) is None):
            raise ArgumentError(
                f"gradients.{name} and the weights' own differ; expected both, or None twice."
            )
    c_new = cache.c_new
    # One array: the gates of a step are not needed after it, so their gradients overwrite them.
    gates = dz = cache.gate_buffer.take()
    if dstate is None:
        dh, dc = np.zeros_like(cache.h_slots[0]), np.zeros_like(cache.c_slots[0])
    else:
        dh, dc = dstate.h.copy(), dstate.c.copy()
    if gradients is None:
        peephole = None if weights.peephole is None else np.zeros_like(weights.peephole)
        ih, hh, bias = (np.zeros_like(each) for each in weights[:3])
        mogrifier = weights.mogrifier and tuple(tuple(map(np.zeros_like, each)) for each in weights.mogrifier)
        gradients = Weights(ih, hh, bias, peephole, mogrifier)
    add_to_dx = dx is not None
    if dx is None:
        like = x.table if isinstance(x, TokenInput) else x
        dx = (np.empty if cache.walk.valid is None else np.zeros)(like.shape, like.dtype)

    native = not cache.masks.mixes and takes_native(cache.cell, weights, cache.masks)
    if native and all(each is None or each.flags.c_contiguous for each in (dx, *gradients[:4])):
        mogrified, inputs = cache.mogrified, x
        if mogrified is not None:
            mogrified.begin_backward(cache.h_prev)
            inputs = mogrified.given
        kernels.recurrent_backward(
            native_layer(cache.cell, cache.walk, inputs, weights, cache.masks, mogrified),
            dz,
            cache.h_slots,
            cache.c_slots,
            np.ascontiguousarray(dy, dtype=np.float32),
            dh,
            dc,
            dx if mogrified is None else mogrified.dx,
            add_to_dx and mogrified is None,
            gradients.weight_ih,
            gradients.weight_hh,
            gradients.bias,
            gradients.peephole,
        )
        if mogrified is not None:
            if not add_to_dx:
                dx[...] = 0
            _add_mogrified(cache, mogrified, gradients, dx)
    else:
        if not add_to_dx:
            dx[...] = 0
        for t, _, _, dz_t in steps_backward(cache, gates, c_new, dy, dh, dc):
            dz[t, : len(dz_t)] = dz_t
        _add_gradients(cache, dz, c_new, gradients, dx)
    return dx, State(dh, dc), gradients


def _add_gradients(cache: SequenceCache, dz: Array, c_new: Array, gradients: Weights, dx: Array) -> None:
    """The gradients of the weights and of the input, in NumPy: products over all steps."""
    walk, x, mogrified = cache.walk, cache.x, cache.mogrified
    inputs = x.rows() if isinstance(x, TokenInput) else x
    if mogrified is not None:
        inputs, cache = mogrified.x, replace(cache, h_slots=mogrified.h_slots)
    rows = walk.rows(dz)
    parts = Weights(
        weight_ih=rows.T @ walk.rows(inputs),
        weight_hh=rows.T @ walk.rows(_thinned(cache.h_prev, cache.masks)),
        bias=rows.sum(axis=0),
        peephole=None if gradients.peephole is None else _peephole_gradient(dz, cache.c_prev, c_new),
    )
    for total, part in zip(gradients[:4], parts[:4], strict=True):
        if total is not None and part is not None:
            total += part
    if mogrified is None:
        _add_input_gradient(cache, rows @ cache.weights.weight_ih, dx)
    else:
        _add_mogrified(cache, mogrified, gradients, dx)


def _add_mogrified(cache: SequenceCache, mogrified: MogrifiedSums, gradients: Weights, dx: Array) -> None:
    """What the Mogrifier leaves to be done after a walk back."""
    mogrified.add_gradients(gradients)
    _add_input_gradient(cache, cache.walk.rows(mogrified.dx), dx)


def _add_input_gradient(cache: SequenceCache, drows: Array, dx: Array) -> None:
    """Add the gradients of the valid steps' inputs to dx, of the table where the input was tokens."""
    if isinstance(cache.x, TokenInput):
        add_rows(dx, cache.walk.rows(cache.x.tokens[:, :, None]), drows)
    else:
        cache.walk.add_rows(drows, dx)


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
        z += _thinned(h_prev, masks) @ weight_hh
        h, c = cell.forward(z, c_prev, weights.peephole)
        zoneout_h, zoneout_c = masks.zoneout_at(t, n)
        h_slots[after, :n], c_slots[after, :n] = zoneout(h_old, h, zoneout_h), zoneout(c_prev, c, zoneout_c)
        if walk.reverse:
            h_slots[after, n:], c_slots[after, n:] = h_slots[before, n:], c_slots[before, n:]


def steps_backward(
    cache: SequenceCache, gates: Array, c_new: Array, dy: Array, dh: Array, dc: Array
) -> Iterator[tuple[int, Array, Array, Array]]:
    """All steps back in NumPy, the last first.

    Args:
        cache: of the forward pass.
        gates: (T, B, G * H), activated; those of a step are read before it is handed out, and not again.
        c_new: (T, B, H), ``cache.c_new``.
        dy: (T, B, H).
        dh: (B, H), gradient of the final h; left with that of the initial one after the last step handed out.
        dc: the same for c.

    Yields:
        The step t and, for the n rows alive at it, all that reaches h and all that reaches c_new, (n, H)
        each, and the gradients of the sums, (n, G * H). The next step writes over the last of these.
    """
    cell, walk, weights, masks = cache.cell, cache.walk, cache.weights, cache.masks
    mogrified, c_prev = cache.mogrified, cache.c_prev
    if mogrified is not None:
        mogrified.begin_backward(cache.h_prev)
    dz = np.empty_like(gates[0])
    for t in reversed(walk.order):
        n = walk.alive[t]
        zoneout_h, zoneout_c = masks.zoneout_at(t, n)
        dh_t = dh[:n] + dy[t, :n]
        dh_held, dh_new = zoneout_backward(dh_t, zoneout_h)
        dc_held, dc_new = zoneout_backward(dc[:n], zoneout_c)
        dc_t, dc[:n] = cell.backward(
            dh_new,
            dc_new,
            gates[t, :n],
            c_prev[t, :n],
            c_new[t, :n],
            weights.peephole,
            dz[:n],
        )
        np.matmul(dz[:n], weights.weight_hh, out=dh[:n])
        if masks.recurrent is not None:
            dh[:n] *= masks.recurrent[:n]
        if mogrified is not None:
            mogrified.backward(t, dz[:n], dh[:n])
        if dh_held is not None:
            dh[:n] += dh_held
        if dc_held is not None:
            dc[:n] += dc_held
        if walk.keep is not None:
            dh[:n] *= walk.keep[t, :n]
            dc[:n] *= walk.keep[t, :n]
        yield t, dh_t, dc_t, dz[:n]


def _thinned(h_prev: Array, masks: StateMasks) -> Array:
    """The h' that the recurrent sums see: (n, H) at one step, (T, B, H) at all; rows are the first of B."""
    return h_prev if masks.recurrent is None else h_prev * masks.recurrent[: h_prev.shape[-2]]


def _peephole_gradient(dz: Array, c_prev: Array, c_new: Array) -> Array:
    """(3, H): i and f look at the cell state before the step, o at the one that the step computed."""
    dz_i, dz_f, _, dz_o = split_gates(dz)
    pairs = ((dz_i, c_prev), (dz_f, c_prev), (dz_o, c_new))
    return np.stack([np.einsum("tbh,tbh->h", gradient, c) for gradient, c in pairs])
