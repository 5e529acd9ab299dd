"""Arrays in a byte or two a number, for a page that is to stay small."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.types import Array

__all__ = ["Packed", "pack"]


class Packed(NamedTuple):
    """Whole numbers that times their unit's scale are the values, to half a scale.

    Attributes:
        numbers: (H, T), a unit behind the other, for its values are like each other and compress well.
        scale: (H,), of each unit; 1 where all its values are 0.
    """

    numbers: npt.NDArray[np.integer]
    scale: npt.NDArray[np.float64]


def pack(values: Array, *, size: int = 1) -> Packed:
    """Values in whole numbers, each unit on its own scale.

    Args:
        values: (T, H).
        size: bytes a number, 1 or 2; without a sign where no value has one.

    Raises:
        ArgumentError: a value is not finite.
    """
    by_unit = np.asarray(values, np.float64).T
    if not np.isfinite(by_unit).all():
        raise ArgumentError(
            "the network's states are not all finite; its weights have NaN, infinity or far too large values."
        )
    kind = np.dtype(f"{'i' if (by_unit < 0).any() else 'u'}{size}")
    largest = np.abs(by_unit).max(axis=1, initial=0)
    scale = np.where(largest > 0, largest / np.iinfo(kind).max, 1)
    return Packed(np.rint(by_unit / scale[:, None]).astype(kind), scale)
