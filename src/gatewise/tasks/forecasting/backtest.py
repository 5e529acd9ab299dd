"""Forecasts from origins in the past, by models that have not seen what they forecast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gatewise.data.panel import named, read_panel
from gatewise.data.tables import as_table
from gatewise.errors import DataError
from gatewise.tasks.checks import check_flag, check_number
from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.tasks.forecasting.judge import count_of
from gatewise.types import IntArray

if TYPE_CHECKING:
    from gatewise.tasks.forecasting.panel_learner import PanelLearner
    from gatewise.training import Listener

__all__ = ["backtest"]


def backtest(
    asked: PanelLearner,
    data: Any,
    windows: int,
    step: int | None,
    refit: bool,
    listeners: Sequence[Listener] = (),
) -> Any:
    """``Forecaster.backtest``, of which arguments, result and errors are."""
    asked._check_hyperparameters()
    check_number("windows", windows, low=1, whole=True)
    check_number("step", step, low=1, whole=True, optional=True)
    check_flag("refit", refit)
    step = step or asked.horizon
    table = as_table(data, asked._names)
    whole = read_panel(table, asked._names, asked.freq, strict=asked.strict)
    back = asked.horizon + (windows - 1) * step
    panel = whole.only(np.flatnonzero(whole.ends() > back + asked.horizon))
    notes = []
    kept = {each.key for each in panel.series}
    if short := [each.key for each in whole.series if each.key not in kept]:
        notes.append(f"{named(short, ('is', 'are'))} too short for these origins")
        asked._tell(notes)
    if not panel.series:
        raise DataError(
            f"windows={windows} of horizon={asked.horizon} reach {back} steps back, and the longest "
            f"series has {whole.ends().max()} steps; expected at least {back + asked.horizon + 1}."
        )
    firsts = panel.ends() - back
    model = type(asked)(**asked.get_params())
    chosen: list[IntArray] = []
    made: list[Forecasts] = []
    origins = firsts + step * np.arange(windows)[:, None]
    for positions in np.split(origins, windows if refit else 1):  # those of each training
        model._fit_panel(panel.cut(positions[0]), table, listeners=listeners)
        if model.stopped_by_ == "interrupted":  # a model trained by half would be judged for the whole
            raise KeyboardInterrupt
        notes += [each for each in model.notes_ if each not in notes]
        series = np.tile(np.arange(len(firsts)), len(positions))
        chosen.append(np.stack([series, positions.ravel()], axis=1))
        made.append(model._forecast(panel.series, chosen[-1]))
    origin = np.concatenate(chosen)
    forecasts = Forecasts(*map(np.concatenate, zip(*made, strict=True)))
    model._judge(panel.series, origin, firsts, forecasts, f"{count_of(origin)} from {windows:,} origins")
    asked.verdict_, asked.context_notes_ = model.verdict_, tuple(notes)
    columns = model._columns(panel.series, origin, forecasts, with_actual=True)
    return table.like(columns, (asked.time, "cutoff"), asked.target)
