"""Is one layer's inference over a whole sequence faster than the better of PyTorch and ONNX Runtime?"""

from __future__ import annotations

from functools import partial

import onnxruntime
import torch

from benchmarks._layer import SHAPES, Shape, normal, torch_twin
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

BAR = "never below 0.95, 1.25 in the geometric mean"
TOLERANCE = 1e-4


def main() -> None:
    """Measure each shape and print a row of a table for it."""
    peak = opening(torch, onnxruntime)
    table(
        "T, B, D, H",
        "gatewise, ms",
        "PyTorch, ms",
        "ONNX Runtime, ms",
        RATIO,
        "gatewise, GFLOP/s",
        "of the peak",
    )
    ratios = []
    for shape in SHAPES:
        with torch.inference_mode():
            times = contest(shape)
        milliseconds = [f"{each.median * 1e3:.3f}" for each in times.values()]
        ours = times.pop("gatewise")
        ratios.append(ratio(ours, fastest(times)[1]))
        row(shape, *milliseconds, ratios[-1], *pace(shape.forward_operations, ours, peak))
    verdict(ratios, BAR)


def contest(shape: Shape) -> dict[str, Times]:
    """Check that all compute the same, then time them."""
    x = normal(0, *shape[:3])
    ours = LSTM(shape.features, shape.hidden)
    theirs, onnx = torch_twin(ours).eval(), OnnxLSTM(ours, shape.steps, shape.batch)
    x_torch = torch.from_numpy(x)
    onnx.x[...] = x

    y, _ = ours(x)
    onnx.run()
    check_agreement(f"PyTorch's y at {shape}", y, theirs(x_torch)[0], TOLERANCE)
    check_agreement(f"ONNX Runtime's y at {shape}", y, onnx.y[:, 0], TOLERANCE)
    return measure(
        {"gatewise": partial(ours, x), "PyTorch": partial(theirs, x_torch), "ONNX Runtime": onnx.run}
    )


if __name__ == "__main__":
    main()
