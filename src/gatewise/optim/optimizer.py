"""What all optimisers share: one pass over one flat vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.nn.layer import Layer
from gatewise.types import Array

__all__ = ["Optimizer", "check_fraction", "check_rate"]


class Optimizer:
    """Base of the optimisers: ``step`` moves a layer's parameters along its gradients.

    Attributes:
        learning_rate: may be set between steps, as schedules do.
        steps: updates made so far.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    """Names of the vectors an optimiser keeps, each as long as the parameters."""

    def __init__(self, layer: Layer, learning_rate: float) -> None:
        check_rate(type(self).__name__, learning_rate=learning_rate)
        self.layer = layer
        self.learning_rate = learning_rate
        self.steps = 0
        for slot in self.slots:
            setattr(self, slot, np.zeros_like(self.parameters))

    @property
    def parameters(self) -> Array:
        """The layer's flat parameter vector."""
        return self.layer.parameters.vector

    @property
    def gradients(self) -> Array:
        """The layer's flat gradient vector."""
        return self.layer.gradients.vector

    @property
    def weights(self) -> Array:
        """The vector to evaluate and to ship: the parameters, unless the optimiser averages them."""
        return self.parameters

    def step(self) -> None:
        """One update of the parameters, in place."""
        self.steps += 1
        self._update(self.parameters, self.gradients)

    def _update(self, parameters: Array, gradients: Array) -> None:
        raise NotImplementedError

    def state(self) -> dict[str, Array]:
        """Copies of all that a checkpoint needs, by name."""
        arrays = {slot: getattr(self, slot).copy() for slot in self.slots}
        return {"steps": np.array(self.steps, dtype=np.int64), **arrays}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from what ``state`` returned.

        Raises:
            ArgumentError: a vector is missing or does not fit the parameters.
        """
        for slot in ("steps", *self.slots):
            shape = () if slot == "steps" else self.parameters.shape
            if slot not in state or state[slot].shape != shape:
                found = f"has shape {state[slot].shape}" if slot in state else "is missing"
                raise ArgumentError(
                    f"{type(self).__name__}: {slot!r} {found}; expected an array of shape {shape}."
                )
        steps = state["steps"]
        if not np.issubdtype(steps.dtype, np.integer) or steps < 0:
            raise ArgumentError(
                f"{type(self).__name__}: 'steps' is {steps}; expected a whole number of at least 0."
            )
        self.steps = int(steps)
        for slot in self.slots:
            getattr(self, slot)[...] = state[slot]


def check_rate(owner: str, **values: float) -> None:
    """Refuse what is not a finite number of at least 0."""
    for name, value in values.items():
        if not (np.isfinite(value) and value >= 0):
            raise ArgumentError(f"{owner}: {name}={value!r}; expected a finite number of at least 0.")


def check_fraction(owner: str, **values: float) -> None:
    """Refuse what does not lie in [0, 1)."""
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ArgumentError(f"{owner}: {name}={value!r}; expected a number in [0, 1).")
