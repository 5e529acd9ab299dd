"""Pictures of forecasts and of marked events, by plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gatewise import charts
from gatewise.data.frames import Table
from gatewise.data.frequency import Frequency
from gatewise.data.panel import ColumnNames, Series
from gatewise.errors import DataError
from gatewise.tasks.forecasting.verdict import nominal_share

__all__ = ["plot_anomalies", "plot_forecasts"]

_OBSERVED, _FORECAST, _BAND, _EVENT = charts.GREY, charts.BLUE, "rgba(0,114,178,0.2)", charts.RED
_HIDDEN = "rgba(0,0,0,0)"


def plot_forecasts(
    series: Sequence[Series],
    table: Table,
    forecasts: Table,
    names: ColumnNames,
    frequency: Frequency,
    levels: Sequence[float],
) -> Any:
    """The end of each series, its forecast, and the interval between its outermost quantiles; local times."""
    figure = charts.panels([str(each.key) for each in series])
    keys, times = forecasts.columns[names.id], forecasts.times(names.time, "time", by_clock=True)
    for panel, each in enumerate(series):
        mine = keys == each.key
        horizon = int(mine.sum())
        shown = max(0, len(each) - 4 * horizon)
        past = table.clock(names.time, frequency.times(each.start, np.arange(shown, len(each))))
        charts.line(figure, panel, past, each.values[shown:], "observed", _OBSERVED)
        if (share := nominal_share(levels)) is not None:
            low, high = (forecasts.columns[f"q{level:g}"][mine] for level in (levels[0], levels[-1]))
            band = f"{100 * share:.10g} % interval"
            charts.line(figure, panel, times[mine], low, band, _HIDDEN, show=False)
            charts.line(figure, panel, times[mine], high, band, _HIDDEN, fill=_BAND)
        charts.line(figure, panel, times[mine], forecasts.columns["y_hat"][mine], "forecast", _FORECAST)
    return figure


def plot_anomalies(scored: Table, names: ColumnNames, most: int) -> Any:
    """Each series as it was, what was expected, and the marked events."""
    for name in (names.id, names.time, names.target, "y_hat", "anomaly"):
        if name not in scored.columns:
            raise DataError(f"anomalies has no column {name!r}; expected what the method anomalies returned.")
    keys = scored.columns[names.id]
    chosen = list(dict.fromkeys(keys.tolist()))[:most]
    figure = charts.panels([str(key) for key in chosen])
    for panel, key in enumerate(chosen):
        mine = keys == key
        part = {name: column[mine] for name, column in scored.columns.items()}
        part[names.time] = scored.times(names.time, "time", by_clock=True)[mine]
        marked = part["anomaly"].astype(bool)
        charts.line(figure, panel, part[names.time], part["y_hat"], "expected", _FORECAST, width=1)
        charts.line(figure, panel, part[names.time], part[names.target], "observed", _OBSERVED)
        charts.line(
            figure,
            panel,
            part[names.time][marked],
            part[names.target][marked],
            "anomaly",
            _EVENT,
            mode="markers",
            size=8,
        )
    return figure
