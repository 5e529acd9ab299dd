"""Sequences of unlike length: what users hand in, checked, and laid end to end for batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gatewise.data.columns import as_array
from gatewise.data.missing import is_missing
from gatewise.errors import ArgumentError, DataError
from gatewise.types import Array, IntArray

__all__ = ["Ragged", "as_numbers", "as_texts", "holds_texts"]

_SHAPES = (
    "expected an array (N, T, D) of N sequences with T steps of D features, an array (N, T) of N series of "
    "one feature, or a list of N arrays (T_i, D) or (T_i,)"
)

_LOOKED_AT = 100
"""Rows of a data frame in which words are looked for, to name their column."""


@dataclass(frozen=True)
class Ragged:
    """N sequences end to end.

    Attributes:
        values: (ΣT, ...), the steps of all.
        lengths: (N,) steps of each, at least 1.
    """

    values: Array | IntArray
    lengths: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "_starts", np.cumsum(self.lengths) - self.lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def padded(self, indices: IntArray) -> Array | IntArray:
        """(T, B, ...): the sequences of these numbers side by side; anything may stand in the padding."""
        lengths = self.lengths[indices]
        steps = np.arange(lengths.max())[:, None]
        starts: IntArray = self._starts  # type: ignore[attr-defined]
        return self.values[np.where(steps < lengths, starts[indices] + steps, 0)]

    def take(self, indices: IntArray) -> Ragged:
        """The sequences of these numbers."""
        starts: IntArray = self._starts  # type: ignore[attr-defined]
        lengths = self.lengths[indices]
        # Where each sequence begins here and there; the distance is that of all its steps.
        begins = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(starts[indices] - begins, lengths)
        return Ragged(self.values[places], lengths)


def holds_texts(X: object) -> bool:
    """Whether it is a list or a 1-D array whose first entry that is not missing is a str."""
    if isinstance(X, (str, bytes)):
        return False
    if hasattr(X, "__array__"):
        X = as_array(X)
        if X.ndim != 1 or X.dtype.kind not in "OUT":
            return False
        return X.dtype.kind in "UT" or isinstance(next(_there(X.tolist()), None), str)
    return isinstance(X, Sequence) and isinstance(next(_there(X), None), str)


def _there(values: Iterable[Any]) -> Iterator[Any]:
    """Those that are not missing."""
    return (value for value in values if not is_missing(value))


def as_texts(X: Any, name: str = "X") -> list[str]:
    """Texts as a list of str.

    Args:
        X: a list, an array or a column of str.
        name: what error messages call it.

    Raises:
        DataError: an entry is no str or has nothing in it but white space; the message gives
            the first, and how many there are.
    """
    texts = as_array(X).tolist() if hasattr(X, "__array__") else list(X)
    lacking = []
    for index, text in enumerate(texts):
        if is_missing(text) or _is_blank(text):
            lacking.append(index)
        elif not isinstance(text, str):
            first = next(place for place, each in enumerate(texts) if isinstance(each, str))
            raise DataError(
                f"{name}[{index}] has type {type(text).__name__}; expected a str, as {name}[{first}] is. "
                "Make it a text, or leave it out."
            )
    if lacking:
        first, kind = lacking[0], type(texts[lacking[0]]).__name__
        what = "is an empty text" if kind == "str" else f"has type {kind}, for a missing text"
        raise DataError(
            f"{name}[{first}] {what}; expected at least one word. {len(lacking):,} of {len(texts):,} are so: "
            "leave them out, and keep the indices of the others, to which their labels belong."
        )
    return texts


def _is_blank(text: object) -> bool:
    return isinstance(text, str) and not text.strip()


def as_numbers(X: Any, name: str = "X") -> Ragged:
    """Sequences of numbers, in float64 and all finite.

    Args:
        X: (N, T, D); (N, T), N series of one feature; or a list of N arrays (T_i, D) or (T_i,).
        name: what error messages call it.

    Raises:
        ArgumentError: it has another shape or type.
        DataError: a sequence is empty, has another number of features than the first, or holds what is no
            finite number; the message gives its index.
    """
    if hasattr(X, "tocsr"):
        raise ArgumentError(f"{name} is a sparse matrix; expected a dense one: pass {name}.toarray().")
    if isinstance(X, (str, bytes)):
        raise ArgumentError(f"{name} is one {type(X).__name__}; expected several: pass [{name}].")
    if hasattr(X, "__array__"):
        _refuse_words(X, name)
        X = as_array(X)
        if X.ndim != 1 or X.dtype != object:
            return _from_array(X, name)
        X = X.tolist()
    if not isinstance(X, Sequence):
        raise ArgumentError(f"{name} has type {type(X).__name__}; {_SHAPES}.")
    return _from_list(X, name)


def _refuse_words(X: Any, name: str) -> None:
    """Refuse a data frame with words in it by the names of its columns."""
    columns = getattr(X, "column_names", getattr(X, "columns", None))
    if columns is None or len(X.shape) != 2:
        return
    words = [
        str(column)
        for column in columns
        if any(isinstance(value, str) for value in as_array(X[column]).tolist()[:_LOOKED_AT])
    ]
    if words:
        raise ArgumentError(
            f"{name} is a data frame with words in its columns {', '.join(words)}; expected one column of "
            f"texts, as {name}[{words[-1]!r}], or a frame of numbers alone, with a series in each row."
        )


def _from_array(X: Array, name: str) -> Ragged:
    if X.ndim not in (2, 3):
        remedy = f" For one series pass {name}[None]. Reshape your data." if X.ndim == 1 else ""
        raise ArgumentError(f"{name} has shape {X.shape}; {_SHAPES}.{remedy}")
    if 0 in X.shape:
        what = "no sequence" if len(X) == 0 else "0 feature(s)"
        raise DataError(
            f"{name} has {what} (shape={X.shape}) while a minimum of 1 is required; give it some data."
        )
    X = X[..., None] if X.ndim == 2 else X
    count, steps, features = X.shape
    values = _as_float(X, name).reshape(count * steps, features)
    return _checked(values, np.full(count, steps, dtype=np.intp), name)


def _from_list(X: Sequence[Any], name: str) -> Ragged:
    if len(X) == 0:
        raise DataError(f"{name} has no sequence; {_SHAPES}.")
    parts: list[Array] = []
    for index, given in enumerate(X):
        owner = f"{name}[{index}]"
        try:
            part = as_array(given)
        except ValueError:  # lists of unlike length in each other
            raise ArgumentError(f"{owner} has steps of unlike length; expected (T_i, D) or (T_i,).") from None
        if isinstance(given, (str, bytes)) or given is None or part.ndim not in (1, 2):
            raise ArgumentError(
                f"{owner} {'is missing' if given is None else f'is {given!r:.60}'}; {_SHAPES}."
            )
        part = part[:, None] if part.ndim == 1 else part
        if 0 in part.shape:
            raise DataError(f"{owner} is an empty sequence, of shape {np.shape(given)}; leave it out.")
        if parts and part.shape[1] != parts[0].shape[1]:
            raise DataError(
                f"{owner} has {part.shape[1]} features a step and {name}[0] has {parts[0].shape[1]}; "
                "expected the same for all, (T_i, D)."
            )
        parts.append(_as_float(part, owner))
    lengths = np.array([len(part) for part in parts], dtype=np.intp)
    return _checked(np.concatenate(parts), lengths, name)


def _as_float(values: Array, owner: str) -> Array:
    """In float64; what is no number is refused, a str that spells one too."""
    if values.dtype.kind == "c":
        raise ArgumentError(f"{owner} is complex. Complex data not supported; pass real and imaginary parts.")
    if values.dtype.kind == "O":
        found = next((each for each in values.flat if not _is_number(each)), None)
        if found is not None:
            raise ArgumentError(
                f"{owner} holds {found!r:.60}; expected numbers. Convert it, or leave it out."
            )
    elif values.dtype.kind not in "biuf":
        raise ArgumentError(
            f"{owner} has dtype {values.dtype}; expected numbers. Texts to classify are a list of str."
        )
    return values.astype(np.float64)


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, np.bool_, np.integer, np.floating))


def _checked(values: Array, lengths: IntArray, name: str) -> Ragged:
    """The sequences, if all is finite."""
    finite = np.isfinite(values).all(axis=1)
    if not finite.all():
        place = int(np.argmin(finite))
        ends = np.cumsum(lengths)
        index = int(np.searchsorted(ends, place, side="right"))
        what = "NaN" if np.isnan(values[place]).any() else "infinity"
        raise DataError(
            f"{name}[{index}] holds {what} at step {place - int(ends[index] - lengths[index])}; "
            "expected finite numbers. Fill what is missing, or leave the sequence out."
        )
    return Ragged(values, lengths)
