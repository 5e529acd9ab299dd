"""The end of each series, as a model file keeps it: enough to forecast from without the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gatewise.data.panel import ColumnNames, Series
from gatewise.errors import DataError
from gatewise.tasks.forecasting.setup import ForecastSetup
from gatewise.types import Array

__all__ = ["tail_arrays", "tails_from", "tails_to_json"]

_PARTS = ("values", "known", "past")


def tails_to_json(series: Sequence[Series]) -> list[dict[str, Any]]:
    """All of the series but their arrays."""
    return [
        {
            "key": each.key,
            "dates": isinstance(each.start, np.datetime64),
            "start": each.start.astype(np.int64).item()
            if isinstance(each.start, np.datetime64)
            else each.start.item(),
            "length": len(each),
            "static": list(each.static),
        }
        for each in series
    ]


def tail_arrays(series: Sequence[Series]) -> dict[str, Array]:
    """Their arrays, all series end to end. What is missing is told by an array of its own, and is 0."""
    arrays = {name: np.concatenate([getattr(each, name) for each in series]) for name in _PARTS}
    missing = np.isnan(arrays["values"])
    return {**arrays, "values": np.where(missing, 0, arrays["values"]), "missing": missing.astype(np.uint8)}


def tails_from(
    described: Any, arrays: Mapping[str, Array], names: ColumnNames, setup: ForecastSetup
) -> list[Series]:
    """Series from what the two functions above gave.

    Raises:
        DataError: the two do not fit, or an array is missing or too many.
    """
    if set(arrays) != {*_PARTS, "missing"}:
        raise DataError(
            f"it holds the arrays {', '.join(sorted(arrays))}, not those of a forecaster's series"
        )
    if not isinstance(described, list) or not described:
        raise DataError(f"it describes its series as {described!r:.60}")
    total = sum(_length(each) for each in described)
    shapes = {
        "values": (total,),
        "missing": (total,),
        "known": (total, len(names.known)),
        "past": (total, len(names.past)),
    }
    if any(arrays[name].shape != shape for name, shape in shapes.items()):
        raise DataError("the arrays of its series do not have the lengths that it says")
    values = np.where(arrays["missing"].astype(bool), np.nan, arrays["values"])
    series, at = [], 0
    for each in described:
        part = slice(at, at := at + _length(each))
        series.append(
            Series(
                _plain(each, "key"),
                _start(each, setup.frequency.unit != "number"),
                values[part],
                arrays["known"][part],
                arrays["past"][part],
                _static(each, len(names.static)),
            )
        )
    return series


def _length(described: Any) -> int:
    length = described.get("length") if isinstance(described, dict) else None
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise DataError(f"a series of it has the length {length!r}")
    return length


def _plain(described: Mapping[str, Any], name: str) -> Any:
    value = described.get(name)
    if not isinstance(value, (str, int, float)):
        raise DataError(f"a series of it has the {name} {value!r:.60}")
    return value


def _start(described: Mapping[str, Any], dates: bool) -> Any:
    start = _plain(described, "start")
    if (
        described.get("dates") is not dates
        or isinstance(start, str)
        or (dates and not isinstance(start, int))
    ):
        raise DataError(f"a series of it starts at {start!r:.60}, which does not fit its frequency")
    if not abs(start) < 2**62:
        raise DataError(f"a series of it starts at {start!r:.60}, beyond all time")
    return np.int64(start).astype("M8[us]") if dates else np.array(start)[()]


def _static(described: Mapping[str, Any], count: int) -> tuple[Any, ...]:
    static = described.get("static")
    if not isinstance(static, list) or len(static) != count:
        raise DataError(f"a series of it has the static covariates {static!r:.60}; expected {count}")
    return tuple(static)
