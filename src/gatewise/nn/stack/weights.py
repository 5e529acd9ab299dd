"""The weights of a stack of recurrent layers: their names and shapes, one direction's, and weight dropout.

Weight dropout is DropConnect on the recurrent matrix (Wan et al. 2013; Merity et al. 2018, section 2). One
mask serves all steps of a call, so the recurrence is as it was, with another matrix: the native kernel needs
to know nothing of it.
"""

from __future__ import annotations

import numpy as np

from gatewise.nn.parameters import Parameters
from gatewise.nn.stack.mogrifier import MogrifierShape, mogrifier_of
from gatewise.nn.stack.shape import StackShape
from gatewise.ops import sequence
from gatewise.ops.dropout import dropout
from gatewise.types import Array, State

__all__ = ["drop_weights", "dropped_backward", "stack_shapes", "weights_of"]


def stack_shapes(
    stack: StackShape, gates: int, peephole: bool, mogrifier: MogrifierShape
) -> dict[str, tuple[int, ...]]:
    """Shapes by name, of each layer and direction."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, _, suffix in stack.parts:
        hidden = stack.hidden_sizes[layer]
        shapes["weight_ih" + suffix] = (gates * hidden, stack.input_sizes[layer])
        shapes["weight_hh" + suffix] = (gates * hidden, hidden)
        shapes["bias" + suffix] = (gates * hidden,)
        if peephole:
            shapes["peephole" + suffix] = (3, hidden)
        for name, shape in mogrifier.shapes(stack.input_sizes[layer], hidden).items():
            shapes[name + suffix] = shape
    return shapes


def weights_of(arrays: Parameters, suffix: str) -> sequence.Weights:
    """One layer and direction's part of the parameters, or of the gradients."""
    return sequence.Weights(
        arrays["weight_ih" + suffix],
        arrays["weight_hh" + suffix],
        arrays["bias" + suffix],
        arrays.get("peephole" + suffix),
        mogrifier_of(arrays, suffix),
    )


def drop_weights(
    weights: sequence.Weights, rate: float, rng: np.random.Generator | None
) -> tuple[sequence.Weights, Array | None]:
    """The weights with ``weight_hh`` thinned, and the mask; in inference, without rng, as they are."""
    if rng is None:
        return weights, None
    weight_hh, mask = dropout(weights.weight_hh, rate, rng)
    return weights._replace(weight_hh=weight_hh), mask


def dropped_backward(
    dy: Array,
    cache: sequence.SequenceCache,
    dlast: State | None,
    gradients: sequence.Weights,
    dx: Array | None,
    mask: Array | None,
) -> tuple[Array, State]:
    """``sequence.backward`` for weights that came with ``mask`` from ``drop_weights``.

    Where the gradient of W ⊙ mask is G, that of W is G ⊙ mask.

    Args:
        dy: as ``sequence.backward`` takes it.
        cache: the same.
        dlast: the same.
        gradients: of the whole weights, to add to.
        dx: an array to add to; a new one where omitted.
        mask: (G * H, H); None where nothing was dropped.

    Returns:
        dx, and the gradient of the initial state.
    """
    if mask is None:
        return sequence.backward(dy, cache, dlast, gradients, dx)[:2]
    dropped, whole = np.zeros_like(mask), gradients.weight_hh
    dx, dinitial, _ = sequence.backward(dy, cache, dlast, gradients._replace(weight_hh=dropped), dx)
    dropped *= mask
    whole += dropped
    return dx, dinitial
