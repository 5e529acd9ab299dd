"""One LSTM layer: the shapes it is measured at, and its twin in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch

from benchmarks._turns import check_agreement
from gatewise.nn import LSTM
from gatewise.types import Array


class Shape(NamedTuple):
    """T, B, D and H."""

    steps: int
    batch: int
    features: int
    hidden: int

    @property
    def forward_operations(self) -> int:
        """Multiplications and additions of the matrix products, forward; backward has twice as many."""
        return 2 * self.steps * self.batch * 4 * self.hidden * (self.features + self.hidden)

    def __str__(self) -> str:
        return ", ".join(map(str, self))


SHAPES = [
    Shape(100, 1, 64, 64),
    Shape(100, 8, 64, 64),
    Shape(100, 32, 64, 128),
    Shape(100, 64, 128, 256),
    Shape(35, 20, 200, 200),
    Shape(50, 64, 512, 512),
    Shape(28, 256, 28, 128),
    Shape(500, 16, 32, 64),
    Shape(35, 20, 640, 640),
    Shape(256, 64, 1024, 1024),
]


def normal(seed: int, *shape: int) -> Array:
    """Standard normal numbers in float32."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def torch_twin(ours: LSTM) -> torch.nn.LSTM:
    """The same layers with the same weights in PyTorch."""
    theirs = torch.nn.LSTM(ours.input_size, ours.hidden_size, ours.num_layers)
    theirs.load_state_dict(torch_weights(ours.parameters))
    return theirs


def check_gradients(what: str, ours: LSTM, theirs: torch.nn.LSTM, tolerance: float) -> None:
    """Make sure that a layer and its twin have found the same gradients of their weights.

    Raises:
        RuntimeError: they have not.
    """
    for name, gradient in ours.gradients.items():
        twin = getattr(theirs, name.replace("bias_l", "bias_ih_l"))
        check_agreement(f"{what}: gradient of {name}", gradient, twin.grad, tolerance)


def torch_weights(parameters: Mapping[str, Array]) -> dict[str, torch.Tensor]:
    """Copies of gatewise's parameters under PyTorch's names; the second of its two biases is 0."""
    weights = {}
    for name, values in parameters.items():
        tensor = torch.from_numpy(values.copy())
        if "bias_l" in name:
            weights[name.replace("bias_l", "bias_ih_l")] = tensor
            weights[name.replace("bias_l", "bias_hh_l")] = torch.zeros_like(tensor)
        else:
            weights[name] = tensor
    return weights
