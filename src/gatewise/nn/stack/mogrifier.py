"""The Mogrifier of each layer of a recurrent stack: its rounds, their rank, and its parameters' names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, takewhile
from numbers import Integral

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_sizes
from gatewise.nn.parameters import Parameters
from gatewise.ops.mogrifier import MogrifierWeights
from gatewise.types import Array

__all__ = ["MogrifierShape", "mogrifier_of"]


@dataclass(frozen=True, slots=True)
class MogrifierShape:
    """Rounds and rank.

    Attributes:
        rounds: r, 0 for no Mogrifier.
        rank: of each matrix, which is the product of two factors; None where it is whole.
    """

    rounds: int
    rank: int | None

    def check(self, owner: str) -> None:
        """Refuse what is no number of rounds, or no rank.

        Raises:
            ArgumentError: rounds is not a whole number of at least 0, rank none of at least 1, or there is
                a rank without rounds.
        """
        rounds: object = self.rounds
        if type(rounds) is bool or not isinstance(rounds, Integral) or rounds < 0:
            raise ArgumentError(f"{owner}: mogrifier_rounds={rounds!r}; expected a whole number, 0 for none.")
        if self.rank is None:
            return
        check_sizes(owner, mogrifier_rank=self.rank)
        if self.rounds == 0:
            raise ArgumentError(
                f"{owner}: mogrifier_rank={self.rank} with mogrifier_rounds=0; expected at least one round, "
                "or mogrifier_rank=None."
            )

    def shapes(self, features: int, hidden: int) -> dict[str, tuple[int, ...]]:
        """By name without the layer's suffix: of each odd round Q (D, H), of each even one R (H, D)."""
        shapes: dict[str, tuple[int, ...]] = {}
        for i in range(1, self.rounds + 1):
            rows, columns = (features, hidden) if i % 2 else (hidden, features)
            if self.rank is None:
                shapes[_name(i)] = (rows, columns)
            else:
                shapes[_name(i) + "_left"] = (rows, self.rank)
                shapes[_name(i) + "_right"] = (self.rank, columns)
        return shapes


def mogrifier_of(arrays: Parameters, suffix: str) -> MogrifierWeights | None:
    """One layer and direction's part of the parameters, or of the gradients; None where it has none."""
    rounds = takewhile(bool, (_factors(arrays, _name(i), suffix) for i in count(1)))
    return tuple(rounds) or None


def _factors(arrays: Parameters, name: str, suffix: str) -> tuple[Array, ...]:
    names = (name + part + suffix for part in ("", "_left", "_right"))
    return tuple(arrays[each] for each in names if each in arrays)


def _name(i: int) -> str:
    return f"mogrifier_{'q' if i % 2 else 'r'}{i}"
