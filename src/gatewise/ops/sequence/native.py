"""What the native kernels are told about a layer's sequence, where they can take it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.kernels import ACTIVATIONS, NativeLayer, runs_natively
from gatewise.ops.cell import Cell, LSTMCell, RNNCell
from gatewise.ops.dropout import StateMasks
from gatewise.ops.embedding import TokenInput
from gatewise.ops.sequence.mogrified_sums import MogrifiedSums
from gatewise.ops.sequence.walk import Walk
from gatewise.ops.sequence.weights import Weights
from gatewise.types import Array, BoolArray

__all__ = ["native_layer", "takes_native", "why_not_native"]


def why_not_native(cell: Cell, dtype: np.dtype[np.generic], masks: StateMasks, peephole: bool) -> str | None:
    """Why a layer's sequences go through NumPy; None if they go through the native kernel."""
    if dtype != np.float32:
        return f"it computes in {dtype}, the kernel in float32"
    if not runs_natively(dtype):
        return "the target is numpy"
    if not isinstance(cell, LSTMCell | RNNCell):
        return f"there is no kernel for {type(cell).__name__}"
    if isinstance(cell, LSTMCell) and not cell.candidate_tanh:
        return "there is no kernel for a linear candidate"
    if peephole and masks.zoneout_c is not None:
        return "there is no kernel for peepholes with zoneout of the cell state"
    return None


def takes_native(cell: Cell, weights: Weights, masks: StateMasks) -> bool:
    """Whether a layer's sequences go through the native kernel."""
    return why_not_native(cell, weights.weight_hh.dtype, masks, weights.peephole is not None) is None


def native_layer(
    cell: Cell,
    walk: Walk,
    x: Array | TokenInput,
    weights: Weights,
    masks: StateMasks,
    mogrified: MogrifiedSums | None = None,
) -> NativeLayer:
    """A layer that ``takes_native``, as the kernels want it."""
    weight_ih, weight_hh, bias, peephole, _ = weights
    activation = "tanh"
    if isinstance(cell, RNNCell):
        activation = cell.activation
    elif isinstance(cell, LSTMCell) and not cell.output_tanh:
        activation = "identity"
    tokens = np.ascontiguousarray(x.tokens, dtype=np.int32) if isinstance(x, TokenInput) else None
    keep = None if walk.keep is None else np.ascontiguousarray(walk.keep[:, :, 0]).view(np.uint8)
    return NativeLayer(
        "rnn" if isinstance(cell, RNNCell) else "lstm",
        ACTIVATIONS[activation],
        _floats(x.table if isinstance(x, TokenInput) else x),
        tokens,
        _floats(weight_ih),
        _floats(weight_hh),
        _floats(bias),
        None if peephole is None else _floats(peephole),
        walk.reverse,
        None if walk.valid is None else np.array(walk.alive, dtype=np.int32),
        keep,
        None if masks.recurrent is None else _floats(masks.recurrent),
        _bytes(masks.zoneout_h),
        _bytes(masks.zoneout_c),
        _share(masks.zoneout_h),
        _share(masks.zoneout_c),
        None if mogrified is None else mogrified.native(),
    )


def _floats(values: Array) -> Array:
    return np.ascontiguousarray(values, dtype=np.float32)


def _bytes(mask: BoolArray | float | None) -> npt.NDArray[np.uint8] | None:
    return np.ascontiguousarray(mask).view(np.uint8) if isinstance(mask, np.ndarray) else None


def _share(mask: BoolArray | float | None) -> float:
    return 0.0 if mask is None or isinstance(mask, np.ndarray) else float(mask)
