"""How long ``import gatewise`` takes on top of ``import numpy`` (bar: 60 ms)."""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks._machine import machine

ROUNDS = 15
QUESTIONS = {
    "import gatewise": "import gatewise",
    "... and a layer": "import gatewise; gatewise.nn.LSTM",
    "... and an estimator": "import gatewise; gatewise.LanguageModel",
}


def main() -> None:
    """Time each in fresh processes, in turns, and print the medians."""
    times: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for _ in range(ROUNDS):
        for name, statement in QUESTIONS.items():
            times[name].append(milliseconds(statement))
    print(machine())
    for name, values in times.items():
        print(f"{name:<22} {statistics.median(values):6.1f} ms after NumPy (median of {ROUNDS})")


def milliseconds(statement: str) -> float:
    """Wall time of a statement in a fresh process that has NumPy already."""
    code = f"import numpy, time; t = time.perf_counter(); {statement}; print((time.perf_counter() - t) * 1e3)"
    return float(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )


if __name__ == "__main__":
    main()
