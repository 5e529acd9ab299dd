"""Cells and random sequences for the tests of `gatewise.ops`."""

import numpy as np

from gatewise.ops import LSTMCell, RNNCell, Weights
from gatewise.types import State

# A cell, and whether it has peepholes.
CELLS = {
    "lstm": (LSTMCell(), False),
    "lstm-peephole": (LSTMCell(), True),
    "lstm-no-tanh": (LSTMCell(output_tanh=False), False),
    "lstm-no-tanh-peephole": (LSTMCell(output_tanh=False), True),
    "lstm-linear-candidate": (LSTMCell(candidate_tanh=False), False),
    "lstm-no-tanh-at-all-peephole": (LSTMCell(output_tanh=False, candidate_tanh=False), True),
    "rnn-tanh": (RNNCell("tanh"), False),
    "rnn-sigmoid": (RNNCell("sigmoid"), False),
    "rnn-relu": (RNNCell("relu"), False),
}


def draw_weights(rng, cell, D, H, peephole=False):
    rows = cell.gates * H
    return Weights(
        weight_ih=rng.normal(size=(rows, D)),
        weight_hh=rng.normal(size=(rows, H)) / np.sqrt(H),
        bias=rng.normal(size=rows),
        peephole=rng.normal(size=(3, H)) if peephole else None,
    )


def draw_state(rng, cell, B, H):
    return State(rng.normal(size=(B, H)), rng.normal(size=(B, H if cell.has_memory else 0)))


def flipped(values, lengths):
    """Each row's valid steps in the opposite order, the padding where it was."""
    result = values.copy()
    for row, length in enumerate(lengths):
        result[:length, row] = values[:length, row][::-1]
    return result
