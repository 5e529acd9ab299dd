"""Layer normalisation to be held against PyTorch, alone and between the layers of a ragged, two-way stack."""

from dataclasses import dataclass

import numpy as np

from gatewise.nn import LSTM, LayerNorm

T, B, D = 4, 3, 5


@dataclass(frozen=True)
class LayerNormCase:
    """Of vectors, where there are no ``widths``; else of what each layer of a stack puts out."""

    name: str
    epsilon: float = 1e-5
    widths: tuple = ()
    lengths: tuple = (T,) * B
    seed: int = 0

    def draw(self):
        rng = np.random.default_rng(self.seed)
        width = 2 * self.widths[-1] if self.widths else D
        shapes = {"x": (T, B, D), "dy": (T, B, width)}
        if not self.widths:
            shapes |= {"weight": (D,), "bias": (D,)}
        below = D
        for number, hidden in enumerate(self.widths):
            for way in (f"_l{number}", f"_l{number}_reverse"):
                shapes |= {"weight_ih" + way: (4 * hidden, below), "weight_hh" + way: (4 * hidden, hidden)}
                shapes |= {"bias_ih" + way: (4 * hidden,), "bias_hh" + way: (4 * hidden,)}
            below = 2 * hidden
            shapes |= {f"norm_weight_l{number}": (below,), f"norm_bias_l{number}": (below,)}
        return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}

    def run(self, arrays, dtype):
        """What gatewise gives: outputs, and the gradient of everything that went in but dy."""
        floats = {name: array.astype(dtype) for name, array in arrays.items()}
        x, dy = floats.pop("x"), floats.pop("dy")
        if self.widths:
            layer = LSTM(D, self.widths, bidirectional=True, layer_norm=True, dtype=dtype)
            for name in [name for name in floats if name.startswith("bias_ih")]:
                floats[name.replace("bias_ih", "bias")] = floats.pop(name) + floats.pop(
                    name.replace("_ih", "_hh")
                )
            layer.parameters.assign(floats)
            y, _, cache = layer.forward(x, lengths=np.array(self.lengths))
            dx, _ = layer.backward(dy, cache)
        else:
            layer = LayerNorm(D, self.epsilon, dtype=dtype)
            layer.parameters.assign(floats)
            y, cache = layer.forward(x)
            dx = layer.backward(dy, cache)
        return {"y": y, "dx": dx} | {f"d{name}": array for name, array in layer.gradients.items()}


LAYER_NORM_CASES = [
    LayerNormCase("layer_norm", seed=500),
    LayerNormCase("layer_norm_large_epsilon", epsilon=0.3, seed=501),
    LayerNormCase("layer_norm_stack", widths=(4, 3), lengths=(2, 4, 3), seed=502),
]
