"""One long token sequence, cut into rows that are read side by side, window by window.

This is how a recurrent network learns from a text with truncated back-propagation (Zaremba et al. 2014):
row b of every window goes on where row b of the window before stopped, so the state can be carried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gatewise.errors import ArgumentError, DataError
from gatewise.types import IntArray

__all__ = ["StreamWindows", "Window"]


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

    Raises:
        ArgumentError: batch_size or window is below 1.
        DataError: the sequence is shorter than one window and its first target.
    """

    def __init__(self, tokens: IntArray, batch_size: int, window: int) -> None:
        if batch_size < 1 or window < 1:
            raise ArgumentError(f"batch_size={batch_size}, window={window}; expected at least 1 of each.")
        if len(tokens) < window + 1:
            raise DataError(
                f"the text has {len(tokens)} tokens; at least {window + 1} are needed for one window of "
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

    def starting_at(self, index: int) -> Iterator[Window]:
        """The windows of one pass, from number ``index`` on."""
        for start in range(index * self.window, self._row_length, self.window):
            part = slice(start, start + self.window)
            yield Window(self._steps(self._inputs[:, part]), self._steps(self._targets[:, part]))

    def _steps(self, rows: IntArray) -> IntArray:
        """(B, T) of a small unsigned type, perhaps in a memory map, as (T, B) of int64 in memory."""
        return np.ascontiguousarray(rows.T, dtype=np.int64)
