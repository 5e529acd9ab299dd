"""What all layers share: they own parameters and gradients, and can move into a larger network."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn.parameters import Parameters, Shapes
from gatewise.types import Array

__all__ = ["Layer", "Network", "check_dtype", "check_sizes"]


class Layer:
    """A layer with parameters, and with ``forward`` and ``backward`` written by hand.

    ``forward`` returns a cache that ``backward`` takes; ``backward`` *adds* to ``gradients``.

    Attributes:
        parameters: named views into one flat vector.
        gradients: the same for ∂L/∂parameters.
    """

    parameters: Parameters
    gradients: Parameters

    def __init__(self, shapes: Shapes, dtype: npt.DTypeLike) -> None:
        self.parameters = Parameters(shapes, dtype)
        self.gradients = Parameters(shapes, dtype)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the parameters, and of all that the layer takes and returns."""
        return self.parameters.vector.dtype

    def zero_gradients(self) -> None:
        """Set all gradients to zero, as before each training step."""
        self.gradients.vector[...] = 0

    def _move_into(self, parameters: Array, gradients: Array) -> None:
        """Live in these vectors from now on, with the parameters as they are."""
        parameters[...] = self.parameters.vector
        self.parameters = Parameters(self.parameters.shapes, vector=parameters)
        self.gradients = Parameters(self.gradients.shapes, vector=gradients)


class Network(Layer):
    """Layers under names, all living in one flat vector.

    A parameter's name is its layer's name and its own: ``lstm.weight_hh_l0``.
    """

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        shapes = {
            f"{prefix}.{name}": shape
            for prefix, layer in layers.items()
            for name, shape in layer.parameters.shapes.items()
        }
        super().__init__(shapes, next(iter(layers.values())).dtype)
        offset = 0
        for layer in layers.values():
            part = slice(offset, offset + layer.parameters.vector.size)
            layer._move_into(self.parameters.vector[part], self.gradients.vector[part])
            offset = part.stop


def check_sizes(owner: str, **sizes: object) -> None:
    """Refuse sizes that are not positive integers."""
    for name, size in sizes.items():
        if type(size) is bool or not isinstance(size, Integral) or size < 1:
            raise ArgumentError(f"{owner}: {name}={size!r}; expected a whole number of at least 1.")


def check_dtype(owner: str, name: str, values: object, dtype: np.dtype[Any]) -> None:
    """Refuse arrays of another type; converting in silence would hide a copy or lose precision."""
    if not isinstance(values, np.ndarray) or values.dtype != dtype:
        found = f"dtype {values.dtype}" if isinstance(values, np.ndarray) else f"type {type(values).__name__}"
        raise ArgumentError(
            f"{owner}: {name} has {found}; this layer computes in {dtype}: "
            f"pass np.asarray({name}, dtype=np.{dtype}), or make the layer with another dtype."
        )
