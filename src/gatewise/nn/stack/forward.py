"""Up a stack of recurrent layers: from the input and the initial state to the outputs and the last state."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import numpy as np

from gatewise.nn.parameters import Parameters
from gatewise.nn.stack.cache import RecurrentCache
from gatewise.nn.stack.norm import norm_output
from gatewise.nn.stack.rows import SortedBatch, pick_state, stack_states, unsort_rows, unsort_state
from gatewise.nn.stack.shape import StackShape
from gatewise.ops import sequence
from gatewise.ops.embedding import TokenInput
from gatewise.ops.held import Held
from gatewise.ops.layer_norm import LayerNormCache
from gatewise.types import Array, State

__all__ = ["Forth", "stack_forward"]


Forth = Callable[[int, Array | TokenInput, State | None], tuple[Array, State, sequence.SequenceCache | None]]
"""One layer in one direction: given its number, what goes into it and its initial state, it returns y, the
last state, and the cache where one is kept."""


def stack_forward(
    shape: StackShape,
    batch: SortedBatch,
    state: State | None,
    forth: Forth,
    thin: Callable[[Array], tuple[Array, Array | None]],
    parameters: Parameters | None,
    weight_masks: tuple[Array | None, ...],
    held: Held | None,
) -> tuple[Array, State, RecurrentCache]:
    """From the bottom layer to the top one, each by ``forth``.

    Args:
        shape: of the stack.
        batch: the input.
        state: the initial one, rows as they were before they were sorted.
        forth: what is done at each layer and direction.
        thin: dropout on what goes from one layer to the next; returns it and the mask.
        parameters: of the stack where each layer's output is normalised; None where it is not.
        weight_masks: for the cache.
        held: likewise.

    Returns:
        y and the last state, rows as they were before they were sorted; the cache, without layers where none
        kept anything.
    """
    x, lengths, _, order = batch
    below: Array | TokenInput = x
    mask: Array | None = None
    norm: LayerNormCache | None = None
    outputs: list[Array] = []
    states: list[State] = []
    kept: list[tuple[tuple[sequence.SequenceCache, ...], Array | None, LayerNormCache | None]] = []
    for layer, directions in groupby(shape.parts, key=lambda each: each[0]):
        if outputs:
            below, mask = thin(outputs[-1])
            if shape.skip_connections and not isinstance(x, TokenInput):
                below = np.concatenate([below, x], axis=-1)
        ys: list[Array] = []
        caches: list[sequence.SequenceCache] = []
        for _, reverse, _ in directions:
            index = layer * shape.directions + reverse
            y, last, cache = forth(index, below, pick_state(state, index, shape.hidden_sizes[layer], order))
            ys.append(y)
            states.append(last)
            if cache is not None:
                caches.append(cache)
        output = ys[0] if len(ys) == 1 else np.concatenate(ys, axis=-1)
        if parameters is not None:
            output, norm = norm_output(output, parameters, layer, lengths)
        outputs.append(output)
        if caches:
            kept.append((tuple(caches), mask, norm))
    y = np.concatenate(outputs, axis=-1) if shape.skip_connections else outputs[-1]
    last = stack_states(states)
    if order is not None:
        y, last = unsort_rows(y, order), unsort_state(last, order)
    layers, masks, norms = zip(*kept, strict=True) if kept else ((), (), ())
    return y, last, RecurrentCache(layers, masks, weight_masks, norms, order, held)
