"""What an answer rests on: how much each step's input had to do with it, measured in three ways.

*Gradient × input* is the first-order share of each step: right for small changes, silent where a gate is
saturated. *Integrated gradients* (Sundararajan et al. 2017) follow the gradient along the way from a blank
input to this one, so that the shares add up to the difference between the two answers; how far they miss it
is the completeness error. *Occlusion* replaces one step by the blank and looks at the answer itself: slower,
without any gradient, and so a check on both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gatewise.magnify.reading import Question, Reading
from gatewise.nn import RecurrentCache
from gatewise.tasks.checks import check_number
from gatewise.types import Array, State

__all__ = ["Connectivity", "connectivity"]

Floats = npt.NDArray[np.float64]

_AT_ONCE = 64
"""Sequences that are run side by side."""

_POINTS, _COMPLETE = (64, 256), 0.01
"""Points to try one after the other, until the completeness error is no larger."""


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Shares of the steps in an answer, (T,) each.

    A step that comes after the question has none, but in a stack that reads both ways; a step that was not
    measured has NaN.

    Attributes:
        question: in words.
        step: at which it was asked.
        answer: the number itself.
        blank_answer: that with a blank at every step that was measured.
        gradient_input: gradient × (input - blank), summed over the features.
        integrated: integrated gradients.
        occluded: the answer less what it is with the step blank.
    """

    question: str
    step: int
    answer: float
    blank_answer: float
    gradient_input: Floats
    integrated: Floats
    occluded: Floats

    @property
    def completeness_error(self) -> float:
        """How far the integrated gradients' sum is from the difference of the two answers, relative to it."""
        difference = self.answer - self.blank_answer
        error = abs(float(np.nansum(self.integrated)) - difference)
        return error / abs(difference) if difference else error


def connectivity(
    reading: Reading, step: int = -1, *, points: int | None = None, past: int | None = 200
) -> Connectivity:
    """Measure what the answer at a step rests on.

    Args:
        reading: the sequence.
        step: of the question; negative ones count from the end.
        points: on the way from the blank, for the integrated gradients; where omitted 64, and 256 if with
            these the completeness error is above 1 %.
        past: so many steps, the nearest to the question, are measured, with those before them as they are;
            None for all.

    Raises:
        ArgumentError: there is no such step; points or past is below 1.
    """
    check_number("points", points, low=1, whole=True, optional=True)
    check_number("past", past, low=1, whole=True, optional=True)
    question = reading.ask(step)
    stretch = _Stretch(reading, question, past)
    gradient = stretch.gradients(stretch.x)[:, 0].astype(np.float64)
    first, *others = _POINTS if points is None else (points,)
    found = Connectivity(
        question=question.text,
        step=question.step,
        answer=float(stretch.answers(stretch.x)[0]),
        blank_answer=float(stretch.answers(stretch.blank)[0]),
        gradient_input=stretch.over_all_steps((gradient * stretch.way).sum(axis=1)),
        integrated=stretch.over_all_steps(_integrated_gradients(stretch, first)),
        occluded=stretch.over_all_steps(_occlusion(stretch)),
    )
    for more in others:
        if found.completeness_error > _COMPLETE:
            finer = stretch.over_all_steps(_integrated_gradients(stretch, more))
            found = replace(found, integrated=finer)
    return found


class _Stretch:
    """The steps that are measured, as an input of their own, and answers for other inputs in their place.

    Where the stack reads in one direction, what comes before them is read once and what comes after the
    question not at all.

    Attributes:
        x: (N, 1, D), the input at these steps.
        blank: the same with a blank at each.
        way: (N, D), from the blank to the input.
    """

    def __init__(self, reading: Reading, question: Question, past: int | None) -> None:
        self.question = question
        self._stack, self._given = reading.recurrent, reading.x
        both_ways = self._stack.bidirectional
        seen = np.arange(len(reading.x) if both_ways else question.step + 1)
        self._steps = np.sort(seen[np.argsort(np.abs(seen - question.step), kind="stable")[:past]])
        # The span that is run: for one direction the measured steps alone, after what came before them.
        self._span = slice(0, None) if both_ways else slice(self._steps[0], question.step + 1)
        self._before: tuple[Array, State] | None = None
        if self._span.start:
            self._before = self._stack(reading.x[: self._span.start])
        self.x = reading.x[self._steps]
        self.blank = np.broadcast_to(reading.blank, self.x.shape)
        self.way = (self.x - self.blank)[:, 0].astype(np.float64)

    def answers(self, x: Array) -> Array:
        """(B,), for inputs (N, B, D)."""
        return self.question.value(self._run(x)[0])

    def gradients(self, x: Array) -> Array:
        """(N, B, D): of the answers with respect to the inputs."""
        y, cache = self._run(x)
        dx, _ = self._stack.error_flow(self.question.gradient(y)[self._span], cache)
        gradients: Array = dx[self._steps - self._span.start]
        return gradients

    def over_all_steps(self, shares: Floats) -> Floats:
        """(T,): NaN where nothing was measured, 0 where there is nothing to measure."""
        whole = np.zeros(len(self._given))
        whole[: len(whole) if self._stack.bidirectional else self.question.step + 1] = np.nan
        whole[self._steps] = shares
        return whole

    def _run(self, x: Array) -> tuple[Array, RecurrentCache]:
        """Outputs from the first step of all to the end of the span (·, B, W), and the span's cache."""
        batch = x.shape[1]
        inputs = np.repeat(self._given[self._span], batch, axis=1)
        inputs[self._steps - self._span.start] = x
        if self._before is None:
            y, _, cache = self._stack.look(inputs)
            return y, cache
        y_before, state = self._before
        y, _, cache = self._stack.look(inputs, State(*(np.repeat(part, batch, axis=1) for part in state)))
        return np.concatenate([np.repeat(y_before, batch, axis=1), y]), cache


def _integrated_gradients(stretch: _Stretch, points: int) -> Floats:
    """(N,): the mean gradient on the way from the blank to the input, times the way.

    The mean is taken by Gauss-Legendre quadrature, which is exact for polynomials up to degree 2 points - 1.
    """
    nodes, weights = np.polynomial.legendre.leggauss(points)
    nodes, weights = (nodes + 1) / 2, weights / 2
    total = np.zeros(stretch.way.shape)
    for start in range(0, points, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        inputs = stretch.blank + (stretch.x - stretch.blank) * nodes[some, None]
        total += np.einsum("tbd,b->td", stretch.gradients(inputs), weights[some])
    shares: Floats = (total * stretch.way).sum(axis=1)
    return shares


def _occlusion(stretch: _Stretch) -> Floats:
    """(N,): the answer less the answer with one step blank."""
    answer = float(stretch.answers(stretch.x)[0])
    count = len(stretch.x)
    shares = np.zeros(count)
    for start in range(0, count, _AT_ONCE):
        some = np.arange(start, min(start + _AT_ONCE, count))
        inputs = np.repeat(stretch.x, len(some), axis=1)
        inputs[some, np.arange(len(some))] = stretch.blank[0]
        shares[some] = answer - stretch.answers(inputs)
    return shares
