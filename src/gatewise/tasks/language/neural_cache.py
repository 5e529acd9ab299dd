"""A neural cache: what followed at similar moments of the recent past may follow again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gatewise.data import Window
from gatewise.nn import head_log_probabilities
from gatewise.tasks.checks import check_number
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.types import Array, State

__all__ = ["CachedReader", "NeuralCache"]


@dataclass(frozen=True)
class NeuralCache:
    """A memory of the last outputs h_i of the top layer, and of the tokens x_{i+1} that followed them.

    The model's prediction is mixed with that of the memory, in which what followed an output counts the more
    the more that output is like today's (Grave, Joulin & Usunier 2017, section 3):

        p(w) = (1 - λ) p_model(w) + λ p_cache(w),   p_cache(w) ∝ Σ_i [w = x_{i+1}] exp(θ h_t · h_i)

    It learns nothing and costs N products of H numbers a token. The defaults are a place to begin; each text
    and model has its own, to be chosen on a validation text.

    Args:
        size: N, steps that are remembered.
        theta: θ, how much likeness counts; at 0 all steps count alike.
        weight: λ, of the cache in the mixture.

    Raises:
        ArgumentError: a value outside its range.
    """

    size: int = 2000
    theta: float = 0.3
    weight: float = 0.1

    def __post_init__(self) -> None:
        check_number("size", self.size, low=1, whole=True)
        check_number("theta", self.theta, low=0)
        check_number("weight", self.weight, low=0, high=1, open_high=True)


class CachedReader:
    """A network that reads a stream with a cache, which is empty at first; each row of a batch has its own.

    Args:
        network: predicts, and its top layer is what is remembered.
        cache: how.
    """

    def __init__(self, network: LanguageNetwork, cache: NeuralCache) -> None:
        self._network = network
        self._cache = cache
        self._outputs: Array | None = None
        self._followed: Array | None = None

    def loss(self, window: Window, state: State | None) -> tuple[float, State]:
        """Mean of -log p of a window's targets, each by the cache as it was before it; and the next state."""
        y, state = self._network.read(window.inputs, state)
        by_model = head_log_probabilities(self._network.head, y, window.targets).astype(np.float64)
        outputs, followed = y, window.targets
        if self._outputs is not None and self._followed is not None:
            outputs = np.concatenate([self._outputs, outputs])
            followed = np.concatenate([self._followed, followed])
        by_cache = np.stack(
            [self._recall(outputs[:, row], followed[:, row], len(y)) for row in range(y.shape[1])], axis=1
        )
        weight = self._cache.weight
        with np.errstate(divide="ignore"):  # the cache gives 0 to most tokens
            mixed = np.logaddexp(np.log1p(-weight) + by_model, np.log(weight * by_cache))
        if self._outputs is None:
            mixed[0] = by_model[0]  # nothing is remembered yet
        self._outputs, self._followed = outputs[-self._cache.size :], followed[-self._cache.size :]
        return -float(mixed.mean()), state

    def _recall(self, outputs: Array, followed: Array, steps: int) -> Array:
        """p_cache of what followed each of the last steps of a row, (steps,); 0 at the very first step."""
        count = len(outputs)
        step, past = np.arange(count - steps, count)[:, None], np.arange(count)
        remembered = (past < step) & (past >= step - self._cache.size)
        scores = np.where(remembered, self._cache.theta * (outputs[-steps:] @ outputs.T), -np.inf)
        highest = scores.max(axis=1, keepdims=True)
        likeness = np.exp(scores - np.where(np.isfinite(highest), highest, 0), dtype=np.float64)
        same: Array = (likeness * (followed == followed[-steps:, None])).sum(axis=1)
        same /= np.maximum(likeness.sum(axis=1), np.finfo(np.float64).tiny)
        return same
