"""What does a forecast lose where its context has gaps (bar: 1.3 times the error)?

Hourly data with a day and a week in them, `Forecaster()` over twenty weeks; then forecasts of the next day
from many origins of the two weeks that follow, with all of the past and with parts of it missing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks._machine import machine
from gatewise import Forecaster

WEEK, DAY = 168, 24


def missing(*days: int) -> Callable[[np.ndarray], np.ndarray]:
    """Without the values of some of the last days, 1 for the last one."""

    def change(values: np.ndarray) -> np.ndarray:
        for day in days:
            values[len(values) - DAY * day : len(values) - DAY * (day - 1)] = np.nan
        return values

    return change


def scattered(values: np.ndarray) -> np.ndarray:
    """Without every seventh value, at random."""
    return np.where(np.random.default_rng(1).uniform(size=len(values)) < 1 / 7, np.nan, values)


CASES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "all": lambda values: values,
    "a day a week ago missing": missing(7),
    "the day before yesterday missing": missing(2),
    "the last day missing": missing(1),
    "a seventh missing, here and there": scattered,
    "the last 144 hours alone": lambda values: values[-144:],
    "the last 72 hours alone": lambda values: values[-72:],
    "the last 24 hours alone": lambda values: values[-24:],
}


def main() -> None:
    """Train once, and print a row of a table for each kind of gap."""
    hours = np.arange(22 * WEEK)
    hour, day = hours % DAY, hours // DAY % 7
    work = day < 5
    values = 100 + 30 * np.sin(2 * np.pi * hour / DAY) * np.where(work, 1, 0.5) - 20 * ~work
    values += 15 * np.exp(-0.5 * ((hour - 18) / 2) ** 2) * work
    values += np.random.default_rng(0).normal(0, 3.2, len(hours))
    times = np.datetime64("2026-01-05", "us") + hours * np.timedelta64(1, "h")
    begin = 20 * WEEK
    model = Forecaster(progress=False).fit({"ds": times[:begin], "y": values[:begin]})
    print(f"{machine()}\n\n| past | MAE | times that of all | the 80 % interval covers |\n|---|---|---|---|")
    whole = 0.0
    for name, change in CASES.items():
        errors, covered = [], []
        for end in range(begin, len(hours) - DAY, 7):
            given = change(values[end - 4 * WEEK : end].copy())
            found = model.predict({"ds": times[end - len(given) : end], "y": given})
            actual = values[end : end + DAY]
            errors.append(np.abs(found["y_hat"] - actual).mean())
            covered.append(((found["q0.1"] <= actual) & (actual <= found["q0.9"])).mean())
        error = float(np.mean(errors))
        whole = whole or error
        print(f"| {name} | {error:.2f} | {error / whole:.2f} | {100 * np.mean(covered):.0f} % |", flush=True)


if __name__ == "__main__":
    main()
