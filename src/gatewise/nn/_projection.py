"""A linear map without bias for layers that own its weight: native where it can be, else NumPy."""

from __future__ import annotations

import numpy as np

from gatewise import kernels
from gatewise.types import Array

__all__ = ["project", "project_backward"]


def project(x: Array, weight: Array) -> Array:
    """X weightᵀ, (..., K).

    Args:
        x: (..., D).
        weight: (K, D).
    """
    rows = x.reshape(-1, x.shape[-1])
    y = kernels.linear_forward(rows, weight, None) if kernels.runs_natively(x.dtype) else rows @ weight.T
    return y.reshape(*x.shape[:-1], len(weight))


def project_backward(x: Array, weight: Array, dy: Array, dweight: Array) -> Array:
    """Dx (..., D) from dy (..., K); adds to dweight (K, D)."""
    rows, dy = x.reshape(-1, x.shape[-1]), dy.reshape(-1, len(weight))
    if kernels.runs_natively(x.dtype):
        dx = kernels.linear_backward(rows, weight, dy, dweight, None)
    else:
        dweight += dy.T @ rows
        dx = np.asarray(dy @ weight)
    return dx.reshape(x.shape)
