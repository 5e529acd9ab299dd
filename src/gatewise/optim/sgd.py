"""Stochastic gradient descent, with momentum and with averaging."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.nn.layer import Layer
from gatewise.optim.optimizer import Optimizer, check_fraction, check_rate
from gatewise.types import Array

__all__ = ["SGD", "AveragedSGD", "NonMonotoneASGD"]


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


_NEVER = sys.maxsize
"""A step that no training reaches."""


class NonMonotoneASGD(AveragedSGD):
    """Averaged SGD that begins to average by itself: NT-ASGD (Merity et al. 2018, algorithm 1).

    Until then it is plain SGD. Averaging begins after the first validation loss that is higher than the best
    of those more than ``nonmonotone`` validations before it.

    Args:
        layer: whose parameters are moved.
        learning_rate: η.
        nonmonotone: n, validations that are given to get better again.
        weight_decay: λ; adds λ θ to the gradient.
    """

    def __init__(
        self, layer: Layer, learning_rate: float = 30.0, *, nonmonotone: int = 5, weight_decay: float = 0.0
    ) -> None:
        super().__init__(layer, learning_rate, start=_NEVER, weight_decay=weight_decay)
        check_rate("NonMonotoneASGD", nonmonotone=nonmonotone)
        if nonmonotone % 1:
            raise ArgumentError(
                f"NonMonotoneASGD: nonmonotone={nonmonotone!r}; expected a whole number of at least 0."
            )
        self.nonmonotone = nonmonotone
        self._losses: list[float] = []

    @property
    def averages(self) -> bool:
        """Whether averaging has begun."""
        return self.start != _NEVER

    def validated(self, loss: float) -> None:
        """Begin to average with the next step, if this validation loss says so."""
        earlier = self._losses[: max(0, len(self._losses) - self.nonmonotone)]
        if not self.averages and earlier and loss > min(earlier):
            self.start = self.steps
        self._losses.append(loss)

    def state(self) -> dict[str, Array]:
        """Copies of all that a checkpoint needs, by name."""
        return {**super().state(), "start": np.array(self.start), "losses": np.array(self._losses)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from what ``state`` returned.

        Raises:
            ArgumentError: an array is missing or does not fit.
        """
        for name, kind, dimensions in (("start", np.integer, 0), ("losses", np.floating, 1)):
            array = state.get(name)
            if array is None or array.ndim != dimensions or not np.issubdtype(array.dtype, kind):
                found = "is missing" if array is None else f"has shape {array.shape} and dtype {array.dtype}"
                raise ArgumentError(
                    f"NonMonotoneASGD: {name!r} {found}; expected {dimensions} axes of {kind.__name__}."
                )
        super().restore(state)
        self.start, self._losses = int(state["start"]), state["losses"].tolist()
