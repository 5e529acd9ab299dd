"""Named arrays that are views into one contiguous vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.ops.held import LINES, RUN, WHOLE, chosen_runs, in_runs, mark_runs
from gatewise.types import Array, IntArray

__all__ = ["Parameters", "Shapes"]

Shapes = Mapping[str, tuple[int, ...]]


class Parameters(Mapping[str, Array]):
    """A model's parameters, or its gradients: one flat vector, and a view of it for each name.

    The optimiser, the gradient norm and the checkpoint use ``vector``; layers use the views.

    Args:
        shapes: shape of each array, in the order in which they lie in the vector.
        dtype: of a new vector of zeros.
        vector: an existing vector to look at instead.
        within: the parameters of a network whose vector this is a part of.
    """

    def __init__(
        self,
        shapes: Shapes,
        dtype: npt.DTypeLike = np.float32,
        vector: Array | None = None,
        within: Parameters | None = None,
    ) -> None:
        self._changes = 0
        self._within = within
        self._read: tuple[Array, Array, IntArray] | None = None
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
        self.note_change()

    @property
    def version(self) -> int:
        """A number that grows with each change that was noted, here or in the network this is a part of."""
        return self._changes + (0 if self._within is None else self._within.version)

    def note_change(self) -> None:
        """Say that the values were changed in place, as optimisers do: caches of before are then refused."""
        self._changes += 1

    def mark(self) -> tuple[int, int]:
        """What ``ops.held`` compares: the version, and a checksum that sees most writes that nobody noted.

        In a vector too long to be read as a whole some of each array is read, the smallest ones too.
        """
        if self.vector.nbytes <= WHOLE:
            vector: Any = self.vector
            return self.version, crc32(vector)
        if self._read is None:
            self._read = (*in_runs(self.vector), self._chosen_runs())
        return self.version, mark_runs(*self._read)

    def _chosen_runs(self) -> IntArray:
        """Some all over the vector, and some that lie evenly in each array."""
        ends = np.cumsum([view.size for view in self._views.values()])
        count, each = self.vector.size // RUN, max(2, LINES // len(ends))
        inside = [
            np.linspace(end - view.size, end - 1, each).astype(np.intp) // RUN
            for end, view in zip(ends, self._views.values(), strict=True)
        ]
        chosen = np.unique(np.concatenate([chosen_runs(count), *inside]))
        return chosen[chosen < count]

    def __reduce__(self) -> tuple[Any, ...]:
        # Copied piece by piece, the views would no longer look at the vector.
        return _unpickled, (self.shapes, self.vector)

    def __repr__(self) -> str:
        lines = [f"  {name}: {view.shape}" for name, view in self._views.items()]
        return "\n".join([f"Parameters of {self.vector.size:,} {self.vector.dtype} values:", *lines])


def _unpickled(shapes: Shapes, vector: Array) -> Parameters:
    """What was pickled; joblib hands its workers arrays in files mapped for reading only, here copied."""
    return Parameters(shapes, vector=vector if vector.flags.writeable else np.array(vector))
