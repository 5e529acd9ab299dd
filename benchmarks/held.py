"""What does it cost to see that an array of a cache has changed since the forward pass (bar: nothing)?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks._turns import RATIO, measure, opening, ratio, row, table
from gatewise.nn import LSTM, Linear
from gatewise.ops import held

SHAPES = ((10, 1, 8, 8), (50, 16, 32, 32), (100, 16, 64, 128), (100, 64, 128, 256))


def main() -> None:
    """Forward and backward, in turns with the same that marks nothing."""
    opening()
    table("layer", "T, B, D, H", "unmarked, ms", "marked, ms", RATIO)
    for steps, batch, features, hidden in SHAPES:
        x = np.random.default_rng(0).normal(size=(steps, batch, features)).astype(np.float32)
        for layer in (LSTM(features, hidden, seed=0), Linear(features, hidden, seed=0)):
            step = training_step(layer, x)
            times = measure({"unmarked": unmarked(step), "marked": step})
            row(
                type(layer).__name__,
                f"{steps}, {batch}, {features}, {hidden}",
                *(f"{1e3 * times[name].median:.4f}" for name in ("unmarked", "marked")),
                ratio(times["unmarked"], times["marked"]),
            )


def training_step(layer: LSTM | Linear, x: np.ndarray) -> Callable[[], object]:
    """Forward, backward and all gradients."""
    dy = np.ones((*x.shape[:2], layer.forward(x)[0].shape[-1]), np.float32)

    def step() -> None:
        layer.backward(dy, layer.forward(x)[-1])

    return step


def unmarked(step: Callable[[], object]) -> Callable[[], object]:
    """The same with no mark taken and none compared."""
    marks = held._marks_of

    def without() -> None:
        held._marks_of = lambda _: []
        step()
        held._marks_of = marks

    return without


if __name__ == "__main__":
    main()
