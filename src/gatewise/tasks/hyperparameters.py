"""Hyperparameters of estimators, by scikit-learn's conventions: stored as given, checked by ``fit``."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.optim.schedules import SCHEDULES
from gatewise.tasks.checks import check_choice, check_flag, check_number

__all__ = ["Hyperparameters"]


class Hyperparameters:
    """Base of ``Estimator``: what the constructor takes, and those of it that all estimators share."""

    _schedules: ClassVar[tuple[str, ...]] = tuple(SCHEDULES)
    """Names that ``schedule`` may have."""

    # The hyperparameters of training, which all estimators share.
    batch_size: int
    epochs: int
    learning_rate: float | None
    schedule: str | None
    weight_decay: float | None
    clip_norm: float | None
    patience: int | None
    validation_fraction: float
    seed: int
    time_limit: float | None
    progress: bool

    @classmethod
    def _hyperparameters(cls) -> list[str]:
        return [name for name in inspect.signature(cls).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Hyperparameters by name."""
        return {name: getattr(self, name) for name in self._hyperparameters()}

    def set_params(self, /, **params: Any) -> Self:
        """Change hyperparameters.

        Raises:
            ArgumentError: a name is unknown.
        """
        for name, value in params.items():
            if name not in self._hyperparameters():
                raise ArgumentError(
                    f"{type(self).__name__} has no hyperparameter {name!r}; "
                    f"it has {', '.join(self._hyperparameters())}."
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value != defaults[name].default
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def _check_hyperparameters(self) -> None:
        """Refuse values that cannot work, naming the hyperparameter."""
        raise NotImplementedError

    def _check_training(self) -> None:
        """Refuse values of the hyperparameters of training, the same for all estimators."""
        for name in ("batch_size", "epochs"):
            check_number(name, getattr(self, name), low=1, whole=True)
        check_choice("schedule", self._of_training("schedule"), self._schedules)
        check_number("learning_rate", self._of_training("learning_rate"), low=0, open_low=True)
        check_number("weight_decay", self._of_training("weight_decay"), low=0)
        check_number("clip_norm", self.clip_norm, low=0, open_low=True, optional=True)
        check_number("patience", self.patience, low=1, whole=True, optional=True)
        check_number("seed", self.seed, low=0, whole=True)
        check_number("time_limit", self.time_limit, low=0, open_low=True, optional=True)
        check_flag("progress", self.progress)

    def _of_training(self, name: str) -> Any:
        """Learning rate, schedule or weight decay; an estimator may have defaults that depend on others."""
        return getattr(self, name)

    def _config(self) -> dict[str, Any]:
        """Hyperparameters for JSON, which knows no NumPy numbers."""
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in self.get_params().items()
        }

    @classmethod
    def _from_config(cls, config: Mapping[str, Any]) -> Self:
        """An estimator with the hyperparameters that ``_config`` gave, as JSON has them: without tuples."""
        return cls().set_params(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
        )
