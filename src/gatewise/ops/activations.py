"""Activation functions, each with its slope written in terms of its own output."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gatewise.types import Array

__all__ = ["ACTIVATIONS", "Activation", "log_softmax", "relu", "sigmoid", "softmax", "tanh"]


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """Logistic function σ(z) = 1 / (1 + e⁻ᶻ), computed as ½ + ½ tanh(z/2), which cannot overflow.

    Args:
        z: any shape.
        out: where the result goes; may be ``z`` itself.
    """
    if out is None:
        out = np.empty_like(z)
    np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out


def tanh(z: Array, out: Array | None = None) -> Array:
    """Hyperbolic tangent."""
    return np.tanh(z, out=out)


def relu(z: Array, out: Array | None = None) -> Array:
    """Rectifier max(z, 0)."""
    return np.maximum(z, 0, out=out)


class Activation(NamedTuple):
    """A function and its derivative; the derivative takes the function's *output* y."""

    function: Callable[[Array, Array | None], Array]
    slope: Callable[[Array], Array]


ACTIVATIONS = {
    "tanh": Activation(tanh, lambda y: 1 - y * y),
    "sigmoid": Activation(sigmoid, lambda y: y * (1 - y)),
    "relu": Activation(relu, lambda y: (y > 0).astype(y.dtype)),
}
"""The activations a plain RNN may have, by name."""


def log_softmax(logits: Array) -> Array:
    """Log softmax over the last axis, shifted by the maximum so that no exponential overflows."""
    shifted: Array = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def softmax(logits: Array) -> Array:
    """Probabilities over the last axis."""
    return np.exp(log_softmax(logits))
