"""Beginning with the weights of a model that was trained before, instead of drawn ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.nn import Network, Parameters
from gatewise.types import IntArray

__all__ = ["Places", "WarmStart", "new_symbols"]


class Trained(Protocol):
    """What is asked of an estimator."""

    _shaping: ClassVar[tuple[str, ...]]
    _init_digest: str | None

    @property
    def network_(self) -> Network: ...

    def _config(self) -> dict[str, Any]: ...

    def _vocabulary(self) -> Any: ...


Model = TypeVar("Model", bound=Trained)

Places = Mapping[str, Sequence[IntArray | None]]
"""For each axis of a parameter where the old entries are now; None for an axis that begins with them."""

_NAMED = 5
"""New symbols that a note names."""


class WarmStart(Generic[Model]):
    """A model of the same task and shape to begin with.

    Args:
        model: fitted.
        name: what messages call it.

    Attributes:
        digest: fingerprint of its weights and of what it knows.
        digests: this one, and that of the model that it itself began with: a run that was stopped and saved
            over the model that it began with goes on all the same.
        notes: what a fit is to note of it.
    """

    def __init__(self, model: Model, name: str) -> None:
        self.model, self.name = model, name
        self.digest = _digest(model)
        self.digests = [each for each in (self.digest, model._init_digest) if each is not None]
        self.notes = [f"began with the weights of {name}"]

    def check(self, estimator: Trained) -> None:
        """Refuse hyperparameters under which the weights would have another shape or meaning.

        Raises:
            ArgumentError: one differs between the model and what is to begin with it.
        """
        mine, theirs = (_plain(each) for each in (estimator, self.model))
        if differing := [name for name in mine if mine[name] != theirs[name]]:
            was, now = (", ".join(f"{name}={of[name]!r}" for name in differing) for of in (theirs, mine))
            raise ArgumentError(
                f"init={self.name} was trained with {was}, and now {now}; its weights fit no other. Take "
                "the same, or leave init= out to begin with drawn weights."
            )

    def fill(self, parameters: Parameters, places: Places) -> None:
        """Put the model's weights into those of a network that may know more symbols.

        Args:
            parameters: of the new network.
            places: of parameters whose symbols stand in another order; else old ones come first.

        Raises:
            ArgumentError: the networks have not the same parameters but for symbols.
        """
        old = self.model.network_.parameters
        for name in [*parameters, *old]:
            if name not in old or name not in parameters or not _holds(parameters[name], old[name]):
                raise ArgumentError(
                    f"init={self.name} has other parameters than this network, as {name!r}; expected a model "
                    "trained with the same hyperparameters."
                )
        for name, values in old.items():
            axes = places.get(name, [None] * values.ndim)
            at = [np.arange(n) if axis is None else axis for n, axis in zip(values.shape, axes, strict=True)]
            parameters[name][np.ix_(*at)] = values


def new_symbols(
    kind: str, symbols: Sequence[Any], fate: str = "that it did not know begin with drawn weights"
) -> list[str]:
    """A note on symbols that a model did not know; none where there are none.

    Args:
        kind: what they are, in the plural, as "words".
        symbols: the new ones.
        fate: what becomes of them.
    """
    if not len(symbols):
        return []
    names = ", ".join(repr(each) for each in symbols[:_NAMED]) + ", ..." * (len(symbols) > _NAMED)
    return [f"{kind} {fate}: {len(symbols):,} ({names})"]


def _holds(new: Any, old: Any) -> bool:
    """Whether an array has room for another one."""
    fits: bool = new.ndim == old.ndim and all(a >= b for a, b in zip(new.shape, old.shape, strict=True))
    return fits


def _digest(model: Trained) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(model._vocabulary()).encode())
    digest.update(model.network_.parameters.vector.tobytes())
    return digest.hexdigest()


def _plain(model: Trained) -> dict[str, Any]:
    """The hyperparameters that the weights depend on, sequences as tuples."""
    config = model._config()
    return {
        name: tuple(value) if isinstance(value := config[name], list) else value for name in model._shaping
    }
