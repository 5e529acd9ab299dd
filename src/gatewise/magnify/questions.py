"""Questions to the models: what each kind of head answers, and the gradient of that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from gatewise.nn import Layer, Linear
from gatewise.ops import log_softmax
from gatewise.tasks._classifier_network import ClassifierNetwork
from gatewise.tasks._forecast.network import ForecastNetwork
from gatewise.types import Array

__all__ = ["OutputSum", "PatchForecast", "PooledClass", "StepClass"]


@dataclass(frozen=True, slots=True)
class StepClass:
    """Log-probability of a class at a step, of a linear layer's logits: a next token, a word's tag.

    Attributes:
        head: makes the logits.
        step: t.
        target: the class.
        text: in words.
    """

    head: Linear
    step: int
    target: int
    text: str

    def value(self, y: Array) -> Array:
        """(B,)."""
        values: Array = log_softmax(self.head(np.ascontiguousarray(y[self.step])))[:, self.target]
        return values

    def gradient(self, y: Array) -> Array:
        """(T, B, W), zero but at the step."""
        dy = np.zeros_like(y)
        logits = self.head(np.ascontiguousarray(y[self.step]))
        dy[self.step] = _of_log_probability(logits, self.target) @ self.head.weight
        return dy


@dataclass(frozen=True, slots=True)
class PooledClass:
    """Log-probability of a class of a whole sequence.

    Attributes:
        network: pools its outputs and makes the logits.
        step: the last one.
        target: the class.
        text: in words.
    """

    network: ClassifierNetwork
    step: int
    target: int
    text: str

    def value(self, y: Array) -> Array:
        """(B,)."""
        pooled, _ = self.network.pool(y, self._lengths(y))
        values: Array = log_softmax(self.network.head(pooled))[:, self.target]
        return values

    def gradient(self, y: Array) -> Array:
        """(T, B, W)."""
        pooled, cache = self.network.pool(y, self._lengths(y))
        dlogits = _of_log_probability(self.network.head(pooled), self.target)
        with _gradients_kept(self.network):
            return self.network.pool_backward(dlogits @ self.network.head.weight, cache)

    def _lengths(self, y: Array) -> Array:
        return np.full(y.shape[1], len(y))


@dataclass(frozen=True, slots=True)
class PatchForecast:
    """The mean point forecast of the steps of a future patch, scaled as the network has it.

    The linear map beside the network, which reads the context directly, has no part in it.

    Attributes:
        network: of a forecaster.
        step: of the patch.
        count: steps of the patch that belong to the horizon.
        text: in words.
    """

    network: ForecastNetwork
    step: int
    count: int
    text: str

    def value(self, y: Array) -> Array:
        """(B,)."""
        outputs = self.network.output(np.ascontiguousarray(y[self.step]))
        values: Array = outputs[:, self._chosen()].mean(axis=-1)
        return values

    def gradient(self, y: Array) -> Array:
        """(T, B, W), the same at all inputs: the head is linear."""
        dy = np.zeros_like(y)
        dy[self.step] = self.network.output.parameters["weight"][self._chosen()].mean(axis=0)
        return dy

    def _chosen(self) -> slice:
        """The outputs that are point forecasts of the patch's steps."""
        head = self.network.reading
        return slice(head.point_output, self.count * head.width, head.width)


@dataclass(frozen=True, slots=True)
class OutputSum:
    """The sum of what a stack puts out at a step, where no head is there to ask.

    Attributes:
        step: t.
        text: in words.
    """

    step: int
    text: str = "the sum of the outputs"

    def value(self, y: Array) -> Array:
        """(B,)."""
        values: Array = y[self.step].sum(axis=-1)
        return values

    def gradient(self, y: Array) -> Array:
        """(T, B, W), one at the step."""
        dy = np.zeros_like(y)
        dy[self.step] = 1
        return dy


def _of_log_probability(logits: Array, target: int) -> Array:
    """(B, K): ∂ log softmax(logits)[target] / ∂ logits."""
    dlogits: Array = -np.exp(log_softmax(logits))
    dlogits[:, target] += 1
    return dlogits


@contextmanager
def _gradients_kept(layer: Layer) -> Iterator[None]:
    """Backward passes in here leave the gradients as they were."""
    before = layer.gradients.vector.copy()
    try:
        yield
    finally:
        layer.gradients.vector[...] = before
