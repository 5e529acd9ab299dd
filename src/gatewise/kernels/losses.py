"""Cross-entropy in native code, its gradient in the same pass; ``ops/losses.py`` has the same in NumPy.

The contract of every array is in ``native/core/losses.h``.
"""

from __future__ import annotations

import numpy as np

from gatewise.kernels.choice import get_target, get_threads
from gatewise.types import Array, IntArray

__all__ = ["cross_entropy_sum"]


def cross_entropy_sum(logits: Array, targets: IntArray, weights: Array, dlogits: Array | None) -> float:
    """Sum of -log softmax(logits)[target], each times its weight.

    Args:
        logits: (N, V).
        targets: (N,), in [0, V) where the weight is not 0.
        weights: (N,); where one is 0, neither logits nor target are looked at.
        dlogits: (N, V), filled with the gradient; may be ``logits`` itself. None for the loss alone.
    """
    from gatewise.kernels import _native

    whole = np.ascontiguousarray(targets, dtype=np.int32)
    return _native.cross_entropy(
        get_target(), get_threads(), np.ascontiguousarray(logits), whole, weights, dlogits
    )
