"""A sequence's steps weighed against each other by a learnt query."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_scale, check_sequence, check_shape, check_sizes
from gatewise.nn.layer import Layer
from gatewise.ops.held import Held
from gatewise.ops.pooling import AttentionCache, attention_pool, attention_pool_backward
from gatewise.random_streams import generator
from gatewise.types import Array, IntArray, Seed

__all__ = ["AttentionPooling", "AttentionPoolingCache"]


class AttentionPoolingCache(NamedTuple):
    """The pooling's own cache, the keys tanh(W y + b) (T, B, A), and that the parameters are as they were."""

    pooling: AttentionCache
    keys: Array
    held: Held


class AttentionPooling(Layer):
    """One vector from a sequence: a mean of its steps, weighed by how well each answers a learnt query.

    A step's score is additive, qᵀ tanh(W y + b) (Bahdanau et al. 2015), with one query q for all sequences;
    the weights are the softmax of the scores over the valid steps (Yang et al. 2016, equations 5 to 7).

    Args:
        input_size: H.
        attention_size: A, width of the keys.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); 1/√H and 1/√A where omitted.
            b starts at 0.
        seed: where the draws come from. Layers of one network share a generator, lest those of one shape
            begin equal.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        input_size: int,
        attention_size: int,
        *,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        check_sizes("AttentionPooling", input_size=input_size, attention_size=attention_size)
        check_scale("AttentionPooling", init_scale)
        super().__init__(
            {
                "weight": (attention_size, input_size),
                "bias": (attention_size,),
                "query": (attention_size,),
            },
            dtype,
        )
        rng = generator(seed)
        for name, fan_in in (("weight", input_size), ("query", attention_size)):
            scale = fan_in**-0.5 if init_scale is None else init_scale
            self.parameters[name][...] = rng.uniform(-scale, scale, self.parameters[name].shape)

    def forward(self, y: Array, lengths: IntArray) -> tuple[Array, AttentionPoolingCache]:
        """(T, B, H) to (B, H), and the cache that ``backward`` needs.

        Args:
            y: (T, B, H).
            lengths: (B,) valid steps of each sequence, 1 to T.

        Raises:
            ArgumentError: a shape, a type or a length does not fit.
        """
        weight = self.parameters["weight"]
        check_sequence("AttentionPooling", y, weight.shape[1], self.dtype, lengths, None)
        if lengths.min() < 1:
            raise ArgumentError(
                f"AttentionPooling: sequence {int(lengths.argmin())} has no step; expected at least one each."
            )
        keys = np.tanh(y @ weight.T + self.parameters["bias"])
        pooled, cache = attention_pool(y, keys @ self.parameters["query"], lengths)
        return pooled, AttentionPoolingCache(cache, keys, Held(parameters=self.parameters))

    def __call__(self, y: Array, lengths: IntArray) -> Array:
        """``forward`` without the cache."""
        return self.forward(y, lengths)[0]

    def backward(self, dpooled: Array, cache: AttentionPoolingCache) -> Array:
        """Dy (T, B, H) from dpooled (B, H); adds to the gradients.

        Raises:
            ArgumentError: dpooled does not fit, or y or the parameters have changed since ``forward``.
        """
        keys, y = cache.keys, cache.pooling.y
        check_shape("AttentionPooling", "dpooled", dpooled, y.shape[1:], self.dtype)
        cache.held.check("AttentionPooling")
        dy, dscores = attention_pool_backward(dpooled, cache.pooling)
        self.gradients["query"][...] += np.einsum("tb,tba->a", dscores, keys)
        dz = dscores[..., None] * self.parameters["query"] * (1 - keys * keys)
        rows = dz.reshape(-1, dz.shape[-1])
        self.gradients["weight"][...] += rows.T @ y.reshape(-1, y.shape[-1])
        self.gradients["bias"][...] += rows.sum(axis=0)
        dy += dz @ self.parameters["weight"]
        return dy
