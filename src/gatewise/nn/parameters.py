"""Named arrays that are views into one contiguous vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.types import Array

__all__ = ["Parameters", "Shapes"]

Shapes = Mapping[str, tuple[int, ...]]


class Parameters(Mapping[str, Array]):
    """A model's parameters, or its gradients: one flat vector, and a view of it for each name.

    The optimiser, the gradient norm and the checkpoint use ``vector``; layers use the views.

    Args:
        shapes: shape of each array, in the order in which they lie in the vector.
        dtype: of a new vector of zeros.
        vector: an existing vector to look at instead.
    """

    def __init__(
        self, shapes: Shapes, dtype: npt.DTypeLike = np.float32, vector: Array | None = None
    ) -> None:
        self.shapes = dict(shapes)
        sizes = [int(np.prod(shape)) for shape in self.shapes.values()]
        self.vector: Array = np.zeros(sum(sizes), dtype) if vector is None else vector
        self._views: dict[str, Array] = {}
        offset = 0
        for (name, shape), size in zip(self.shapes.items(), sizes, strict=True):
            self._views[name] = self.vector[offset : offset + size].reshape(shape)
            offset += size

    def __getitem__(self, name: str) -> Array:
        try:
            return self._views[name]
        except KeyError:
            raise KeyError(f"no parameter {name!r}; there are {', '.join(self._views)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def assign(self, values: Mapping[str, Array]) -> None:
        """Copy ``values`` into the vector.

        Raises:
            ArgumentError: a name is missing, unknown, or has another shape.
        """
        for name in [*values, *self]:
            if name not in self or name not in values:
                where = "missing from the values" if name in self else "not one of this model's parameters"
                raise ArgumentError(f"parameter {name!r} is {where}; expected exactly {', '.join(self)}.")
            if values[name].shape != self.shapes[name]:
                raise ArgumentError(
                    f"parameter {name!r} has shape {values[name].shape}; expected {self.shapes[name]}."
                )
        for name, value in values.items():
            self._views[name][...] = value

    def __reduce__(self) -> tuple[Any, ...]:
        # Copied piece by piece, the views would no longer look at the vector.
        return _unpickled, (self.shapes, self.vector)

    def __repr__(self) -> str:
        lines = [f"  {name}: {view.shape}" for name, view in self._views.items()]
        return "\n".join([f"Parameters of {self.vector.size:,} {self.vector.dtype} values:", *lines])


def _unpickled(shapes: Shapes, vector: Array) -> Parameters:
    """What was pickled; joblib hands its workers arrays in files mapped for reading only, here copied."""
    return Parameters(shapes, vector=vector if vector.flags.writeable else np.array(vector))
