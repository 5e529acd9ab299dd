"""Recurrent layers one step at a time in native code: packed once, stepped often.

The contract is in ``native/core/recurrent/stream.h``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gatewise.kernels.choice import get_target, get_threads
from gatewise.kernels.layer import NativeLayer
from gatewise.types import Array

if TYPE_CHECKING:
    from gatewise.kernels._native import Stream

__all__ = ["choose_token", "open_stream"]


def open_stream(
    layers: Sequence[NativeLayer],
    batch_size: int,
    *,
    embedding: Array | None = None,
    head: tuple[Array, Array | None] | None = None,
) -> tuple[Stream, Array]:
    """A native stream over a copy of these weights, and the array that each of its steps fills.

    Args:
        layers: from the bottom up; their ``x`` and walk do not matter.
        batch_size: B.
        embedding: (V, D), for steps that take tokens; None for none.
        head: weight (K, H) and bias (K,) of a linear layer on top, bias None for none; None for no head.

    Returns:
        The stream, in a state of zeros; y (B, H), with a head (B, K).
    """
    from gatewise.kernels import _native

    weight, bias = head or (None, None)
    y: Array = np.zeros((batch_size, len(layers[-1].weight_hh.T if weight is None else weight)), np.float32)
    stream = _native.Stream(get_target(), get_threads(), batch_size, list(layers), embedding, weight, bias, y)
    return stream, y


def choose_token(
    logits: Array,
    uniform: float,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    never: int | None,
) -> int:
    """The token that ``Stream.generate`` chooses for these logits (V,) by ``uniform`` in [0, 1)."""
    from gatewise.kernels import _native

    return _native.choose_token(
        get_target(),
        logits,
        uniform,
        temperature,
        min(top_k or 0, len(logits)),
        1.0 if top_p is None else top_p,
        -1 if never is None else never,
    )
