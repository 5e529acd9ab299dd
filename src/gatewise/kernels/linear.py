"""A linear layer over rows in native code; ``nn/linear.py`` has the same in NumPy.

The contract of every array is in ``native/core/linear.h``.
"""

from __future__ import annotations

import numpy as np

from gatewise.kernels.choice import get_target, get_threads
from gatewise.types import Array

__all__ = ["linear_backward", "linear_forward"]


def linear_forward(x: Array, weight: Array, bias: Array | None) -> Array:
    """Y (N, K) = x weightᵀ + bias.

    Args:
        x: (N, D).
        weight: (K, D).
        bias: (K,) or None.
    """
    from gatewise.kernels import _native

    y = np.empty((len(x), len(weight)), x.dtype)
    _native.linear_forward(get_target(), get_threads(), np.ascontiguousarray(x), weight, bias, y)
    return y


def linear_backward(x: Array, weight: Array, dy: Array, dweight: Array, dbias: Array | None) -> Array:
    """Dx (N, D) = dy weight; adds the gradients of the parameters to what stands in them.

    Args:
        x: (N, D).
        weight: (K, D).
        dy: (N, K).
        dweight: (K, D), added to.
        dbias: (K,), added to; None where the layer has none.
    """
    from gatewise.kernels import _native

    dx = np.empty(x.shape, x.dtype)
    x, dy = np.ascontiguousarray(x), np.ascontiguousarray(dy)
    _native.linear_backward(get_target(), get_threads(), x, weight, dy, dx, dweight, dbias)
    return dx
