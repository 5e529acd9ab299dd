"""What layers refuse, and in which words."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.types import Array

__all__ = ["check_dtype", "check_scale", "check_shape", "check_sizes"]


def check_sizes(owner: str, **sizes: object) -> None:
    """Refuse sizes that are not positive integers."""
    for name, size in sizes.items():
        if type(size) is bool or not isinstance(size, Integral) or size < 1:
            raise ArgumentError(f"{owner}: {name}={size!r}; expected a whole number of at least 1.")


def check_dtype(owner: str, name: str, values: object, dtype: np.dtype[Any]) -> None:
    """Refuse arrays of another type; converting in silence would hide a copy or lose precision."""
    if not isinstance(values, np.ndarray) or values.dtype != dtype:
        found = f"dtype {values.dtype}" if isinstance(values, np.ndarray) else f"type {type(values).__name__}"
        raise ArgumentError(
            f"{owner}: {name} has {found}; this layer computes in {dtype}: "
            f"pass np.asarray({name}, dtype=np.{dtype}), or make the layer with another dtype."
        )


def check_shape(owner: str, name: str, values: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Refuse arrays of another shape or type."""
    check_dtype(owner, name, values, dtype)
    if values.shape != shape:
        raise ArgumentError(f"{owner}: {name} has shape {values.shape}; expected {shape}.")


def check_scale(owner: str, init_scale: float | None) -> None:
    """Refuse a range of first weights that is none."""
    if init_scale is not None and not 0 <= init_scale < np.inf:
        raise ArgumentError(
            f"{owner}: init_scale={init_scale!r}; expected a finite number of at least 0, or None."
        )
