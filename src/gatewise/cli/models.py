"""Model files that commands ask for."""

from __future__ import annotations

from pathlib import Path

from gatewise.errors import ArgumentError
from gatewise.tasks import Forecaster, LanguageModel, load

__all__ = ["load_forecaster", "load_language_model"]


def load_language_model(path: Path) -> LanguageModel:
    """A model file that holds a language model.

    Raises:
        ArgumentError: it holds another kind of model.
    """
    model = load(path)
    if not isinstance(model, LanguageModel):
        raise ArgumentError(f"{str(path)!r} holds a {type(model).__name__}; expected a LanguageModel.")
    return model


def load_forecaster(path: Path) -> Forecaster:
    """A model file that holds a forecaster.

    Raises:
        ArgumentError: it holds another kind of model.
    """
    model = load(path)
    if not isinstance(model, Forecaster):
        raise ArgumentError(f"{str(path)!r} holds a {type(model).__name__}; expected a Forecaster.")
    return model
