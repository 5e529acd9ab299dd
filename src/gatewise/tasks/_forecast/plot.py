"""Pictures of forecasts and of marked events, by plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gatewise.data.frames import Column, Table
from gatewise.data.frequency import Frequency
from gatewise.data.panel import ColumnNames, Series
from gatewise.errors import DataError, MissingExtraError

__all__ = ["plot_anomalies", "plot_forecasts"]

_OBSERVED, _FORECAST, _BAND, _EVENT = "#334155", "#2563eb", "rgba(37,99,235,0.2)", "#dc2626"
_HEIGHT = 260
"""Pixels of each series' panel."""


def plot_forecasts(
    series: Sequence[Series],
    forecasts: Table,
    names: ColumnNames,
    frequency: Frequency,
    levels: Sequence[float],
) -> Any:
    """The end of each series, its forecast, and the interval between the outermost quantiles."""
    figure = _panels([str(each.key) for each in series])
    keys, times = forecasts.columns[names.id], forecasts.columns[names.time]
    for row, each in enumerate(series, start=1):
        mine = keys == each.key
        horizon = int(mine.sum())
        shown = max(0, len(each) - 4 * horizon)
        past = frequency.times(each.start, np.arange(shown, len(each)))
        _line(figure, row, past, each.values[shown:], "observed", _OBSERVED)
        if len(levels) > 1:
            low, high = (forecasts.columns[f"q{level:g}"][mine] for level in (levels[0], levels[-1]))
            band = f"{100 * (levels[-1] - levels[0]):.0f} % interval"
            _line(figure, row, times[mine], low, band, "rgba(0,0,0,0)", show=False)
            _line(figure, row, times[mine], high, band, "rgba(0,0,0,0)", fill=_BAND)
        _line(figure, row, times[mine], forecasts.columns["y_hat"][mine], "forecast", _FORECAST)
    return figure


def plot_anomalies(scored: Table, names: ColumnNames, most: int) -> Any:
    """Each series as it was, what was expected, and the marked events."""
    for name in (names.id, names.time, names.target, "y_hat", "anomaly"):
        if name not in scored.columns:
            raise DataError(f"anomalies has no column {name!r}; expected what the method anomalies returned.")
    keys = scored.columns[names.id]
    chosen = list(dict.fromkeys(keys.tolist()))[:most]
    figure = _panels([str(key) for key in chosen])
    for row, key in enumerate(chosen, start=1):
        mine = keys == key
        part = {name: column[mine] for name, column in scored.columns.items()}
        marked = part["anomaly"].astype(bool)
        _line(figure, row, part[names.time], part["y_hat"], "expected", _FORECAST, width=1)
        _line(figure, row, part[names.time], part[names.target], "observed", _OBSERVED)
        figure.add_scatter(
            x=part[names.time][marked],
            y=part[names.target][marked],
            mode="markers",
            name="anomaly",
            marker={"color": _EVENT, "size": 8},
            legendgroup="anomaly",
            showlegend=row == 1,
            row=row,
            col=1,
        )
    return figure


def _panels(titles: Sequence[str]) -> Any:
    try:
        from plotly.subplots import make_subplots
    except ImportError as error:
        raise MissingExtraError(
            "plotting needs plotly; install it with: pip install 'gatewise[plot]'"
        ) from error
    figure = make_subplots(
        rows=len(titles), cols=1, subplot_titles=titles, vertical_spacing=0.25 / len(titles)
    )
    figure.update_layout(
        template="plotly_white",
        height=100 + _HEIGHT * len(titles),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        margin={"l": 60, "r": 20, "t": 80, "b": 40},
    )
    return figure


def _line(
    figure: Any,
    row: int,
    x: Column,
    y: Column,
    name: str,
    color: str,
    *,
    width: float = 1.5,
    fill: str | None = None,
    show: bool = True,
) -> None:
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        name=name,
        line={"color": color, "width": width},
        fill="tonexty" if fill else None,
        fillcolor=fill,
        legendgroup=name,
        showlegend=show and row == 1,
        row=row,
        col=1,
    )
