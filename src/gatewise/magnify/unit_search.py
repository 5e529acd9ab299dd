"""Unit search (after LSTMVis, Strobelt et al. 2018): which units are on here, and where else are they?

Mark a range of a text; the units that are on throughout the range and off on both sides of it are those that
may stand for it. Where the same units are on together elsewhere, in this text or in another, something of
the kind may be the case there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.frequency import written
from gatewise.errors import ArgumentError
from gatewise.magnify.calendar_features import series_features
from gatewise.magnify.readers import dates, one_series, tokens_of
from gatewise.magnify.reading import Reading
from gatewise.magnify.text_features import text_features
from gatewise.nn import Recurrent
from gatewise.ops import SequenceCache
from gatewise.ops.cell import Cell
from gatewise.tasks import Forecaster, LanguageModel
from gatewise.tasks.checks import check_number
from gatewise.types import Array, State

__all__ = ["Matches", "Place", "UnitIndex", "check_layer", "index_units"]

_STREAMS = 64
"""Places of a corpus that are read side by side."""
_SHORTEST_STREAM = 500
_STRETCH = 100
_WINDOWS = 512
"""Windows of a series that are read side by side."""
_FULL = 127
"""A value of 1 as it is kept, in a byte."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the units of a search are on together.

    Attributes:
        start: first token.
        stop: the token behind the last.
        text: of the tokens.
        score: in [0, 1], how like the marked range: the share of its units that are off on both sides, times
            the shorter of the two lengths over the longer.
    """

    start: int
    stop: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search found.

    Attributes:
        units: on throughout the range and off on both sides of it.
        places: elsewhere, the likest first.
    """

    units: tuple[int, ...]
    places: tuple[Place, ...]


