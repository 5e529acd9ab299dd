"""The LSTM's steps through time in native code; ``ops/sequence.py`` has the same in NumPy.

The contract of every array is in ``native/core/recurrent/lstm.h``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.kernels.choice import NUMPY, get_target, get_threads
from gatewise.types import Array, BoolArray

__all__ = ["LstmWalk", "lstm_backward", "lstm_forward", "runs_natively"]


class LstmWalk(NamedTuple):
    """How the steps are taken.

    Attributes:
        reverse: from the last step to the first.
        output_tanh: h = o ⊙ tanh(c); without it h = o ⊙ c.
        alive: (T,) rows computed at each step, never rising; None for all.
        keep: (T, B) False where a step must not see the state it is handed; None for all kept.
        peephole: (3, H) or None.
    """

    reverse: bool
    output_tanh: bool
    alive: npt.NDArray[np.int32] | None
    keep: BoolArray | None
    peephole: Array | None


def runs_natively(dtype: np.dtype[np.generic]) -> bool:
    """Whether arrays of this type go through the kernel: float32, and a target other than NumPy."""
    return dtype == np.float32 and get_target() != NUMPY


def lstm_forward(walk: LstmWalk, weight_hh: Array, gates: Array, h_slots: Array, c_slots: Array) -> None:
    """All steps forward, in place.

    Args:
        walk: how.
        weight_hh: (4H, H).
        gates: (T, B, 4H), the sums from input and bias on entry, the gates on return.
        h_slots: (T + 1, B, H), filled from the slot that holds the initial state.
        c_slots: the same for the cell state.
    """
    from gatewise.kernels import _native

    _native.lstm_forward(
        get_target(),
        get_threads(),
        np.ascontiguousarray(weight_hh),
        gates,
        h_slots,
        c_slots,
        walk.peephole,
        walk.alive,
        _bytes(walk.keep),
        walk.reverse,
        walk.output_tanh,
    )


def lstm_backward(
    walk: LstmWalk, weight_hh: Array, gates: Array, c_slots: Array, dy: Array, dz: Array, dh: Array, dc: Array
) -> None:
    """All steps back, in place.

    Args:
        walk: how, as forward.
        weight_hh: (4H, H).
        gates: (T, B, 4H) of the forward pass.
        c_slots: (T + 1, B, H) of the forward pass.
        dy: (T, B, H).
        dz: (T, B, 4H), filled where rows are alive.
        dh: (B, H), the gradient of the last state on entry, of the initial one on return.
        dc: the same for the cell state.
    """
    from gatewise.kernels import _native

    _native.lstm_backward(
        get_target(),
        get_threads(),
        np.ascontiguousarray(weight_hh),
        gates,
        c_slots,
        np.ascontiguousarray(dy, dtype=np.float32),
        dz,
        dh,
        dc,
        walk.peephole,
        walk.alive,
        _bytes(walk.keep),
        walk.reverse,
        walk.output_tanh,
    )


def _bytes(mask: BoolArray | None) -> npt.NDArray[np.uint8] | None:
    return None if mask is None else np.ascontiguousarray(mask).view(np.uint8)
