"""Mean and spread of numbers, where some never change: judged by the numbers, not by their deviation.

The mean of a thousand times 14.62 is 14.62 but for rounding, and so the deviation is not 0 but 1e-15. As a
scale that would blow the next 14.63 up to 1e13.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.types import Array, BoolArray

__all__ = ["never_changes", "spread", "to_norm_one"]

Floats = npt.NDArray[np.float64]


def never_changes(columns: Array) -> BoolArray:
    """Whether all numbers of a column of (N, K) are the same, to the last bit, (K,); so of no or one row."""
    return np.asarray((columns == columns[:1]).all(axis=0))


def spread(columns: Array) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column of (N, K), in float64, by which it is standardised.

    Where a column never changes, its number is the mean and 1 the spread: it has nothing to be scaled by.
    Elsewhere the spread is above 0. Either is not finite where the numbers are too large for it.

    Args:
        columns: (N, K) finite numbers, N at least 1.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = columns.mean(axis=0, dtype=np.float64)
        deviation = columns.std(axis=0, dtype=np.float64)
        # Squares of the smallest numbers vanish although these differ.
        width = columns.max(axis=0).astype(np.float64) - columns.min(axis=0)
    constant = never_changes(columns)
    deviation = np.where(deviation == 0, width, deviation)
    return np.where(constant, columns[0], mean), np.where(constant, 1.0, deviation)


def to_norm_one(columns: Array) -> Floats:
    """The columns of (N, K) less their means and over their norms, in float64; 0 where one never changes."""
    mean, _ = spread(columns)
    centred: Floats = columns - mean
    size = np.linalg.norm(centred, axis=0)
    return centred / np.where(size > 0, size, 1)
