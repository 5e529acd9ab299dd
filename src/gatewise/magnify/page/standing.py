"""What the units of a layer stand for, as a report shows it."""

from __future__ import annotations

from typing import Any

from gatewise.magnify.inspection import Inspection, LayerView
from gatewise.magnify.meaning import meanings, rank_by_cost
from gatewise.magnify.page.moment import rounded
from gatewise.magnify.unit_search import UnitIndex, index_units
from gatewise.tasks import Forecaster, LanguageModel

__all__ = ["standing_facts"]

_FEWEST = 200
"""Steps below which nothing is said of features: on a few, units follow anything."""

_SHOWN = 12
"""Units in the order of what their absence costs."""


def standing_facts(inside: Inspection, view: LayerView, corpus: Any = None) -> dict[str, Any]:
    """Features that units follow, and for language models what the units' absence costs, in plain values.

    Args:
        inside: what ``magnify`` found.
        view: the layer.
        corpus: what to compare the features on, as for ``index_units``, or an index of this layer; where
            omitted the sequence itself, or of a forecaster the series from which it was taken.
    """
    number = inside.layers.index(view)
    facts: dict[str, Any] = {}
    if isinstance(corpus, UnitIndex):
        index = corpus
    elif corpus is None and not isinstance(inside.model, Forecaster):
        index = UnitIndex.of(inside.reading, view.cache)
    else:
        index = index_units(inside.model, inside.data if corpus is None else corpus, view.layer)
    if corpus is not None or len(index.values) >= _FEWEST:
        found = meanings(index)
        what = "follow" if found else "follow none of"
        facts["meanings"] = {
            "layer": number,
            "said": f"Units of {view.name} that {what} these features on the second half of "
            f"{len(index.values):,} steps of {'this sequence' if corpus is None else 'a corpus'}; they were "
            f"sought on the first: {', '.join(index.features())}.",
            "found": [
                {
                    "feature": each.feature,
                    "unit": each.unit,
                    "sought": rounded(each.sought),
                    "held_out": rounded(each.held_out),
                }
                for each in found
            ],
        }
    if isinstance(inside.model, LanguageModel) and len(inside.labels) > 1:
        ranked = rank_by_cost(inside.model, inside.data, view.layer)[:_SHOWN]
        facts["costs"] = {
            "layer": number,
            "said": f"Units of {view.name} by how much the loss of this sequence rises when their output is "
            "held at 0, the dearest first.",
            "ranked": [{"unit": unit, "cost": rounded(cost)} for unit, cost in ranked],
        }
    return facts
