"""What does seeing all gates cost on top of a forward pass that keeps its caches (bar: 10 % more)?"""

from __future__ import annotations

from benchmarks._layer import normal
from benchmarks._turns import RATIO, measure, opening, ratio, row, table
from gatewise import magnify
from gatewise.nn import LSTM

STEPS, FEATURES = 1000, 64
STACKS = ((1, 128), (2, 256))


def main() -> None:
    """Time both for each stack, in turns, and print a row of a table for it."""
    opening()
    table("steps, layers, H", "forward, ms", "magnify, ms", RATIO)
    for layers, hidden in STACKS:
        lstm, x = LSTM(FEATURES, hidden, layers), normal(0, STEPS, 1, FEATURES)
        times = measure({"forward": lambda: lstm.forward(x), "magnify": lambda: magnify(lstm, x[:, 0])})  # noqa: B023
        cells = (f"{1e3 * each.median:.2f}" for each in times.values())
        row(f"{STEPS}, {layers}, {hidden}", *cells, ratio(times["forward"], times["magnify"]))
    print("\nbar: 1.10\n")


if __name__ == "__main__":
    main()
