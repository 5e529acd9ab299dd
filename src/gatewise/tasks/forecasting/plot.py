"""Pictures of forecasts and of marked events, by plotly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gatewise import charts
from gatewise.data.columns import Column
from gatewise.data.frames import Table
from gatewise.data.frequency import Frequency
from gatewise.data.panel import ColumnNames, Series
from gatewise.data.tables import as_table
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks.checks import check_number
from gatewise.tasks.forecasting.verdict import nominal_share

if TYPE_CHECKING:
    from gatewise.tasks.forecasting.panel_model import PanelModel

__all__ = ["plot", "plot_anomalies", "plot_backtest", "plot_forecasts"]

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
    x = _time_axis(names, table, counted=frequency.unit == "number")
    figure = charts.panels([str(each.key) for each in series], x=x, y=names.target)
    keys, times = forecasts.columns[names.id], forecasts.times(names.time, "time", by_clock=True)
    for panel, each in enumerate(series):
        mine = keys == each.key
        horizon = int(mine.sum())
        shown = max(0, len(each) - 4 * horizon)
        past = table.clock(names.time, frequency.times(each.start, np.arange(shown, len(each))))
        charts.line(figure, panel, past, each.values[shown:], "observed", _OBSERVED)
        _draw_forecast(figure, panel, times[mine], forecasts.rows(mine), levels)
    return figure


def plot_backtest(made: Table, names: ColumnNames, levels: Sequence[float], most: int) -> Any:
    """Each series as it came, and over it what was forecast from each origin; local times."""
    _check_columns(made, "backtest", (names.id, "cutoff", names.time, names.target, "y_hat"))
    keys, origins = made.columns[names.id], made.columns["cutoff"]
    chosen, times = list(dict.fromkeys(keys.tolist()))[:most], _clock(made, names)
    x = _time_axis(names, made, counted=times.dtype.kind != "M")
    figure = charts.panels([str(key) for key in chosen], x=x, y=names.target)
    levels = [level for level in levels if f"q{level:g}" in made.columns]
    for panel, key in enumerate(chosen):
        mine = np.flatnonzero(keys == key)
        for origin in dict.fromkeys(origins[mine].tolist()):
            rows = mine[origins[mine] == origin]
            # What came is known where it was forecast, and between two forecasts perhaps not.
            charts.line(figure, panel, times[rows], made.columns[names.target][rows], "observed", _OBSERVED)
            _draw_forecast(figure, panel, times[rows], made.rows(rows), levels)
    return figure


def _draw_forecast(figure: Any, panel: int, times: Column, forecasts: Table, levels: Sequence[float]) -> None:
    """One forecast, and the interval between its outermost quantiles."""
    if (share := nominal_share(levels)) is not None:
        low, high = (forecasts.columns[f"q{level:g}"] for level in (levels[0], levels[-1]))
        band = f"{100 * share:.10g} % interval"
        charts.line(figure, panel, times, low, band, _HIDDEN, show=False)
        charts.line(figure, panel, times, high, band, _HIDDEN, fill=_BAND)
    charts.line(figure, panel, times, forecasts.columns["y_hat"], "forecast", _FORECAST)


def _time_axis(names: ColumnNames, table: Table, *, counted: bool) -> str:
    """The name of the times, and what they count in."""
    zone = (table.zones or {}).get(names.time)
    return f"{names.time}, steps" if counted else names.time if zone is None else f"{names.time}, {zone}"


def _clock(table: Table, names: ColumnNames) -> Column:
    """The times, as the clocks of their zone show them."""
    return table.times(names.time, "time", by_clock=True)


def _check_columns(table: Table, made_by: str, needed: Sequence[str]) -> None:
    """Refuse what was not made by a method, that is called as the argument is.

    Raises:
        DataError: a column is missing.
    """
    for name in needed:
        if name not in table.columns:
            where = made_by if table.name == made_by else f"{made_by}: {table.name}"
            there = ", ".join(map(repr, table.columns)) or "none"
            raise DataError(
                f"{where} has no column {name!r}; there are {there}. Expected the table "
                f"that {made_by} has made with the same model."
            )


def plot(
    model: PanelModel, data: Any, forecast: Callable[[], Any], anomalies: Any, backtest: Any, most: int
) -> Any:
    """``Forecaster.plot``, of which arguments, result and errors are; ``forecast`` goes on from the data."""
    model._check_fitted()
    check_number("most", most, low=1, whole=True)
    if anomalies is not None and backtest is not None:
        raise ArgumentError("anomalies and backtest are both given; expected one of them, or none.")
    names, zone = model._names, model._zone
    if anomalies is not None:
        return plot_anomalies(as_table(anomalies, names, "anomalies", learnt_zone=zone), names, most)
    if backtest is not None:
        made = as_table(backtest, names, "backtest", learnt_zone=zone)
        return plot_backtest(made, names, model.quantiles, most)
    table, series = model._read(data)
    forecasts = as_table(forecast(), names, learnt_zone=zone)
    how = names, model.setup_.frequency, model.quantiles
    return plot_forecasts(series[:most], table, forecasts, *how)


def plot_anomalies(scored: Table, names: ColumnNames, most: int) -> Any:
    """Each series as it was, what was expected, and the marked events."""
    _check_columns(scored, "anomalies", (names.id, names.time, names.target, "y_hat", "anomaly"))
    keys, events, times = scored.columns[names.id], _events(scored), _clock(scored, names)
    chosen = list(dict.fromkeys(keys.tolist()))[:most]
    x = _time_axis(names, scored, counted=times.dtype.kind != "M")
    figure = charts.panels([str(key) for key in chosen], x=x, y=names.target)
    for panel, key in enumerate(chosen):
        mine = keys == key
        part = {name: column[mine] for name, column in scored.columns.items()}
        part[names.time], marked = times[mine], events[mine]
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


def _events(scored: Table) -> npt.NDArray[np.bool_]:
    """Which steps are marked; a text file has words for it.

    Raises:
        DataError: it has others.
    """
    column = scored.columns["anomaly"]
    words = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
    try:
        return np.array([words[str(each).lower()] for each in column.tolist()], dtype=bool)
    except KeyError as error:
        raise DataError(f"column 'anomaly' has {error}; expected True or False in each row.") from None
