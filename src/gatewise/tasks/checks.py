"""What estimators refuse: hyperparameters that cannot work, and sizes that do not fit."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from gatewise.errors import ArgumentError, DataError
from gatewise.types import Array

__all__ = ["check_choice", "check_flag", "check_number", "check_size", "enough_memory"]


@contextmanager
def enough_memory(estimator: object, *names: str) -> Iterator[None]:
    """Say which hyperparameters ask for too much, where a network cannot be made.

    Raises:
        ArgumentError: there is not enough memory.
    """
    try:
        yield
    except MemoryError as error:
        sizes = ", ".join(f"{name}={getattr(estimator, name)}" for name in names)
        raise ArgumentError(f"{sizes} need more memory than there is; choose smaller ones.") from error


def check_size(needed: int, layers: int, weights: Mapping[str, Array], sizes: str) -> None:
    """Refuse to make a network that a file's weights cannot fill, before its memory is taken.

    Args:
        needed: weights that the file's config asks for at least.
        layers: arrays that it asks for at least, such as one for each recurrent layer.
        weights: the file's arrays.
        sizes: what asks for them, in words.

    Raises:
        DataError: the file holds fewer.
    """
    available = sum(values.size for values in weights.values())
    if needed > available or layers > len(weights):
        raise DataError(
            f"its config needs at least {needed:,} weights ({sizes}), and it holds {available:,} in "
            f"{len(weights)} arrays."
        )


_LARGEST = sys.float_info.max
"""An integer beyond it is no number to compute with."""


def check_choice(name: str, value: object, choices: Mapping[str, Any] | tuple[str, ...]) -> None:
    """Refuse what is not one of the names."""
    if not isinstance(value, str) or value not in choices:
        raise ArgumentError(f"{name}={value!r}; expected one of {', '.join(choices)}.")


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise ArgumentError(f"{name}={value!r}; expected True or False.")


def check_number(
    name: str,
    value: object,
    *,
    low: float,
    high: float = np.inf,
    whole: bool = False,
    optional: bool = False,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Refuse what is not a number in the interval; ``optional`` admits None."""
    if value is None and optional:
        return
    kinds = (int,) if whole else (int, float)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, kinds) and not isinstance(value, bool):
        above = value > low if open_low else value >= low
        below = value < high if open_high else value <= high
        if above and below and value < np.inf and value <= _LARGEST:
            return
    endless = isinstance(value, float) and not np.isfinite(value)
    what = "a whole number" if whole else "a finite number" if endless else "a number"
    lower = f"above {low:g}" if open_low else f"of at least {low:g}"
    upper = "" if high == np.inf else f" and {'below' if open_high else 'at most'} {high:g}"
    raise ArgumentError(f"{name}={value!r}; expected {what} {lower}{upper}{', or None' if optional else ''}.")
