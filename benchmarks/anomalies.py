"""Which labelled windows of NAB's realKnownCause series the top 1 % of scores hit (bar: 60 %)."""

from __future__ import annotations

import csv
import json
import math

import numpy as np

from benchmarks._data import data_file
from benchmarks._machine import machine
from gatewise import Forecaster

FOLDER = ("anomaly", "nab_realKnownCause")


def main() -> None:
    """Train on each series without its labels, score its steps, and count the windows that are hit."""
    print(machine())
    windows = json.loads(data_file(*FOLDER, "combined_windows.json").read_text())
    hits = total = 0
    by_chance = 0.0
    for name, labelled in windows.items():
        file = name.rpartition("/")[2]
        table = regular(file)
        model = Forecaster(horizon=12, epochs=5, progress=False).fit(table)
        found = model.anomalies(table, rate=0.01)
        marked = found["ds"][found["anomaly"]]
        hit = [bool(((marked >= np.datetime64(a)) & (marked <= np.datetime64(b))).any()) for a, b in labelled]
        inside = sum(
            np.count_nonzero((marked >= np.datetime64(a)) & (marked <= np.datetime64(b))) for a, b in labelled
        )
        scored = found["ds"][~np.isnan(found["score"])]
        sizes = [
            np.count_nonzero((scored >= np.datetime64(a)) & (scored <= np.datetime64(b))) for a, b in labelled
        ]
        by_chance += sum(chance_of_a_hit(len(scored), size, len(marked)) for size in sizes)
        expected = len(marked) * sum(sizes) / len(scored)
        print(
            f"{file:<45} {sum(hit)} of {len(hit)} windows; {inside} of {len(marked)} marked steps lie in "
            f"one, {expected:.1f} if marked at random"
        )
        hits, total = hits + sum(hit), total + len(hit)
    print(f"{hits} of {total} labelled windows hit, {hits / total:.0%}; {by_chance:.1f} if marked at random")


def chance_of_a_hit(steps: int, window: int, marked: int) -> float:
    """The probability that one at least of so many steps, marked at random, lies in a window."""
    outside = [math.log(1 - window / (steps - k)) for k in range(marked)]
    return 1 - math.exp(sum(outside))


def regular(file: str) -> dict[str, np.ndarray]:
    """A series on the grid of its usual step: times rounded down to it, values of one step averaged."""
    with data_file(*FOLDER, file).open(newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    times = np.array([row[0] for row in rows], dtype="M8[us]")
    values = np.array([float(row[1]) for row in rows])
    steps, counts = np.unique(np.diff(times), return_counts=True)
    step = steps[counts.argmax()].astype(np.int64)
    grid = (times.astype(np.int64) // step * step).astype("M8[us]")
    places, which = np.unique(grid, return_inverse=True)
    return {"ds": places, "y": np.bincount(which, values) / np.bincount(which)}


if __name__ == "__main__":
    main()
