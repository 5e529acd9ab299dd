"""Attention of a decoder to be held against PyTorch, each score with all steps valid and with padding."""

from dataclasses import dataclass

import numpy as np

from gatewise.nn import Attention

T, B, S, Q, M, A = 4, 3, 5, 3, 6, 4
SHAPES = {
    "dot": {},
    "general": {"weight_memory": (Q, M)},
    "additive": {"weight_memory": (A, M), "weight_query": (A, Q), "weight_score": (A,)},
}


@dataclass(frozen=True)
class AttentionCase:
    """T queries of B memories; the ragged ones have 2, 5 and 1 steps."""

    score: str
    ragged: bool = False
    seed: int = 0

    @property
    def name(self):
        return f"attention_{self.score}" + "_ragged" * self.ragged

    @property
    def width(self):
        """Of the query."""
        return M if self.score == "dot" else Q

    def draw(self):
        rng = np.random.default_rng(self.seed)
        shapes = {"memory": (S, B, M), "query": (T, B, self.width), "dcontext": (T, B, M)}
        arrays = {name: rng.normal(size=shape) for name, shape in (shapes | SHAPES[self.score]).items()}
        arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
        return arrays | {"lengths": np.array([2, 5, 1] if self.ragged else [S] * B)}

    def run(self, arrays, dtype):
        """What gatewise gives: contexts, weights, and the gradient of everything that went in."""
        floats = {name: array.astype(dtype) for name, array in arrays.items() if name != "lengths"}
        options = {"attention_size": A} if self.score == "additive" else {}
        layer = Attention(self.width, M, score=self.score, dtype=dtype, **options)
        layer.parameters.assign({name: floats[name] for name in layer.parameters})
        prepared = layer.prepare(floats["memory"], arrays["lengths"])
        context, cache = layer.forward(floats["query"], prepared)
        gradient = layer.memory_gradient(prepared)
        results = {"context": context, "weights": cache.weights}
        results["dquery"] = layer.backward(floats["dcontext"], cache, gradient)
        results["dmemory"] = layer.memory_backward(gradient)
        return results | {f"d{name}": array for name, array in layer.gradients.items()}


ATTENTION_CASES = [
    AttentionCase(score, ragged, seed)
    for seed, (score, ragged) in enumerate(
        ((score, ragged) for score in SHAPES for ragged in (False, True)), start=400
    )
]
