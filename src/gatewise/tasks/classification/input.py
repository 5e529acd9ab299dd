"""From what users hand in to what a network reads: numbers are scaled, texts become tokens."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from gatewise.data import TOKENIZERS, Tokenizer
from gatewise.data.sequences import Ragged, as_numbers, as_texts, holds_texts
from gatewise.data.spread import spread
from gatewise.errors import ArgumentError, DataError
from gatewise.types import Array, IntArray

__all__ = [
    "NumberInput",
    "RawSequences",
    "SequenceInput",
    "TextInput",
    "count_columns",
    "input_from_json",
    "layout_notes",
    "pick",
    "read",
]

_WIDE = 10
"""Features for each step, from which on the two may have been exchanged."""

RawSequences: TypeAlias = Ragged | list[str]
"""Sequences of numbers, or texts, checked but not yet scaled or cut into tokens."""


def read(X: Any, name: str) -> RawSequences:
    """Numbers or texts, whichever they are.

    Raises:
        ArgumentError, DataError: they are neither; see ``gatewise.data.sequences``.
    """
    return as_texts(X, name) if holds_texts(X) else as_numbers(X, name)


def count_columns(X: Any) -> int | None:
    """T of an array (N, T), or of N lists of T numbers, which scikit-learn counts as features; else None."""
    if hasattr(X, "__array__"):
        shape: tuple[int, ...] = np.asarray(X).shape
        return shape[1] if len(shape) == 2 else None
    lengths = {len(row) if isinstance(row, (list, tuple)) else 0 for row in X}
    return lengths.pop() or None if len(lengths) == 1 and np.ndim(X[0]) == 1 else None


def layout_notes(raw: RawSequences) -> list[str]:
    """A note on series that have many features and few steps, as those with the two exchanged have."""
    steps = int(raw.lengths.max()) if isinstance(raw, Ragged) else 0
    if not isinstance(raw, Ragged) or raw.values.shape[1] < _WIDE * steps:
        return []
    features = raw.values.shape[1]
    told, channels = ("1 step", "one channel") if steps == 1 else (f"{steps} steps", f"{steps} channels")
    return [
        f"X has sequences of {told} and {features} features, (N, T, D); if they are series of {features} "
        f"steps in {channels}, as aeon and sktime have them, (N, D, T), give X.swapaxes(1, 2)"
    ]


def pick(raw: RawSequences, indices: IntArray) -> RawSequences:
    """The sequences of these numbers."""
    return raw.take(indices) if isinstance(raw, Ragged) else [raw[index] for index in indices]


class NumberInput:
    """Steps of D features, each less its mean and over its scale.

    Args:
        mean: (D,), float64.
        scale: (D,), float64, above 0.
        columns: T, if they came in an array (N, T); arrays of that kind must then always have T columns.
    """

    vocabulary_size = None

    def __init__(self, mean: Array, scale: Array, columns: int | None = None) -> None:
        self.mean = mean
        self.scale = scale
        self.columns = columns

    @classmethod
    def learn(cls, sequences: Ragged, standardize: bool, columns: int | None = None) -> NumberInput:
        """Mean and standard deviation over all steps; 0 and 1 where they are not wanted.

        A feature that never changes has the scale 1.

        Raises:
            DataError: a feature is too large.
        """
        features = sequences.values.shape[1]
        if not standardize:
            return cls(np.zeros(features), np.ones(features), columns)
        mean, scale = spread(sequences.values)
        if not np.isfinite([mean, scale]).all():
            feature = int(np.argmin(np.isfinite(mean + scale)))
            raise DataError(f"feature {feature} of X is too large to be scaled; divide it by a power of 10.")
        return cls(mean, scale, columns)

    @property
    def features(self) -> int:
        """D."""
        return len(self.mean)

    def check_columns(self, columns: int | None, owner: str) -> None:
        """Refuse an array (N, T) of other columns than in training, as scikit-learn does.

        Raises:
            ArgumentError: it has other columns.
        """
        if self.columns is not None and columns is not None and columns != self.columns:
            raise ArgumentError(
                f"X has {columns} features, but {owner} is expecting {self.columns} features as input, the "
                "columns of the array in training. Series of another length can be given as X[..., None]."
            )

    def encode(self, raw: RawSequences, name: str) -> Ragged:
        """The steps scaled, in float32.

        Raises:
            ArgumentError: these are texts, or have another number of features.
            DataError: a number is too large for float32.
        """
        if not isinstance(raw, Ragged):
            raise ArgumentError(f"{name} holds texts; expected numbers, on which the model was trained.")
        found = raw.values.shape[1]
        if found != self.features:
            raise ArgumentError(
                f"{name} has {found} features a step; expected {self.features}, as in training."
            )
        with np.errstate(over="ignore"):
            values = ((raw.values - self.mean) / self.scale).astype(np.float32)
        if not np.isfinite(values).all():
            raise DataError(
                f"{name} holds numbers too large for float32; set standardize=True, or scale them."
            )
        return Ragged(values, raw.lengths)

    def to_json(self) -> dict[str, Any]:
        """Means and scales."""
        return {"mean": self.mean.tolist(), "scale": self.scale.tolist(), "columns": self.columns}


class TextInput:
    """Tokens of texts.

    Args:
        tokenizer: whose.
    """

    features = None
    columns = None

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    @classmethod
    def learn(cls, texts: list[str], level: str, vocab_size: int | None) -> TextInput:
        """The vocabulary of the texts."""
        return cls(TOKENIZERS[level].learn((text + "\n" for text in texts), vocab_size))

    @property
    def vocabulary_size(self) -> int:
        """V."""
        return self.tokenizer.vocabulary_size

    def check_columns(self, columns: int | None, owner: str) -> None:
        """Texts have none."""

    def encode(self, raw: RawSequences, name: str) -> Ragged:
        """The tokens.

        Raises:
            ArgumentError: these are numbers.
        """
        if isinstance(raw, Ragged):
            raise ArgumentError(f"{name} holds numbers; expected texts, on which the model was trained.")
        tokens = [np.concatenate(list(self.tokenizer.encode([text]))) for text in raw]
        lengths = np.array([len(each) for each in tokens], dtype=np.intp)
        return Ragged(np.concatenate(tokens), lengths)

    def to_json(self) -> Any:
        """The vocabulary."""
        return {"tokens": self.tokenizer.to_json()}


SequenceInput: TypeAlias = NumberInput | TextInput


def input_from_json(value: Any, level: str) -> SequenceInput:
    """What a model file holds.

    Raises:
        DataError: it is not what ``to_json`` gives.
    """
    fields = value if isinstance(value, dict) else {}
    if fields.keys() == {"tokens"}:
        return TextInput(TOKENIZERS[level].from_json(fields["tokens"]))
    if fields.keys() != {"mean", "scale", "columns"}:
        raise DataError("it says neither how to scale numbers nor how to read texts")
    mean, scale = (_numbers(fields[name]) for name in ("mean", "scale"))
    if mean is None or scale is None or len(mean) != len(scale) or not (scale > 0).all():
        raise DataError("its means and scales are not as many finite numbers, the scales above 0")
    columns = fields["columns"]
    if columns is not None and (type(columns) is not int or columns < 1):
        raise DataError(f"its number of columns is {columns!r:.60}")
    return NumberInput(mean, scale, columns)


def _numbers(value: Any) -> Array | None:
    """A list of finite numbers as an array; None if it is something else."""
    if not isinstance(value, list) or not value or any(type(each) is not float for each in value):
        return None
    array = np.array(value)
    return array if np.isfinite(array).all() else None
