"""What the training loop tells whoever listens: progress bars, logs, tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

__all__ = ["Checkpointed", "CrossFitting", "Ended", "Event", "Listener", "Started", "Stepped", "Validated"]


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; ``step`` counts the updates made so far."""

    step: int

    def as_dict(self) -> dict[str, Any]:
        """Name and fields, ready for JSON."""
        fields = {
            name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()
        }
        return {"event": type(self).__name__.lower(), **fields}


@dataclass(frozen=True, slots=True)
class Started(Event):
    """Training begins, or goes on from ``step``.

    Attributes:
        total_steps: planned.
        epochs: planned.
        parameters: numbers that are learnt.
    """

    total_steps: int
    epochs: int
    parameters: int


@dataclass(frozen=True, slots=True)
class Stepped(Event):
    """One update.

    Attributes:
        epoch: counted from 1.
        loss: of this batch, before the update.
        gradient_norm: before clipping.
        learning_rate: of this update.
        seconds: since training started or went on.
    """

    epoch: int
    loss: float
    gradient_norm: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Validated(Event):
    """The validation loss was measured.

    Attributes:
        epoch: counted from 1.
        train_loss: mean over the batches since the last validation.
        loss: validation loss.
        improved: whether it is the lowest so far.
        seconds: since training started or went on.
    """

    epoch: int
    train_loss: float
    loss: float
    improved: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Checkpointed(Event):
    """A checkpoint was written."""

    path: Path


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """Training ended.

    Attributes:
        reason: "finished", "early stopping", "time limit" or "interrupted".
        best_loss: lowest validation loss; None without validation.
        seconds: since training started or went on.
    """

    reason: str
    best_loss: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class CrossFitting(Event):
    """After training: another network is trained without a part of the data, which it then predicts.

    Attributes:
        number: of the part, counted from 1.
        parts: how many there are.
    """

    number: int
    parts: int


Listener: TypeAlias = Callable[[Event], None]
