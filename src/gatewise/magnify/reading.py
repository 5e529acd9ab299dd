"""One sequence as a network reads it, and the number that it answers with: what the magnifier looks at.

Each kind of model is brought into this form by its own reader (``readers``); all that follows, the gates, the
gradients, the ledger, what an answer rests on, knows nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from gatewise.nn import Recurrent, RecurrentCache
from gatewise.types import Array

__all__ = ["Alignment", "Axes", "Question", "Reading"]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a decoder looked while it wrote.

    Attributes:
        labels: of the T steps of the decoder, what it wrote.
        weights: α (T, S), how much each looked at each step of the sequence that was read.
    """

    labels: tuple[str, ...]
    weights: Array


class Axes(NamedTuple):
    """What figures write along their axes, with its unit.

    Attributes:
        step: what a step of the sequence is.
        value: of the values that are drawn beside the steps.
        answer: of the number that a question is about.
    """

    step: str = "step"
    value: str = "value"
    answer: str = "sum of outputs"


class Question(Protocol):
    """A number that a network gives for a sequence, as a function of what its recurrent stack puts out."""

    @property
    def text(self) -> str:
        """What it is, in words."""

    @property
    def step(self) -> int:
        """The step at which it is asked; the last one where it is asked of the whole."""

    def value(self, y: Array) -> Array:
        """(B,), from outputs y (T, B, W)."""

    def gradient(self, y: Array) -> Array:
        """(T, B, W): of the sum over the batch with respect to y."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One sequence.

    Attributes:
        recurrent: the stack that reads it.
        x: (T, 1, D), what the stack is given.
        labels: of each step: the token, the word, the time.
        kind: "text" where the labels, joined, are a text; "words" where they are words; "series".
        ask: the question of a step, negative ones from the end.
        blank: (D,), an input that says as little as can be, in place of which a step is measured.
        values: (T, D) numbers to draw beside the steps of a series; None for texts.
        title: of the whole.
        times: (T,) dates of the steps of a series: of a patch that of its first. None where there are none.
        first_question: the first step that ``ask`` knows of.
        alignment: of a model that writes while it looks at what it has read; None of others.
        axes: words for figures.
    """

    recurrent: Recurrent
    x: Array
    labels: tuple[str, ...]
    kind: str
    ask: Callable[[int], Question]
    blank: Array
    title: str
    values: Array | None = None
    times: npt.NDArray[np.datetime64] | None = None
    first_question: int = 0
    alignment: Alignment | None = None
    axes: Axes = Axes()  # noqa: RUF009 (it cannot be changed)

    @property
    def of_the_whole(self) -> bool:
        """Whether there is one question only, about the whole sequence."""
        return self.first_question == len(self.x) - 1

    def past_of(self, step: int, reverse: bool) -> int:
        """The step at which a direction of the stack has read all that it reads before an answer.

        It is that of the question; but of a question about the whole, a stack that reads from the end has
        then come to the beginning.
        """
        return 0 if reverse and self.of_the_whole else step

    def look(self) -> tuple[Array, RecurrentCache]:
        """Outputs (T, 1, W) and caches of a pass as in inference."""
        y, _, cache = self.recurrent.look(self.x)
        return y, cache
