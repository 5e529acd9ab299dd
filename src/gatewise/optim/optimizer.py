"""What all optimisers share: one pass over one flat vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.nn.layer import Layer
from gatewise.optim.clipping import check_limit, gradient_norm
from gatewise.types import Array

__all__ = ["Optimizer", "Update", "check_fraction", "check_rate"]


class Update(NamedTuple):
    """What came of a step.

    Attributes:
        gradient_norm: before clipping; where it is inf or nan, the step was refused and nothing is changed.
        finite: whether all parameters are finite now.
    """

    gradient_norm: float
    finite: bool


class Optimizer:
    """Base of the optimisers: ``step`` moves a layer's parameters along its gradients.

    A class of this family defines ``_update``. Where a native kernel knows the same formula, it defines
    ``_rule`` beside it; an ``_update`` without a ``_rule`` in the same class runs in NumPy.

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

    def step(self, clip_norm: float | None = None, *, before: Array | None = None) -> Update:
        """One update of the parameters, in place. The gradients stay as they are.

        Args:
            clip_norm: the update is that of gradients scaled to at most this norm; None for no limit.
            before: filled with a copy of the parameters as they were, unless the step is refused.

        Returns:
            The gradient's norm, and whether the parameters are finite. A norm that is inf or nan refuses the
            step: nothing is changed.

        Raises:
            ArgumentError: ``clip_norm`` is not above 0.
        """
        if clip_norm is not None:
            check_limit("clip_norm", clip_norm)
        limit = np.inf if clip_norm is None else clip_norm
        parameters, gradients = self.parameters, self.gradients
        self.steps += 1
        rule = self._rule() if kernels.runs_natively(parameters.dtype) else None
        if rule is not None:
            update = Update(*kernels.optimiser_step(rule, parameters, gradients, limit, before))
        else:
            update = self._step(parameters, gradients, limit, before)
        if np.isfinite(update.gradient_norm):
            self.layer.parameters.note_change()
        else:
            self.steps -= 1
        return update

    def _step(self, parameters: Array, gradients: Array, limit: float, before: Array | None) -> Update:
        """``step`` in NumPy."""
        norm = gradient_norm(gradients)
        if not np.isfinite(norm):
            return Update(norm, True)
        if norm > limit:
            gradients = gradients * (limit / norm)
        if before is not None:
            before[...] = parameters
        self._update(parameters, gradients)
        return Update(norm, bool(np.isfinite(parameters).all()))

    def _update(self, parameters: Array, gradients: Array) -> None:
        """Move the parameters in place; ``steps`` counts this update already."""
        raise NotImplementedError

    def _rule(self) -> kernels.Rule | None:
        """What ``_update`` does, for the native kernel; None where it has no kernel."""
        return None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "_update" in vars(cls) and "_rule" not in vars(cls):
            cls._rule = Optimizer._rule  # type: ignore[method-assign]  # an inherited one is of another formula

    def validated(self, loss: float) -> None:
        """Take note of a validation loss; most optimisers have no use for it."""

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
