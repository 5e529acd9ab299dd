"""Lists that know in which lines of their file they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["PlacedLists"]


class PlacedLists(list[list[str]]):
    """The words or the tags of sentences of a file: lists of lists as any other, which errors can place.

    Args:
        lists: one a sentence.
        name: of the file, for errors.
        lines: the number of the line of each entry, from 1.
    """

    def __init__(
        self, lists: Iterable[list[str]] = (), name: str = "", lines: Sequence[Sequence[int]] = ()
    ) -> None:
        super().__init__(lists)
        self._name, self._lines = name, lines

    def where(self, number: int, place: int) -> str:
        """Where an entry of a sentence stands; both count from 0, negative ones from the end."""
        return f"{self._name}, line {self._lines[number][place]}"
