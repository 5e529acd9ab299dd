"""Unit search (after LSTMVis, Strobelt et al. 2018): which units are on here, and where else are they?

Mark a range of a text; the units that are on throughout the range and off on both sides of it are those that
may stand for it. Where the same units are on together elsewhere in a corpus, something of the kind may be the
case there too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.magnify.readers import tokens_of
from gatewise.tasks import LanguageModel
from gatewise.types import State

__all__ = ["Matches", "Place", "UnitIndex", "index_units"]

_STREAMS = 64
"""Places of a corpus that are read side by side."""
_SHORTEST_STREAM = 500
_STRETCH = 100
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
    """What every unit of a layer holds at every token of a corpus.

    Attributes:
        values: (N, H), tanh(c) of an LSTM or h of an RNN, in 127ths.
        labels: of each token.
        between: what stands between two of them in a text.
    """

    def __init__(self, values: npt.NDArray[np.int8], labels: list[str], between: str = "") -> None:
        self.values = values
        self.labels = labels
        self.between = between

    def search(self, start: int, stop: int, *, threshold: float = 0.3, most: int = 50) -> Matches:
        """Find the units of a range, and the other places where they are on.

        Args:
            start: first token of the range.
            stop: the token behind its last.
            threshold: a unit is on above it; in (0, 1).
            most: places to give.

        Raises:
            ArgumentError: the range is empty or not inside the corpus; threshold or most is out of range.
        """
        count = len(self.values)
        if not 0 <= start < stop <= count:
            raise ArgumentError(
                f"the range from {start} to {stop} is not inside the corpus of {count:,} tokens; expected "
                f"0 <= start < stop <= {count}."
            )
        if not 0 < threshold < 1 or most < 1:
            raise ArgumentError(
                f"threshold={threshold}, most={most}; expected a threshold between 0 and 1, and "
                "at least 1 place."
            )
        level = round(threshold * _FULL)
        on = (self.values[start:stop] > level).all(axis=0)
        for beside in (start - 1, stop):
            if 0 <= beside < count:
                on &= self.values[beside] <= level
        units = np.flatnonzero(on)
        if not len(units):
            return Matches((), ())
        return Matches(tuple(units.tolist()), tuple(self._places(units, level, start, stop, most)))

    def _places(
        self, units: npt.NDArray[np.intp], level: int, start: int, stop: int, most: int
    ) -> list[Place]:
        """Stretches in which all these units are on, but for the one that was marked."""
        together = np.ones(len(self.values), np.bool_)
        for unit in units:
            together &= self.values[:, unit] > level
        edges = np.flatnonzero(np.diff(together, prepend=False, append=False))
        starts, stops = edges[::2], edges[1::2]
        elsewhere = (stops <= start) | (starts >= stop)
        starts, stops = starts[elsewhere], stops[elsewhere]
        lengths, length = stops - starts, stop - start
        off = [self._off(starts - 1, units, level), self._off(stops, units, level)]
        scores = (off[0] + off[1]) / 2 * np.minimum(lengths, length) / np.maximum(lengths, length)
        best = np.argsort(-scores, kind="stable")[:most]
        found = zip(starts[best].tolist(), stops[best].tolist(), scores[best].tolist(), strict=True)
        return [
            Place(first, last, self.between.join(self.labels[first:last]), score)
            for first, last, score in found
        ]

    def _off(
        self, tokens: npt.NDArray[np.intp], units: npt.NDArray[np.intp], level: int
    ) -> npt.NDArray[np.float64]:
        """(N,): the share of the units that are off at these tokens; all of them beyond the ends."""
        inside = (tokens >= 0) & (tokens < len(self.values))
        off = np.ones(len(tokens))
        off[inside] = (self.values[np.ix_(tokens[inside], units)] <= level).mean(axis=1)
        return off


def index_units(model: LanguageModel, corpus: str, layer: int = -1) -> UnitIndex:
    """Let a language model read a corpus, and keep what the units of a layer hold.

    The corpus is cut into streams that are read side by side, each from a state of zeros.

    Args:
        model: fitted.
        corpus: a text; a million characters take a byte a unit each.
        layer: negative ones count from the top.

    Raises:
        ArgumentError: there is no such layer.
        DataError: the corpus is empty, or has symbols that the model does not know.
        NotFittedError: the model is not fitted.
    """
    tokens, labels = tokens_of(model, corpus)
    network = model.network_
    stack = network.recurrent
    if not -stack.num_layers <= layer < stack.num_layers:
        raise ArgumentError(f"layer={layer}; this network has {stack.num_layers} layers.")
    streams = max(1, min(_STREAMS, len(tokens) // _SHORTEST_STREAM))
    steps = -(-len(tokens) // streams)
    padded = np.zeros(streams * steps, np.intp)
    padded[: len(tokens)] = tokens
    side_by_side = padded.reshape(streams, steps).T
    values = np.empty((steps, streams, stack.hidden_size), np.int8)
    state: State | None = None
    for first in range(0, steps, _STRETCH):
        part = slice(first, first + _STRETCH)
        _, state, cache = stack.look(network.embedding.input(side_by_side[part]), state)
        kept = cache.layers[layer][0]
        held = np.tanh(kept.c) if kept.cell.has_memory else kept.h
        np.rint(held * _FULL, out=values[part], casting="unsafe")
    by_stream = values.swapaxes(0, 1).reshape(streams * steps, -1)
    between = " " if model.level == "word" else ""
    return UnitIndex(np.ascontiguousarray(by_stream[: len(tokens)]), labels, between)
