"""Do 80 % intervals of Forecaster with its defaults cover 76 to 84 % of what comes, and is it said so?

Two hundred stationary AR(1) series, each with a network of its own that has 300 values to learn from and
forecasts the next 24. ``intervals_series`` asks the same of series that people have.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np

from benchmarks._machine import machine
from gatewise import Forecaster
from gatewise.kernels import usable_cores

SERIES, LEARNT, HORIZON, PHI = 200, 300, 24, 0.9


class Coverage(NamedTuple):
    """Share of values inside the 80 % interval, and what the verdict after ``fit`` said of it."""

    covered: float
    said: float
    values: int


def autoregression(seed: int) -> Coverage:
    """The next values of one AR(1) by a network that has learnt from it alone."""
    noise = np.random.default_rng([22, seed]).standard_normal(100 + LEARNT + HORIZON)
    values = np.zeros_like(noise)
    for step in range(1, len(values)):
        values[step] = PHI * values[step - 1] + noise[step]
    values = values[100:]
    model = Forecaster(horizon=HORIZON, progress=False).fit(values[:LEARNT])
    found = model.predict()
    return coverage_of(model, values[LEARNT:], found["q0.1"], found["q0.9"])


def autoregressions() -> Coverage:
    """All of them, one on each processor."""
    os.environ["GATEWISE_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(usable_cores()) as pool:
        found = list(pool.map(autoregression, range(SERIES)))
    del os.environ["GATEWISE_NUM_THREADS"]
    return Coverage(
        float(np.mean([each.covered for each in found])),
        float(np.mean([each.said for each in found])),
        sum(each.values for each in found),
    )


def coverage_of(model: Forecaster, actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> Coverage:
    """Of a forecast of one origin."""
    return Coverage(
        float(((low <= actual) & (actual <= high)).mean()), model.verdict_.forecaster.coverage, len(actual)
    )


def print_coverages(questions: Mapping[str, Callable[[], Coverage]]) -> None:
    """Print a row for each question."""
    print(f"{machine()}\n\n| series | covered | said after fit | values |\n|---|---|---|---|")
    for name, measure in questions.items():
        covered, said, values = measure()
        print(f"| {name} | {100 * covered:.1f} % | {100 * said:.1f} % | {values:,} |", flush=True)


def main() -> None:
    """Print a row for all of them together."""
    print_coverages({"200 series AR(1), 24 ahead": autoregressions})


if __name__ == "__main__":
    main()
