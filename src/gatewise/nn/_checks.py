"""What layers refuse, and in which words."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.ops.embedding import TokenInput
from gatewise.types import Array, BoolArray, IntArray, State

__all__ = ["check_dtype", "check_scale", "check_sequence", "check_shape", "check_sizes", "check_state"]


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


def check_state(
    owner: str,
    name: str,
    state: object,
    shape: tuple[int, ...],
    has_memory: bool,
    dtype: np.dtype[Any],
) -> State:
    """The state, of a plain tuple too, with a c that fits the cell: 0 wide for a cell without memory."""
    if not isinstance(state, tuple):
        raise ArgumentError(f"{owner}: {name} has type {type(state).__name__}; expected State(h, c).")
    h, c = State(*state)
    check_shape(owner, f"{name}.h", h, shape, dtype)
    if not has_memory:
        return State(h, np.zeros((*shape[:-1], 0), dtype))
    check_shape(owner, f"{name}.c", c, shape, dtype)
    return State(h, c)


def check_scale(owner: str, init_scale: float | None) -> None:
    """Refuse a range of first weights that is none."""
    if init_scale is not None and not 0 <= init_scale < np.inf:
        raise ArgumentError(
            f"{owner}: init_scale={init_scale!r}; expected a finite number of at least 0, or None."
        )


def check_sequence(
    owner: str,
    x: Array | TokenInput,
    features: int,
    dtype: np.dtype[Any],
    lengths: IntArray | None,
    reset: BoolArray | None,
) -> int:
    """Refuse what is no batch of sequences with ``features`` a step; returns B."""
    if isinstance(x, TokenInput):
        _check_tokens(owner, x, features, dtype)
        steps, batch = x.tokens.shape
    else:
        check_dtype(owner, "x", x, dtype)
        if x.ndim != 3 or x.shape[2] != features or 0 in x.shape:
            raise ArgumentError(
                f"{owner}: x has shape {x.shape}; expected (T, B, {features}): "
                "time steps first, then the batch, at least one of each."
            )
        steps, batch, _ = x.shape
    if lengths is not None:
        _check_lengths(owner, lengths, steps, batch)
    if reset is not None and (reset.shape != (steps, batch) or reset.dtype != np.bool_):
        raise ArgumentError(
            f"{owner}: reset has shape {reset.shape} and dtype {reset.dtype}; "
            f"expected ({steps}, {batch}) of bool."
        )
    return int(batch)


def _check_tokens(owner: str, x: TokenInput, features: int, dtype: np.dtype[Any]) -> None:
    tokens, symbols = x.tokens, len(x.table)
    check_shape(owner, "table", x.table, (symbols, features), dtype)
    if tokens.ndim != 2 or tokens.size == 0 or not np.issubdtype(tokens.dtype, np.integer):
        raise ArgumentError(
            f"{owner}: tokens has shape {tokens.shape} and dtype {tokens.dtype}; "
            "expected (T, B) integers, at least one."
        )
    if not 0 <= tokens.min() <= tokens.max() < symbols:
        raise ArgumentError(
            f"{owner}: tokens lie in [{tokens.min()}, {tokens.max()}]; expected [0, {symbols})."
        )


def _check_lengths(owner: str, lengths: IntArray, steps: int, batch: int) -> None:
    if lengths.shape != (batch,) or not np.issubdtype(lengths.dtype, np.integer):
        raise ArgumentError(
            f"{owner}: lengths has shape {lengths.shape} and dtype {lengths.dtype}; "
            f"expected {batch} integers, one for each sequence."
        )
    if lengths.min() < 0 or lengths.max() > steps:
        raise ArgumentError(
            f"{owner}: lengths lie in [{lengths.min()}, {lengths.max()}]; "
            f"expected [0, {steps}], for x has {steps} steps."
        )
