"""How a gate stands over time: how often open, how often shut, and how fast what is kept decays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.types import Array

__all__ = ["SHUT_AND_OPEN", "Saturation", "half_life", "saturation"]

SHUT_AND_OPEN = (0.1, 0.9)
"""Below the first a gate counts as shut, above the second as open (Karpathy et al. 2015, section 4.2)."""

Floats = npt.NDArray[np.float64]


class Saturation(NamedTuple):
    """Shares of the time, (H,) each.

    Attributes:
        shut: below 0.1.
        open: above 0.9.
    """

    shut: Floats
    open: Floats


def saturation(gate: Array) -> Saturation:
    """Share of the steps at which each unit's gate is shut, and at which it is open.

    Args:
        gate: (T, H), in [0, 1].
    """
    shut, wide = SHUT_AND_OPEN
    return Saturation((gate < shut).mean(axis=0), (gate > wide).mean(axis=0))


def half_life(forget: Array) -> Floats:
    """Steps after which half of what stands in a cell is left, (H,), as its forget gate is on average.

    It is ln ½ over the mean of ln f: a constant gate of f halves the cell in so many steps. 0 where the gate
    was exactly shut at some step, infinite where it was always exactly open.

    Args:
        forget: (T, H), in [0, 1].
    """
    with np.errstate(divide="ignore"):
        mean = np.log(forget.astype(np.float64)).mean(axis=0)
        steps: Floats = np.log(0.5) / mean
    return np.abs(steps)
