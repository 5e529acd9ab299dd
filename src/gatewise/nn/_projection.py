"""A linear map of the last axis, for layers that own its weights: native where it can be, else NumPy."""

from __future__ import annotations

import numpy as np

from gatewise import kernels
from gatewise.types import Array

__all__ = ["project", "project_backward"]


def project(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """X weightᵀ + bias, (..., K).

    Args:
        x: (..., D).
        weight: (K, D).
        bias: (K,).
    """
    rows = x.reshape(-1, x.shape[-1])
    if kernels.runs_natively(x.dtype):
        y = kernels.linear_forward(rows, weight, bias)
    else:
        y = rows @ weight.T
        if bias is not None:
            y += bias
    return y.reshape(*x.shape[:-1], len(weight))


def project_backward(x: Array, weight: Array, dy: Array, dweight: Array, dbias: Array | None = None) -> Array:
    """Dx (..., D) from dy (..., K); adds to dweight (K, D) and dbias (K,)."""
    rows, dy = x.reshape(-1, x.shape[-1]), dy.reshape(-1, len(weight))
    if kernels.runs_natively(x.dtype):
        dx = kernels.linear_backward(rows, weight, dy, dweight, dbias)
    else:
        dweight += dy.T @ rows
        if dbias is not None:
            dbias += dy.sum(axis=0)
        dx = np.asarray(dy @ weight)
    return dx.reshape(x.shape)
