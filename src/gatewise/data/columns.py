"""Columns of numbers, times and words: what a value of one must be, and which values are missing."""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.calendar_codes import calendar_code
from gatewise.data.missing import is_blank, is_missing
from gatewise.data.number_lines import is_number, with_points
from gatewise.data.periods import period_name, period_starts
from gatewise.data.text_times import times_of_texts, too_fine
from gatewise.errors import DataError

__all__ = ["Column", "as_array", "as_numbers", "as_times", "holds_words", "refuse_spans", "series_array"]

Column = npt.NDArray[Any]

_NO_TIMES = (
    ((timedelta, np.timedelta64), "spans of time", "Add them to the date that they are counted from."),
    (time, "times of day", "Add their dates to them."),
    (Decimal, "decimals", "Turn them into whole numbers."),
)
_WHOLE_IN_FLOATS = 1 << 53
"""Up to here all whole numbers are in float64."""


def as_array(values: Any) -> Column:
    """A column of any library as an array, and what is missing in it as missing; all else as NumPy reads it.

    Spans of pandas, such as quarters, are the times at which they begin.

    Raises:
        ValueError: it is no array: rows of unlike length.
    """
    if hasattr(values, "__array__") and not isinstance(values, np.ndarray):
        import narwhals as nw

        series = nw.from_native(values, series_only=True, pass_through=True)
        if isinstance(series, nw.Series):
            return series_array(series)
    if period_name(values) is not None:
        return period_starts(values)
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        column: Column = np.asarray(values.data).astype(object)
        column[np.ma.getmaskarray(values)] = None
        return column
    found = np.asarray(values)
    if found.ndim == 1 and not isinstance(values, np.ndarray) and _changed(values, found.dtype.kind):
        found = np.empty(len(found), dtype=object)
        found[:] = values
    return period_starts(found) if period_name(found) is not None else found


def _changed(values: Any, kind: str) -> bool:
    """Whether NumPy made others of values to have one type for all.

    A number among words, or a missing value, is no word; and whole numbers of many digits are no floats.
    """
    if kind == "U":
        return not all(isinstance(value, str) for value in values)
    if kind == "f":
        return any(isinstance(value, int) and abs(value) > _WHOLE_IN_FLOATS for value in values)
    return False


def series_array(series: Any) -> Column:
    """A narwhals series as an array.

    Where values are kept as numbers of categories, pyarrow's own way makes a missing one the last category.
    """
    import narwhals as nw

    wide = series.dtype in (nw.Int128, nw.UInt128)
    if period_name(series.to_native()) is not None:
        return period_starts(series.to_native())
    kept = series.dtype in (nw.Categorical, nw.Enum)
    # As arrays, rows of one length would become further dimensions, and others could not be compared.
    nested = series.dtype in (nw.Array, nw.List)
    # NumPy's integers know no missing value, and as floats those of many digits would become others; those
    # of 128 bits it does not know at all.
    of_objects = series.dtype.is_integer() and (series.null_count() or wide)
    if not kept and not of_objects and not nested:
        column: Column = series.to_numpy()
        return column
    values = series.to_list()
    kinds = {type(value) for value in values}
    column = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        column[row] = value
    if not kept:
        column[series.is_null().to_numpy()] = None  # pandas has a missing value of its own
        return column
    # Numbers that were kept so are numbers again; words stay objects, as data frames hold them.
    return np.array(values) if len(kinds) == 1 and kinds <= {int, float, bool} else column


def holds_words(column: Column) -> bool:
    """Whether its values are texts, or objects that have to be looked at one by one."""
    return column.dtype == object or column.dtype.kind in "UT"


def as_numbers(column: Column, name: str, where: str) -> npt.NDArray[np.float64]:
    """A column as float64, NaN where a value is missing.

    Raises:
        DataError: a value is neither a number nor missing, or is infinite.
    """
    if column.dtype.kind in "iufb":
        numbers = column.astype(np.float64)
    else:
        if not holds_words(column):
            raise DataError(f"{where}: column {name!r} has dtype {column.dtype}; expected numbers.")
        numbers = np.empty(len(column))  # one by one, to name the row of a word
        for row, value in enumerate(column):
            try:
                numbers[row] = np.nan if is_missing(value) or is_blank(value) else float(value)
            except (TypeError, ValueError):
                pointed = with_points(str(value).strip())
                remedy = "Give another column, or turn its words into numbers first."
                if is_number(pointed):
                    remedy = f"Write it with a point, {pointed}."
                raise DataError(
                    f"{where}: column {name!r} has {str(value)!r} in row {row + 1}; expected a number. "
                    f"{remedy}"
                ) from None
    if np.isinf(numbers).any():
        row = int(np.flatnonzero(np.isinf(numbers))[0])
        raise DataError(
            f"{where}: column {name!r} has an infinite value in row {row + 1}; expected finite numbers."
        )
    return numbers


def refuse_spans(column: Column, name: str, where: str) -> None:
    """Refuse what is neither a date nor a count: spans of time, times of day, and decimals.

    Raises:
        DataError: there are such values.
    """
    kinds = {column.dtype.type} if column.dtype != object else {type(value) for value in column.tolist()}
    for of, told, remedy in _NO_TIMES:
        if any(issubclass(kind, of) for kind in kinds if kind.__name__ != "NaTType"):
            raise DataError(f"{where}: column {name!r} holds {told}; expected dates or numbers. {remedy}")


def as_times(column: Column, name: str, where: str) -> npt.NDArray[Any]:
    """A column as datetime64[us], or as int64 or float64 where time is only counted.

    Raises:
        DataError: a value is neither a date nor a number, is missing, or is finer than a microsecond.
    """
    times: npt.NDArray[Any] = column
    refuse_spans(column, name, where)
    if holds_words(column):
        times = times_of_texts(column, name, where).times
    if times.dtype.kind in "iuf" and (code := calendar_code(times)):
        raise DataError(
            f"{where}: column {name!r} has numbers as {times[0]:.15g}, which look like dates as {code.form} "
            f"and would be counted, with a gap wherever the calendar goes over. Write them as {code.remedy}, "
            "or count the steps from 0."
        )
    if times.dtype.kind not in "Miuf":
        raise DataError(f"{where}: column {name!r} has dtype {column.dtype}; expected dates or numbers.")
    if times.dtype.kind == "M":
        missing, year = np.isnat(times), times.astype("M8[Y]").astype(np.int64) + 1970
        beyond, limits = ~missing & ((year < 1) | (year > 9999)), "dates in the years 1 to 9999"
    else:
        missing, limits = np.isnan(times.astype(np.float64)), "numbers below 2^53"
        beyond = ~missing & (np.abs(times.astype(np.float64)) >= 2.0**53)
    for wrong, what in ((missing, "no time"), (beyond, "a time too far off")):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{where}: column {name!r} has {what} in row {row + 1}; expected {limits}. "
                "Correct the time, or remove the row."
            )
    if times.dtype.kind == "M":
        exact: Column = times.astype("M8[us]")
        if (exact != times).any():
            row = int(np.flatnonzero(exact != times)[0])
            raise too_fine(times[row], f"row {row + 1}", name, where)
        return exact
    return times.astype(np.int64) if (np.rint(times) == times).all() else times.astype(np.float64)
