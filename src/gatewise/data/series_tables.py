"""Series in tables, one a row: its steps from left to right in the columns of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from gatewise.data.missing import is_missing
from gatewise.data.number_lines import is_missing_number, is_number
from gatewise.errors import DataError
from gatewise.types import Array

__all__ = ["plain_label", "series_of", "steps_of"]

_WHOLE = re.compile(r"([-+]?\d+)\.0*|([-+]?\d+(\.\d*)?[eE][-+]?\d+)")


def series_of(rows: Sequence[Sequence[Any]], where: Callable[[int, int], str]) -> list[Array]:
    """Series of one channel, (T_i, 1) each.

    What is missing at the end of a row is no part of it: so the UCR archive fills up those that are shorter.

    Args:
        rows: numbers, or texts as ``is_number`` knows them.
        where: says where a value stands, by its row and its place in it.

    Raises:
        DataError: a value is no finite number, or is missing before the end, or a row has none.
    """
    return [_series(row, partial(where, index))[:, None] for index, row in enumerate(rows)]


def steps_of(text: str, where: Callable[[int, int], str]) -> Array:
    """A series of several channels (T, D), from a text with a channel in each line, commas between its steps.

    Raises:
        DataError: as ``series_of``; or its channels are of unlike length.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    channels = [_series(line.split(","), partial(where, index)) for index, line in enumerate(lines)]
    if len({len(channel) for channel in channels}) != 1:
        lengths = ", ".join(str(len(channel)) for channel in channels) or "none"
        raise DataError(f"{where(0, 0)}: channels of {lengths} values; expected channels of one length.")
    return np.array(channels).T


def plain_label(text: str) -> str:
    """A label; one that is a whole number as such, for the UCR archive writes 1 as 1.0000000e+00 too."""
    text = text.strip()
    if _WHOLE.fullmatch(text) and float(text).is_integer():
        return str(int(float(text)))
    return text


def _series(row: Sequence[Any], where: Callable[[int], str]) -> Array:
    """The values of a row, up to the last that is not missing."""
    values = list(row)
    while values and _is_missing(values[-1]):
        values.pop()
    if not values:
        raise DataError(f"{where(0)}: the row has no number; expected the steps of a series.")
    try:
        numbers = np.array([float(value) if _is_number(value) else np.nan for value in values])
    except OverflowError:
        numbers = np.full(len(values), np.inf)
    if np.isfinite(numbers).all():
        return numbers
    step = int(np.argmin(np.isfinite(numbers)))
    wrong = values[step]
    if _is_missing(wrong):
        told = "is missing, and others follow; expected numbers: fill it in"
    elif _is_number(wrong):
        told = f"is {str(wrong).strip()!r:.40}; expected finite numbers"
    else:
        told = f"is {str(wrong).strip()!r:.40}; expected a number"
    raise DataError(f"{where(step)} {told}.")


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return is_number(value)
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _is_missing(value: Any) -> bool:
    return is_missing_number(value) if isinstance(value, str) else is_missing(value)
