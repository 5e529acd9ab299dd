"""Dynamic evaluation: a model goes on learning from the text that it is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatewise.data import StreamWindows, TextLike, Window
from gatewise.nn import Parameters
from gatewise.tasks.checks import check_number
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.tasks.language.neural_cache import CachedReader
from gatewise.types import Array, State

__all__ = ["AdaptingReader", "DynamicEvaluation", "gradient_sizes"]

STATISTICS_BATCH = 100
"""Places of the training text that are read side by side; as in the code published with the paper, for a mean
over more of them has smaller gradients."""

_RATE_BY_SIZE = 5e-5
_PLAIN_RATE = 0.1


@dataclass(frozen=True)
class DynamicEvaluation:
    """Learning while reading: each segment is predicted, and only then learnt from (Krause et al. 2018).

    With the training text, each weight's step is in units of how large its gradient was there (in section 5
    of the paper RMS with an RMS global prior), θ_0 being the trained weights:

        θ ← θ - η ∇L / (RMS + ε) + λ (θ_0 - θ) ⊙ RMS / mean(RMS)

    Without it, it is plain gradient descent with a decay towards the trained weights (the same section):

        θ ← θ - η ∇L + λ (θ_0 - θ)

    The model itself stays as it is; a copy adapts. The defaults are those of the code published with the
    paper, for its models and segments of 5 tokens; other texts, models and segments have their own, to be
    chosen on a validation text. Longer segments make fewer steps, which want to be larger.

    Args:
        learning_rate: η; where omitted 5e-5 with a training text, and 0.1 without (Mikolov et al. 2010).
        decay: λ, back to the trained weights after each segment.
        segment: tokens that are predicted before the weights move.
        training: the text the model was trained on, or as large a part of it as there is time for.
        epsilon: ε.

    Raises:
        ArgumentError: a value outside its range.
    """

    learning_rate: float | None = None
    decay: float = 0.002
    segment: int = 5
    training: TextLike | None = None
    epsilon: float = 2e-5

    def __post_init__(self) -> None:
        check_number("learning_rate", self.learning_rate, low=0, optional=True)
        check_number("decay", self.decay, low=0, high=1)
        check_number("segment", self.segment, low=1, whole=True)
        check_number("epsilon", self.epsilon, low=0, open_low=True)


def gradient_sizes(network: LanguageNetwork, windows: StreamWindows) -> Array:
    """RMS: the root of each parameter's mean squared gradient over a text, as long as the parameters.

    Args:
        network: whose; its gradients are overwritten.
        windows: segments of the text, each of which makes one gradient.
    """
    squares = np.zeros_like(network.parameters.vector)
    state = None
    for window in windows:
        network.zero_gradients()
        _, state = network.evaluation_gradients(window, state)
        squares += np.square(network.gradients.vector)
    sizes: Array = np.sqrt(squares / len(windows))
    return sizes


class AdaptingReader:
    """A network that learns from each window when it has predicted it. Its parameters are moved.

    Args:
        network: learns.
        options: how.
        sizes: of ``gradient_sizes``; None for plain gradient descent.
        predicting: predicts by the network in a way of its own; the network itself where omitted.
    """

    def __init__(
        self,
        network: LanguageNetwork,
        options: DynamicEvaluation,
        sizes: Array | None,
        predicting: CachedReader | None = None,
    ) -> None:
        self._network = network
        self._predicting = predicting
        self._trained = network.parameters.vector.copy()
        self._change = np.empty_like(self._trained)
        rate = options.learning_rate
        self._rate: Array | float
        self._pull: Array | float
        if sizes is None:
            self._rate, self._pull = _PLAIN_RATE if rate is None else rate, options.decay
        else:
            self._rate = (_RATE_BY_SIZE if rate is None else rate) / (sizes + options.epsilon)
            # The published decay belongs to a mean over arrays, to which small ones add as much as large.
            arrays = Parameters(network.parameters.shapes, vector=sizes)
            mean = float(np.mean([array.mean() for array in arrays.values()])) or 1.0
            self._pull = np.minimum(options.decay / mean * sizes, 1)  # above 1 it overshoots

    def loss(self, window: Window, state: State | None) -> tuple[float, State]:
        """Mean loss of a window by the weights before it, and the state after it."""
        network = self._network
        network.zero_gradients()
        loss, after = network.evaluation_gradients(window, state)
        if self._predicting is not None:
            loss, _ = self._predicting.loss(window, state)
        parameters, change = network.parameters.vector, self._change
        np.subtract(self._trained, parameters, out=change)
        change *= self._pull
        network.gradients.vector *= self._rate  # in place: new vectors would cost more than the sums
        change -= network.gradients.vector
        parameters += change
        return loss, after
