"""How much memory does a layer keep from forward to backward (bar: 6 floats a unit, step and sequence)?

Counted are the bytes that NumPy has allocated during ``forward`` and that still live when only the cache is
held; the input is the caller's. The initial state adds two floats a unit and sequence.
"""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np

from benchmarks._layer import Shape, normal
from benchmarks._machine import machine
from benchmarks._turns import row, table
from gatewise.kernels import get_target
from gatewise.nn import LSTM

SHAPES = [Shape(100, 32, 64, 128), Shape(50, 64, 512, 512)]


def main() -> None:
    """Count for each shape and print a row of a table for it."""
    print(f"{machine()}, kernel {get_target()}\n")
    table("T, B, D, H", "kept, MB", "input, MB", "kept, floats a unit, step and sequence")
    for shape in SHAPES:
        kept, given = kept_bytes(shape), shape.steps * shape.batch * shape.features * 4
        units = shape.steps * shape.batch * shape.hidden
        row(shape, f"{kept / 1e6:.2f}", f"{given / 1e6:.2f}", f"{kept / np.float32().nbytes / units:.2f}")
    print("\nbar: 6\n")


def kept_bytes(shape: Shape) -> int:
    """Bytes that live from forward to backward, beyond the input."""
    lstm, x = LSTM(shape.features, shape.hidden), normal(0, *shape[:3])
    tracemalloc.start()
    try:
        # What a first call leaves behind for all that follow is not kept by each.
        lstm.forward(x)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        _, _, cache = lstm.forward(x)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        del cache
    finally:
        tracemalloc.stop()
    return after - before


if __name__ == "__main__":
    main()
