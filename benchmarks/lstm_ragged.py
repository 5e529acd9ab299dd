"""Is a training step on a ragged batch faster than on PyTorch's packed sequence?

T = 200, B = 64, D = 64, H = 128, lengths drawn uniformly from 1 to T. The packed sequence is what PyTorch has
for ragged batches and what the bar is about. A layer of one direction can also be run over the padding, which
changes no gradient where dy is zero there; as this is often faster, its figure stands in a row of its own.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks._layer import Shape, check_gradients, normal, torch_twin
from benchmarks._turns import RATIO, check_agreement, measure, opening, pace, ratio, row, table, verdict
from gatewise.nn import LSTM
from gatewise.types import Array

SHAPE = Shape(200, 64, 64, 128)
BAR = "4"
TOLERANCE = 1e-3


def main() -> None:
    """Check that all find the same gradients, time them, and print a row for each."""
    peak = opening(torch)
    x, dy = normal(0, *SHAPE[:3]), normal(1, *SHAPE[:2], SHAPE.hidden)
    lengths = np.random.default_rng(2).integers(1, SHAPE.steps, SHAPE.batch, endpoint=True)
    dy[np.arange(SHAPE.steps)[:, None] >= lengths] = 0

    ours = LSTM(SHAPE.features, SHAPE.hidden)
    theirs = torch_twin(ours)
    x_torch, dy_torch = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dy)
    lengths_torch = torch.from_numpy(lengths)

    def our_step() -> Array:
        ours.zero_gradients()
        _, _, cache = ours.forward(x, lengths=lengths)
        return ours.backward(dy, cache)[0]

    def packed_step() -> torch.Tensor:
        theirs.zero_grad()
        x_torch.grad = None
        packed, _ = theirs(pack_padded_sequence(x_torch, lengths_torch, enforce_sorted=False))
        pad_packed_sequence(packed, total_length=SHAPE.steps)[0].backward(dy_torch)
        return x_torch.grad

    def padded_step() -> torch.Tensor:
        theirs.zero_grad()
        x_torch.grad = None
        theirs(x_torch)[0].backward(dy_torch)
        return x_torch.grad

    dx = our_step()
    for name, step in (("packed", packed_step), ("padded", padded_step)):
        check_agreement(f"{name}: dx", dx, step(), TOLERANCE)
        check_gradients(name, ours, theirs, TOLERANCE)

    times = measure({"gatewise": our_step, "PyTorch, packed": packed_step, "PyTorch, padded": padded_step})
    mean_steps = lengths.mean()
    operations = 3 * SHAPE.forward_operations * mean_steps / SHAPE.steps
    print(f"{SHAPE} (T, B, D, H), mean length {mean_steps:.1f}; operations of the valid steps alone\n")
    table("", "ms", RATIO, "GFLOP/s", "of the peak")
    for name, each in times.items():
        row(name, f"{each.median * 1e3:.2f}", ratio(times["gatewise"], each), *pace(operations, each, peak))
    verdict([ratio(times["gatewise"], times["PyTorch, packed"])], BAR)


if __name__ == "__main__":
    main()
