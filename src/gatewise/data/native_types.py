"""Types of columns by the names that libraries give them, for model files, and read again from these."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

__all__ = ["arrow_type", "pandas_name", "pandas_type", "type_name"]

_DECIMAL = re.compile(r"(decimal(?:32|64|128|256))\((\d+), (-?\d+)\)")
_TIMESTAMP = re.compile(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]")
_DICTIONARY = re.compile(r"dictionary<values=(.+), indices=(u?int\d+), ordered=([01])>")
_PYARROW = "[pyarrow]"


def type_name(own: Any) -> str | None:
    """The name of a type of NumPy or pyarrow, or of that of pyarrow that a type of pandas stands for.

    None where the type is read from no name, as lists are, which hold neither ids nor times.
    """
    if isinstance(own, np.dtype):
        return None if own.kind in "OUTVSm" else own.str
    arrow = getattr(own, "pyarrow_dtype", own)
    if not type(arrow).__module__.startswith("pyarrow"):
        return None
    try:
        return str(arrow) if arrow_type(str(arrow)) == arrow else None
    except ValueError:
        return None


def arrow_type(name: str) -> Any:
    """A type of pyarrow.

    Raises:
        ValueError: it is none of those that a column of ids or times may have.
    """
    import pyarrow

    if found := _DECIMAL.fullmatch(name):
        return getattr(pyarrow, found[1])(int(found[2]), int(found[3]))
    if found := _TIMESTAMP.fullmatch(name):
        return pyarrow.timestamp(found[1], found[2])
    if found := _DICTIONARY.fullmatch(name):
        indices, values = arrow_type(found[2]), arrow_type(found[1])
        return pyarrow.dictionary(indices, values, ordered=found[3] == "1")
    return pyarrow.type_for_alias(name)


def pandas_name(dtype: Any) -> str:
    """The name of a type of pandas, for texts with what holds them, which ``str`` leaves out."""
    if str(dtype) == "string" and type(dtype).__name__ == "StringDtype":
        return f"string[{dtype.storage}]"
    return str(dtype)


def pandas_type(name: str, arrow: str | None, categories: tuple[Any, ...] | None, ordered: bool) -> Any:
    """A type of pandas, or its name, which pandas reads.

    Args:
        name: as ``pandas_name`` gives it.
        arrow: the type of pyarrow that it stands for.
        categories: of "category".
        ordered: whether the categories are.

    Raises:
        ValueError: there is none of this name in pyarrow.
    """
    import narwhals as nw

    pandas = nw.Implementation.PANDAS.to_native_namespace()
    if arrow is not None and name.endswith(_PYARROW):
        return pandas.ArrowDtype(arrow_type(arrow))
    if name == "category" and categories is not None:
        return pandas.CategoricalDtype(list(categories), ordered)
    return name