class UnitIndex:
    """What every unit of a layer holds at every step of a corpus: a token of a text, a step of a series.

    Attributes:
        values: (N, H), tanh(c) of an LSTM or h of an RNN, in 127ths.
        labels: of each step: the token, the word, the time.
        kind: "text" where the labels, joined, are a text; "words" where they are words; "series".
        times: (N,) dates of the steps of a series; None where there are none.
    """

    def __init__(
        self,
        values: npt.NDArray[np.int8],
        labels: Sequence[str],
        kind: str = "text",
        times: npt.NDArray[np.datetime64] | None = None,
    ) -> None:
        self.values = values
        self.labels = labels
        self.kind = kind
        self.times = times

    @classmethod
    def of(cls, reading: Reading, cache: SequenceCache) -> UnitIndex:
        """What the units of a layer held while they read one sequence.

        Args:
            reading: the sequence, of T steps.
            cache: of the layer and direction, as ``LayerView.cache``.
        """
        values = _in_bytes(cache.cell, cache.h[:, 0], cache.c[:, 0])
        return cls(values, reading.labels, reading.kind, reading.times)

    @property
    def between(self) -> str:
        """What stands between two labels where they are joined."""
        return "" if self.kind == "text" else " "

    def text(self, start: int, stop: int) -> str:
        """The labels of a range, joined."""
        return self.between.join(self.labels[start:stop])

    def features(self) -> dict[str, npt.NDArray[np.float32]]:
        """Simple features of the steps by name: those of a text, or of a series.

        (N, 1) each, or where one goes in a circle (N, 2); see ``text_features`` and ``series_features``.
        """
        if self.kind == "series":
            return series_features(len(self.values), self.times)
        return text_features(self.labels, self.between)

    def search(self, start: int, stop: int, *, threshold: float = 0.3, most: int = 50) -> Matches:
        """Find the units of a range, and the other places where they are on.

        Args:
            start: first token of the range.
            stop: the token behind its last.
            threshold: a unit is on above it; in (0, 1).
            most: places to give.

        Raises:
            ArgumentError: as ``units_on`` and ``places`` raise it.
        """
        units = self.units_on(start, stop, threshold=threshold)
        besides = range(start, stop)
        places = self.places(units, stop - start, threshold=threshold, most=most, besides=besides)
        return Matches(units, places)

    def units_on(self, start: int, stop: int, *, threshold: float = 0.3) -> tuple[int, ...]:
        """The units that are on throughout a range and off on both sides of it.

        Args:
            start: first token of the range.
            stop: the token behind its last.
            threshold: a unit is on above it; in (0, 1).

        Raises:
            ArgumentError: the range is empty or not inside the corpus; threshold is out of range.
        """
        count, level = len(self.values), _level(threshold)
        for name, value in (("start", start), ("stop", stop)):
            check_number(name, value, low=-count, whole=True)
        if not 0 <= start < stop <= count:
            raise ArgumentError(
                f"the range from {start} to {stop} is not inside the corpus of {count:,} tokens; expected "
                f"0 <= start < stop <= {count}."
            )
        on = (self.values[start:stop] > level).all(axis=0)
        for beside in (start - 1, stop):
            if 0 <= beside < count:
                on &= self.values[beside] <= level
        return tuple(np.flatnonzero(on).tolist())

    def places(
        self,
        units: Sequence[int],
        length: int,
        *,
        threshold: float = 0.3,
        most: int = 50,
        besides: range | None = None,
    ) -> tuple[Place, ...]:
        """Where these units are on together, the likest first: those of a range of another text, perhaps.

        Args:
            units: numbers of units; with none there are no places.
            length: tokens of the range that is sought for.
            threshold: a unit is on above it; in (0, 1).
            most: places to give.
            besides: tokens; a place that has one of them is left out.

        Raises:
            ArgumentError: there is no such unit; length, threshold or most is out of range.
        """
        level, width = _level(threshold), self.values.shape[1]
        if length < 1 or most < 1:
            raise ArgumentError(f"length={length}, most={most}; expected at least 1 token and 1 place.")
        if not all(0 <= unit < width for unit in units):
            raise ArgumentError(f"units={tuple(units)}; expected numbers from 0 to {width - 1}.")
        if not units:
            return ()
        together = np.ones(len(self.values), np.bool_)
        for unit in units:
            together &= self.values[:, unit] > level
        edges = np.flatnonzero(np.diff(together, prepend=False, append=False))
        starts, stops = edges[::2], edges[1::2]
        if besides is not None:
            elsewhere = (stops <= besides.start) | (starts >= besides.stop)
            starts, stops = starts[elsewhere], stops[elsewhere]
        lengths = stops - starts
        off = (self._off(starts - 1, units, level) + self._off(stops, units, level)) / 2
        scores = off * np.minimum(lengths, length) / np.maximum(lengths, length)
        best = np.argsort(-scores, kind="stable")[:most]
        found = zip(starts[best].tolist(), stops[best].tolist(), scores[best].tolist(), strict=True)
        return tuple(Place(first, last, self.text(first, last), score) for first, last, score in found)

    def _off(self, tokens: npt.NDArray[np.intp], units: Sequence[int], level: int) -> npt.NDArray[np.float64]:
        """(N,): the share of the units that are off at these tokens; all of them beyond the ends."""
        inside = (tokens >= 0) & (tokens < len(self.values))
        off = np.ones(len(tokens))
        off[inside] = (self.values[np.ix_(tokens[inside], np.asarray(units))] <= level).mean(axis=1)
        return off


