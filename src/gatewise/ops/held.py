"""What a cache holds of its caller's: arrays that are not copied, and that must stay as they are.

A cache keeps the input and the weights of a forward pass by reference, for a copy of them would cost time
and memory. Who fills the buffer again, or steps the weights, before ``backward``, would get the gradients of
a pass that never was. So the forward pass marks what it holds, and the backward pass looks at the marks.

A mark is a checksum of the bytes: of all of them in an array of up to ``WHOLE`` bytes, else of ``LINES`` runs
of ``RUN`` elements, spread over the array so that no regular pattern escapes. A buffer that was refilled and
weights that were stepped are always seen; of a few elements that were changed in a large array, only what a
run meets. Reading more would cost as much as a copy.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, Protocol
from zlib import crc32

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.types import Array, IntArray

__all__ = ["Held", "Marked", "chosen_runs", "in_runs", "mark", "mark_runs"]

WHOLE = 1 << 13
"""Bytes up to which all of an array is read, which takes two microseconds."""

LINES, RUN = 128, 4
"""How many runs of how many elements are read of a larger array."""

_GOLDEN = 0.6180339887498949
"""Its multiples, but for their whole part, fill [0, 1) evenly and repeat no pattern (Weyl 1916)."""


class Marked(Protocol):
    """What marks itself."""

    def mark(self) -> Hashable:
        """Equal to an earlier one if nothing that it holds has changed."""


class Held:
    """Arrays of the caller's, by the names he knows them by, and the marks they had.

    Args:
        things: arrays, or what marks itself; None is nothing.
    """

    __slots__ = ("_marks", "_things")

    def __init__(self, **things: Array | Marked | None) -> None:
        self._things = things
        self._marks = _marks_of(things)

    def check(self, owner: str) -> None:
        """Refuse a way back on which something is no longer what it was.

        Raises:
            ArgumentError: an array was changed since.
        """
        now = _marks_of(self._things)
        if now != self._marks:
            changed = (each != was for each, was in zip(now, self._marks, strict=True))
            name = next(name for name, differs in zip(self._things, changed, strict=True) if differs)
            raise ArgumentError(
                f"{owner}: {name} changed after the forward pass whose cache this is, and its gradients "
                "would be wrong; expected the same as in forward. Call backward before anything writes "
                f"into {name}, or run forward again."
            )


def _marks_of(things: dict[str, Array | Marked | None]) -> list[Hashable]:
    return [
        None if each is None else mark(each) if isinstance(each, np.ndarray) else each.mark()
        for each in things.values()
    ]


def mark(values: Array) -> int:
    """A checksum of an array's bytes: equal to an earlier one if nothing that it reads has changed."""
    if values.nbytes > WHOLE:
        if values.flags.c_contiguous:
            return mark_runs(*in_runs(values.reshape(-1)), chosen_runs(values.size // RUN))
        places = chosen_runs(values.size // RUN)[:, None] * RUN + np.arange(RUN)
        ends = np.arange(values.size // RUN * RUN, values.size)
        chosen: Any = values[np.unravel_index(np.append(places, ends), values.shape)]
        return crc32(chosen)
    bytes_of: Any = values
    try:
        return crc32(bytes_of)
    except (BufferError, ValueError):  # it is not contiguous
        bytes_of = np.ascontiguousarray(values)
        return crc32(bytes_of)


def in_runs(vector: Array) -> tuple[Array, Array]:
    """Views of a vector: its runs (N // RUN, RUN), and what is left over."""
    whole = vector.size // RUN * RUN
    return vector[:whole].reshape(-1, RUN), vector[whole:]


def mark_runs(runs: Any, left_over: Any, chosen: IntArray) -> int:
    """The mark of what ``in_runs`` gave, of which the chosen runs are read."""
    return crc32(runs.take(chosen, 0), crc32(left_over))


@lru_cache(maxsize=64)
def chosen_runs(count: int) -> IntArray:
    """Which of so many runs are read, the first and the last among them, and one in each part between."""
    number = np.arange(LINES)
    places = ((number + number * _GOLDEN % 1) * (count / LINES)).astype(np.intp)
    places[-1] = count - 1
    chosen: IntArray = np.unique(places)
    chosen.flags.writeable = False
    return chosen
