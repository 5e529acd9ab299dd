"""One layer's training step (forward, backward, all gradients) against PyTorch's ``nn.LSTM``.

Both in one process, in turns of a few steps, with two threads each; medians, and the ratio of the medians.
PyTorch's threads and NumPy's keep spinning for a while after a step, which would slow the other's; so each
turn begins with a pause and a step that is not timed.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch

from benchmarks._machine import machine
from gatewise.kernels import get_target, set_threads
from gatewise.nn import LSTM

SHAPES = [
    (100, 1, 64, 64),
    (100, 8, 64, 64),
    (100, 32, 64, 128),
    (100, 64, 128, 256),
    (35, 20, 200, 200),
    (50, 64, 512, 512),
    (28, 256, 28, 128),
    (500, 16, 32, 64),
    (35, 20, 640, 640),
    (256, 64, 1024, 1024),
]
THREADS, TURNS, STEPS, PAUSE = 2, 7, 3, 0.2


def main() -> None:
    """Measure each shape and print a row of a table for it."""
    torch.set_num_threads(THREADS)
    set_threads(THREADS)
    print(f"{machine()}, PyTorch {torch.__version__}, kernel {get_target()}")
    print("| T, B, D, H | gatewise, ms | PyTorch, ms | ratio | gatewise, GFLOP/s |\n|---|---|---|---|---|")
    ratios = []
    for steps, batch, features, hidden in SHAPES:
        ours, theirs = measure(steps, batch, features, hidden)
        ratios.append(theirs / ours)
        operations = 3 * 2 * steps * batch * 4 * hidden * (features + hidden)
        print(
            f"| {steps}, {batch}, {features}, {hidden} | {ours * 1e3:.2f} | {theirs * 1e3:.2f} | "
            f"{ratios[-1]:.2f} | {operations / ours / 1e9:.0f} |",
            flush=True,
        )
    print(f"geometric mean of the ratios: {statistics.geometric_mean(ratios):.2f}")


def measure(steps: int, batch: int, features: int, hidden: int) -> tuple[float, float]:
    """Median seconds of a step, ours and PyTorch's."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((steps, batch, features), dtype=np.float32)
    dy = rng.standard_normal((steps, batch, hidden), dtype=np.float32)
    ours, theirs = LSTM(features, hidden), torch.nn.LSTM(features, hidden)
    x_torch, dy_torch = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dy)

    def our_step() -> None:
        ours.zero_gradients()
        _, _, cache = ours.forward(x)
        ours.backward(dy, cache)

    def their_step() -> None:
        theirs.zero_grad()
        x_torch.grad = None
        y, _ = theirs(x_torch)
        y.backward(dy_torch)

    times: tuple[list[float], list[float]] = ([], [])
    turns = TURNS if steps * hidden < 100_000 else 2
    for _ in range(turns):
        for step, into in zip((our_step, their_step), times, strict=True):
            time.sleep(PAUSE)
            step()
            for _ in range(STEPS):
                start = time.perf_counter()
                step()
                into.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
