"""What the measurements of ``vanishing`` say: the table, the verdict and the figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from gatewise import charts
from gatewise.lab.experiment import Finding, Result, Values, of_group
from gatewise.lab.gradient_flow import Curve, at_lag

__all__ = ["ONE_UNIT", "after", "before", "conclude", "differences", "draw", "long"]

ONE_UNIT = "one unit"

EXPECTED = {"0.9": 0.0000265614, "1.1": 13780.6123, "carousel": 1.0}
"""After a hundred steps of one unit. One of the tutorials has 0.000017 for the first."""

TOLERANCE = 1e-4
"""Relative, of one unit's figures and of the central differences."""

VANISHED, ALIVE = 1e-6, 0.1
"""Relative to lag 0: an RNN's gradient must be below the first where that of a trained LSTM, by its cell
state, is at least the second. Measured at a lag of 100, from ten seeds: at most 1e-13, at least 1.2."""

_WITH, _WITHOUT = " with clipping", " without clipping"

FLOATS = {"RNN": 2, "LSTM": 6}
"""Kept a unit, step and sequence: gates and states."""

_FIGURE_RANGE = (-15, 9)
"""Powers of ten."""
_DASHES = ("dot", "dash", "solid")


def before(kind: str, start: str, hidden_size: int) -> str:
    """Group of the networks before training."""
    return f"{kind}, {start}, H = {hidden_size}"


def after(name: str, clipped: bool) -> str:
    """Group of those that are trained."""
    return f"{name}, trained{_WITH if clipped else _WITHOUT}"


def _fresh(group: str) -> str:
    """What the same networks are called before training."""
    return group.removesuffix(f"trained{_WITH}") + "before training"


def differences(kind: str) -> str:
    """Group of the comparisons with central differences."""
    return f"{kind}, central differences"


def long(kind: str) -> str:
    """Group of the trainings on ever longer sequences."""
    return f"{kind}, long sequences"


def conclude(results: Sequence[Result]) -> Finding:
    """Reached if every figure is as it must be, from every seed."""
    groups = list(dict.fromkeys(result.group for result in results))
    far = next(result.values["far"] for result in results if "far" in result.values)
    rows = _one_unit_rows(of_group(results, ONE_UNIT)[0])
    for group in groups:
        rows += _rows(group, of_group(results, group), far)
    uniform = [
        at_lag(result.values["curves"]["h"], far)
        for result in results
        if result.group.startswith("RNN, uniform")
    ]
    rnn = [_after(result, "h", far) for result in of_group(results, after("RNN", True))]
    lstm = [_after(result, "c", far) for result in of_group(results, after("LSTM", True))]
    errors = [
        error
        for kind in FLOATS
        for result in (
            *of_group(results, differences(kind)),
            *of_group(results, after(kind, True)),
            *of_group(results, after(kind, False)),
        )
        for errors in result.values["errors" if "errors" in result.values else "differences"].values()
        for error in errors
    ]
    checks = {
        "one unit's figures are right": _one_unit_right(of_group(results, ONE_UNIT)[0]),
        "central differences agree": max(errors) < TOLERANCE,
        "the RNN's gradient vanishes": max(uniform + rnn) < VANISHED,
        "the LSTM's stays alive": min(lstm) >= ALIVE,
        "long sequences train, and what is kept grows in step": all(
            _trains_long(result, FLOATS[kind]) for kind in FLOATS for result in of_group(results, long(kind))
        ),
    }
    failed = [name for name, held in checks.items() if not held]
    verdict = (
        f"What is expected is {_missed(failed) if failed else 'reached'}. "
        f"{far} steps back, relative to the last, the gradient by a plain RNN's h is at most "
        f"{_short(max(uniform))} before and {_short(max(rnn))} after training, that by the trained LSTM's c "
        f"at least {_short(min(lstm))}; of the RNNs that start at radius 2, {_diverged(results, False)} "
        f"diverge without clipping and {_diverged(results, True)} with it. {_long_words(results)}"
    )
    columns = (
        "network",
        "by",
        "lag 10",
        f"lag {far}",
        "last lag",
        "memory horizon",
        "largest gradient",
        "diverged",
        "solved",
    )
    return Finding(columns, tuple(rows), verdict, not failed)


