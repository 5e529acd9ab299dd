"""What the native module is told of a recurrent layer.

The contract of every array is in ``native/core/recurrent/recurrent.h``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.types import Array

__all__ = ["ACTIVATIONS", "NativeLayer", "NativeMogrifier"]

ACTIVATIONS = {"identity": 0, "tanh": 1, "sigmoid": 2, "relu": 3}
"""Activations by name, and what the native module calls them."""

_Bytes = npt.NDArray[np.uint8]
_Integers = npt.NDArray[np.int32]


class NativeMogrifier(NamedTuple):
    """Rounds in which a layer's input and its h' gate each other before each step.

    Attributes:
        q: of the odd rounds, (rounds, D, H).
        r: of the even ones, (rounds, H, D).
        gates_x: what x is multiplied by in the odd rounds (rounds, T, B, D); filled on the way forward.
        gates_h: what h' is in the even ones (rounds, T, B, H); likewise.
        x: (T, B, D), as the sums see it; likewise.
        h: (T + 1, B, H), h' as the sums see it, in the slot that the step reads; likewise.
        dz_x: on the way back, the gradients of the odd rounds' sums, filled; None forward.
        dz_h: of the even ones.
    """

    q: Array
    r: Array
    gates_x: Array
    gates_h: Array
    x: Array
    h: Array
    dz_x: Array | None = None
    dz_h: Array | None = None


class NativeLayer(NamedTuple):
    """One layer in one direction, and how its steps are taken; all arrays contiguous.

    Attributes:
        cell: "lstm" or "rnn".
        activation: one of ``ACTIVATIONS``: of the cell state on its way out, or of the RNN's sums.
        x: (T, B, D); with tokens (V, D).
        tokens: (T, B), which row of x each step takes in; None where x has one for each step.
        weight_ih: (GH, D).
        weight_hh: (GH, H).
        bias: (GH,).
        peephole: (3, H) or None.
        reverse: from the last step to the first.
        alive: (T,) rows computed at each step, never rising; None for all.
        keep: (T, B) 0 where a step must not see the state it is handed; None for all kept.
        recurrent_mask: (B, H) factors of the hidden state where it enters the sums; None for none.
        zoneout_h: (T, B, H) 1 where the old hidden state is kept; None for the share ``rate_h`` everywhere.
        zoneout_c: the same for the cell state.
        rate_h: see ``zoneout_h``.
        rate_c: see ``zoneout_c``.
        mogrifier: not with tokens; on the way back dx must be wanted, and is not added to.
    """

    cell: str
    activation: int
    x: Array
    tokens: _Integers | None
    weight_ih: Array
    weight_hh: Array
    bias: Array
    peephole: Array | None
    reverse: bool = False
    alive: _Integers | None = None
    keep: _Bytes | None = None
    recurrent_mask: Array | None = None
    zoneout_h: _Bytes | None = None
    zoneout_c: _Bytes | None = None
    rate_h: float = 0.0
    rate_c: float = 0.0
    mogrifier: NativeMogrifier | None = None
