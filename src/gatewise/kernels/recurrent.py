"""A recurrent layer through time in native code; ``ops/sequence/`` has the same in NumPy.

The contract of every array is in ``native/core/recurrent/recurrent.h``.
"""

from __future__ import annotations

import numpy as np

from gatewise.kernels.choice import NUMPY, get_target, get_threads
from gatewise.kernels.layer import NativeLayer
from gatewise.types import Array

__all__ = ["recurrent_backward", "recurrent_forward", "recurrent_threads", "runs_natively"]


def runs_natively(dtype: np.dtype[np.generic]) -> bool:
    """Whether arrays of this type go through the kernels: float32, and a target other than NumPy."""
    return dtype == np.float32 and get_target() != NUMPY


def recurrent_forward(layer: NativeLayer, gates: Array | None, h_slots: Array, c_slots: Array) -> None:
    """All steps forward.

    Args:
        layer: what to run.
        gates: (T, B, GH), filled where rows are alive; None in inference, which keeps none.
        h_slots: (T + 1, B, H), filled from the slot that holds the initial state.
        c_slots: the same for the cell state; in inference (1, B, H), the initial state on entry, the last one
            on return.
    """
    from gatewise.kernels import _native

    _native.recurrent_forward(get_target(), get_threads(), layer, gates, h_slots, c_slots)


def recurrent_threads(layer: NativeLayer) -> int:
    """How many threads a pass through a layer takes of those that it may use.

    One, where the pass is too short to wake others, or where there are too few rows to share and a step is so
    short that threads which divide its units would only wait for each other.
    """
    from gatewise.kernels import _native

    steps, batch = (layer.x if layer.tokens is None else layer.tokens).shape[:2]
    return _native.recurrent_sharing(get_threads(), layer, steps, batch)[0]


def recurrent_backward(
    layer: NativeLayer,
    gates: Array,
    h_slots: Array,
    c_slots: Array,
    dy: Array,
    dh: Array,
    dc: Array,
    dx: Array | None,
    add_to_dx: bool,
    dweight_ih: Array,
    dweight_hh: Array,
    dbias: Array,
    dpeephole: Array | None,
) -> None:
    """All steps back.

    Args:
        layer: as forward.
        gates: (T, B, GH) of the forward pass on entry; the gradients of their sums on return.
        h_slots: (T + 1, B, H) of the forward pass.
        c_slots: the same for the cell state.
        dy: (T, B, H).
        dh: (B, H), the gradient of the last state on entry, of the initial one on return.
        dc: the same for the cell state.
        dx: as ``layer.x``, filled where rows are alive; None where it is not wanted.
        add_to_dx: add to what stands in dx instead.
        dweight_ih: (GH, D), added to.
        dweight_hh: (GH, H), added to.
        dbias: (GH,), added to.
        dpeephole: (3, H), added to; None where the layer has none.
    """
    from gatewise.kernels import _native

    _native.recurrent_backward(
        get_target(),
        get_threads(),
        layer,
        gates,
        h_slots,
        c_slots,
        dy,
        dh,
        dc,
        dx,
        add_to_dx,
        dweight_ih,
        dweight_hh,
        dbias,
        dpeephole,
    )
