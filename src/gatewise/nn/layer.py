"""What all layers share: they own parameters and gradients, and can move into a larger network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn.parameters import Parameters, Shapes
from gatewise.types import Array

__all__ = ["Layer", "Network"]


class Layer:
    """A layer with parameters, and with ``forward`` and ``backward`` written by hand.

    ``forward`` returns a cache that ``backward`` takes; ``backward`` *adds* to ``gradients``.

    Attributes:
        parameters: named views into one flat vector.
        gradients: the same for ∂L/∂parameters.
    """

    parameters: Parameters
    gradients: Parameters
    _owned = False

    def __init__(self, shapes: Shapes, dtype: npt.DTypeLike) -> None:
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ArgumentError(f"{type(self).__name__}: dtype={dtype!r}; expected float32 or float64.")
        self.parameters = Parameters(shapes, dtype)
        self.gradients = Parameters(shapes, dtype)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the parameters, and of all that the layer takes and returns."""
        return self.parameters.vector.dtype

    def zero_gradients(self) -> None:
        """Set all gradients to zero, as before each training step."""
        self.gradients.vector[...] = 0

    def _move_into(self, parameters: Array, gradients: Array, within: Parameters | None = None) -> None:
        """Live in these vectors from now on, with parameters and gradients as they are."""
        parameters[...], gradients[...] = self.parameters.vector, self.gradients.vector
        self.parameters = Parameters(self.parameters.shapes, vector=parameters, within=within)
        self.gradients = Parameters(self.gradients.shapes, vector=gradients)


class Network(Layer):
    """Layers under names, all living in one flat vector.

    A parameter's name is its layer's name and its own: ``lstm.weight_hh_l0``.

    Args:
        layers: by name; each lives in this network from now on, and a network may be one of them.

    Raises:
        ArgumentError: there is no layer, one is part of a network already, or their types differ.
    """

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        dtypes = {str(layer.dtype) for layer in layers.values()}
        if len(dtypes) != 1:
            raise ArgumentError(
                f"Network: layers have the dtypes {sorted(dtypes)}; expected layers of one dtype."
            )
        for name, layer in layers.items():
            if layer._owned or list(layers.values()).count(layer) > 1:
                raise ArgumentError(
                    f"Network: layer {name!r} is part of a network already; expected each layer once."
                )
        shapes = {
            f"{prefix}.{name}": shape
            for prefix, layer in layers.items()
            for name, shape in layer.parameters.shapes.items()
        }
        super().__init__(shapes, dtypes.pop())
        self._layers = dict(layers)
        for layer in layers.values():
            layer._owned = True
        self._take_in()

    def _take_in(self) -> None:
        """Let each layer live in its part of this network's vectors."""
        offset = 0
        for layer in self._layers.values():
            part = slice(offset, offset + layer.parameters.vector.size)
            layer._move_into(self.parameters.vector[part], self.gradients.vector[part], self.parameters)
            offset = part.stop

    def _move_into(self, parameters: Array, gradients: Array, within: Parameters | None = None) -> None:
        super()._move_into(parameters, gradients, within)
        self._take_in()

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A copy's layers come with vectors of their own.
        self.__dict__.update(state)
        self._take_in()
