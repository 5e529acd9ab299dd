"""Central differences: the judge of every backward pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.types import Array

__all__ = ["numerical_gradient", "relative_error"]


_WEIGHTS = {2: {-1: -1 / 2, 1: 1 / 2}, 4: {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}}
"""By the number of sample points: what each one counts, by its distance in steps."""


def numerical_gradient(
    function: Callable[[], float], x: Array, step: float = 1e-3, *, points: int = 4
) -> Array:
    """∂function/∂x by central differences.

    Args:
        function: reads ``x`` and returns a scalar.
        x: float64, contiguous; each element is moved in place and put back.
        step: distance h of the sample points.
        points: 4 for x ± h and x ± 2h, where the error falls with h⁴; 2 for x ± h alone, where it falls with
            h²: half the work, and with a step of 1e-5 still eight digits.

    Raises:
        ArgumentError: there is no such number of points.
    """
    if points not in _WEIGHTS:
        raise ArgumentError(f"points={points!r}; expected 2 or 4.")
    gradient = np.zeros_like(x)
    values, out = x.reshape(-1), gradient.reshape(-1)
    for k in range(values.size):
        middle = values[k]
        for offset, weight in _WEIGHTS[points].items():
            values[k] = middle + offset * step
            out[k] += weight * function()
        values[k] = middle
        out[k] /= step
    return gradient


def relative_error(actual: Array, expected: Array) -> float:
    """Max |actual - expected| over the larger of the two arrays' greatest magnitudes; 0 if both are zero."""
    scale = max(np.abs(actual).max(initial=0), np.abs(expected).max(initial=0))
    return float(np.abs(actual - expected).max(initial=0) / scale) if scale else 0.0