def _missed(failed: Sequence[str]) -> str:
    return f"NOT reached, for it does not hold that {', or that '.join(failed)}"


def _one_unit_right(result: Result) -> bool:
    return all(
        abs(result.values[name][100] - expected) <= TOLERANCE * expected
        for name, expected in EXPECTED.items()
    )


def _trains_long(result: Result, floats: int) -> bool:
    """All finite, and from each length to the next so many floats more a unit, step and sequence."""
    lengths = {int(name): each for name, each in result.values.items() if name.isdigit()}
    cells = result.values["hidden_size"] * result.values["sequences"]
    return all(each["finite"] for each in lengths.values()) and all(
        lengths[more]["bytes"] - lengths[less]["bytes"] == 4 * floats * cells * (more - less)
        for less, more in pairwise(sorted(lengths))
    )


def _after(result: Result, quantity: str, lag: int) -> float:
    """The norm after training; of an RNN handed in for an LSTM, which has no c, that of its h."""
    curves = result.values["after"]
    return at_lag(curves.get(quantity, curves["h"]), lag)


def _diverged(results: Sequence[Result], clipped: bool) -> str:
    wild = of_group(results, after("RNN of radius 2", clipped))
    return f"{sum(result.values['diverged'] for result in wild)} of {len(wild)}"


def _long_words(results: Sequence[Result]) -> str:
    """What the LSTM's training on ever longer sequences took."""
    values = [result.values for result in of_group(results, long("LSTM"))]
    lengths = sorted(int(name) for name in values[0] if name.isdigit())
    milliseconds = [
        f"{1000 * median(each[str(steps)]['seconds_an_update'] for each in values):.1f}" for steps in lengths
    ]
    return (
        f"An update of the LSTM on {', '.join(f'{steps:,}' for steps in lengths)} steps took "
        f"{', '.join(milliseconds)} ms."
    )


def _one_unit_rows(result: Result) -> list[tuple[str, ...]]:
    names = {
        "0.9": ("one linear unit, weight 0.9", "h"),
        "1.1": ("one linear unit, weight 1.1", "h"),
        "carousel": ("one LSTM unit, f = 1", "c"),
    }
    blank = ("",) * 4
    return [
        (*label, f"{result.values[name][10]:.6g}", f"{result.values[name][100]:.6g}", "", *blank)
        for name, label in names.items()
    ]


def _rows(group: str, results: Sequence[Result], far: int) -> list[tuple[str, ...]]:
    """Lines of one group: medians over the seeds."""
    values = [result.values for result in results]
    if "curves" in values[0]:
        return _curve_rows(group, [each["curves"] for each in values], far, ("", "", ""))
    if "errors" in values[0]:
        return _error_rows(group, values, far)
    if "after" not in values[0]:
        return []
    largest = _short(median(each["largest_gradient"] for each in values))
    counts = [f"{sum(each[name] for each in values)} of {len(values)}" for name in ("diverged", "solved")]
    rows = _curve_rows(group, [each["after"] for each in values], far, (largest, *counts))
    if not group.endswith(_WITHOUT):
        fresh = _curve_rows(_fresh(group), [each["before"] for each in values], far, ("", "", ""))
        rows = fresh + rows
    return rows


def _error_rows(group: str, values: Sequence[Values], far: int) -> list[tuple[str, ...]]:
    """The greatest error over the seeds, where other rows have norms."""
    rows = []
    for quantity in values[0]["errors"]:
        lags = values[0]["lags"]
        worst = {
            lag: _short(max(each["errors"][quantity][place] for each in values))
            for place, lag in enumerate(lags)
        }
        at = (worst.get(lag, "") for lag in (10, far, lags[-1]))
        rows.append((f"error of {group}", quantity, *at, "", "", "", ""))
    return rows


def _curve_rows(
    group: str, curves: Sequence[dict[str, Curve]], far: int, rest: tuple[str, ...]
) -> list[tuple[str, ...]]:
    rows = []
    for quantity in curves[0]:
        each = [curve[quantity] for curve in curves]
        lags = [median(at_lag(curve, lag) for curve in each) for lag in (10, far, each[0]["lags"][-1])]
        rows.append((group, quantity, *map(_short, lags), _horizon(each), *rest))
    return rows


