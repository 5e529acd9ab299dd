"""Is one layer's training step (forward, backward, all gradients) faster than PyTorch's ``nn.LSTM``?

The measured peak is of fused multiply-adds; operations are those of the matrix products.
"""

from __future__ import annotations

import torch

from benchmarks._layer import SHAPES, Shape, check_gradients, normal, torch_twin
from benchmarks._turns import (
    RATIO,
    Times,
    check_agreement,
    measure,
    opening,
    pace,
    ratio,
    row,
    table,
    verdict,
)
from gatewise.nn import LSTM

BAR = "ahead on every shape, 1.6 in the geometric mean, 70 % of the peak where H ≥ 256 and B ≥ 20"
TOLERANCE = 1e-4


def main() -> None:
    """Measure each shape and print a row of a table for it."""
    peak = opening(torch)
    table("T, B, D, H", "gatewise, ms", "PyTorch, ms", RATIO, "gatewise, GFLOP/s", "of the peak")
    ratios = []
    for shape in SHAPES:
        times = contest(shape)
        ours, theirs = times["gatewise"], times["PyTorch"]
        ratios.append(ratio(ours, theirs))
        row(
            shape,
            f"{ours.median * 1e3:.2f}",
            f"{theirs.median * 1e3:.2f}",
            ratios[-1],
            *pace(3 * shape.forward_operations, ours, peak),
        )
    verdict(ratios, BAR)


def contest(shape: Shape) -> dict[str, Times]:
    """Check that both find the same gradients, then time them."""
    x, dy = normal(0, *shape[:3]), normal(1, *shape[:2], shape.hidden)
    ours = LSTM(shape.features, shape.hidden)
    theirs = torch_twin(ours)
    x_torch, dy_torch = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dy)

    def our_step() -> object:
        ours.zero_gradients()
        _, _, cache = ours.forward(x)
        return ours.backward(dy, cache)[0]

    def their_step() -> object:
        theirs.zero_grad()
        x_torch.grad = None
        y, _ = theirs(x_torch)
        y.backward(dy_torch)
        return x_torch.grad

    check_agreement(f"dx at {shape}", our_step(), their_step(), TOLERANCE)
    check_gradients(str(shape), ours, theirs, TOLERANCE)
    return measure({"gatewise": our_step, "PyTorch": their_step})


if __name__ == "__main__":
    main()
