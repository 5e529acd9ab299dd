"""Columns of Parquet files that are carried along: as text files have them, and as they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from gatewise.data.missing import is_missing

__all__ = ["FileColumn", "in_parquet", "taken"]


class FileColumn(list[Any]):
    """Values as CSV and JSON have them: numbers, words and lists of these; None where one is missing.

    Attributes:
        arrow: the same as the file has them, a column of pyarrow.
    """

    arrow: Any

    @classmethod
    def of(cls, values: Sequence[Any], arrow: Any) -> Self:
        """Values of whatever kind, and the column that they are."""
        found = cls(map(_plain, values))
        found.arrow = arrow
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    if isinstance(value, str | int | float | list | dict):
        return value
    return None if is_missing(value) else str(value)


def in_parquet(values: Sequence[Any]) -> Any:
    """A column as it goes into a Parquet file."""
    return values.arrow if isinstance(values, FileColumn) else values


def taken(values: Sequence[Any], rows: Sequence[int]) -> list[Any]:
    """Some rows of a column, by their numbers."""
    found = [values[row] for row in rows]
    return FileColumn.of(found, values.arrow.take(rows)) if isinstance(values, FileColumn) else found
