"""What an answer rests on: how much each step's input had to do with it, measured in three ways.

*Gradient × input* is the first-order share of each step: right for small changes, silent where a gate is
saturated. *Integrated gradients* (Sundararajan et al. 2017) follow the gradient along the way from a blank
input to this one, so that the shares add up to the difference between the two answers; how far they miss it
is the completeness error. *Occlusion* replaces one step by the blank and looks at the answer itself: slower,
without any gradient, and so a check on both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.magnify.reading import Question, Reading
from gatewise.types import Array

__all__ = ["Connectivity", "connectivity", "integrated_gradients", "occlusion"]

Floats = npt.NDArray[np.float64]

_AT_ONCE = 64
"""Sequences that are run side by side."""


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Shares of the steps in an answer, (T,) each; what comes after the question has none.

    Attributes:
        question: in words.
        step: at which it was asked.
        answer: the number itself.
        blank_answer: that for a sequence of blanks.
        gradient_input: gradient × (input - blank), summed over the features.
        integrated: integrated gradients.
        occluded: the answer less what it is with the step blank; NaN where a step was not occluded.
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
        error = abs(float(self.integrated.sum()) - difference)
        return error / abs(difference) if difference else error


def connectivity(
    reading: Reading, step: int = -1, *, points: int = 64, occluded_steps: int = 200
) -> Connectivity:
    """Measure what the answer at a step rests on.

    Args:
        reading: the sequence.
        step: of the question; negative ones count from the end.
        points: on the way from the blank, for the integrated gradients.
        occluded_steps: at most so many steps, the latest before the question, are occluded one by one.

    Raises:
        ArgumentError: there is no such step; points is below 1, or occluded_steps below 0.
    """
    if points < 1 or occluded_steps < 0:
        raise ArgumentError(
            f"connectivity: points={points}, occluded_steps={occluded_steps}; expected at least 1 and 0."
        )
    question = reading.ask(step)
    blank = np.broadcast_to(reading.blank, reading.x.shape)
    difference = (reading.x - blank)[:, 0].astype(np.float64)
    gradient = _gradients(reading, question, reading.x)[:, 0].astype(np.float64)
    return Connectivity(
        question=question.text,
        step=question.step,
        answer=float(reading.answer(reading.x, question)[0]),
        blank_answer=float(reading.answer(blank, question)[0]),
        gradient_input=(gradient * difference).sum(axis=1),
        integrated=integrated_gradients(reading, question, points),
        occluded=occlusion(reading, question, occluded_steps),
    )


def integrated_gradients(reading: Reading, question: Question, points: int = 64) -> Floats:
    """(T,): the mean gradient on the way from the blank to the input, times the way.

    The mean is taken by Gauss-Legendre quadrature, which is exact for polynomials up to degree 2 points - 1.
    """
    nodes, weights = np.polynomial.legendre.leggauss(points)
    nodes, weights = (nodes + 1) / 2, weights / 2
    way = reading.x - reading.blank
    total = np.zeros(reading.x.shape[::2], np.float64)
    for start in range(0, points, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        inputs = reading.blank + way * nodes[some, None]
        total += np.einsum("tbd,b->td", _gradients(reading, question, inputs), weights[some])
    shares: Floats = (total * way[:, 0]).sum(axis=1)
    return shares


def occlusion(reading: Reading, question: Question, steps: int = 200) -> Floats:
    """(T,): the answer less the answer with one step blank; NaN for steps that were not tried."""
    answer = float(reading.answer(reading.x, question)[0])
    shares = np.zeros(len(reading.x))
    seen = _seen(reading, question)
    shares[seen] = np.nan
    tried = seen[np.argsort(np.abs(seen - question.step), kind="stable")[:steps]]
    for start in range(0, len(tried), _AT_ONCE):
        some = tried[start : start + _AT_ONCE]
        inputs = np.repeat(reading.x, len(some), axis=1)
        inputs[some, np.arange(len(some))] = reading.blank
        shares[some] = answer - reading.answer(inputs, question)
    return shares


def _seen(reading: Reading, question: Question) -> npt.NDArray[np.intp]:
    """Steps that the answer can rest on: up to the question's, or all where the stack reads both ways."""
    return np.arange(len(reading.x) if reading.recurrent.bidirectional else question.step + 1)


def _gradients(reading: Reading, question: Question, x: Array) -> Array:
    """(T, B, D): of the answers with respect to the inputs."""
    y, _, cache = reading.recurrent.look(np.ascontiguousarray(x, reading.recurrent.dtype))
    dx, _ = reading.recurrent.error_flow(question.gradient(y), cache)
    return dx
