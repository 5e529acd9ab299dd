"""Optimisers to be held against PyTorch: ten steps along a fixed sequence of gradients."""

from dataclasses import dataclass, field

import numpy as np

from gatewise.nn import Layer
from gatewise.optim import SGD, Adam, AdamW, AveragedSGD

STEPS, SIZE = 10, 12
KINDS = {"sgd": SGD, "averaged_sgd": AveragedSGD, "adam": Adam, "adamw": AdamW}


@dataclass(frozen=True)
class OptimizerCase:
    """One optimiser; `options` are gatewise's keyword arguments."""

    name: str
    kind: str
    options: dict = field(default_factory=dict)
    seed: int = 300

    def draw(self):
        rng = np.random.default_rng(self.seed)
        arrays = {"start": rng.normal(size=SIZE), "gradients": rng.normal(size=(STEPS, SIZE))}
        return {name: array.astype(np.float32) for name, array in arrays.items()}

    def run(self, arrays, dtype):
        """Parameters after each step, and the weights to be shipped where they are others."""
        layer = Layer({"weight": (SIZE,)}, dtype)
        layer.parameters.vector[...] = arrays["start"]
        optimizer = KINDS[self.kind](layer, **self.options)
        parameters, weights = [], []
        for gradient in arrays["gradients"]:
            layer.gradients.vector[...] = gradient
            optimizer.step()
            parameters.append(layer.parameters.vector.copy())
            weights.append(optimizer.weights.copy())
        results = {"parameters": np.array(parameters)}
        return results | ({"weights": np.array(weights)} if self.kind == "averaged_sgd" else {})


OPTIMIZER_CASES = [
    OptimizerCase("sgd", "sgd", {"learning_rate": 0.1}),
    OptimizerCase("sgd_momentum", "sgd", {"learning_rate": 0.1, "momentum": 0.9}),
    OptimizerCase("sgd_nesterov", "sgd", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    OptimizerCase("sgd_weight_decay", "sgd", {"learning_rate": 0.1, "weight_decay": 0.2}),
    OptimizerCase(
        "sgd_everything",
        "sgd",
        {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
    ),
    OptimizerCase("averaged_sgd", "averaged_sgd", {"learning_rate": 0.1}),
    OptimizerCase(
        "averaged_sgd_late", "averaged_sgd", {"learning_rate": 0.1, "start": 4, "weight_decay": 0.1}
    ),
    OptimizerCase("adam", "adam", {"learning_rate": 0.01}),
    OptimizerCase("adam_weight_decay", "adam", {"learning_rate": 0.01, "weight_decay": 0.2}),
    OptimizerCase("adam_betas", "adam", {"learning_rate": 0.02, "betas": (0.7, 0.9), "epsilon": 1e-3}),
    OptimizerCase("adamw", "adamw", {"learning_rate": 0.01}),
    OptimizerCase("adamw_weight_decay", "adamw", {"learning_rate": 0.05, "weight_decay": 0.5}),
]
