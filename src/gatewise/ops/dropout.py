"""Dropout (Srivastava et al. 2014), in the inverted form: nothing to rescale at inference."""

from __future__ import annotations

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.types import Array

__all__ = ["dropout", "dropout_backward"]


def dropout(x: Array, rate: float, rng: np.random.Generator) -> tuple[Array, Array | None]:
    """Zero each element with probability ``rate`` and scale the others by 1 / (1 - rate).

    Args:
        x: any shape.
        rate: in [0, 1).
        rng: where the draws come from.

    Returns:
        The thinned array, and the mask that ``dropout_backward`` needs (None if rate is 0).

    Raises:
        ArgumentError: rate lies outside [0, 1).
    """
    if not 0 <= rate < 1:
        raise ArgumentError(f"dropout: rate={rate!r}; expected a probability in [0, 1).")
    if rate == 0:
        return x, None
    mask = (rng.random(x.shape, dtype=np.float32) >= rate).astype(x.dtype)
    mask *= 1 / (1 - rate)
    return x * mask, mask


def dropout_backward(dy: Array, mask: Array | None) -> Array:
    """Dx for the mask that ``dropout`` returned."""
    return dy if mask is None else dy * mask
