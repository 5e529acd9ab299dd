"""Array aliases, the recurrent state, the gate order, and the legend of all shapes.

| letter | meaning | name | meaning |
|---|---|---|---|
| T | time steps | `x` | input, (T, B, D) |
| B | batch | `h` | hidden state, the short-term memory, (B, H) |
| D | input features | `c` | cell state, the long-term memory, (B, H) |
| H | hidden units | `i` | input gate |
| L | layers | `f` | forget gate |
| V | vocabulary | `g` | candidate (the block input) |
| G | gates of a cell, 4 or 1 | `o` | output gate |
| | | `z` | pre-activations of all gates, (T, B, G * H) |

A name with ``d`` before it is the gradient of the loss with respect to that thing and has its shape:
``dx`` is ∂L/∂x. ``lengths`` (B,) counts the valid steps of each sequence.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["GATE_ORDER", "Array", "BoolArray", "IntArray", "Seed", "State"]

Array: TypeAlias = npt.NDArray[Any]
"""A float array, float32 unless the caller chose float64."""

IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

Seed: TypeAlias = int | np.random.Generator
"""Where random draws come from: a seed, or a generator that somebody has seeded."""

GATE_ORDER = ("i", "f", "g", "o")
"""Rows of every LSTM weight and columns of every gate array come in this order, as in PyTorch."""


class State(NamedTuple):
    """What a recurrent layer carries from one step to the next.

    Attributes:
        h: hidden state; (B, H) for one cell, (L * directions, B, H) for a stack of layers.
        c: cell state of the same shape. The plain RNN has no long-term memory: what it returns here is
            0 wide, and what it is handed here it does not look at.
    """

    h: Array
    c: Array = np.zeros(0, dtype=np.float32)
