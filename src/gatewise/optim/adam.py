"""Adam, and AdamW with its decoupled weight decay."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from gatewise import kernels
from gatewise.nn.layer import Layer
from gatewise.optim.optimizer import Optimizer, check_fraction, check_rate
from gatewise.types import Array

__all__ = ["Adam", "AdamW"]


class Adam(Optimizer):
    """Steps in units of the gradient's own running size (Kingma & Ba 2015, algorithm 1).

    Args:
        layer: whose parameters are moved.
        learning_rate: η.
        betas: decay rates of the running mean and of the running uncentred variance.
        epsilon: added to the root of the variance.
        weight_decay: λ; adds λ θ to the gradient.
    """

    slots: ClassVar[tuple[str, ...]] = ("mean", "variance")
    decoupled: ClassVar[bool] = False
    """Whether weight decay shrinks the parameters directly, instead of being part of the gradient."""
    mean: Array
    variance: Array

    def __init__(
        self,
        layer: Layer,
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(layer, learning_rate)
        owner = type(self).__name__
        check_fraction(owner, beta_1=betas[0], beta_2=betas[1])
        check_rate(owner, epsilon=epsilon, weight_decay=weight_decay)
        self.betas = betas
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    def _update(self, parameters: Array, gradients: Array) -> None:
        if self.weight_decay and self.decoupled:
            parameters *= 1 - self.learning_rate * self.weight_decay
        elif self.weight_decay:
            gradients = gradients + self.weight_decay * parameters
        beta_1, beta_2 = self.betas
        self.mean *= beta_1
        self.mean += (1 - beta_1) * gradients
        self.variance *= beta_2
        self.variance += (1 - beta_2) * gradients * gradients
        root = np.sqrt(self.variance)
        root /= (1 - beta_2**self.steps) ** 0.5
        root += self.epsilon
        parameters -= self.learning_rate / (1 - beta_1**self.steps) * (self.mean / root)

    def _rule(self) -> kernels.Rule:
        beta_1, beta_2 = self.betas
        return kernels.AdamRule(
            rate=self.learning_rate / (1 - beta_1**self.steps),
            decay=0.0 if self.decoupled else self.weight_decay,
            kept=1 - self.learning_rate * self.weight_decay if self.decoupled else 1.0,
            mean=self.mean,
            variance=self.variance,
            betas=self.betas,
            gains=(1 - beta_1, 1 - beta_2),
            root_scale=(1 - beta_2**self.steps) ** -0.5,
            epsilon=self.epsilon,
        )


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters directly (Loshchilov & Hutter 2019, algorithm 2).

    Args:
        layer: whose parameters are moved.
        learning_rate: η.
        betas: decay rates of the running mean and of the running uncentred variance.
        epsilon: added to the root of the variance.
        weight_decay: λ; each step first takes η λ θ off the parameters.
    """

    decoupled: ClassVar[bool] = True

    def __init__(
        self,
        layer: Layer,
        learning_rate: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(layer, learning_rate, betas=betas, epsilon=epsilon, weight_decay=weight_decay)
