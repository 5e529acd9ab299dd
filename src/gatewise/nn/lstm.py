"""The LSTM layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gatewise.nn.recurrent import Recurrent
from gatewise.nn.stack.mogrifier import MogrifierShape
from gatewise.ops.cell import LSTMCell, split_gates
from gatewise.types import Seed

__all__ = ["LSTM"]


class LSTM(Recurrent):
    """A stack of LSTM layers, with the weights' names and layout of PyTorch's ``nn.LSTM``.

    ``weight_ih_l0`` (4H, D), ``weight_hh_l0`` (4H, H) and one ``bias_l0`` (4H,) a layer, rows in the order
    i, f, g, o; ``_reverse`` for the backward direction; ``peephole_l0`` (3, H) for i, f and o. The equations
    stand in ``gatewise.ops.cell``.

    Args:
        input_size: D.
        hidden_size: H of all layers, or a sequence with that of each from the bottom up (Merity et al. 2018
            take 1150, 1150 and 400). The state is as wide as the widest; beyond a narrower layer's width it
            is handed out as zeros, and what is handed in there is not looked at.
        num_layers: L, layers on top of each other; where omitted as many as ``hidden_size`` has widths, 1 for
            a single number.
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
        layer_norm: what a layer puts out is normalised (Ba et al. 2016) on its way up, to the next layer and
            out of the top one, both directions together: ``norm_weight_l0`` and ``norm_bias_l0`` a layer. On
            its way to the next step h stays as it is, so that the recurrence and its kernel do, and the cost
            is one pass over (T, B, H). Dropout comes after it; the state handed out is not normalised.
        skip_connections: the input goes to every layer and every layer to the output (Graves 2013).
        peephole: i and f also see the cell state before the step, o the one after it (Graves 2013).
        output_tanh: False leaves out the tanh on the way out, h = o ⊙ c.
        candidate_tanh: False leaves out the tanh on the way in, g = z_g (Greff et al. 2015, variant NIAF);
            there is no native kernel for that.
        mogrifier_rounds: how often a layer's input and the h of the step before gate each other before a step
            takes them in (Melis et al. 2020, "Mogrifier LSTM", whose best has 5); 0 for never. Odd rounds i
            gate the input by ``mogrifier_q{i}_l0`` (D, H), even ones h by ``mogrifier_r{i}_l0`` (H, D). The
            equations stand in ``gatewise.ops.mogrifier``.
        mogrifier_rank: of these matrices, each then the product of a ``..._left`` and a ``..._right`` factor
            (Melis et al. take 40 to 90); None leaves them whole.
        forget_bias: the forget gates' bias at the start; above 0 the cell begins by remembering
            (Gers et al. 2000; Jozefowicz et al. 2015). All other biases begin at 0.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); 1/√H of their layer where
            omitted.
        seed: where the draws come from. Layers of one network share a generator, lest those of one shape
            begin equal.
        dtype: float32 or float64.

    Raises:
        ArgumentError: a size is not a positive integer, there are not as many widths as layers, a rate lies
            outside [0, 1), there is a Mogrifier's rank without rounds.

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
        hidden_size: int | Sequence[int],
        num_layers: int | None = None,
        *,
        bidirectional: bool = False,
        dropout: float = 0.0,
        locked_dropout: bool = False,
        weight_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        zoneout_hidden: float = 0.0,
        zoneout_cell: float = 0.0,
        layer_norm: bool = False,
        skip_connections: bool = False,
        peephole: bool = False,
        output_tanh: bool = True,
        candidate_tanh: bool = True,
        mogrifier_rounds: int = 0,
        mogrifier_rank: int | None = None,
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
            layer_norm=layer_norm,
            mogrifier=MogrifierShape(mogrifier_rounds, mogrifier_rank),
            skip_connections=skip_connections,
            peephole=peephole,
            init_scale=init_scale,
            seed=seed,
            dtype=dtype,
        )
        for name, view in self.parameters.items():
            if name.startswith("bias"):
                split_gates(view)[1][...] = forget_bias
