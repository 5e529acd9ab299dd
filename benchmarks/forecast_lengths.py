"""How does `Forecaster.fit` grow with the series, outside training (bar: linear, 5 % of all at a million)?

Each length is fitted with the defaults, on an hourly wave with noise. Outside training are reading,
splitting, scaling, the calendar, the calibration of the intervals and the verdict.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks._machine import machine
from gatewise import Forecaster
from gatewise.training import Ended, Event, Started

LENGTHS = (10_000, 30_000, 100_000, 300_000, 1_000_000)


def main() -> None:
    """Fit each length once, and print a row of a table for it."""
    print(f"{machine()}\n")
    print("| values | training, s | outside, s | microseconds a value | share of all |")
    print("|---|---|---|---|---|")
    for length in LENGTHS:
        hours = np.arange(length)
        wave = np.sin(hours * np.pi / 12) + 0.1 * np.random.default_rng(0).normal(size=length)
        table = {"ds": np.datetime64("2000-01-01", "us") + hours * np.timedelta64(1, "h"), "y": wave}
        marks: dict[type[Event], float] = {}

        def hear(event: Event, marks: dict[type[Event], float] = marks) -> None:
            marks[type(event)] = time.perf_counter()

        begin = time.perf_counter()
        Forecaster(progress=False).fit(table, listeners=[hear])
        whole = time.perf_counter() - begin
        training = marks[Ended] - marks[Started]
        outside = whole - training
        cells = (
            f"{training:.1f} | {outside:.2f} | {1e6 * outside / length:.2f} | {100 * outside / whole:.1f} %"
        )
        print(f"| {length:,} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
