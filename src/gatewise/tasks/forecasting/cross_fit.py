"""Folds of short series: each part is forecast by a network that has learnt from the others alone.

Where what is held out has room for a few horizons only, the errors there say little about the next ones:
overlapping windows miss together. Cross-fitting asks the whole of the series instead (Xu & Xie 2021, EnbPI,
with one network for each block of steps left out rather than bootstrapped ones).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gatewise.data.panel import Panel
from gatewise.tasks.forecasting.split import Split, origins
from gatewise.types import IntArray

__all__ = ["Fold", "folds"]

_FOLDS = 5


class Fold(NamedTuple):
    """A part of each series that is left out, and what is learnt then.

    Attributes:
        panel: what is learnt from, the part that is left out missing.
        learnt: windows (series, position) to learn from; the targets of none lie in that part.
        judged: windows whose targets lie in it.
        independent: horizons side by side in it.
    """

    panel: Panel
    learnt: IntArray
    judged: IntArray
    independent: int


def folds(panel: Panel, split: Split, chosen: IntArray, learns: int, horizon: int, most: int) -> list[Fold]:
    """Parts of the steps that are learnt from: five, or as many as are half longer than a horizon.

    Args:
        panel: the series.
        split: of them.
        chosen: windows (series, position) that the network learns from.
        learns: steps that it learns to forecast at once.
        horizon: S, steps to forecast.
        most: windows judged in all.

    Returns:
        The folds; none where there is no room for two, or nothing to learn from beside them.
    """
    firsts = split.learnt.copy()
    np.minimum.at(firsts, chosen[:, 0], chosen[:, 1])
    steps = split.learnt - firsts
    if steps.max() < 2 * horizon:
        return []
    # Few windows lie within a part that is little longer than a horizon, and few steps beside one of two.
    count = min(_FOLDS, max(2, int(2 * steps.max() // (3 * horizon))))
    found = []
    for number in range(count):
        begin, end = (firsts + steps * each // count for each in (number, number + 1))
        series, positions = chosen.T
        apart = (positions + learns <= begin[series]) | (positions >= end[series])
        rest = _without(panel.cut(split.learnt), begin, end)
        learnt = chosen[apart & _varies(rest)[series]]
        judged = origins(panel.series, np.maximum(begin, 1), end, horizon, most // count)
        if len(learnt) and len(judged):
            found.append(Fold(rest, learnt, judged, int(((end - begin) // horizon).sum())))
    return found if len(found) > 1 else []


def _without(panel: Panel, begin: IntArray, end: IntArray) -> Panel:
    """The same series, what lies between these steps missing."""
    series = []
    for each, first, last in zip(panel.series, begin, end, strict=True):
        values = each.values.copy()
        values[first:last] = np.nan
        series.append(replace(each, values=values))
    return replace(panel, series=series)


def _varies(panel: Panel) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which series (N,) have two values."""
    found = np.zeros(len(panel.series), dtype=bool)
    for index, each in enumerate(panel.series):
        values = each.values[~np.isnan(each.values)]
        found[index] = len(values) > 0 and values.min() < values.max()
    return found
