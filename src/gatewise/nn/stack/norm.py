"""Layer normalisation of what the layers of a recurrent stack put out, with padding left alone."""

from __future__ import annotations

import numpy as np

from gatewise.nn.parameters import Parameters
from gatewise.nn.stack.shape import StackShape
from gatewise.ops.layer_norm import LayerNormCache, layer_norm, layer_norm_backward
from gatewise.types import Array, BoolArray, IntArray

__all__ = ["norm_output", "norm_output_backward", "norm_shapes"]


def norm_shapes(stack: StackShape) -> dict[str, tuple[int, ...]]:
    """Shapes by name, for each layer: both directions are normalised together."""
    return {
        f"norm_{name}_l{layer}": (width,)
        for layer, width in enumerate(stack.widths)
        for name in ("weight", "bias")
    }


def norm_output(
    y: Array, parameters: Parameters, layer: int, lengths: IntArray | None
) -> tuple[Array, LayerNormCache]:
    """A layer's output (T, B, W) normalised; zero in the padding, as it was before."""
    weight, bias = parameters[f"norm_weight_l{layer}"], parameters[f"norm_bias_l{layer}"]
    normed, cache = layer_norm(y, weight, bias, watch=False)
    if lengths is not None:
        normed *= (np.arange(len(y))[:, None] < lengths)[..., None]
    return normed, cache


def norm_output_backward(
    dy: Array, cache: LayerNormCache, layer: int, valid: BoolArray | None, gradients: Parameters | None
) -> Array:
    """The way back; adds to the layer's gradients where they are given.

    Args:
        dy: (T, B, W); the padding is ignored.
        cache: of ``norm_output``.
        layer: its number.
        valid: (T, B), False in the padding; None where there is none.
        gradients: of the stack.
    """
    if valid is not None:
        dy = np.where(valid[..., None], dy, dy.dtype.type(0))
    dy, dweight, dbias = layer_norm_backward(dy, cache)
    if gradients is not None:
        gradients[f"norm_weight_l{layer}"][...] += dweight
        gradients[f"norm_bias_l{layer}"][...] += dbias
    return dy
