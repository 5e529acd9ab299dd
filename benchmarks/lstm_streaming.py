"""Is one step of a stream (B = 1, D = H) faster than the best of PyTorch and ONNX Runtime?

All carry the state from step to step. PyTorch is measured in inference mode as ``nn.LSTMCell`` and as the
function under it, ``torch.lstm_cell``, without the module's overhead; a scripted or a traced cell, deprecated
by now, is slower than that function. ONNX Runtime runs on bound arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import onnxruntime
import torch

from benchmarks._layer import Shape, normal, torch_twin
from benchmarks._onnx import OnnxLSTM
from benchmarks._turns import (
    RATIO,
    Times,
    check_agreement,
    fastest,
    measure,
    opening,
    pace,
    ratio,
    row,
    table,
    verdict,
)
from gatewise.nn import LSTM

BARS = {16: 5.0, 32: 5.0, 64: 5.0, 256: 1.5, 512: 1.0}
"""Ratio to be reached, by H."""
TOLERANCE, STEPS_COMPARED = 1e-4, 5

Tensors = tuple[torch.Tensor, ...]
Cell = Callable[[torch.Tensor, Tensors], Tensors]
"""x and the state to the next state."""


def main() -> None:
    """Measure each size and print a row of a table for it."""
    peak = opening(torch, onnxruntime)
    table(
        "H",
        "gatewise, µs",
        "nn.LSTMCell, µs",
        "torch.lstm_cell, µs",
        "ONNX Runtime, µs",
        RATIO,
        "bar",
        "gatewise, GFLOP/s",
        "of the peak",
    )
    ratios = []
    for hidden, bar in BARS.items():
        with torch.inference_mode():
            times = contest(hidden)
        microseconds = [f"{each.median * 1e6:.2f}" for each in times.values()]
        ours = times.pop("gatewise")
        ratios.append(ratio(ours, fastest(times)[1]))
        operations = Shape(1, 1, hidden, hidden).forward_operations
        row(hidden, *microseconds, ratios[-1], bar, *pace(operations, ours, peak))
    verdict(ratios, "that of each row")


class TorchStream:
    """A cell, or the function under it, that carries its state.

    Args:
        cell: what makes a step.
        x: (1, D), the input of every step.
        hidden: H.
    """

    def __init__(self, cell: Cell, x: torch.Tensor, hidden: int) -> None:
        self._cell = cell
        self._x = x
        self._state = torch.zeros(1, hidden), torch.zeros(1, hidden)

    def step(self) -> torch.Tensor:
        """The next h."""
        self._state = self._cell(self._x, self._state)
        return self._state[0]


def contest(hidden: int) -> dict[str, Times]:
    """Check that all compute the same, then time them."""
    x = normal(0, 1, hidden)
    ours = LSTM(hidden, hidden)
    stream, onnx = ours.stream(batch_size=1), OnnxLSTM(ours, 1, 1)
    onnx.x[0] = x
    weights = torch_twin(ours).all_weights[0]
    cell = torch.nn.LSTMCell(hidden, hidden).eval()
    cell.load_state_dict(dict(zip(cell.state_dict(), weights, strict=True)))

    def function(x: torch.Tensor, state: Tensors) -> Tensors:
        return torch.lstm_cell(x, state, *weights)

    module, bare = (TorchStream(each, torch.from_numpy(x), hidden) for each in (cell, function))
    for _ in range(STEPS_COMPARED):
        y = stream.step(x)
        onnx.step()
        for theirs in (module.step(), bare.step(), onnx.y[0, 0]):
            check_agreement(f"h at H = {hidden}", y, theirs, TOLERANCE)
    return measure(
        {
            "gatewise": partial(stream.step, x),
            "nn.LSTMCell": module.step,
            "torch.lstm_cell": bare.step,
            "ONNX Runtime": onnx.step,
        }
    )


if __name__ == "__main__":
    main()
