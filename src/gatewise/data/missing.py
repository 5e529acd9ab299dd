"""Which values stand for none."""

from __future__ import annotations

import numbers

import numpy as np

__all__ = ["is_blank", "is_missing"]


def is_missing(value: object) -> bool:
    """Whether it is what a frame library has for a missing value: None, NaN of any kind, NaT, pandas' NA."""
    # pandas' own are neither equal nor unequal to themselves.
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, numbers.Number) and bool(value != value)


def is_blank(value: object) -> bool:
    """Whether it is a text by which files say that a number or a time is missing."""
    return isinstance(value, str) and value.strip().lower() in ("", "na", "nan", "nat")
