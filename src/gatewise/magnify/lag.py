"""The gradient by lag of a trained model: how far back an answer hears, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewise.magnify.reading import Reading
from gatewise.nn import RNN
from gatewise.ops import memory_horizon

__all__ = ["LagCurve", "gradient_by_lag", "plain_rnn"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LagCurve:
    """Of one layer in one direction.

    Attributes:
        layer: from 0.
        reverse: whether it reads from the end.
        h: (N,) ‖∂answer/∂h_t‖ by lag, the question's own step first.
        c: the same of the cell state; None for a plain RNN.
    """

    layer: int
    reverse: bool
    h: Floats
    c: Floats | None

    @property
    def horizon_h(self) -> int | None:
        """First lag after the peak at which 1/e of it is left by h; None where it never is."""
        return memory_horizon(self.h)

    @property
    def horizon_c(self) -> int | None:
        """The same by c."""
        return None if self.c is None else memory_horizon(self.c)


def gradient_by_lag(reading: Reading, step: int = -1) -> list[LagCurve]:
    """How much each past state of each layer matters to the answer at a step.

    Args:
        reading: the sequence.
        step: of the question; negative ones count from the end.
    """
    question = reading.ask(step)
    y, cache = reading.look()
    _, flows = reading.recurrent.error_flow(question.gradient(y), cache)
    curves = []
    for layer, directions in enumerate(flows):
        for reverse, flow in enumerate(directions):
            at = reading.past_of(question.step, bool(reverse))
            past = slice(at, None) if reverse else slice(at, None, -1)
            h, c = (np.linalg.norm(part[past, 0].astype(np.float64), axis=1) for part in flow)
            curves.append(LagCurve(layer, bool(reverse), h, c if flow.c.shape[-1] else None))
    return curves


def plain_rnn(reading: Reading, step: int = -1, seed: int = 0) -> LagCurve:
    """The same of a plain RNN of one layer, as wide as the widest, as it begins, on the same input.

    Its answer is the sum of its last outputs: any other differs by a factor that is the same at every lag.
    """
    size, hidden = reading.x.shape[-1], reading.recurrent.hidden_size
    rnn = RNN(size, hidden, seed=seed, dtype=reading.recurrent.dtype)
    at = range(len(reading.x))[step]
    y, _, cache = rnn.look(reading.x)
    dy = np.zeros_like(y)
    dy[at] = 1
    _, ((flow,),) = rnn.error_flow(dy, cache)
    return LagCurve(0, False, np.linalg.norm(flow.h[at::-1, 0].astype(np.float64), axis=1), None)
