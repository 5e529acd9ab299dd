"""Dropout, recurrent dropout and zoneout: three ways to keep a network from leaning on single units.

* Dropout (Srivastava et al. 2014), in the inverted form: nothing to rescale at inference. Locked, or
  variational (Gal & Ghahramani 2016; Merity et al. 2018, section 4.2), it zeroes the same units of a sequence
  at all steps.
* Recurrent dropout (Gal & Ghahramani 2016) thins h on its way into the recurrent sums, with one mask for
  all steps of a call.
* Zoneout (Krueger et al. 2017) lets units keep their old value for a step instead of setting them to zero.

Masks are drawn here; ``ops/sequence/`` applies the last two at every step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.types import Array, BoolArray

__all__ = [
    "StateMasks",
    "check_rate",
    "dropout",
    "dropout_backward",
    "dropout_mask",
    "zoneout",
    "zoneout_backward",
    "zoneout_mask",
]


class StateMasks(NamedTuple):
    """What thins and holds the states of one layer in one direction; None leaves a thing alone.

    Attributes:
        recurrent: (B, H) of 0 or 1 / (1 - rate), multiplies h where it enters the recurrent sums, the same at
            all steps (``dropout_mask``).
        zoneout_h: (T, B, H), True where a unit's h stays what it was before the step (``zoneout_mask``). A
            number in [0, 1] mixes instead: the share of the old value, which is what inference expects.
        zoneout_c: the same for c.
    """

    recurrent: Array | None = None
    zoneout_h: BoolArray | float | None = None
    zoneout_c: BoolArray | float | None = None

    @property
    def mixes(self) -> bool:
        """Whether zoneout is a share instead of a mask."""
        return any(mask is not None and not isinstance(mask, np.ndarray) for mask in self[1:])

    def thinned(self, h_prev: Array) -> Array:
        """The h' that recurrent sums see: (n, H) at one step, (T, B, H) at all; rows are the first of B."""
        return h_prev if self.recurrent is None else h_prev * self.recurrent[: h_prev.shape[-2]]

    def zoneout_at(self, t: int, n: int) -> tuple[BoolArray | float | None, BoolArray | float | None]:
        """Those of h and c for step t and its n rows."""
        h, c = (part[t, :n] if isinstance(part, np.ndarray) else part for part in self[1:])
        return h, c

    def check(self, steps: int, batch: int, hidden: int, has_memory: bool) -> None:
        """Refuse masks that do not fit a sequence; broadcasting would take them for something else."""
        if self.recurrent is not None and self.recurrent.shape != (batch, hidden):
            raise ArgumentError(
                f"masks.recurrent has shape {self.recurrent.shape}; expected {(batch, hidden)}, "
                "one for each sequence and unit."
            )
        if self.zoneout_c is not None and not has_memory:
            raise ArgumentError("masks.zoneout_c is given; expected None, for this cell has no cell state.")
        for name, mask in (("zoneout_h", self.zoneout_h), ("zoneout_c", self.zoneout_c)):
            if isinstance(mask, np.ndarray):
                if mask.shape != (steps, batch, hidden) or mask.dtype != np.bool_:
                    raise ArgumentError(
                        f"masks.{name} has shape {mask.shape} and dtype {mask.dtype}; "
                        f"expected {(steps, batch, hidden)} of bool, or a number in [0, 1]."
                    )
            elif mask is not None and not 0 <= mask <= 1:
                raise ArgumentError(f"masks.{name}={mask!r}; expected a share in [0, 1].")


def dropout(
    x: Array, rate: float, rng: np.random.Generator, *, locked: bool = False
) -> tuple[Array, Array | None]:
    """Zero each element with probability ``rate`` and scale the others by 1 / (1 - rate).

    Args:
        x: any shape; (T, B, ...) for locked dropout.
        rate: in [0, 1).
        rng: where the draws come from.
        locked: draw one mask (1, B, ...), the same for all T steps, instead of one of x's shape.

    Returns:
        The thinned array, and the mask that ``dropout_backward`` needs (None if rate is 0).

    Raises:
        ArgumentError: rate lies outside [0, 1); the dropout is locked and x has no two axes.
    """
    if locked and x.ndim < 2:
        raise ArgumentError(f"dropout: x has shape {x.shape}; expected (T, B, ...) for locked dropout.")
    mask = dropout_mask((1, *x.shape[1:]) if locked else x.shape, rate, rng, x.dtype)
    return (x, None) if mask is None else (x * mask, mask)


def dropout_backward(dy: Array, mask: Array | None) -> Array:
    """Dx for the mask that ``dropout`` returned."""
    return dy if mask is None else dy * mask


def dropout_mask(
    shape: tuple[int, ...], rate: float, rng: np.random.Generator, dtype: npt.DTypeLike
) -> Array | None:
    """0 with probability ``rate`` in [0, 1), else 1 / (1 - rate); None, and nothing drawn, if rate is 0.

    Raises:
        ArgumentError: rate lies outside [0, 1).
    """
    check_rate("dropout", "rate", rate)
    if rate == 0:
        return None
    mask = (rng.random(shape, dtype=np.float32) >= rate).astype(dtype)
    mask *= 1 / (1 - rate)
    return mask


def zoneout(old: Array, new: Array, mask: BoolArray | float | None) -> Array:
    """The old value where ``mask`` is True; for a number, that share of the old and the rest of the new."""
    if mask is None:
        return new
    if isinstance(mask, np.ndarray):
        return np.where(mask, old, new)
    return mask * old + (1 - mask) * new


def zoneout_backward(dy: Array, mask: BoolArray | float | None) -> tuple[Array | None, Array]:
    """The gradients of the old value (None where there is no mask) and of the new one."""
    if mask is None:
        return None, dy
    dold = dy * mask
    return dold, dy - dold


def zoneout_mask(shape: tuple[int, ...], rate: float, rng: np.random.Generator) -> BoolArray | None:
    """True with probability ``rate`` in [0, 1); None, and nothing drawn, if rate is 0.

    Raises:
        ArgumentError: rate lies outside [0, 1).
    """
    check_rate("zoneout", "rate", rate)
    if rate == 0:
        return None
    mask = np.empty(shape, dtype=bool)
    for step in mask:  # drawn step by step: the numbers take four times the room of the mask
        np.less(rng.random(step.shape, dtype=np.float32), rate, out=step)
    return mask


def check_rate(owner: str, name: str, rate: float) -> None:
    """Refuse what is no probability below 1: at 1 nothing would be left to scale up."""
    if not 0 <= rate < 1:
        raise ArgumentError(f"{owner}: {name}={rate!r}; expected a probability in [0, 1).")
