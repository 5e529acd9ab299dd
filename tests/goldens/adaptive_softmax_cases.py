"""Adaptive softmax to be held against PyTorch's: loss, log-probabilities and gradients."""

from dataclasses import dataclass

import numpy as np

from gatewise.nn import AdaptiveSoftmax, head_loss_and_gradient

N, D, V = 24, 8, 14


@dataclass(frozen=True)
class AdaptiveSoftmaxCase:
    """One layer. Its parameters bear the names that both give them."""

    name: str
    cutoffs: tuple[int, ...]
    div_value: float
    head_bias: bool
    seed: int

    def make(self, dtype):
        return AdaptiveSoftmax(
            D, V, self.cutoffs, div_value=self.div_value, head_bias=self.head_bias, dtype=dtype
        )

    def draw(self):
        rng = np.random.default_rng(self.seed)
        shapes = self.make(np.float64).parameters.shapes
        arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()} | {
            "x": rng.normal(size=(N, D))
        }
        arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
        return arrays | {"targets": rng.permutation(np.arange(N) % V)}

    def run(self, arrays, dtype):
        layer = self.make(dtype)
        layer.parameters.assign({name: arrays[name] for name in layer.parameters})
        x = arrays["x"].astype(dtype)
        loss, dx = head_loss_and_gradient(layer, x, arrays["targets"])
        gradients = {f"d{name}": view for name, view in layer.gradients.items()}
        return {"loss": np.array(loss), "log_probabilities": layer(x), "dx": dx, **gradients}


ADAPTIVE_SOFTMAX_CASES = [
    AdaptiveSoftmaxCase("one_cluster", (5,), 4.0, False, 400),
    AdaptiveSoftmaxCase("two_clusters", (3, 9), 2.0, True, 401),
    AdaptiveSoftmaxCase("three_clusters", (1, 2, 10), 1.5, True, 402),
]
