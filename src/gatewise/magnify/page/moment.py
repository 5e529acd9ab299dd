"""What a report shows of a sequence at one moment of training: facts in plain values, arrays packed small."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.magnify.inspection import Inspection, LayerView
from gatewise.magnify.lag import LagCurve
from gatewise.magnify.ledger import Ledger
from gatewise.magnify.ordering import ORDERS
from gatewise.magnify.page.packing import pack
from gatewise.magnify.reading import Reading
from gatewise.magnify.unit_search import UnitIndex
from gatewise.types import Array

__all__ = ["Moment", "moment"]

_PASTS = (128, 32, 8)
"""Steps whose share in an answer is measured: fewer, where over more the gradients cannot be integrated."""
_COMPLETE = 0.05
"""Completeness error at which that is said."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A sequence as one state of the weights reads it.

    Attributes:
        facts: values that JSON can hold; where an array is meant, its name. "scales" are those of the arrays.
        arrays: packed, by name.
    """

    facts: dict[str, Any]
    arrays: dict[str, npt.NDArray[np.integer]] = field(default_factory=dict)

    def keep(self, name: str, values: Array, *, size: int = 1) -> str:
        """Take an array (T, H) in, and say how the facts are to name it."""
        packed = pack(values, size=size)
        self.arrays[name] = packed.numbers
        self.facts["scales"][name] = [float(f"{value:.7g}") for value in packed.scale]
        return name

    def keep_bytes(self, name: str, numbers: npt.NDArray[np.integer]) -> str:
        """Take whole numbers (H, T) in as they are."""
        self.arrays[name] = numbers
        self.facts["scales"][name] = [1] * len(numbers)
        return name


def moment(
    inside: Inspection, name: str, *, questions: Iterable[int] = (-1,), ledgers: Iterable[int] = ()
) -> Moment:
    """Collect what there is to be shown.

    Args:
        inside: what ``magnify`` found.
        name: of the moment, for people.
        questions: steps whose answers are traced back to the inputs.
        ledgers: steps whose cell states are taken apart.
    """
    kept = Moment({"name": name, "scales": {}})
    kept.facts["layers"] = [
        _layer(kept, number, view, inside.reading) for number, view in enumerate(inside.layers)
    ]
    kept.facts["questions"] = [_question(inside, step) for step in questions]
    if (alignment := inside.reading.alignment) is not None:
        kept.facts["alignment"] = {
            "labels": list(alignment.labels),
            "weights": rounded(alignment.weights),
        }
    gated = [(number, view) for number, view in enumerate(inside.layers) if "c" in view.arrays]
    kept.facts["ledgers"] = [
        _ledger(
            kept,
            number,
            step,
            inside.ledger(view.layer, inside.reading.past_of(step, view.reverse), reverse=view.reverse),
        )
        for step in ledgers
        for number, view in gated
    ]
    return kept


def _layer(kept: Moment, number: int, view: LayerView, reading: Reading) -> dict[str, Any]:
    half_life = view.half_life()
    return {
        "name": view.name,
        "arrays": {
            # Cells have no bounds, and where they are large a small change still matters.
            letter: kept.keep(f"{number}.{letter}", values, size=2 if letter == "c" else 1)
            for letter, values in view.arrays.items()
        },
        "held": kept.keep_bytes(f"{number}.held", UnitIndex.of(reading, view.cache).values.T),
        "saturation": {
            gate: {"shut": rounded(shares.shut), "open": rounded(shares.open)}
            for gate, shares in view.saturation().items()
        },
        "half_life": None if half_life is None else rounded(half_life),
        "orders": {by: view.order(by).tolist() for by in ORDERS},
    }


def _curve(curve: LagCurve) -> dict[str, Any]:
    return {
        "h": rounded(curve.h),
        "c": None if curve.c is None else rounded(curve.c),
        "horizon_h": curve.horizon_h,
        "horizon_c": curve.horizon_c,
    }


def _question(inside: Inspection, step: int) -> dict[str, Any]:
    for past in _PASTS:
        found = inside.connectivity(step, past=past)
        if found.completeness_error <= _COMPLETE:
            break
    return {
        "text": found.question,
        "step": found.step,
        "answer": rounded(found.answer),
        "blank_answer": rounded(found.blank_answer),
        "completeness_error": rounded(found.completeness_error),
        "measured": int(np.isfinite(found.integrated[: found.step + 1]).sum()),
        "shares": {
            "integrated": rounded(found.integrated),
            "gradient_input": rounded(found.gradient_input),
            "occluded": rounded(found.occluded),
        },
        "lag": [_curve(curve) for curve in inside.lag(step)],
        "rnn": _curve(inside.rnn_lag(step)),
    }


def _ledger(kept: Moment, layer: int, step: int, found: Ledger) -> dict[str, Any]:
    name = f"{layer}.ledger.{step}"
    return {
        "layer": layer,
        "step": step,
        "steps": found.steps.tolist(),
        "entries": kept.keep(f"{name}.entries", found.entries, size=2),
        "left": kept.keep(f"{name}.left", found.left),
        "written": kept.keep(f"{name}.written", found.written),
        "total": rounded(found.total),
        "norm": rounded(found.norm),
        "sum": rounded(found.entries.sum(axis=0)),
        "initial": rounded(found.initial),
        "cell": rounded(found.cell),
        "residual": rounded(found.residual),
    }


def rounded(values: Any) -> Any:
    """Numbers to four digits, as JSON can hold them: what is not finite becomes None."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, list):
        return [rounded(value) for value in values]
    return float(f"{values:.4g}") if np.isfinite(values) else None
