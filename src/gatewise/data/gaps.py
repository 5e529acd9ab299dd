"""Gaps in the context of a forecast: how they are filled, and how a network gets used to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["filled_by_season", "with_gaps"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def filled_by_season(past: Floats, observed: Flags, centre: Floats, season: int) -> Floats:
    """Contexts (B, C) with each missing value replaced.

    By the nearest value at the same step of another season, the earlier of two; where there is none by the
    last value before it, or by the centre.

    Args:
        past: NaN where missing.
        observed: False there.
        centre: (B,) of each.
        season: steps of a season; 1 for none, where the last value alone fills.
    """
    if observed.all():
        return past
    steps = past.shape[1]
    filled, missing = past.copy(), ~observed
    for distance in range(season, steps if season > 1 else 0, season):
        for move in (distance, -distance):
            there = np.arange(steps) - move
            inside = (there >= 0) & (there < steps)
            source = past[:, np.clip(there, 0, steps - 1)]
            usable = missing & inside & ~np.isnan(source)
            filled[usable], missing = source[usable], missing & ~usable
        if not missing.any():
            return filled
    known = ~missing
    last = np.maximum.accumulate(np.where(known, np.arange(steps), -1), axis=1)
    carried = np.take_along_axis(filled, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, carried, centre[:, None])


def with_gaps(past: Floats, rng: np.random.Generator, share: float) -> Floats:
    """Contexts (B, C), a share of them with gaps as they come in practice.

    A third of these misses a stretch of up to a seventh, often the last one, a third as many single steps,
    and a third begins late: of their context only the last part is there.

    Args:
        past: NaN where something is missing already.
        rng: where the draws come from.
        share: of the contexts.
    """
    batch, steps = past.shape
    kind = np.where(rng.uniform(size=batch) < share, rng.integers(1, 4, batch), 0)[:, None]
    length = np.ceil(rng.uniform(size=(batch, 1)) * steps / 7)
    first = np.floor(np.minimum(1.5 * rng.uniform(size=(batch, 1)), 1) * (steps - length))
    begins = np.floor(rng.uniform(size=(batch, 1)) * steps * 6 / 7)
    place = np.arange(steps)
    gone = (kind == 1) & (place >= first) & (place < first + length)
    gone |= (kind == 2) & (rng.uniform(size=past.shape) < length / steps)
    gone |= (kind == 3) & (place < begins)
    return np.where(gone, np.nan, past)
