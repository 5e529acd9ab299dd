"""What goes on from where something else ended: a training from a model, a validation from the training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gatewise.data.frequency import Frequency
from gatewise.data.panel import Panel, named
from gatewise.data.windows import WindowShape
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks.forecasting.contexts import after_kept_ends, steps_between
from gatewise.tasks.forecasting.setup import ForecastSetup
from gatewise.tasks.forecasting.split import Split, divided
from gatewise.tasks.warm_start import new_symbols

__all__ = ["after_training", "going_on", "refuse_other_setup"]


def refuse_other_setup(known: ForecastSetup, model: Any, frequency: Frequency, name: str) -> None:
    """Refuse what the windows of a model to begin with do not fit.

    Args:
        known: of that model.
        model: what is to begin with it.
        frequency: of the new data.
        name: what errors call the model to begin with.

    Raises:
        ArgumentError: the step of time differs, or the season, context or patch that is asked for.
    """
    if str(frequency) != str(known.frequency):
        raise ArgumentError(
            f"init={name} learnt steps of {known.frequency}, and the data have steps of {frequency}; "
            "expected the same. Resample the data, name their step with freq=, or leave init= out."
        )
    learnt = {
        "season_length": known.season,
        "context_length": known.shape.context,
        "patch_size": known.shape.patch,
    }
    for option, value in learnt.items():
        asked = getattr(model, option)
        if asked is not None and asked != value:
            raise ArgumentError(
                f"init={name} was trained with {option}={value}, and now {option}={asked}; its weights fit "
                f"no other. Give {option}={value}, or leave {option}= out to take the model's."
            )


def going_on(setup: ForecastSetup, known: ForecastSetup, name: str = "") -> tuple[ForecastSetup, list[str]]:
    """A setup for the weights of a model that was trained before, and notes on it.

    Covariates and calendar are told to the network as they were, for it knows no other way. Each series is
    scaled anew by what it shows, as all weights were learnt; those that are not there keep their scales.

    Args:
        setup: of the new data.
        known: of the model.
        name: what errors call the model.

    Raises:
        ArgumentError: a static covariate was of words and is of numbers, or the other way round.
    """
    notes = [
        *new_symbols("series", [key for key in setup.scales if key not in known.scales], "are new to it")
    ]
    for column, before in zip(setup.statics.columns, known.statics.columns, strict=True):
        if ("words" in column) is not ("words" in before):
            was = "words" if "words" in before else "numbers"
            raise ArgumentError(
                f"init={name} learnt a static covariate of {was}, which it is not now; expected the same."
            )
        new = [word for word in column.get("words", ()) if word not in before["words"]]
        notes += new_symbols("static words", new, "that it did not know count as none of those it knew")
    scales: Mapping[Any, Any] = {**known.scales, **setup.scales}
    return replace(
        setup, cycles=known.cycles, covariates=known.covariates, statics=known.statics, scales=scales
    ), notes


def after_training(panel: Panel, validation: Panel, shape: WindowShape, horizon: int) -> tuple[Panel, Split]:
    """Series to measure on, after what was learnt of each, and from where on they are measured.

    Args:
        panel: what is learnt from.
        validation: later steps of the same series, or other series.
        shape: of the windows.
        horizon: S, steps to forecast.

    Raises:
        ArgumentError: the validation has another step of time.
        DataError: it has steps that are learnt from, or none after them.
    """
    if str(validation.frequency) != str(panel.frequency):
        raise ArgumentError(
            f"validation has steps of {validation.frequency}, and the data have steps of {panel.frequency}; "
            "expected the same."
        )
    learnt = {each.key: each for each in panel.series}
    inside = [
        each.key
        for each in validation.series
        if each.key in learnt and _overlaps(learnt[each.key], each, panel.frequency)
    ]
    if inside:
        raise DataError(
            f"validation: {named(inside)} steps that are learnt from; expected later ones, or other series. "
            "Cut them off, or leave validation out: the end of each series is held out then."
        )
    series, before = after_kept_ends(validation.series, panel.series, panel.frequency, shape.context)
    ends = np.array([len(each) for each in series])
    if (ends - np.maximum(before, 1)).max() < shape.horizon:
        raise DataError(
            f"validation: no series has the {shape.horizon} steps of a forecast; the longest has "
            f"{(ends - before).max()}. Give longer ones, or leave validation out."
        )
    return replace(validation, series=series), divided(before, ends, horizon)


def _overlaps(learnt: Any, given: Any, frequency: Frequency) -> bool:
    first = steps_between(learnt.start, given.start, frequency)
    return first < len(learnt) and first + len(given) > 0
