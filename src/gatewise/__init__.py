"""gatewise: LSTM networks on ordinary processors. Train one, look inside it, ship it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gatewise.errors import GatewiseError
from gatewise.version import __version__

if TYPE_CHECKING:
    from gatewise import data, lab, nn, ops, optim, tasks, training
    from gatewise.kernels import set_threads
    from gatewise.magnify import magnify
    from gatewise.tasks import (
        DynamicEvaluation,
        Forecaster,
        LanguageModel,
        NeuralCache,
        SequenceClassifier,
        SequenceTagger,
        Translator,
        load,
    )
    from gatewise.types import State

__all__ = [
    "DynamicEvaluation",
    "Forecaster",
    "GatewiseError",
    "LanguageModel",
    "NeuralCache",
    "SequenceClassifier",
    "SequenceTagger",
    "State",
    "Translator",
    "__version__",
    "data",
    "lab",
    "load",
    "magnify",
    "nn",
    "ops",
    "optim",
    "set_threads",
    "tasks",
    "training",
]

_ROOMS = {"data", "lab", "magnify", "nn", "ops", "optim", "tasks", "training"}
_HOMES = {
    "DynamicEvaluation": "gatewise.tasks",
    "Forecaster": "gatewise.tasks",
    "LanguageModel": "gatewise.tasks",
    "NeuralCache": "gatewise.tasks",
    "SequenceClassifier": "gatewise.tasks",
    "SequenceTagger": "gatewise.tasks",
    "State": "gatewise.types",
    "Translator": "gatewise.tasks",
    "load": "gatewise.tasks",
    "set_threads": "gatewise.kernels",
}


def __getattr__(name: str) -> Any:
    """Import a room when it is first asked for, so that ``import gatewise`` itself costs next to nothing."""
    if name in _ROOMS:
        return import_module(f"gatewise.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'gatewise' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
