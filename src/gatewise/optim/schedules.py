"""Learning-rate schedules: pure functions of how far training is, so that resuming needs no state.

A schedule takes the number of steps made and the number planned and returns the factor by which the
learning rate is multiplied.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from gatewise.errors import ArgumentError

__all__ = ["SCHEDULES", "Schedule", "constant", "cosine", "exponential", "linear", "staircase", "warmup"]

Schedule: TypeAlias = Callable[[int, int], float]
"""(steps made, steps planned) to the factor of the learning rate."""


def constant(step: int, total: int) -> float:
    """1 throughout."""
    return 1.0


def linear(step: int, total: int) -> float:
    """From 1 straight down to 0."""
    return max(0.0, 1 - step / max(1, total))


def cosine(step: int, total: int) -> float:
    """From 1 to 0 along half a cosine (Loshchilov & Hutter 2017)."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total))))


def exponential(final: float = 0.01) -> Schedule:
    """From 1 down to ``final`` by the same factor each step."""
    _check_factor("final", final)
    return lambda step, total: final ** min(1.0, step / max(1, total))


def staircase(factor: float, start: float, every: float) -> Schedule:
    """1 until the fraction ``start`` of training, then times ``factor`` every further fraction ``every``.

    Zaremba et al. (2014) train 13 epochs, halving the rate in each after the fourth: factor 0.5, start 4/13,
    every 1/13.
    """
    _check_factor("factor", factor)
    _check_factor("every", every)

    def schedule(step: int, total: int) -> float:
        # A hair's breadth of slack keeps the stairs on the epochs' borders despite rounding.
        stairs = math.floor((step / max(1, total) - start) / every + 1e-9) + 1
        return factor ** max(0, stairs)

    return schedule


def warmup(schedule: Schedule, steps: int) -> Schedule:
    """Rise from 0 over the first ``steps`` steps, then follow ``schedule``."""
    if steps < 0:
        raise ArgumentError(f"warmup: steps={steps!r}; expected at least 0.")
    return lambda step, total: min(1.0, (step + 1) / max(1, steps)) * schedule(step, total)


def _check_factor(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise ArgumentError(f"schedule: {name}={value!r}; expected a number in (0, 1].")


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "exponential": exponential(),
}
"""Schedules that estimators and the command line know by name."""
