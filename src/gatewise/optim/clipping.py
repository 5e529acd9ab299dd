"""Gradient clipping (Pascanu et al. 2013): the cure for gradients that explode."""

from __future__ import annotations

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.types import Array

__all__ = ["check_limit", "clip_by_norm", "clip_by_value", "gradient_norm"]


def gradient_norm(gradients: Array) -> float:
    """Euclidean norm of a flat gradient vector, inf or nan if an element is."""
    # The float64 accumulator keeps a finite gradient's norm from overflowing.
    return float(np.sqrt(np.einsum("k,k->", gradients, gradients, dtype=np.float64)))


def clip_by_norm(gradients: Array, max_norm: float) -> float:
    """Scale ``gradients`` in place so that their norm is at most ``max_norm``; returns the norm before.

    A norm that is inf or nan is returned and nothing is scaled: such a step is to be refused, not mended.

    Raises:
        ArgumentError: ``max_norm`` is not above 0.
    """
    check_limit("max_norm", max_norm)
    norm = gradient_norm(gradients)
    if max_norm < norm < np.inf:
        gradients *= max_norm / norm
    return norm


def clip_by_value(gradients: Array, limit: float) -> None:
    """Cut each element, in place, to [-limit, limit].

    Raises:
        ArgumentError: ``limit`` is not above 0.
    """
    check_limit("limit", limit)
    np.clip(gradients, -limit, limit, out=gradients)


def check_limit(name: str, value: float) -> None:
    """Refuse what is not above 0."""
    if not value > 0:
        raise ArgumentError(f"clipping: {name}={value!r}; expected a number above 0.")
