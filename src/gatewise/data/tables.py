"""What a forecaster is given, as a table: a frame, a file, a column, or the index of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gatewise.data.column_types import ColumnType
from gatewise.data.columns import Column, as_array
from gatewise.data.frames import Table
from gatewise.data.panel import ColumnNames
from gatewise.data.text_times import Zones
from gatewise.errors import ArgumentError, DataError

__all__ = ["as_table"]


def as_table(
    data: Any,
    names: ColumnNames,
    name: str = "the data",
    *,
    ids_as_numbers: bool = False,
    learnt_zone: str | None = None,
) -> Table:
    """A frame, or a plain sequence of numbers as one series with its steps counted from 0.

    Times of pandas may stand in the index. Ids of a text file are words, as they are written there.

    Args:
        data: as ``Forecaster.fit`` takes it.
        names: of its columns.
        name: what messages call it.
        ids_as_numbers: take ids of a text file for numbers where all of them look so.
        learnt_zone: the time zone of a model, for times with several offsets to UTC.

    Raises:
        ArgumentError: it is no such thing, or its index is neither times nor a count; or a time zone is named
            and time is only counted.
        DataError: a time cannot be read.
    """
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "index"):
        data = _out_of_index(data, names, name)
    if (frame := _frame_of_column(data, names)) is not None:
        table = Table.of(frame, name)
        counted = {names.time: np.arange(len(data)), **table.columns}
        return replace(table, columns=counted).with_times(names.time, Zones(names.zone))
    if isinstance(data, (list, tuple, np.ndarray)):
        try:
            values = as_array(data)
        except ValueError:
            values = np.zeros((0, 0))
        if values.ndim != 1:
            raise ArgumentError(
                f"{name} has rows within rows; expected a data frame, a dict of columns, or the values of "
                "one series."
            )
        columns: Mapping[str, Column] = {names.time: np.arange(len(values)), names.target: values}
        return Table(columns, name=name).with_times(names.time, Zones(names.zone))
    table = Table.of(data, name)
    if table.backend == "pyarrow" and (table.types or {}).get(names.time, ColumnType()).is_period:
        raise DataError(
            f"{table.name}: column {names.time!r} holds periods of pandas, which Arrow and Parquet keep as "
            f"numbers; expected times. Turn them into such, as in df[{names.time!r}].dt.to_timestamp()."
        )
    table = table.with_times(names.time, Zones(names.zone, learnt_zone))
    return table if ids_as_numbers else table.with_words(names.id)


def _frame_of_column(data: Any, names: ColumnNames) -> Any:
    """A column that stands alone, as a frame of its library; None of all else."""
    if isinstance(data, (list, tuple, np.ndarray)):
        return None
    import narwhals as nw

    if type(data).__module__.partition(".")[0] == "pyarrow" and hasattr(data, "tolist"):
        import pyarrow

        data = pyarrow.chunked_array([data])  # of the arrays of pyarrow the ones that narwhals knows
    column = nw.from_native(data, series_only=True, pass_through=True)
    return column.alias(names.target).to_frame().to_native() if isinstance(column, nw.Series) else None


def _out_of_index(data: Any, names: ColumnNames, name: str) -> Any:
    """A pandas Series or DataFrame with the times, and what else has a role, in its index as columns."""
    index, is_series = data.index, len(data.shape) == 1
    if not is_series:
        roles = {names.time, names.id, names.target, *names.known, *names.past, *names.static}
        if index.nlevels == 1:
            roles -= {names.time}
        if inside := [level for level in index.names if level in roles and level not in data.columns]:
            return _out_of_index(data.reset_index(level=inside), names, name)
    if not is_series and names.time in data.columns:
        return data
    counted = type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1
    of_times = index.dtype.kind == "M" or type(index).__name__ == "PeriodIndex"
    if counted or (not is_series and not of_times and index.name != names.time):
        return data
    if index.nlevels > 1 or type(index).__name__ not in (
        "Index",
        "RangeIndex",
        "DatetimeIndex",
        "PeriodIndex",
    ):
        raise ArgumentError(
            f"{name} has an index of type {type(index).__name__}; expected times, periods or a count; "
            "what stands in other levels becomes columns by .reset_index()."
        )
    if is_series:
        data = data.rename(names.target).to_frame()
    return data.rename_axis(names.time).reset_index()
