"""Forecasts from several origins in the past, by models that have not seen what they forecast."""

from __future__ import annotations

import numpy as np

from gatewise.data.columns import Column
from gatewise.data.frames import Table
from gatewise.data.panel import Panel
from gatewise.errors import DataError
from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.tasks.forecasting.judge import count_of
from gatewise.tasks.forecasting.panel_learner import PanelLearner
from gatewise.types import IntArray

__all__ = ["backtest"]


def backtest(
    model: PanelLearner, whole: Panel, table: Table, windows: int, step: int, *, refit: bool
) -> dict[str, Column]:
    """What ``Forecaster.backtest`` returns, as columns; the arguments are told there.

    Args:
        model: whose hyperparameters are tried; it gets the verdict.
        whole: the series.
        table: that they were read from.
        windows: origins.
        step: steps from origin to origin.
        refit: train anew at each origin.

    Raises:
        DataError: no series is long enough.
    """
    back = model.horizon + (windows - 1) * step
    panel = whole.only(np.flatnonzero(whole.ends() > back + model.horizon))
    if len(panel.series) < len(whole.series):
        model._tell([f"{len(whole.series) - len(panel.series):,} series are too short for these origins"])
    if not panel.series:
        raise DataError(
            f"windows={windows} of horizon={model.horizon} reach {back} steps back, and the longest series "
            f"has {whole.ends().max()} steps; expected at least {back + model.horizon + 1}."
        )
    firsts = panel.ends() - back
    fresh = type(model)(**model.get_params())
    chosen: list[IntArray] = []
    made: list[Forecasts] = []
    for positions in (firsts + number * step for number in range(windows)):
        if refit or not made:
            fresh._fit_panel(panel.cut(positions), table)
        chosen.append(np.stack([np.arange(len(firsts)), positions], axis=1))
        made.append(fresh._forecast(panel.series, chosen[-1]))
    origin = np.concatenate(chosen)
    forecasts = Forecasts(*map(np.concatenate, zip(*made, strict=True)))
    where = f"{count_of(origin)} from {windows:,} origins"
    model.verdict_ = fresh._judge(panel.series, origin, firsts, forecasts, where)
    return fresh._columns(panel.series, origin, forecasts, with_actual=True)
