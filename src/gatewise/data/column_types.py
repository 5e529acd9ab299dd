"""What a column was in the frame that it came in, so that what goes out is the same."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Self

import numpy as np

from gatewise.data.columns import Column
from gatewise.data.native_types import arrow_type, pandas_name, pandas_type, type_name
from gatewise.data.object_times import as_objects
from gatewise.data.periods import PERIOD_UNITS, period_name
from gatewise.data.text_times import TextForm
from gatewise.data.zones import time_zone
from gatewise.errors import DataError

__all__ = ["ColumnType"]

_WHOLE_IN_FLOAT32 = 1 << 24
_WHOLE_IN_FLOAT64 = 1 << 53
"""Up to here all whole numbers are in these."""


class ColumnType(NamedTuple):
    """The type of a column.

    Attributes:
        name: narwhals' name of it, as in "Datetime" or "Int8"; "" of a NumPy array.
        unit: of times: "s", "ms", "us" or "ns".
        zone: of times: their time zone by a name that ``zone_info`` knows.
        categories: of an "Enum", or of pandas where all of them are words or all whole numbers.
        pandas: pandas' own name, for it has several types for one thing.
        form: how times are written that are texts.
        native: the library's own type; None where a model file told the rest.
        kept: the same by its name, of NumPy and pyarrow, which have more types than narwhals tells apart.
        ordered: whether the categories of pandas are.
        objects: what times are that are objects of Python, "date" or "datetime".
    """

    name: str = ""
    unit: str | None = None
    zone: str | None = None
    categories: tuple[Any, ...] | None = None
    pandas: str | None = None
    form: TextForm | None = None
    native: Any = None
    kept: str | None = None
    ordered: bool = False
    objects: str | None = None

    @classmethod
    def of(cls, series: Any) -> Self:
        """That of a narwhals series."""
        dtype, native = series.dtype, series.to_native()
        own = getattr(native, "dtype", None) or native.type
        if (period := period_name(native)) is not None:
            return cls(type(dtype).__name__, pandas=period)
        zone = time_zone(series)
        unit = getattr(dtype, "time_unit", None) or (None if zone is None else own.unit)
        kept, is_pandas = type_name(own), series.implementation.is_pandas_like()
        name = pandas_name(own) if zone is None or kept is not None else f"datetime64[{unit}, {zone}]"
        return cls(
            type(dtype).__name__,
            unit,
            zone,
            _categories(dtype, own),
            name if is_pandas else None,
            native=own,
            kept=kept,
            ordered=bool(getattr(own, "ordered", False)) and is_pandas,
        )

    @classmethod
    def of_array(cls, values: Column, column: Any) -> Self:
        """That of an array of a dict, and of what it was made from."""
        return cls(native=values.dtype, kept=type_name(values.dtype), pandas=period_name(column))

    @property
    def is_period(self) -> bool:
        """Whether it holds spans of pandas, such as quarters, which are times by their beginning here."""
        return (self.pandas or "").startswith("period[")

    @property
    def is_span(self) -> bool:
        """Whether its times are the beginnings of quarters, weeks and the like, as texts or for pandas."""
        return self.is_period or (self.form is not None and self.form.unit in PERIOD_UNITS)

    @property
    def time_unit(self) -> str | None:
        """NumPy's letter of the unit in which it holds times; None where it holds microseconds, or spans."""
        if self.form is not None:
            return None if self.form.unit in PERIOD_UNITS else self.form.unit
        if self.name == "" and self.kept is not None:
            dtype = np.dtype(self.kept)
            return np.datetime_data(dtype)[0] if dtype.kind == "M" else None
        if self.name == "Date" or self.objects == "date" or (self.kept or "").startswith("date"):
            return "D"
        return self.unit

    @property
    def holds_objects(self) -> bool:
        """Whether it holds objects of Python as such, and not as categories."""
        return self.native is None or str(self.native) in ("object", "Object")

    def may_hold(self, values: Column) -> bool:
        """Whether values of an answer are of this kind: not numbers that are worked out, or marks."""
        return values.dtype.kind != "f" and (values.dtype.kind != "b" or self.name == "Boolean")

    @property
    def writes_clocks(self) -> bool:
        """Whether times are told as clocks show them, and not in UTC."""
        return self.form is not None and self.form.zone is None

    def in_zone(self, zone: str, backend: str | None) -> Self:
        """The same of times in a time zone.

        Args:
            zone: its name.
            backend: the library of the frame, as narwhals calls it; None of a dict, which has arrays, and
                objects for what an array cannot hold.
        """
        unit = self.time_unit if self.time_unit in ("s", "ms", "us", "ns") else "us"
        if backend is None:
            return type(self)(zone=zone, objects=self.objects or "datetime")
        arrow = f"timestamp[{unit}, tz={zone}]"
        of_arrow = (self.pandas or "").endswith("[pyarrow]")
        pandas = f"{arrow}[pyarrow]" if of_arrow else f"datetime64[{unit}, {zone}]"
        kept = arrow if backend == "pyarrow" or of_arrow else None
        known = None if self.pandas is None else pandas
        return type(self)("Datetime", unit, zone, pandas=known, kept=kept, objects=self.objects)

    @property
    def is_of_numbers(self) -> bool:
        """Whether it holds integers or floats."""
        if isinstance(self.native, np.dtype):
            return self.native.kind in "iuf"
        return re.fullmatch(r"(U?Int|Float)\d+", self.name) is not None

    def numbers(self, values: Column) -> Column:
        """Numbers that came as this type, integers again where all of them still are.

        What is missing is NaN in NumPy, and None where the library tells the two apart.
        """
        missing, of_numpy = np.isnan(values), isinstance(self.native, np.dtype)
        integers = "Int" in self.name or (of_numpy and self.native.kind in "iu")
        present = values[~missing]
        # Beyond, it is not known which integers they were.
        exact = bool(((np.rint(present) == present) & (np.abs(present) < _WHOLE_IN_FLOAT64)).all())
        if of_numpy and (missing.any() or not (integers and exact)):
            return values if integers else values.astype(self.native)
        whole = integers and exact
        found: Column = np.where(missing, 0, values).astype(np.int64) if whole else values
        if missing.any():
            found = found.astype(object)
            found[missing] = None
        return found

    def array(self, values: Column) -> Column:
        """Values as an array of this type: times of the same unit or as texts, whole numbers as wide."""
        if self.form is not None:
            return np.array(self.form.write(values))
        if self.objects is not None and values.dtype.kind == "M":
            return as_objects(values, self.objects, self.zone)
        if self.is_period and values.dtype.kind == "M":
            import narwhals as nw

            times = nw.new_series("", values, backend="pandas").to_native()
            periods: Column = times.astype(self.pandas).to_numpy()
            return periods
        dtype = np.dtype(self.kept) if self.name == "" and self.kept is not None else self.native
        if not isinstance(dtype, np.dtype) or values.dtype.kind not in "Miu":
            return values
        if dtype.kind == "f":  # counted times that came as such
            return values.astype(dtype) if (values.astype(dtype) == values).all() else values
        alike = dtype.kind == values.dtype.kind
        return values.astype(dtype) if alike and _fits(values, dtype.name) else values

    def series(self, values: Any) -> Any:
        """A narwhals series of times, words or whole numbers as one of this type.

        Where the type has no room for them, as categories have for no later time, they stay what they are.
        """
        import narwhals as nw

        if values.dtype.is_integer() and not _fits(values, self.name.lower()):
            return values
        if self.categories is not None and not set(values.to_list()) <= set(self.categories):
            return values
        is_pandas = values.implementation.is_pandas_like()
        if self.name == "Object" and not (is_pandas and self.objects):  # it may have held anything
            return values
        if is_pandas:
            return nw.from_native(self._in_pandas(values.to_native()), series_only=True)
        if values.implementation.is_pyarrow() and (self.native is not None or self.kept is not None):
            return nw.from_native(self._in_arrow(values.to_native()), series_only=True)
        if self.native is not None:
            return nw.from_native(values.to_native().cast(self.native), series_only=True)
        if self.name in ("Categorical", "Enum") and values.dtype != nw.String:
            return values
        of_times = {"time_unit": self.unit, "time_zone": self.zone} if self.name == "Datetime" else {}
        arguments = of_times if self.categories is None else {"categories": self.categories}
        return values.cast(getattr(nw, self.name)(**arguments))

    def _in_pandas(self, native: Any) -> Any:
        """A series of pandas as one of this type."""
        if self.objects is not None and native.dtype.kind == "M":
            return native.dt.date if self.objects == "date" else native.astype(object)
        categories = getattr(self.native, "categories", None)
        if categories is not None and not native.dropna().isin(categories).all():
            return native
        try:
            own = self.native or pandas_type(self.pandas or "", self.kept, self.categories, self.ordered)
            return native.astype(own)
        except (TypeError, NotImplementedError, ValueError):  # pandas cannot read all names that it gives
            return native

    def _in_arrow(self, native: Any) -> Any:
        """A column of pyarrow as one of this type."""
        own = self.native or arrow_type(self.kept or "")
        if hasattr(own, "index_type"):  # pyarrow does not make a dictionary of all values by itself
            native = native.cast(own.value_type).dictionary_encode()
        try:
            return native.cast(own)
        except NotImplementedError:  # runs of equal values, which pyarrow does not make so
            return native

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
            fields = (found.unit, found.zone, found.pandas, found.kept, found.objects, *(form or ()))
            if not known or not all(isinstance(field, str | None) for field in fields):
                raise TypeError(told)
            if not all(isinstance(each, str | int) for each in found.categories or ()):
                raise TypeError(told)
            if found.kept is not None and found.name == "":
                np.dtype(found.kept)
            elif found.kept is not None and found.pandas is None:
                arrow_type(found.kept)
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise DataError(f"it says of a column of its data {told!r:.80}") from error
        return found


def _categories(dtype: Any, own: Any) -> tuple[Any, ...] | None:
    """Those of an Enum, or of pandas; None where a model file could not hold them."""
    if type(dtype).__name__ == "Enum":
        return tuple(dtype.categories)
    found = getattr(own, "categories", None)
    values = () if found is None or not hasattr(found, "tolist") else tuple(found.tolist())
    return values if values and {type(value) for value in values} in ({str}, {int}) else None


def _fits(values: Any, name: str) -> bool:
    """Whether whole numbers are within a type of this name; all are within those of unlimited size."""
    if not len(values):
        return True
    if re.fullmatch(r"u?int(8|16|32|64)", name):
        limits = np.iinfo(name)
        return bool(limits.min <= values.min() and values.max() <= limits.max)
    return name != "float32" or bool(max(-values.min(), values.max()) <= _WHOLE_IN_FLOAT32)
