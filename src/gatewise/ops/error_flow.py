"""How much every state of a sequence matters to the loss: the error that flows back through each step.

This is what back-propagation through time carries from step to step and does not return. With a loss at the
last step alone, its size over the steps is the gradient by lag: where it falls to nothing, the loss has
stopped hearing of the past (Hochreiter & Schmidhuber 1997, section 3; Pascanu et al. 2013).
"""

from __future__ import annotations

import math

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.ops.sequence import steps_backward
from gatewise.ops.sequence.cache import SequenceCache
from gatewise.types import Array, State

__all__ = ["error_flow", "memory_horizon"]


def error_flow(dy: Array, cache: SequenceCache, dstate: State | None = None) -> State:
    r"""The total derivatives of the loss by every h_t and c_t.

    *By h_t*: move the hidden state after step t, with c_t as it is, and let everything later follow. That is
    what step t hands out (its dy, and dstate.h where t is the row's last step) and what the next step's sums
    make of it.

    *By c_t*: move the cell state after step t and let everything that is computed from it follow: this step's
    output gate where there are peepholes, h_t, and all later steps. With a tanh on the way out,

    $$
    \frac{dL}{dc_t} = \frac{\partial L}{\partial c_t} + \frac{dL}{dh_t} \odot o_t \odot (1 - \tanh^2(c_t))
        + dz_{o,t} \odot p_o
    $$

    where the first term is what comes back from the next step's cell state, input and forget gate (and
    dstate.c). It is dc in ``LSTMCell.backward``.

    "Later" is in the order of the walk: in the reverse direction, step t - 1 comes after step t. Nothing
    flows across a reset. Where zoneout holds a unit of h, what the step computed for it has no part in h_t:
    there c_t moves later steps only, and h_t moves the h that later steps hold.

    Args:
        dy: (T, B, H), the gradient of what the steps hand out; the padding is ignored.
        cache: of a forward pass, one layer in one direction. It is not spent: ``backward`` may follow.
        dstate: gradient of the state that ``forward`` returned; zeros where omitted.

    Returns:
        h and c, (T, B, H) each, zero in the padding; c is 0 wide for the RNN.

    Raises:
        ArgumentError: the cache is spent, or what it holds has changed since; a shape does not fit; the pass
            had zoneout of the cell state, where h_t and step t + 1 see two different cell states.
    """
    if cache.masks.zoneout_c is not None:
        raise ArgumentError(
            "error_flow: the forward pass had masks.zoneout_c; expected None, for under it h_t and step "
            "t + 1 see two different cell states, and neither alone is c_t. Run forward without it."
        )
    if cache.held is not None:
        cache.held.check("error_flow")
    if dstate is None:
        dstate = State(np.zeros_like(cache.h_slots[0]), np.zeros_like(cache.c_slots[0]))
    flow = State(np.zeros_like(cache.h), np.zeros_like(cache.c))
    _check_shape("dy", dy, flow.h.shape)
    for name, given, states in zip(("dstate.h", "dstate.c"), dstate, flow, strict=True):
        _check_shape(name, given, states.shape[1:])
    dh, dc = (part.copy() for part in dstate)
    for t, dh_t, dc_t, _ in steps_backward(cache, cache.gates, cache.c_new, dy, dh, dc):
        flow.h[t, : len(dh_t)], flow.c[t, : len(dc_t)] = dh_t, dc_t
    return flow


def memory_horizon(norms: Array) -> int | None:
    """The first lag after the peak at which norms (T,) fall below 1/e of it; None if at none."""
    peak = int(norms.argmax())
    fallen = np.flatnonzero(norms[peak:] < norms[peak] / math.e)
    return peak + int(fallen[0]) if len(fallen) else None


def _check_shape(name: str, values: Array, expected: tuple[int, ...]) -> None:
    if values.shape != expected:
        raise ArgumentError(f"error_flow: {name} has shape {values.shape}; expected {expected}.")
