"""In which order to show a layer's units: the busiest first, the most saturated first, or like with like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from gatewise.data.spread import never_changes, to_norm_one
from gatewise.errors import ArgumentError
from gatewise.magnify.gates import saturation
from gatewise.types import Array

__all__ = ["ORDERS", "order_units"]

ORDERS = ("number", "activity", "saturation", "similarity")


def order_units(arrays: Mapping[str, Array], by: str) -> npt.NDArray[np.intp]:
    """Numbers of a layer's units in the order in which to show them, (H,).

    Args:
        arrays: of a layer by name, (T, H) each: i, f, o and c of an LSTM, h alone of a plain RNN.
        by: "number"; "activity", how much the memory changes over time; "saturation", how much of the time
            the gates are shut or open (of a plain RNN, how large the outputs are); or "similarity", which
            puts units side by side whose memory moves alike, by the angle in the plane of the two greatest
            principal components (Friendly 2002).

    Raises:
        ArgumentError: there is no such order.
    """
    if by not in ORDERS:
        raise ArgumentError(f"by={by!r}; expected one of {', '.join(ORDERS)}.")
    gated = "c" in arrays
    memory = np.tanh(arrays["c"].astype(np.float64)) if gated else arrays["h"].astype(np.float64)
    if by == "number":
        return np.arange(memory.shape[1])
    if by == "activity":
        activity = np.where(never_changes(memory), 0, memory.std(axis=0))
        return np.argsort(-activity, kind="stable")
    if by == "saturation":
        share = np.abs(memory).mean(axis=0)
        if gated:
            share = np.sum([part for gate in "ifo" for part in saturation(arrays[gate])], axis=0)
        return np.argsort(-share, kind="stable")
    # Of a single step, or of units that never move, nothing can be said: they stay in their order.
    first, second = _two_components(to_norm_one(memory))
    return np.argsort(np.arctan2(second, first), kind="stable")


def _two_components(columns: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Loadings (H,) of the two greatest principal components, 0 where there are fewer."""
    _, sizes, rows = np.linalg.svd(columns, full_matrices=False)
    loadings = np.zeros((2, columns.shape[1]))
    count = min(2, len(sizes))
    loadings[:count] = (sizes[:count, None] * rows[:count]).round(12)
    return loadings[0], loadings[1]