def _horizon(curves: Sequence[Curve]) -> str:
    """The median; lag by lag, those beyond the last are beyond all."""
    last = curves[0]["lags"][-1]
    horizons = [last + 1 if curve["horizon"] is None else curve["horizon"] for curve in curves]
    middle = median(horizons)
    return f"beyond {last:,}" if middle > last else f"{middle:g}"


def _short(value: float) -> str:
    return "0" if value == 0 else f"{value:.2g}"


def draw(results: Sequence[Result]) -> Any:
    """Norm by lag: of one unit, before training and after it."""
    figure = charts.panels(
        [
            "One unit",
            "Plain RNN before training, by h",
            "LSTM before training, by h",
            "LSTM before training, by c",
            "Before and after training, same length",
            "After training, on longer sequences",
        ],
        x="lag, steps back from the loss",
        y="norm relative to lag 0",
        columns=2,
        height=300,
    )
    unit = of_group(results, ONE_UNIT)[0].values
    for name, color, label in (
        ("0.9", charts.ORANGE, "linear unit, weight 0.9"),
        ("1.1", charts.RED, "linear unit, weight 1.1"),
        ("carousel", charts.BLUE, "LSTM unit, f = 1"),
    ):
        charts.line(figure, 0, list(range(len(unit[name]))), unit[name], label, color)
    _draw_untrained(figure, results)
    _draw_trained(figure, results)
    figure.update_yaxes(type="log", range=_FIGURE_RANGE, exponentformat="power")
    for panel in range(1, 6):
        figure.update_xaxes(type="log", row=panel // 2 + 1, col=panel % 2 + 1)
    figure.update_layout(
        legend={"orientation": "v", "x": 1.02, "xanchor": "left", "yref": "paper", "y": 1},
    )
    return figure


def _draw_untrained(figure: Any, results: Sequence[Result]) -> None:
    """Medians over the seeds: a colour an initialisation, a dash a size."""
    colors = (charts.ORANGE, charts.GREEN, charts.PURPLE, charts.RED, charts.GREY, charts.BLUE)
    groups = dict.fromkeys(result.group for result in results if "curves" in result.values)
    kinds = {group: group.rsplit(", ", 1)[0] for group in groups}
    sizes = list(dict.fromkeys(group.rsplit(", ", 1)[1] for group in groups))
    for panel, kind, quantity in ((1, "RNN", "h"), (2, "LSTM", "h"), (3, "LSTM", "c")):
        starts = list(dict.fromkeys(start for start in kinds.values() if start.startswith(kind)))
        for group in (group for group in groups if kinds[group] in starts):
            dash = _DASHES[max(0, len(_DASHES) - len(sizes)) + sizes.index(group.rsplit(", ", 1)[1])]
            color = colors[starts.index(kinds[group])]
            lags, norms = _median_curve(
                result.values["curves"][quantity] for result in of_group(results, group)
            )
            charts.line(figure, panel, lags, norms, kinds[group], color, dash=dash)


def _draw_trained(figure: Any, results: Sequence[Result]) -> None:
    """A line a network, dashed where its gradients were not clipped; dotted the medians before training."""
    for group in dict.fromkeys(result.group for result in results if "after" in result.values):
        color = charts.RED if "radius" in group else charts.ORANGE if group.startswith("RNN") else charts.BLUE
        clipped, quantity = not group.endswith(_WITHOUT), "c" if group.startswith("LSTM") else "h"
        values = [result.values for result in of_group(results, group)]
        for panel, name in ((4, "after"), (5, "after_long")):
            for each in values:
                lags, norms = _median_curve([each[name][quantity]])
                dash = "solid" if clipped else "dash"
                charts.line(figure, panel, lags, norms, group, color, dash=dash, opacity=0.5)
        if clipped:
            lags, norms = _median_curve(each["before"][quantity] for each in values)
            charts.line(figure, 4, lags, norms, _fresh(group), color, dash="dot", width=2.5)


def _median_curve(curves: Iterable[Curve]) -> tuple[list[int], list[float | None]]:
    """Lags from 1 on, for their axis is logarithmic, and norms; what is 0 has no place on such an axis."""
    every = list(curves)
    norms = [median(values) for values in zip(*(curve["norms"] for curve in every), strict=True)]
    return every[0]["lags"][1:], [norm or None for norm in norms[1:]]
