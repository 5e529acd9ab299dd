"""Layer normalisation as a layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_dtype, check_shape, check_sizes
from gatewise.nn.layer import Layer
from gatewise.ops.held import Held
from gatewise.ops.layer_norm import LayerNormCache, layer_norm, layer_norm_backward
from gatewise.types import Array

__all__ = ["LayerNorm"]


class LayerNorm(Layer):
    """Brings each vector to mean 0 and variance 1, then stretches and moves it (Ba et al. 2016).

    ``weight`` (H,) begins at 1, ``bias`` (H,) at 0, as in PyTorch's ``nn.LayerNorm``. The equations stand in
    ``gatewise.ops.layer_norm``.

    Args:
        size: H, of the last axis.
        epsilon: added to the variance.
        dtype: float32 or float64.

    Raises:
        ArgumentError: size is not a positive integer, or epsilon no positive number.

    Example:
        >>> import numpy as np, gatewise as gw
        >>> norm = gw.nn.LayerNorm(2)
        >>> norm(np.array([[1, 3]], dtype=np.float32)).round(2).tolist()
        [[-1.0, 1.0]]
    """

    def __init__(self, size: int, epsilon: float = 1e-5, *, dtype: npt.DTypeLike = np.float32) -> None:
        check_sizes("LayerNorm", size=size)
        if not 0 < epsilon < np.inf:
            raise ArgumentError(f"LayerNorm: epsilon={epsilon!r}; expected a number above 0, such as 1e-5.")
        super().__init__({"weight": (size,), "bias": (size,)}, dtype)
        self.epsilon = epsilon
        self.parameters["weight"][...] = 1

    def forward(self, x: Array) -> tuple[Array, LayerNormCache]:
        """(..., H) normalised, and the cache that ``backward`` needs.

        Raises:
            ArgumentError: x has another width or type.
        """
        weight, bias = self.parameters["weight"], self.parameters["bias"]
        check_dtype("LayerNorm", "x", x, self.dtype)
        if x.shape[-1:] != weight.shape:
            raise ArgumentError(f"LayerNorm: x has shape {x.shape}; expected (..., {len(weight)}).")
        y, cache = layer_norm(x, weight, bias, self.epsilon, watch=False)
        return y, cache._replace(held=Held(parameters=self.parameters))

    def __call__(self, x: Array) -> Array:
        """``forward`` without the cache."""
        return self.forward(x)[0]

    def backward(self, dy: Array, cache: LayerNormCache) -> Array:
        """Dx (..., H) from dy (..., H); adds to the gradients.

        Raises:
            ArgumentError: dy has another shape or type than y, or the parameters have changed since
                ``forward``.
        """
        check_shape("LayerNorm", "dy", dy, cache.normalised.shape, self.dtype)
        dx, dweight, dbias = layer_norm_backward(dy, cache)
        self.gradients["weight"][...] += dweight
        self.gradients["bias"][...] += dbias
        return dx
