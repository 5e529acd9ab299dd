"""An affine map of the last axis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_dtype, check_scale, check_shape, check_sizes
from gatewise.nn.layer import Layer
from gatewise.types import Array, Seed

__all__ = ["Linear"]


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
        self.parameters["weight"][...] = np.random.default_rng(seed).uniform(-scale, scale, shapes["weight"])

    def forward(self, x: Array) -> tuple[Array, Array]:
        """(..., D) to (..., K), and the cache that ``backward`` needs.

        Raises:
            ArgumentError: the last axis is not D, or the type is another.
        """
        check_dtype("Linear", "x", x, self.dtype)
        weight = self.parameters["weight"]
        if x.shape[-1] != weight.shape[1]:
            raise ArgumentError(f"Linear: x has shape {x.shape}; expected a last axis of {weight.shape[1]}.")
        rows, bias = x.reshape(-1, x.shape[-1]), self.parameters.get("bias")
        if kernels.runs_natively(self.dtype):
            y = kernels.linear_forward(rows, weight, bias)
        else:
            y = rows @ weight.T
            if bias is not None:
                y += bias
        return y.reshape(*x.shape[:-1], len(weight)), x

    def __call__(self, x: Array) -> Array:
        """``forward`` without the cache."""
        return self.forward(x)[0]

    def backward(self, dy: Array, cache: Array) -> Array:
        """Dx (..., D) from dy (..., K); adds to the gradients."""
        check_shape("Linear", "dy", dy, (*cache.shape[:-1], len(self.parameters["weight"])), self.dtype)
        dy, x = dy.reshape(-1, dy.shape[-1]), cache.reshape(-1, cache.shape[-1])
        weight = self.parameters["weight"]
        dweight, dbias = self.gradients["weight"], self.gradients.get("bias")
        if kernels.runs_natively(self.dtype):
            dx = kernels.linear_backward(x, weight, dy, dweight, dbias)
        else:
            dweight += dy.T @ x
            if dbias is not None:
                dbias += dy.sum(axis=0)
            dx = dy @ weight
        return dx.reshape(cache.shape)
