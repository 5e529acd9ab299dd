"""An affine map of the last axis."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_dtype, check_scale, check_shape, check_sizes
from gatewise.nn._projection import project, project_backward
from gatewise.nn.embedding import Embedding
from gatewise.nn.layer import Layer
from gatewise.nn.parameters import Parameters
from gatewise.ops.held import Held
from gatewise.random_streams import generator
from gatewise.types import Array, Seed

__all__ = ["TIED_SCALE", "Linear", "LinearCache", "TiedLinear"]

TIED_SCALE = 0.1
"""``init_scale`` for an embedding whose table also makes logits: rows from a standard normal distribution
would make them of the size of √E (Merity et al. 2018)."""


class LinearCache(NamedTuple):
    """What ``backward`` needs: x (..., D), not copied, and that it and the weights are as they were."""

    x: Array
    held: Held


class Linear(Layer):
    """y = x Wᵀ + b over the last axis.

    Args:
        input_size: D.
        output_size: K.
        bias: False leaves b out.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); 1/√D where omitted.
            b starts at 0.
        seed: where the draws come from. Layers of one network share a generator, lest those of one shape
            begin equal.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        bias: bool = True,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        check_sizes("Linear", input_size=input_size, output_size=output_size)
        check_scale("Linear", init_scale)
        shapes: dict[str, tuple[int, ...]] = {"weight": (output_size, input_size)}
        if bias:
            shapes["bias"] = (output_size,)
        super().__init__(shapes, dtype)
        scale = input_size**-0.5 if init_scale is None else init_scale
        self.parameters["weight"][...] = generator(seed).uniform(-scale, scale, shapes["weight"])

    @property
    def weight(self) -> Array:
        """W (K, D)."""
        return self.parameters["weight"]

    @property
    def _weight_gradient(self) -> Array:
        return self.gradients["weight"]

    @property
    def _weight_owner(self) -> Parameters:
        return self.parameters

    def forward(self, x: Array) -> tuple[Array, LinearCache]:
        """(..., D) to (..., K), and the cache that ``backward`` needs.

        Args:
            x: to be left as it is until ``backward``.

        Raises:
            ArgumentError: the last axis is not D, or the type is another.
        """
        y = self(x)
        return y, LinearCache(x, Held(x=x, parameters=self._weight_owner))

    def __call__(self, x: Array) -> Array:
        """``forward`` without the cache."""
        check_dtype("Linear", "x", x, self.dtype)
        weight = self.weight
        if x.shape[-1] != weight.shape[1]:
            raise ArgumentError(f"Linear: x has shape {x.shape}; expected a last axis of {weight.shape[1]}.")
        return project(x, weight, self.parameters.get("bias"))

    def backward(self, dy: Array, cache: LinearCache) -> Array:
        """Dx (..., D) from dy (..., K); adds to the gradients.

        Raises:
            ArgumentError: dy does not fit, or x or the weights have changed since ``forward``.
        """
        check_shape("Linear", "dy", dy, (*cache.x.shape[:-1], len(self.weight)), self.dtype)
        cache.held.check(type(self).__name__)
        return self.gradients_of(dy, cache.x)

    def gradients_of(self, dy: Array, x: Array) -> Array:
        """``backward`` for whoever has kept x (..., D) himself, and knows that nothing has changed since."""
        return project_backward(x, self.weight, dy, self._weight_gradient, self.gradients.get("bias"))


class TiedLinear(Linear):
    """A linear map to the symbols of an embedding, y = x Wᵀ + b with W the embedding's own table.

    What the network knows of a symbol as an input then also serves where it predicts it, and a large
    vocabulary costs one table instead of two (Press & Wolf 2017; Inan et al. 2017). It owns b alone; the
    gradient of W is added to the embedding's.

    Args:
        embedding: of the same network, (V, E); x has E columns, and y has V.
    """

    def __init__(self, embedding: Embedding) -> None:
        Layer.__init__(self, {"bias": (len(embedding.parameters["weight"]),)}, embedding.dtype)
        self.embedding = embedding

    @property
    def weight(self) -> Array:
        """The embedding's table (V, E)."""
        return self.embedding.parameters["weight"]

    @property
    def _weight_gradient(self) -> Array:
        return self.embedding.gradients["weight"]

    @property
    def _weight_owner(self) -> Parameters:
        return self.embedding.parameters
