"""Embedding, Linear and the losses to be held against PyTorch, alone and as one small network."""

from dataclasses import dataclass

import numpy as np

from gatewise.nn import LSTM, Embedding, Linear
from gatewise.ops import (
    cross_entropy,
    cross_entropy_backward,
    squared_error,
    squared_error_backward,
)

T, B, V, E, H = 4, 3, 6, 3, 4


def _draw_mask(rng):
    mask = rng.random((T, B)) < 0.6
    mask[0] = True
    return mask


@dataclass(frozen=True)
class LayerCase:
    """One of the calculations below. `masked` leaves some targets out of the mean."""

    name: str
    masked: bool = False
    seed: int = 0

    def draw(self):
        rng = np.random.default_rng(self.seed)
        arrays = {
            "logits": 3 * rng.normal(size=(T, B, V)),
            "x": rng.normal(size=(T, B, E)),
            "dy": rng.normal(size=(T, B, E)),
            "table": rng.normal(size=(V, E)),
            "weight_ih": rng.uniform(-0.5, 0.5, (4 * H, E)),
            "weight_hh": rng.uniform(-0.5, 0.5, (4 * H, H)),
            "bias_ih": rng.uniform(-0.5, 0.5, 4 * H),
            "bias_hh": rng.uniform(-0.5, 0.5, 4 * H),
            "weight": rng.normal(size=(V, H)),
            "bias": rng.normal(size=V),
            "prediction": rng.normal(size=(T, B)),
            "target": rng.normal(size=(T, B)),
        }
        whole = {"tokens": rng.integers(0, V, (T, B)), "targets": rng.integers(0, V, (T, B))}
        masks = {"mask": _draw_mask(rng)} if self.masked else {}
        arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
        return {
            name: array
            for name, array in (arrays | whole | masks).items()
            if name in NEEDS[self.kind] + ("mask",)
        }

    @property
    def kind(self):
        return self.name.removesuffix("_masked")

    def run(self, arrays, dtype):
        floats = {name: array.astype(dtype) for name, array in arrays.items() if array.dtype == np.float32}
        return RUNS[self.kind]({"mask": None} | arrays | floats, dtype)


def _embedding(arrays, dtype):
    layer = Embedding(V, E, dtype=dtype)
    layer.parameters.assign({"weight": arrays["table"]})
    y, cache = layer.forward(arrays["tokens"])
    layer.backward(arrays["dy"], cache)
    return {"y": y, "dtable": layer.gradients["weight"]}


def _linear(arrays, dtype):
    layer = Linear(E, 4 * H, dtype=dtype)
    layer.parameters.assign({"weight": arrays["weight_ih"], "bias": arrays["bias_ih"]})
    y, cache = layer.forward(arrays["x"])
    dx = layer.backward(y, cache)
    return {"y": y, "dx": dx, "dweight_ih": layer.gradients["weight"], "dbias_ih": layer.gradients["bias"]}


def _cross_entropy(arrays, dtype):
    loss, cache = cross_entropy(arrays["logits"], arrays["targets"], arrays["mask"])
    return {"loss": np.array(loss), "dlogits": cross_entropy_backward(cache)}


def _squared_error(arrays, dtype):
    loss, cache = squared_error(arrays["prediction"], arrays["target"], arrays["mask"])
    return {"loss": np.array(loss), "dprediction": squared_error_backward(cache)}


def _network(arrays, dtype):
    """Embedding, LSTM, Linear, cross-entropy."""
    embedding, lstm, output = Embedding(V, E, dtype=dtype), LSTM(E, H, dtype=dtype), Linear(H, V, dtype=dtype)
    embedding.parameters.assign({"weight": arrays["table"]})
    lstm.parameters.assign(
        {
            "weight_ih_l0": arrays["weight_ih"],
            "weight_hh_l0": arrays["weight_hh"],
            "bias_l0": arrays["bias_ih"] + arrays["bias_hh"],
        }
    )
    output.parameters.assign({"weight": arrays["weight"], "bias": arrays["bias"]})

    x, embedded = embedding.forward(arrays["tokens"])
    y, _, through_time = lstm.forward(x)
    logits, projected = output.forward(y)
    loss, cache = cross_entropy(logits, arrays["targets"], arrays["mask"])
    embedding.backward(
        lstm.backward(output.backward(cross_entropy_backward(cache), projected), through_time)[0], embedded
    )
    return {
        "loss": np.array(loss),
        "dtable": embedding.gradients["weight"],
        "dweight_ih": lstm.gradients["weight_ih_l0"],
        "dweight_hh": lstm.gradients["weight_hh_l0"],
        "dbias_ih": lstm.gradients["bias_l0"],
        "dweight": output.gradients["weight"],
        "dbias": output.gradients["bias"],
    }


RUNS = {
    "embedding": _embedding,
    "linear": _linear,
    "cross_entropy": _cross_entropy,
    "squared_error": _squared_error,
    "network": _network,
}
NEEDS = {
    "embedding": ("tokens", "table", "dy"),
    "linear": ("x", "weight_ih", "bias_ih"),
    "cross_entropy": ("logits", "targets"),
    "squared_error": ("prediction", "target"),
    "network": (
        "tokens",
        "targets",
        "table",
        "weight_ih",
        "weight_hh",
        "bias_ih",
        "bias_hh",
        "weight",
        "bias",
    ),
}
LAYER_CASES = [LayerCase(name, seed=seed) for seed, name in enumerate(RUNS, start=100)] + [
    LayerCase(f"{name}_masked", masked=True, seed=seed)
    for seed, name in enumerate(("cross_entropy", "squared_error", "network"), start=200)
]
