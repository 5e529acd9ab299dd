"""Questions to the models: what each kind of head answers, and the gradient of that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from gatewise.nn import (
    AdaptiveSoftmax,
    DecoderCache,
    Layer,
    Linear,
    head_log_probabilities,
    head_loss_and_gradient,
)
from gatewise.ops import log_softmax
from gatewise.tasks.classification.network import ClassifierNetwork
from gatewise.tasks.forecasting.network import ForecastNetwork
from gatewise.tasks.translation.examples import PairBatch
from gatewise.tasks.translation.network import TranslationNetwork
from gatewise.types import Array, IntArray, State

__all__ = ["OutputSum", "PatchForecast", "PooledClass", "StepClass", "WrittenText"]


@dataclass(frozen=True, slots=True)
class StepClass:
    """Log-probability of a class at a step, as a head has it: a next token, a word's tag.

    Attributes:
        head: makes the logits.
        step: t.
        target: the class.
        text: in words.
    """

    head: Linear | AdaptiveSoftmax
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
        at_step = np.ascontiguousarray(y[self.step])
        if isinstance(self.head, AdaptiveSoftmax):
            logits, cache = self.head.forward(at_step)
            with _gradients_kept(self.head):
                dy[self.step] = self.head.backward(_of_log_probability(logits, self.target), cache)
        else:
            dy[self.step] = _of_log_probability(self.head(at_step), self.target) @ self.head.weight
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
class WrittenText:
    """Log-probability of a whole target, as the decoder reads it out of what the encoder puts out.

    The decoder begins with the state that the source gave it, whatever y is: the question is what it reads of
    y by attention.

    Attributes:
        network: of a translator.
        batch: the source and its target.
        state: with which the decoder begins, (L, 1, H) each.
        step: the last one of the source.
        text: in words.
    """

    network: TranslationNetwork
    batch: PairBatch
    state: State
    step: int
    text: str

    def value(self, y: Array) -> Array:
        """(B,)."""
        decoded, _ = self._decode(y)
        values: Array = head_log_probabilities(self.network.head, decoded, self._targets(y)).sum(axis=0)
        return values

    def gradient(self, y: Array) -> Array:
        """(S, B, H)."""
        decoded, cache = self._decode(y)
        targets = self._targets(y)
        with _gradients_kept(self.network):
            _, dloss = head_loss_and_gradient(self.network.head, decoded, targets)
            return self.network.decoder.backward(dloss * -targets.size, cache)[2]

    def _decode(self, y: Array) -> tuple[Array, DecoderCache]:
        """The attentional vectors (T, B, H), as if B sources had left these outputs."""
        network, batch = self.network, y.shape[1]
        inputs = np.repeat(self.batch.inputs, batch, axis=1)
        state = State(*(np.repeat(part, batch, axis=1) for part in self.state))
        prepared = network.decoder.attention.prepare(np.ascontiguousarray(y))
        decoded, _, cache = network.decoder.forward(network.target_embedding(inputs), state, prepared)
        return decoded, cache

    def _targets(self, y: Array) -> IntArray:
        """(T, B)."""
        return np.repeat(self.batch.targets, y.shape[1], axis=1)


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
