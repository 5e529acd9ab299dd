"""How large is the magnifier's page, and how long does it take to write?"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

import gatewise as gw
from benchmarks._machine import machine
from benchmarks._shakespeare import texts
from gatewise.magnify import Magnification

STEPS = (1000, 5000)


def main() -> None:
    """Pages on the end of a text, by a model of 2 x 256, and on twenty steps of eight units."""
    _, text = texts()
    lm = gw.LanguageModel(hidden_size=256, num_layers=2, epochs=1, progress=False).fit(text)
    print(f"{machine()}\n\n| page | MB | seconds |\n|---|---|---|")
    for steps in STEPS:
        start = time.perf_counter()
        size(f"{steps:,} steps of 2 x 256", gw.magnify(lm, text[-steps:]), start)
    size("20 steps of 8", gw.magnify(gw.nn.LSTM(3, 8, seed=0), np.ones((20, 3), np.float32)))


def size(name: str, inside: Magnification, start: float | None = None) -> None:
    """Save a page, and print a row about it."""
    start = time.perf_counter() if start is None else start
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        inside.save(path)
        seconds = time.perf_counter() - start
        print(f"| {name} | {path.stat().st_size / 1e6:.1f} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
