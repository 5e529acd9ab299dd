"""A layer's weights in one direction."""

from __future__ import annotations

from typing import NamedTuple

from gatewise.ops.mogrifier import MogrifierWeights
from gatewise.types import Array

__all__ = ["Weights"]


class Weights(NamedTuple):
    """The parameters of one layer in one direction, or their gradients.

    Attributes:
        weight_ih: (G * H, D), from the input.
        weight_hh: (G * H, H), from the hidden state.
        bias: (G * H,).
        peephole: (3, H), from the cell state to i, f and o; None without peepholes.
        mogrifier: for each round Q (D, H) or R (H, D), or their factors; None without a Mogrifier.
    """

    weight_ih: Array
    weight_hh: Array
    bias: Array
    peephole: Array | None = None
    mogrifier: MogrifierWeights | None = None
