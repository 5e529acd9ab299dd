"""Down a stack of recurrent layers: from the gradient of its outputs to that of its input and state."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gatewise.nn.parameters import Parameters
from gatewise.nn.stack.cache import RecurrentCache
from gatewise.nn.stack.norm import norm_output_backward
from gatewise.nn.stack.rows import pick_state, stack_states, unsort_rows, unsort_state
from gatewise.nn.stack.shape import StackShape
from gatewise.ops import sequence
from gatewise.ops.dropout import dropout_backward
from gatewise.types import Array, State

__all__ = ["Back", "stack_backward"]


Back = Callable[[int, sequence.SequenceCache, Array, State | None, Array | None], tuple[Array, State]]
"""One layer in one direction back: given its number, cache, dy, the gradient of its last state, and dx to add
to, it returns dx and the gradient of the initial state."""


def stack_backward(
    shape: StackShape,
    dy: Array,
    cache: RecurrentCache,
    dstate: State | None,
    back: Back,
    gradients: Parameters | None,
) -> tuple[Array, State]:
    """From the top layer to the bottom one, each by ``back``.

    Args:
        shape: of the stack.
        dy: (T, B, ``shape.output_size``).
        cache: of the way up.
        dstate: gradient of the last state; zeros where omitted.
        back: what is done at each layer and direction.
        gradients: of the stack, for what stands between the layers to add to; None to add nothing.

    Returns:
        dx (T, B, D), or of a table (V, D), and the gradient of the initial state.
    """
    order, skip = cache.order, shape.skip_connections
    if order is not None:
        dy = np.take(dy, order, axis=1)
    top = len(shape.hidden_sizes) - 1
    dabove, dskipped = dy[..., shape.place(top)], None
    dstates: list[State] = []
    for layer in range(top, -1, -1):
        norm = cache.norms[layer]
        if norm is not None:
            valid = cache.layers[layer][0].walk.valid
            dabove = norm_output_backward(dabove, norm, layer, valid, gradients)
        dx, dinitial = _layer_backward(shape, layer, dabove, cache, dstate, back)
        dstates = dinitial + dstates
        if layer == 0:
            break
        if skip:
            width = shape.widths[layer - 1]
            dx, dinput = dx[..., :width], dx[..., width:]
            dskipped = dinput if dskipped is None else np.add(dskipped, dinput, out=dskipped)
        dabove = dropout_backward(dx, cache.masks[layer])
        if skip:
            dabove += dy[..., shape.place(layer - 1)]
    if dskipped is not None:
        dx += dskipped
    first = stack_states(dstates)
    if order is None:
        return dx, first
    # The gradient of a table has no rows of the batch.
    return (dx if dx.ndim == 2 else unsort_rows(dx, order)), unsort_state(first, order)


def _layer_backward(
    shape: StackShape, layer: int, dabove: Array, cache: RecurrentCache, dstate: State | None, back: Back
) -> tuple[Array, list[State]]:
    """One layer back: dx, to which both directions add, and the gradient of each one's initial state."""

    def run(reverse: int, dx: Array | None) -> tuple[Array, State]:
        index, part = layer * shape.directions + reverse, slice(reverse * hidden, (reverse + 1) * hidden)
        dlast = pick_state(dstate, index, hidden, cache.order)
        return back(index, cache.layers[layer][reverse], dabove[..., part], dlast, dx)

    hidden = shape.hidden_sizes[layer]
    dx, there = run(0, None)
    return (dx, [there]) if shape.directions == 1 else (dx, [there, run(1, dx)[1]])
