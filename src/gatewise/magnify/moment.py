"""What a report shows of a sequence at one moment of training: facts in plain values, arrays packed small."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gatewise.magnify.connectivity import Connectivity
from gatewise.magnify.lag import LagCurve
from gatewise.magnify.ledger import Ledger
from gatewise.magnify.ordering import ORDERS
from gatewise.magnify.packing import pack
from gatewise.types import Array

if TYPE_CHECKING:
    from gatewise.magnify.magnification import LayerView, Magnification

__all__ = ["Moment", "moment"]

_PAST = 128
"""Steps whose share in an answer is measured."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A sequence as one state of the weights reads it.

    Attributes:
        facts: values that JSON can hold; where an array is meant, its name and scale.
        arrays: packed, by name.
    """

    facts: dict[str, Any]
    arrays: dict[str, npt.NDArray[np.integer]] = field(default_factory=dict)

    def keep(self, name: str, values: Array, *, size: int = 1) -> dict[str, Any]:
        """Take an array (T, H) in, and say how the facts are to name it."""
        packed = pack(values, size=size)
        self.arrays[name] = packed.numbers
        return {"name": name, "scale": [float(f"{value:.7g}") for value in packed.scale]}


def moment(
    inside: Magnification, name: str, *, questions: Iterable[int] = (-1,), ledgers: Iterable[int] = ()
) -> Moment:
    """Collect what there is to be shown.

    Args:
        inside: what ``magnify`` found.
        name: of the moment, for people.
        questions: steps whose answers are traced back to the inputs.
        ledgers: steps whose cell states are taken apart.
    """
    kept = Moment({"name": name})
    kept.facts["layers"] = [_layer(kept, number, view) for number, view in enumerate(inside.layers)]
    kept.facts["lag"] = [_curve(curve) for curve in inside.lag()]
    kept.facts["rnn"] = _curve(inside.rnn_lag())
    kept.facts["questions"] = [_question(inside.connectivity(step, past=_PAST)) for step in questions]
    gated = [(number, view) for number, view in enumerate(inside.layers) if "c" in view.arrays]
    kept.facts["ledgers"] = [
        _ledger(kept, number, inside.ledger(view.layer, step, reverse=view.reverse))
        for step in ledgers
        for number, view in gated
    ]
    return kept


def _layer(kept: Moment, number: int, view: LayerView) -> dict[str, Any]:
    half_life = view.half_life()
    return {
        "name": view.name,
        "arrays": {
            # Cells have no bounds, and where they are large a small change still matters.
            letter: kept.keep(f"{number}.{letter}", values, size=2 if letter == "c" else 1)
            for letter, values in view.arrays.items()
        },
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


def _question(found: Connectivity) -> dict[str, Any]:
    return {
        "text": found.question,
        "step": found.step,
        "answer": rounded(found.answer),
        "blank_answer": rounded(found.blank_answer),
        "completeness_error": rounded(found.completeness_error),
        "shares": {
            "integrated": rounded(found.integrated),
            "gradient_input": rounded(found.gradient_input),
            "occluded": rounded(found.occluded),
        },
    }


def _ledger(kept: Moment, layer: int, found: Ledger) -> dict[str, Any]:
    name = f"{layer}.ledger.{found.step}"
    return {
        "layer": layer,
        "step": found.step,
        "steps": found.steps.tolist(),
        "entries": kept.keep(f"{name}.entries", found.entries),
        "left": kept.keep(f"{name}.left", found.left),
        "total": rounded(found.total),
        "initial": rounded(found.initial),
        "cell": rounded(found.cell),
        "residual": rounded(found.residual),
    }


def rounded(values: Any) -> Any:
    """Numbers to four digits, as JSON can hold them: what is not finite becomes None."""
    if isinstance(values, np.ndarray):
        return [rounded(value) for value in values.tolist()]
    return float(f"{values:.4g}") if np.isfinite(values) else None
