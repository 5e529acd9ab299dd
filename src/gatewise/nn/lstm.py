"""The LSTM layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.nn.recurrent import Recurrent
from gatewise.ops.cell import LSTMCell
from gatewise.types import Seed

__all__ = ["LSTM"]


class LSTM(Recurrent):
    """A stack of LSTM layers, with the weights' names and layout of PyTorch's ``nn.LSTM``.

    ``weight_ih_l0`` (4H, D), ``weight_hh_l0`` (4H, H) and one ``bias_l0`` (4H,) a layer, rows in the order
    i, f, g, o; ``_reverse`` for the backward direction; ``peephole_l0`` (3, H) for i, f and o. The equations
    stand in ``gatewise.ops.cell``.

    Args:
        input_size: D.
        hidden_size: H.
        num_layers: L, layers on top of each other.
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
        zoneout_cell: the same for c.
        skip_connections: the input goes to every layer and every layer to the output (Graves 2013).
        peephole: i and f also see the cell state before the step, o the one after it (Graves 2013).
        output_tanh: False leaves out the tanh on the way out, h = o ⊙ c.
        candidate_tanh: False leaves out the tanh on the way in, g = z_g (Greff et al. 2015, variant NIAF);
            there is no native kernel for that.
        forget_bias: the forget gates' bias at the start; above 0 the cell begins by remembering
            (Gers et al. 2000; Jozefowicz et al. 2015). All other biases begin at 0.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); 1/√H where omitted.
        seed: where the draws come from. Layers of one network share a generator, lest those of one shape
            begin equal.
        dtype: float32 or float64.

    Raises:
        ArgumentError: a size is not a positive integer, a rate lies outside [0, 1).

    Example:
        >>> import numpy as np, gatewise as gw
        >>> lstm = gw.nn.LSTM(input_size=3, hidden_size=8, seed=0)
        >>> y, state = lstm(np.ones((5, 2, 3), dtype=np.float32))
        >>> y.shape, state.h.shape, state.c.shape
        ((5, 2, 8), (1, 2, 8), (1, 2, 8))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bidirectional: bool = False,
        dropout: float = 0.0,
        locked_dropout: bool = False,
        weight_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout_hidden: float = 0.0,
        zoneout_cell: float = 0.0,
        skip_connections: bool = False,
        peephole: bool = False,
        output_tanh: bool = True,
        candidate_tanh: bool = True,
        forget_bias: float = 1.0,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        super().__init__(
            LSTMCell(output_tanh, candidate_tanh),
            input_size,
            hidden_size,
            num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            locked_dropout=locked_dropout,
            weight_dropout=weight_dropout,
            recurrent_dropout=recurrent_dropout,
            zoneout_hidden=zoneout_hidden,
            zoneout_cell=zoneout_cell,
            skip_connections=skip_connections,
            peephole=peephole,
            init_scale=init_scale,
            seed=seed,
            dtype=dtype,
        )
        for name, view in self.parameters.items():
            if name.startswith("bias"):
                view[hidden_size : 2 * hidden_size] = forget_bias
