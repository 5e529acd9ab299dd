"""What a network remembers of one sequence: all that can be seen in it, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.frames import Table
from gatewise.errors import ArgumentError
from gatewise.magnify.connectivity import Connectivity, connectivity
from gatewise.magnify.gates import Saturation, half_life, saturation
from gatewise.magnify.lag import LagCurve, gradient_by_lag, plain_rnn
from gatewise.magnify.ledger import Ledger, ledger
from gatewise.magnify.ordering import order_units
from gatewise.magnify.readers import read
from gatewise.ops import SequenceCache
from gatewise.tasks.checks import check_number
from gatewise.types import GATE_ORDER, Array

__all__ = ["WORDS", "Inspection", "LayerView"]

_BACKENDS = ("pandas", "polars", "pyarrow")

WORDS = {"i": "input", "f": "forget", "g": "candidate", "o": "output", "c": "cell state", "h": "hidden state"}
"""The arrays of a layer, in the papers' words."""


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer in one direction, (T, H) each; a plain RNN has h alone.

    In the other vocabulary: *learn* is i ⊙ g, *forget* is f ⊙ c', *remember* is c, *use* is h.

    Attributes:
        layer: from 0.
        reverse: whether it reads from the end.
        arrays: i, f, g, o, c and h by name.
        cache: of the pass.
    """

    layer: int
    reverse: bool
    arrays: dict[str, Array]
    cache: SequenceCache = field(repr=False)

    @property
    def name(self) -> str:
        """For people, who count from 1."""
        return f"layer {self.layer + 1}{', from the end' if self.reverse else ''}"

    def saturation(self) -> dict[str, Saturation]:
        """Of i, f and o: shares of the time each unit's gate is shut and open (H,); of an RNN nothing."""
        return {gate: saturation(self.arrays[gate]) for gate in ("i", "f", "o") if gate in self.arrays}

    def order(self, by: str = "activity") -> npt.NDArray[np.intp]:
        """Numbers of the units by "activity", "saturation" or "similarity"; see ``order_units``."""
        return order_units(self.arrays, by)

    def unit(self, unit: int | None = None) -> int:
        """A unit by its number, or the one whose cell state changes most.

        Raises:
            ArgumentError: there is none.
        """
        by_activity = self.order("activity")
        if unit is None:
            return int(by_activity[0])
        check_number("unit", unit, low=0, high=len(by_activity) - 1, whole=True)
        return unit

    def half_life(self) -> npt.NDArray[np.float64] | None:
        """Steps after which half of what stands in a cell is left (H,); None of a plain RNN."""
        return half_life(self.arrays["f"]) if "f" in self.arrays else None


