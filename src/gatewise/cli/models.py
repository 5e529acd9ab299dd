"""Model files that commands ask for, and what they say of models of another kind."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from gatewise.errors import ArgumentError
from gatewise.tasks import (
    Estimator,
    Forecaster,
    LanguageModel,
    SequenceClassifier,
    SequenceTagger,
    Translator,
    load,
)

__all__ = ["check_kind", "kinds_told", "load_forecaster", "load_language_model"]

Model = TypeVar("Model", bound=Estimator)

_TOLD: dict[type[Estimator], str] = {
    Forecaster: "a forecaster",
    LanguageModel: "a language model",
    SequenceClassifier: "a classifier",
    SequenceTagger: "a tagger",
    Translator: "a translator",
}


def kinds_told(*kinds: type[Estimator]) -> str:
    """What models of some kinds are called, as in "a classifier or a tagger"."""
    *first, last = (_TOLD[kind] for kind in kinds)
    return f"{', '.join(first)} or {last}" if first else last


def check_kind(given: str, kinds: tuple[type[Estimator], ...], model: Estimator, path: Path) -> None:
    """Refuse what is given for a model of another kind.

    Args:
        given: the option, or ``name=value`` of it.
        kinds: of models that it is for.
        model: that it is given for.
        path: of the model's file.

    Raises:
        ArgumentError: the model is of none of these kinds.
    """
    if not isinstance(model, kinds):
        raise ArgumentError(
            f"{given} is for {kinds_told(*kinds)}, and {str(path)!r} holds {kinds_told(type(model))}; leave "
            "it out, or name another model."
        )


def load_language_model(path: Path) -> LanguageModel:
    """A model file that holds a language model.

    Raises:
        ArgumentError: it holds another kind of model.
    """
    return _loaded(path, LanguageModel)


def load_forecaster(path: Path) -> Forecaster:
    """A model file that holds a forecaster.

    Raises:
        ArgumentError: it holds another kind of model.
    """
    return _loaded(path, Forecaster)


def _loaded(path: Path, kind: type[Model]) -> Model:
    model = load(path)
    if not isinstance(model, kind):
        raise ArgumentError(f"{str(path)!r} holds {kinds_told(type(model))}; expected {kinds_told(kind)}.")
    return model
