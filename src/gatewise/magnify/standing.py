"""What the units of a sequence's top layer stand for, as a report shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatewise.magnify.meaning import meanings, rank_by_cost
from gatewise.magnify.moment import rounded
from gatewise.magnify.unit_search import UnitIndex, index_units
from gatewise.tasks import LanguageModel

if TYPE_CHECKING:
    from gatewise.magnify.magnification import Magnification

__all__ = ["standing_facts"]

_FEWEST = 200
"""Steps below which nothing is said of features: on a few, units follow anything."""

_SHOWN = 12
"""Units in the order of what their absence costs."""


def standing_facts(inside: Magnification, corpus: Any = None) -> dict[str, Any]:
    """Features that units follow, and for language models what the units' absence costs, in plain values.

    Args:
        inside: what ``magnify`` found.
        corpus: what to compare the features on, as for ``index_units``; the sequence itself where omitted.
    """
    view = inside.layer(-1)
    number = inside.layers.index(view)
    facts: dict[str, Any] = {}
    index = UnitIndex.of(inside.reading, view.cache) if corpus is None else index_units(inside.model, corpus)
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
        ranked = rank_by_cost(inside.model, inside.data)[:_SHOWN]
        facts["costs"] = {
            "layer": number,
            "said": f"Units of {view.name} by how much the loss of this sequence rises when their output is "
            "held at 0, the dearest first.",
            "ranked": [{"unit": unit, "cost": rounded(cost)} for unit, cost in ranked],
        }
    return facts
