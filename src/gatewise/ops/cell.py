r"""The equations: one time step of the LSTM and of the plain RNN, forward and backward.

Everything else in gatewise arranges calls of these four methods, or is a faster twin tested against them.

**LSTM** (Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000; peepholes as in
Graves 2013, equations 7-11). With h', c' the state of the step before and σ the logistic function:

$$
\begin{aligned}
z_k &= W_{xk}\,x + W_{hk}\,h' + b_k \qquad k \in \{i, f, g, o\} \\
i &= \sigma(z_i + p_i \odot c') & \text{input gate} \\
f &= \sigma(z_f + p_f \odot c') & \text{forget gate} \\
g &= \tanh(z_g)                 & \text{candidate} \\
c &= f \odot c' + i \odot g     & \text{cell state} \\
o &= \sigma(z_o + p_o \odot c)  & \text{output gate} \\
h &= o \odot \tanh(c)           & \text{hidden state}
\end{aligned}
$$

Without peepholes the p are absent; with ``output_tanh=False`` the last line is h = o ⊙ c, with
``candidate_tanh=False`` the third is g = z_g.

**RNN**: $h = a(W_x\,x + W_h\,h' + b)$ with a = tanh, σ or the rectifier.

The sums z arrive ready made: the part from x is one matrix product for all time steps, so a step has
only the part from h' left to add (``ops/sequence/``). ``docs/derivation.md`` derives the backward
halves line by line, in these letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gatewise.ops.activations import ACTIVATIONS, sigmoid
from gatewise.types import Array

__all__ = ["Cell", "LSTMCell", "RNNCell", "split_gates"]


def split_gates(z: Array) -> tuple[Array, Array, Array, Array]:
    """Views of the columns i, f, g, o of ``z`` (..., 4H)."""
    hidden = z.shape[-1] // 4
    return z[..., :hidden], z[..., hidden : 2 * hidden], z[..., 2 * hidden : 3 * hidden], z[..., 3 * hidden :]


class Cell(Protocol):
    """What ``ops/sequence/`` asks of a cell. ``n`` is the number of sequences in a step."""

    @property
    def gates(self) -> int:
        """G, the number of H-wide columns in z."""

    @property
    def has_memory(self) -> bool:
        """Whether there is a cell state c beside h; without, every c is (n, 0)."""

    def forward(self, z: Array, c_prev: Array, peephole: Array | None = None) -> tuple[Array, Array]:
        """One step: z (n, G*H) becomes the gates, in place; returns h and c, (n, H) each."""

    def backward(
        self,
        dh: Array,
        dc: Array,
        gates: Array,
        c_prev: Array,
        c: Array,
        peephole: Array | None,
        dz: Array,
    ) -> tuple[Array, Array]:
        """One step back: fills dz (n, G*H); returns dc, all that reaches c, and dc_prev, (n, H) each."""


@dataclass(frozen=True, slots=True)
class LSTMCell:
    """One step of the LSTM; see the equations above.

    Attributes:
        output_tanh: False leaves out the tanh of the last equation, h = o ⊙ c.
        candidate_tanh: False makes the candidate linear, g = z_g (Greff et al. 2015, variant NIAF).
    """

    output_tanh: bool = True
    candidate_tanh: bool = True
    gates = 4
    has_memory = True

    def forward(self, z: Array, c_prev: Array, peephole: Array | None = None) -> tuple[Array, Array]:
        """One step forward; ``z`` (n, 4H) holds the sums on entry and the gates i, f, g, o on return."""
        i, f, g, o = split_gates(z)
        if peephole is not None:
            i += peephole[0] * c_prev
            f += peephole[1] * c_prev
        sigmoid(i, out=i)
        sigmoid(f, out=f)
        if self.candidate_tanh:
            np.tanh(g, out=g)
        c = f * c_prev + i * g
        if peephole is not None:
            o += peephole[2] * c
        sigmoid(o, out=o)
        h = o * np.tanh(c) if self.output_tanh else o * c
        return h, c

    def backward(
        self,
        dh: Array,
        dc: Array,
        gates: Array,
        c_prev: Array,
        c: Array,
        peephole: Array | None,
        dz: Array,
    ) -> tuple[Array, Array]:
        """One step back.

        Args:
            dh: all that reaches h: this step's own loss and what came back through the next step's gates.
            dc: what came back through the next step's cell state.
            gates: i, f, g, o as ``forward`` left them.
            c_prev: cell state before the step.
            c: cell state after the step.
            peephole: (3, H) or None.
            dz: filled with the gradients of the four sums.

        Returns:
            dc, all that reaches c: what was handed in and what comes through h; and dc_prev, the gradient of
            the cell state before the step.
        """
        i, f, g, o = split_gates(gates)
        dz_i, dz_f, dz_g, dz_o = split_gates(dz)
        if self.output_tanh:
            tanh_c = np.tanh(c)
            np.multiply(dh * tanh_c, o * (1 - o), out=dz_o)
            dc = dc + dh * o * (1 - tanh_c * tanh_c)
        else:
            np.multiply(dh * c, o * (1 - o), out=dz_o)
            dc = dc + dh * o
        if peephole is not None:
            dc += dz_o * peephole[2]
        np.multiply(dc * g, i * (1 - i), out=dz_i)
        np.multiply(dc * c_prev, f * (1 - f), out=dz_f)
        np.multiply(dc, i, out=dz_g)
        if self.candidate_tanh:
            dz_g *= 1 - g * g
        dc_prev = dc * f
        if peephole is not None:
            dc_prev += dz_i * peephole[0] + dz_f * peephole[1]
        return dc, dc_prev


@dataclass(frozen=True, slots=True)
class RNNCell:
    """One step of the plain RNN (Elman 1990), h = a(z).

    Attributes:
        activation: name of a: "tanh", "sigmoid" or "relu".
    """

    activation: str = "tanh"
    gates = 1
    has_memory = False

    def forward(self, z: Array, c_prev: Array, peephole: Array | None = None) -> tuple[Array, Array]:
        """One step forward; ``z`` (n, H) becomes h in place, and c stays what it is: 0 wide."""
        return ACTIVATIONS[self.activation].function(z, z), c_prev

    def backward(
        self,
        dh: Array,
        dc: Array,
        gates: Array,
        c_prev: Array,
        c: Array,
        peephole: Array | None,
        dz: Array,
    ) -> tuple[Array, Array]:
        """One step back: dz = dh ⊙ a'(z), the slope taken from h, which ``gates`` holds."""
        np.multiply(dh, ACTIVATIONS[self.activation].slope(gates), out=dz)
        return dc, dc
