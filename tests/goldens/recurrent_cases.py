"""Recurrent layers to be held against PyTorch: what goes in, and what gatewise makes of it.

Arrays are drawn in float32 under PyTorch's names, with its two biases; every weight is distinct and random,
so that swapped gates, layers or directions are seen.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from gatewise.nn import LSTM, RNN
from gatewise.types import State


@dataclass(frozen=True)
class RecurrentCase:
    """One layer on one batch: "lstm", "rnn_tanh" or "rnn_relu"; `lengths` is () where all rows are full."""

    kind: str
    num_layers: int = 1
    bidirectional: bool = False
    lengths: tuple[int, ...] = ()
    sizes: tuple[int, int, int, int] = (5, 3, 3, 4)  # T, B, D, H
    seed: int = 0

    @property
    def name(self):
        parts = [self.kind, f"{self.num_layers}_layers"] + ["bidirectional"] * self.bidirectional
        return "_".join(parts + ["ragged"] * bool(self.lengths))

    def suffixes(self):
        directions = ("", "_reverse") if self.bidirectional else ("",)
        return [f"_l{layer}{direction}" for layer, direction in product(range(self.num_layers), directions)]

    def draw(self):
        """All arrays that go in: weights, input, initial state, and the gradients from above."""
        rng = np.random.default_rng(self.seed)
        T, B, D, H = self.sizes
        directions = 1 + self.bidirectional
        rows = (4 if self.kind == "lstm" else 1) * H
        shapes = {}
        for suffix in self.suffixes():
            shapes["weight_ih" + suffix] = (rows, D if "_l0" in suffix else directions * H)
            shapes["weight_hh" + suffix] = (rows, H)
            shapes["bias_ih" + suffix] = shapes["bias_hh" + suffix] = (rows,)
        state = (self.num_layers * directions, B, H)
        scale = H**-0.5
        arrays = {name: rng.uniform(-scale, scale, shape) for name, shape in shapes.items()}
        outside = {"x": (T, B, D), "h0": state, "dy": (T, B, directions * H), "dh": state}
        if self.kind == "lstm":
            outside |= {"c0": state, "dc": state}
        arrays |= {name: rng.normal(size=shape) for name, shape in outside.items()}
        return {name: array.astype(np.float32) for name, array in arrays.items()}

    def run(self, arrays, dtype):
        """What gatewise gives: outputs, states, and the gradient of everything that went in."""
        arrays = {name: array.astype(dtype) for name, array in arrays.items()}
        kind, _, activation = self.kind.partition("_")
        options = {"activation": activation} if activation else {}
        _, _, D, H = self.sizes
        layer = (LSTM if kind == "lstm" else RNN)(
            D, H, self.num_layers, bidirectional=self.bidirectional, dtype=dtype, **options
        )
        for suffix in self.suffixes():
            for part in ("weight_ih", "weight_hh"):
                layer.parameters[part + suffix][...] = arrays[part + suffix]
            layer.parameters["bias" + suffix][...] = arrays["bias_ih" + suffix] + arrays["bias_hh" + suffix]

        nothing = np.zeros(0, dtype)
        state, dstate = (State(arrays[h], arrays.get(c, nothing)) for h, c in (("h0", "c0"), ("dh", "dc")))
        y, last, cache = layer.forward(arrays["x"], state, np.array(self.lengths) if self.lengths else None)
        dx, dfirst = layer.backward(arrays["dy"], cache, dstate)
        results = {"y": y, "h": last.h, "dx": dx, "dh0": dfirst.h}
        if kind == "lstm":
            results |= {"c": last.c, "dc0": dfirst.c}
        return results | {f"d{name}": view for name, view in layer.gradients.items()}


RECURRENT_CASES = [
    RecurrentCase(kind, num_layers, bidirectional, lengths, seed=seed)
    for seed, (kind, num_layers, bidirectional, lengths) in enumerate(
        product(("lstm", "rnn_tanh", "rnn_relu"), (1, 2), (False, True), ((), (3, 5, 1)))
    )
]