def index_units(model: LanguageModel | Forecaster, corpus: Any = None, layer: int = -1) -> UnitIndex:
    """Let a model read a corpus, and keep what the units of a layer hold.

    A text is cut into streams that are read side by side, each from a state of zeros. Symbols that the model
    does not know it takes as the token that it has for such.

    Of a series there is a row for each step: what the units hold once a forecaster has read a whole context
    that ends with this step, from zeros, patch by patch. That is the state from which it forecasts the next
    step. The time of a row is that of the step, whatever the size of a patch, and all rows have seen equally
    much: within one pass over a context the number of patches read would follow the calendar by itself. The
    steps before the first full context (of a short series, its first half) are left out.

    Args:
        model: fitted.
        corpus: for a language model a text; a million characters take a byte a unit each. For a forecaster a
            frame of one series, or None for what it kept of that of its training: the last context only.
        layer: negative ones count from the top.

    Raises:
        ArgumentError: there is no such layer; the corpus is no text, or has several series.
        DataError: a text is empty; a frame is unfit.
        NotFittedError: the model is not fitted.
    """
    if isinstance(model, LanguageModel):
        return _index_text(model, corpus, layer)
    if isinstance(model, Forecaster):
        return _index_series(model, corpus, layer)
    raise ArgumentError(
        f"index_units: model is a {type(model).__name__}; expected a fitted LanguageModel or Forecaster."
    )


def _index_text(model: LanguageModel, text: Any, layer: int) -> UnitIndex:
    tokens, labels = tokens_of(model, text, allow_unknown=True)
    network = model.network_
    stack = network.recurrent
    check_layer(stack, layer)
    streams = max(1, min(_STREAMS, len(tokens) // _SHORTEST_STREAM))
    steps = -(-len(tokens) // streams)
    padded = np.zeros(streams * steps, np.intp)
    padded[: len(tokens)] = tokens
    side_by_side = padded.reshape(streams, steps).T
    values = np.empty((steps, streams, stack.hidden_sizes[layer]), np.int8)
    state: State | None = None
    for first in range(0, steps, _STRETCH):
        part = slice(first, first + _STRETCH)
        _, state, cache = stack.look(network.embedding.input(side_by_side[part]), state)
        kept = cache.layers[layer][0]
        values[part] = _in_bytes(kept.cell, kept.h, kept.c)
    by_stream = values.swapaxes(0, 1).reshape(streams * steps, -1)
    kind = "words" if model.level == "word" else "text"
    return UnitIndex(np.ascontiguousarray(by_stream[: len(tokens)]), labels, kind)


def _index_series(model: Forecaster, data: Any, layer: int) -> UnitIndex:
    table, one = one_series(model, data)
    setup, stack = model.setup_, model.network_.recurrent
    check_layer(stack, layer)
    shape = setup.shape
    # As for anomalies: of a short series its second half is read, with part of the context empty.
    ends = np.arange(min(shape.context, max(1, len(one) // 2)), len(one) + 1)
    origins = np.stack([np.zeros_like(ends), ends], axis=1)
    windows = setup.windows([one], origins, target=model.target)
    hidden = stack.hidden_sizes[layer]
    values = np.empty((len(ends), hidden), np.int8)
    for first in range(0, len(ends), _WINDOWS):
        part = np.arange(first, min(first + _WINDOWS, len(ends)))
        patches = windows.batch(part).features[: shape.context // shape.patch]
        _, state = stack(patches)
        values[part] = _in_bytes(stack.cell, state.h[layer, :, :hidden], state.c[layer, :, :hidden])
    times = table.clock(model.time, setup.frequency.times(one.start, ends - 1))
    return UnitIndex(values, list(map(str, written(times))), "series", dates(times))


def check_layer(stack: Recurrent, layer: int) -> None:
    """Refuse the number of a layer that is not there; negative ones count from the top.

    Raises:
        ArgumentError: there is no such layer.
    """
    if not -stack.num_layers <= layer < stack.num_layers:
        raise ArgumentError(f"layer={layer}; this network has {stack.num_layers} layers.")


def _level(threshold: float) -> int:
    """A threshold as values are kept."""
    if not 0 < threshold < 1:
        raise ArgumentError(f"threshold={threshold}; expected a number between 0 and 1.")
    return round(threshold * _FULL)


def _in_bytes(cell: Cell, h: Array, c: Array) -> npt.NDArray[np.int8]:
    """What units hold, as it is kept; an h beyond -1 and 1, as the rectifier gives it, as these."""
    held = np.tanh(c) if cell.has_memory else h.clip(-1, 1)
    return np.asarray(np.rint(held * _FULL), np.int8)
