"""Back-propagation through time (Werbos 1990): a sequence walked back, from its last step to its first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.ops.cell import split_gates
from gatewise.ops.dropout import zoneout_backward
from gatewise.ops.embedding import TokenInput, add_rows
from gatewise.ops.sequence.cache import SequenceCache
from gatewise.ops.sequence.mogrified_sums import MogrifiedSums
from gatewise.ops.sequence.native import native_layer, takes_native
from gatewise.ops.sequence.weights import Weights
from gatewise.types import Array, State

__all__ = ["backward", "steps_backward"]


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
        ArgumentError: the cache is spent, or x, the weights or the masks have changed since the forward pass;
            gradients are without peepholes or a Mogrifier and the weights are not.
    """
    weights, x = cache.weights, cache.x
    if cache.held is not None:
        cache.held.check("backward")
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
        weight_hh=rows.T @ walk.rows(cache.masks.thinned(cache.h_prev)),
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


def _peephole_gradient(dz: Array, c_prev: Array, c_new: Array) -> Array:
    """(3, H): i and f look at the cell state before the step, o at the one that the step computed."""
    dz_i, dz_f, _, dz_o = split_gates(dz)
    pairs = ((dz_i, c_prev), (dz_f, c_prev), (dz_o, c_new))
    return np.stack([np.einsum("tbh,tbh->h", gradient, c) for gradient, c in pairs])
