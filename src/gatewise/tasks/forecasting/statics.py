"""Static covariates as features of a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gatewise.data.panel import Series
from gatewise.data.spread import spread
from gatewise.errors import DataError
from gatewise.types import Array

__all__ = ["StaticEncoder"]


@dataclass(frozen=True)
class StaticEncoder:
    """Static covariates as features: numbers standardised, words as one of those that were learnt.

    Attributes:
        columns: for each covariate its words, or mean and spread.
    """

    columns: Sequence[Mapping[str, Any]]

    @property
    def width(self) -> int:
        """Z, features of a series."""
        return sum(len(column["words"]) if "words" in column else 1 for column in self.columns)

    @classmethod
    def from_json(cls, values: Any, names: Sequence[str]) -> StaticEncoder:
        """What came from a file.

        Raises:
            ValueError: it does not belong to covariates of these names.
        """
        if not isinstance(values, list) or len(values) != len(names):
            raise ValueError(f"static covariates {values!r:.60} for {len(names)} columns")
        for column in values:
            words = (
                isinstance(column, dict) and column.keys() == {"words"} and isinstance(column["words"], list)
            )
            if words and all(isinstance(word, str) for word in column["words"]):
                continue
            numbers = isinstance(column, dict) and column.keys() == {"mean", "spread"}
            if (
                not numbers
                or not all(isinstance(value, float) for value in column.values())
                or column["spread"] <= 0
            ):
                raise ValueError(f"static covariate {column!r:.60}")
        return cls(values)

    @classmethod
    def learn(cls, series: Sequence[Series], names: Sequence[str]) -> StaticEncoder:
        """Words and spreads of these series."""
        columns: list[dict[str, Any]] = []
        for index, name in enumerate(names):
            values = [each.static[index] for each in series]
            if all(isinstance(value, str) for value in values):
                columns.append({"words": sorted(set(values))})
            elif any(isinstance(value, str) for value in values):
                raise DataError(f"column {name!r} holds words and numbers; expected one kind.")
            else:
                mean, width = spread(np.array(values, dtype=float)[:, None])
                columns.append({"mean": float(mean[0]), "spread": float(width[0])})
        return cls(columns)

    def names_of_words(self, names: Sequence[str]) -> list[str]:
        """Of the columns of these names those that hold words."""
        return [name for name, column in zip(names, self.columns, strict=True) if "words" in column]

    def encode(self, series: Sequence[Series]) -> Array:
        """(N, Z) features; a word that was not there in training is none of the words."""
        rows = []
        for each in series:
            row: list[float] = []
            for value, column in zip(each.static, self.columns, strict=True):
                if "words" in column:
                    if not isinstance(value, str):
                        raise DataError(
                            f"series {each.key!r} has the static covariate {value!r}; expected a word, as "
                            f"the {column['words'][0]!r} of the training. Turn it into a word."
                        )
                    row += [float(value == word) for word in column["words"]]
                else:
                    try:
                        row.append((float(value) - column["mean"]) / column["spread"])
                    except ValueError:
                        raise DataError(
                            f"series {each.key!r} has the static covariate {value!r}; expected a number."
                        ) from None
            rows.append(row)
        return np.array(rows, dtype=np.float32).reshape(len(series), -1)
