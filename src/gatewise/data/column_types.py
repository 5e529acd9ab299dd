"""What a column was in the frame that it came in, so that what goes out is the same."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Self

import numpy as np

from gatewise.data.columns import Column
from gatewise.data.periods import PERIOD_UNITS, period_name
from gatewise.data.text_times import TextForm
from gatewise.data.zones import time_zone
from gatewise.errors import DataError

__all__ = ["ColumnType"]


class ColumnType(NamedTuple):
    """The type of a column.

    Attributes:
        name: narwhals' name of it, as in "Datetime" or "Int8"; "" of a NumPy array.
        unit: of times: "s", "ms", "us" or "ns".
        zone: of times: their time zone by a name that ``zone_info`` knows.
        categories: of an "Enum".
        pandas: pandas' own name, for it has several types for one thing.
        form: how times are written that are texts.
        native: the library's own type; None where a model file told the rest.
    """

    name: str = ""
    unit: str | None = None
    zone: str | None = None
    categories: tuple[str, ...] | None = None
    pandas: str | None = None
    form: TextForm | None = None
    native: Any = None

    @classmethod
    def of(cls, series: Any) -> Self:
        """That of a narwhals series."""
        dtype, native = series.dtype, series.to_native()
        own = getattr(native, "dtype", None) or native.type
        if (period := period_name(native)) is not None:
            return cls(type(dtype).__name__, pandas=period)
        zone = time_zone(series)
        unit = getattr(dtype, "time_unit", None) or (None if zone is None else own.unit)
        name = str(own) if zone is None else f"datetime64[{unit}, {zone}]"
        return cls(
            type(dtype).__name__,
            unit,
            zone,
            tuple(dtype.categories) if type(dtype).__name__ == "Enum" else None,
            name if series.implementation.is_pandas_like() else None,
            native=own,
        )

    @property
    def is_period(self) -> bool:
        """Whether it holds spans of pandas, such as quarters, which are times by their beginning here."""
        return (self.pandas or "").startswith("period[")

    @property
    def is_span(self) -> bool:
        """Whether its times are the beginnings of quarters, weeks and the like, as texts or for pandas."""
        return self.is_period or (self.form is not None and self.form.unit in PERIOD_UNITS)

    def array(self, values: Column) -> Column:
        """Values as an array of this type: times of the same unit or as texts, whole numbers as wide."""
        if self.form is not None:
            return np.array(self.form.write(values))
        if self.is_period and values.dtype.kind == "M":
            import narwhals as nw

            times = nw.new_series("", values, backend="pandas").to_native()
            periods: Column = times.astype(self.pandas).to_numpy()
            return periods
        alike = isinstance(self.native, np.dtype) and self.native.kind == values.dtype.kind in "Miu"
        return values.astype(self.native) if alike and _fits(values, self.native.name) else values

    def series(self, values: Any) -> Any:
        """A narwhals series of times, words or whole numbers as one of this type.

        Where the type has no room for them, as categories have for no later time, they stay what they are.
        """
        import narwhals as nw

        native = values.to_native()
        if values.dtype.is_integer() and not _fits(values.to_numpy(), self.name.lower()):
            return values
        if self.categories is not None and not set(values.to_list()) <= set(self.categories):
            return values
        if values.implementation.is_pandas_like():
            if str(self.native or self.pandas) == "object":  # it may have held anything
                return values
            categories = getattr(self.native, "categories", None)
            if categories is not None and not native.dropna().isin(categories).all():
                return values
            try:
                converted = native.astype(self.native or self.pandas)
            except (TypeError, NotImplementedError):  # pandas cannot read all names that it gives
                return values
            return nw.from_native(converted, series_only=True)
        if str(self.native).startswith("dictionary"):  # pyarrow does not make one of all values by itself
            native = native.cast(self.native.value_type).dictionary_encode()
        if self.native is not None:
            return nw.from_native(native.cast(self.native), series_only=True)
        if self.name in ("Categorical", "Enum") and values.dtype != nw.String:
            return values
        of_times = {"time_unit": self.unit, "time_zone": self.zone} if self.name == "Datetime" else {}
        arguments = of_times if self.categories is None else {"categories": self.categories}
        return values.cast(getattr(nw, self.name)(**arguments))

    def to_json(self) -> dict[str, Any]:
        """All but the native type."""
        return self._asdict() | {"native": None}

    @classmethod
    def from_json(cls, told: Any) -> Self:
        """The inverse of ``to_json``, of a file that anybody may have written.

        Raises:
            DataError: it is no such thing.
        """
        import narwhals as nw

        try:
            form = None if told["form"] is None else TextForm(*told["form"])
            found = cls(**(told | {"form": form, "native": None}))
            known = found.name == "" or issubclass(getattr(nw, found.name), nw.dtypes.DType)
            fields = (found.unit, found.zone, found.pandas, *(form or ()), *(found.categories or ()))
            if not known or not all(isinstance(field, str | None) for field in fields):
                raise TypeError(told)
        except (TypeError, KeyError, AttributeError) as error:
            raise DataError(f"it says of a column of its data {told!r:.80}") from error
        return found


def _fits(values: Column, integer: str) -> bool:
    """Whether whole numbers are within an integer type of this name; all are within a type that is none."""
    if not re.fullmatch(r"u?int(8|16|32|64)", integer) or not len(values):
        return True
    limits = np.iinfo(integer)
    return bool(limits.min <= values.min() and values.max() <= limits.max)
