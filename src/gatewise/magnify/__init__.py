"""The magnifier: what a trained network lets in, keeps, forgets and uses, at full speed and without hooks.

The room bears the name of what it is for: ``gatewise.magnify(model, data)`` calls ``magnify`` below.
"""

import sys
from types import ModuleType
from typing import Any

from gatewise.magnify.connectivity import Connectivity
from gatewise.magnify.inspection import LayerView
from gatewise.magnify.lag import LagCurve
from gatewise.magnify.ledger import Ledger
from gatewise.magnify.magnification import Magnification, magnify
from gatewise.magnify.meaning import Meaning, ablation_cost, meanings, rank_by_cost
from gatewise.magnify.snapshots import History, Snapshots, read_snapshots, snapshots_path
from gatewise.magnify.unit_search import Matches, Place, UnitIndex, index_units

__all__ = [
    "Connectivity",
    "History",
    "LagCurve",
    "LayerView",
    "Ledger",
    "Magnification",
    "Matches",
    "Meaning",
    "Place",
    "Snapshots",
    "UnitIndex",
    "ablation_cost",
    "index_units",
    "magnify",
    "meanings",
    "rank_by_cost",
    "read_snapshots",
    "snapshots_path",
]


class _CallableModule(ModuleType):
    """A module of the name of its one function: importing it must not hide the function."""

    def __call__(self, model: Any, data: Any) -> Magnification:
        return magnify(model, data)


sys.modules[__name__].__class__ = _CallableModule
