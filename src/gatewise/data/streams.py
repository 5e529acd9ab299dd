"""One long token sequence, cut into rows that are read side by side, window by window.

This is how a recurrent network learns from a text with truncated back-propagation (Zaremba et al. 2014):
row b of every window goes on where row b of the window before stopped, so the state can be carried.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gatewise.errors import ArgumentError, DataError
from gatewise.types import IntArray

__all__ = ["StreamWindows", "Window"]

_WHOLE = 0.95
"""Probability that the length of a window is drawn around T and not around T / 2."""
_DEVIATION = 5.0
"""Standard deviation of the lengths, in steps."""
_SHORTEST = 5
"""Steps that are drawn at least; the deviation alone would also draw negative ones."""


class Window(NamedTuple):
    """Tokens to read and tokens to predict, (T, B) each; the targets are the inputs one step later."""

    inputs: IntArray
    targets: IntArray


class StreamWindows:
    """Windows over a token sequence.

    The sequence is cut into ``batch_size`` rows of equal length; at most ``batch_size`` tokens at its end
    are left over.

    Args:
        tokens: (N,).
        batch_size: B, rows read side by side; fewer where the text is too short for so many.
        window: T, steps in a window; the last window of a row may be shorter.
        name: of the sequence, for errors.

    Raises:
        ArgumentError: batch_size or window is below 1.
        DataError: the sequence is shorter than one window and its first target.
    """

    def __init__(self, tokens: IntArray, batch_size: int, window: int, name: str = "the text") -> None:
        if batch_size < 1 or window < 1:
            raise ArgumentError(f"batch_size={batch_size}, window={window}; expected at least 1 of each.")
        if len(tokens) < window + 1:
            raise DataError(
                f"{name} has {len(tokens)} tokens; at least {window + 1} are needed for one window of "
                f"{window} and its targets. Give more text or a smaller window."
            )
        self.batch_size = min(batch_size, (len(tokens) - 1) // window)
        self.window = window
        self._row_length = (len(tokens) - 1) // self.batch_size
        self._inputs = tokens[: self.batch_size * self._row_length].reshape(self.batch_size, -1)
        self._targets = tokens[1 : self.batch_size * self._row_length + 1].reshape(self.batch_size, -1)

    def __len__(self) -> int:
        """Windows in one pass over the sequence."""
        return -(-self._row_length // self.window)

    @property
    def predictions(self) -> int:
        """Targets in one pass."""
        return self.batch_size * self._row_length

    def __iter__(self) -> Iterator[Window]:
        return self.starting_at(0)

    def starting_at(self, index: int, rng: np.random.Generator | None = None) -> Iterator[Window]:
        """The windows of one pass, from number ``index`` on.

        Args:
            index: of the first.
            rng: draws how long each window is, so that not every pass ends its gradients at the same tokens
                (Merity et al. 2018, section 5): T with probability 0.95, else T / 2, then from a normal
                distribution around that with a standard deviation of 5. Other than there, all lengths of a
                pass are then stretched alike to fill it with as many windows as there are without: a window
                keeps its number, at which training can go on. The same draws give the same windows. All are
                T long where omitted.
        """
        borders = self._drawn_borders(rng) if rng is not None else self._even_borders()
        for start, stop in itertools.pairwise(borders[index:].tolist()):
            part = slice(start, stop)
            yield Window(self._steps(self._inputs[:, part]), self._steps(self._targets[:, part]))

    def _even_borders(self) -> IntArray:
        """Where each window begins, and where the last one ends."""
        return np.minimum(np.arange(len(self) + 1) * self.window, self._row_length)

    def _drawn_borders(self, rng: np.random.Generator) -> IntArray:
        """The same for windows of different lengths, each at least one step."""
        count = len(self)
        means = np.where(rng.random(count) < _WHOLE, self.window, self.window / 2)
        lengths = np.maximum(rng.normal(means, _DEVIATION), min(_SHORTEST, self.window))
        shares = np.concatenate([[0], np.cumsum(lengths)]) / lengths.sum()
        borders: IntArray = np.arange(count + 1) + np.rint(shares * (self._row_length - count)).astype(int)
        return borders

    def _steps(self, rows: IntArray) -> IntArray:
        """(B, T) of a small unsigned type, perhaps in a memory map, as (T, B) of int64 in memory."""
        return np.ascontiguousarray(rows.T, dtype=np.int64)
