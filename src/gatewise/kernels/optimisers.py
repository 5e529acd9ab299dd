"""A step of an optimiser in native code, the gradient's norm and clipping in the same call.

``optim/sgd.py`` and ``optim/adam.py`` have the same in NumPy; the contract of every vector is in
``native/core/optimisers.h``.
"""

from __future__ import annotations

from typing import NamedTuple

from gatewise.kernels.choice import get_target, get_threads
from gatewise.types import Array

__all__ = ["AdamRule", "AveragedSGDRule", "Rule", "SGDRule", "optimiser_step"]


class SGDRule(NamedTuple):
    """θ -= rate g; with a velocity v = momentum v + g, θ -= rate v, or rate (g + momentum v) by Nesterov."""

    rate: float
    decay: float
    velocity: Array | None
    momentum: float
    nesterov: bool


class AveragedSGDRule(NamedTuple):
    """θ -= rate g; then, unless averaged is 0, average += (θ - average) / averaged."""

    rate: float
    decay: float
    average: Array
    averaged: int


class AdamRule(NamedTuple):
    """θ -= rate mean / (√variance root_scale + ε), the corrections being part of rate and root_scale.

    Attributes:
        rate: η / (1 - β₁ᵗ).
        decay: λ, where λ θ is added to the gradient.
        kept: by what the parameters are multiplied first, 1 - η λ where the decay is decoupled.
        mean: running mean of the gradients, β₁ mean + (1 - β₁) g.
        variance: running mean of their squares, with β₂.
        betas: β₁, β₂.
        gains: 1 - β₁, 1 - β₂.
        root_scale: 1 / √(1 - β₂ᵗ).
        epsilon: ε.
    """

    rate: float
    decay: float
    kept: float
    mean: Array
    variance: Array
    betas: tuple[float, float]
    gains: tuple[float, float]
    root_scale: float
    epsilon: float


Rule = SGDRule | AveragedSGDRule | AdamRule
"""How parameters are moved, with the vectors that the optimiser keeps."""


def optimiser_step(
    rule: Rule, parameters: Array, gradients: Array, clip_norm: float, before: Array | None
) -> tuple[float, bool]:
    """Clip, update in place, and look at the result. Where the norm is not finite nothing is changed.

    Args:
        rule: how; g is the clipped gradient, + decay θ.
        parameters: θ, a vector.
        gradients: of the same length; they stay as they are.
        clip_norm: largest norm of the gradient; inf for no limit.
        before: filled with the parameters as they were; None where that is not wanted.

    Returns:
        The gradient's norm before clipping, and whether the updated parameters are finite.
    """
    from gatewise.kernels import _native

    target, threads = get_target(), get_threads()
    if isinstance(rule, SGDRule):
        return _native.sgd_step(target, threads, parameters, gradients, before, clip_norm, *rule)
    if isinstance(rule, AveragedSGDRule):
        return _native.averaged_sgd_step(target, threads, parameters, gradients, before, clip_norm, *rule)
    return _native.adam_step(target, threads, parameters, gradients, before, clip_norm, *rule)
