"""The plain recurrent layer, which the LSTM improves on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn.recurrent import Recurrent
from gatewise.nn.stack.mogrifier import MogrifierShape
from gatewise.ops.activations import ACTIVATIONS
from gatewise.ops.cell import RNNCell
from gatewise.types import Seed

__all__ = ["RNN"]


class RNN(Recurrent):
    """A stack of plain recurrent layers (Elman 1990), h = a(W_ih x + W_hh h' + b).

    ``weight_ih_l0`` (H, D), ``weight_hh_l0`` (H, H) and ``bias_l0`` (H,) a layer, as in PyTorch's ``nn.RNN``.

    Args:
        input_size: D.
        hidden_size: H of all layers, or a sequence with that of each from the bottom up (Merity et al. 2018
            take 1150, 1150 and 400). The state is as wide as the widest; beyond a narrower layer's width it
            is handed out as zeros, and what is handed in there is not looked at.
        num_layers: L, layers on top of each other; where omitted as many as ``hidden_size`` has widths, 1 for
            a single number.
        activation: a, one of "tanh", "sigmoid" and "relu".
        bidirectional: a second set of layers walks each sequence from its end; outputs lie side by side.
        dropout: probability of zeroing an element of what goes from one layer to the next, in training.
        locked_dropout: that dropout zeroes the same units of a sequence at all steps of a call (variational
            dropout: Gal & Ghahramani 2016; Merity et al. 2018, section 4.2).
        weight_dropout: probability of zeroing an element of each ``weight_hh``, in training; one mask for all
            steps and sequences of a call (DropConnect: Wan et al. 2013; Merity et al. 2018, section 2).
        recurrent_dropout: probability of zeroing a unit of h on its way into the recurrent sums, in training;
            the same units of a sequence at all steps of a call (Gal & Ghahramani 2016).
        zoneout_hidden: probability that a unit's h stays for a step what it was, in training; in inference
            old and new are mixed in this proportion (Krueger et al. 2017).
        layer_norm: what a layer puts out is normalised (Ba et al. 2016) on its way up, to the next layer and
            out of the top one, both directions together: ``norm_weight_l0`` and ``norm_bias_l0`` a layer. On
            its way to the next step h stays as it is, so that the recurrence and its kernel do, and the cost
            is one pass over (T, B, H). Dropout comes after it; the state handed out is not normalised.
        skip_connections: the input goes to every layer and every layer to the output (Graves 2013).
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); 1/√H of their layer where
            omitted. Biases start at 0.
        seed: where the draws come from. Layers of one network share a generator, lest those of one shape
            begin equal.
        dtype: float32 or float64.

    Raises:
        ArgumentError: a size is not a positive integer, there are not as many widths as layers, a rate lies
            outside [0, 1), the activation is unknown.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int | None = None,
        *,
        activation: str = "tanh",
        bidirectional: bool = False,
        dropout: float = 0.0,
        locked_dropout: bool = False,
        weight_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout_hidden: float = 0.0,
        layer_norm: bool = False,
        skip_connections: bool = False,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        if activation not in ACTIVATIONS:
            raise ArgumentError(f"RNN: activation={activation!r}; expected one of {', '.join(ACTIVATIONS)}.")
        super().__init__(
            RNNCell(activation),
            input_size,
            hidden_size,
            num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            locked_dropout=locked_dropout,
            weight_dropout=weight_dropout,
            recurrent_dropout=recurrent_dropout,
            zoneout_hidden=zoneout_hidden,
            zoneout_cell=0.0,
            layer_norm=layer_norm,
            mogrifier=MogrifierShape(0, None),
            skip_connections=skip_connections,
            peephole=False,
            init_scale=init_scale,
            seed=seed,
            dtype=dtype,
        )
