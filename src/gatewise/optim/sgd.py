"""Stochastic gradient descent, with momentum and with averaging."""

from __future__ import annotations

from typing import ClassVar

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.nn.layer import Layer
from gatewise.optim.optimizer import Optimizer, check_fraction, check_rate
from gatewise.types import Array

__all__ = ["SGD", "AveragedSGD"]


class SGD(Optimizer):
    """θ ← θ - η v with v ← μ v + ∇; plain gradient descent at μ = 0.

    Args:
        layer: whose parameters are moved.
        learning_rate: η.
        momentum: μ (Polyak 1964).
        nesterov: look ahead, θ ← θ - η (∇ + μ v) (Nesterov 1983, in the form of Sutskever et al. 2013).
        weight_decay: λ; adds λ θ to the gradient.
    """

    slots: ClassVar[tuple[str, ...]] = ("velocity",)
    velocity: Array

    def __init__(
        self,
        layer: Layer,
        learning_rate: float = 0.1,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(layer, learning_rate)
        check_fraction("SGD", momentum=momentum)
        check_rate("SGD", weight_decay=weight_decay)
        self.momentum = momentum
        self.nesterov = nesterov
        self.weight_decay = weight_decay

    def _update(self, parameters: Array, gradients: Array) -> None:
        if self.weight_decay:
            gradients = gradients + self.weight_decay * parameters
        if self.momentum:
            self.velocity *= self.momentum
            self.velocity += gradients
            gradients = gradients + self.momentum * self.velocity if self.nesterov else self.velocity
        parameters -= self.learning_rate * gradients

    def _rule(self) -> kernels.Rule:
        velocity = self.velocity if self.momentum else None
        return kernels.SGDRule(self.learning_rate, self.weight_decay, velocity, self.momentum, self.nesterov)


class AveragedSGD(Optimizer):
    """Plain SGD whose ``weights`` are the mean of the parameters since ``start`` (Polyak & Juditsky 1992).

    Args:
        layer: whose parameters are moved.
        learning_rate: η.
        start: the step after which averaging begins; until then ``weights`` are the parameters.
        weight_decay: λ; adds λ θ to the gradient.
    """

    slots: ClassVar[tuple[str, ...]] = ("average",)
    average: Array

    def __init__(
        self, layer: Layer, learning_rate: float = 0.1, *, start: int = 0, weight_decay: float = 0.0
    ) -> None:
        super().__init__(layer, learning_rate)
        check_rate("AveragedSGD", start=start, weight_decay=weight_decay)
        if start % 1:
            raise ArgumentError(f"AveragedSGD: start={start!r}; expected a whole number of at least 0.")
        self.start = start
        self.weight_decay = weight_decay

    @property
    def weights(self) -> Array:
        """The average, once there is one."""
        return self.average if self.steps > self.start else self.parameters

    def _update(self, parameters: Array, gradients: Array) -> None:
        if self.weight_decay:
            gradients = gradients + self.weight_decay * parameters
        parameters -= self.learning_rate * gradients
        if self.steps > self.start:
            self.average += (parameters - self.average) / (self.steps - self.start)

    def _rule(self) -> kernels.Rule:
        count = max(0, self.steps - self.start)
        return kernels.AveragedSGDRule(self.learning_rate, self.weight_decay, self.average, count)