class Inspection:
    """What is found by looking into a model while it reads one sequence.

    Attributes:
        model: what was looked into.
        data: what it read.
        labels: of the T steps.
        title: what was read.
        layers: each layer in each direction, from the bottom up.
    """

    def __init__(self, model: Any, data: Any, *, allow_unknown: bool = False) -> None:
        self.model = model
        self.data = data
        self.reading = read(model, data, allow_unknown=allow_unknown)
        self.labels = self.reading.labels
        self.title = self.reading.title
        _, cache = self.reading.look()
        self.layers = tuple(_views(cache.layers))

    def __getitem__(self, name: str) -> Array:
        """An array of the top layer by its letter: (T, H)."""
        arrays = self.layers[-1].arrays
        if name not in arrays:
            raise ArgumentError(f"there is no array {name!r}; expected one of {', '.join(arrays)}.")
        return arrays[name]

    def layer(self, layer: int = -1, *, reverse: bool = False) -> LayerView:
        """A layer by its number; negative ones count from the top.

        Raises:
            ArgumentError: there is none.
        """
        found = [view for view in self.layers if view.reverse == reverse]
        if not found:
            raise ArgumentError("reverse=True; expected False, for this network reads in one direction only.")
        check_number("layer", layer, low=-len(found), high=len(found) - 1, whole=True)
        return found[layer]

    def ledger(self, layer: int = -1, step: int = -1, *, reverse: bool = False) -> Ledger:
        """What each past step wrote into a layer's cell state after a step, and what is left of it."""
        return ledger(self.layer(layer, reverse=reverse).cache, step)

    def lag(self, step: int = -1) -> list[LagCurve]:
        """The gradient by lag of the answer at a step, for each of ``layers``."""
        return gradient_by_lag(self.reading, step)

    def rnn_lag(self, step: int = -1) -> LagCurve:
        """The same of a plain RNN as wide as the widest layer, as it begins, to be drawn beside it."""
        return plain_rnn(self.reading, step)

    def connectivity(
        self, step: int = -1, *, points: int | None = None, past: int | None = 200
    ) -> Connectivity:
        """Which inputs the answer at a step rests on."""
        return connectivity(self.reading, step, points=points, past=past)

    def to_frame(self, backend: str | None = None) -> Any:
        """All arrays as a data frame, a row for each step, layer, direction and unit.

        Its columns are ``step``, ``label``, ``layer``, ``reverse``, ``unit`` and the arrays' letters; of a
        plain RNN there is h alone.

        Args:
            backend: "pandas", "polars" or "pyarrow"; the first of them that is installed where omitted, and a
                dict of columns where none is.

        Raises:
            ArgumentError: there is no such backend.
            MissingExtraError: it is not installed.
        """
        if backend is None:
            backend = next((name for name in _BACKENDS if find_spec(name)), None)
        elif backend not in _BACKENDS:
            raise ArgumentError(f"backend={backend!r}; expected one of {', '.join(_BACKENDS)}.")
        return Table.of_kind(backend, {}, []).like(self.columns())

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The columns of ``to_frame`` as NumPy arrays."""
        parts: dict[str, list[npt.NDArray[Any]]] = {}
        labels = np.array(self.labels, dtype=object)
        for view in self.layers:
            steps, units = view.arrays["h"].shape
            columns = {
                "step": np.repeat(np.arange(steps), units),
                "label": np.repeat(labels, units),
                "layer": np.full(steps * units, view.layer),
                "reverse": np.full(steps * units, view.reverse),
                "unit": np.tile(np.arange(units), steps),
                **{name: values.reshape(-1) for name, values in view.arrays.items()},
            }
            for name, column in columns.items():
                parts.setdefault(name, []).append(column)
        return {name: np.concatenate(columns) for name, columns in parts.items()}

    def summary(self) -> str:
        """What can be said in a few lines."""
        stack = self.reading.recurrent
        kind = f"{type(stack).__name__}, {stack.size_label}"
        lines = [f"{self.title}: {len(self.labels)} steps through an {kind}"]
        horizons = {(curve.layer, curve.reverse): curve for curve in self.lag()}
        for view in self.layers:
            said = []
            for name, (shut, wide) in view.saturation().items():
                said.append(f"{WORDS[name]} gates open {wide.mean():.0%}, shut {shut.mean():.0%} of the time")
            decay = view.half_life()
            if decay is not None:
                said.append(
                    f"half-life of a cell {np.median(decay):.1f} steps, the longest {decay.max():.0f}"
                )
            said.append(f"memory horizon {_horizon(horizons[view.layer, view.reverse])}")
            lines.append(f"{view.name}: " + "; ".join(said))
        lines.append(f"a plain RNN of that width, as it begins: memory horizon {_horizon(self.rnn_lag())}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.title!r}, {len(self.labels)} steps, {len(self.layers)} layers)"


def _views(layers: Iterable[Iterable[SequenceCache]]) -> Iterator[LayerView]:
    for number, directions in enumerate(layers):
        for reverse, cache in enumerate(directions):
            names = (*GATE_ORDER, "c", "h") if cache.cell.has_memory else ("h",)
            arrays = {name: getattr(cache, name)[:, 0] for name in names}
            yield LayerView(number, bool(reverse), arrays, cache)


def _horizon(curve: LagCurve) -> str:
    if len(curve.h) == 1:
        return "none, for nothing was read before"
    steps = curve.horizon_h if curve.c is None else curve.horizon_c
    return "beyond the beginning" if steps is None else f"{steps} steps"
