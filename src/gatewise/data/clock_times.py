"""Times that clocks of a place show, read as moments, where that is sure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.zones import local_times, offset_texts
from gatewise.errors import DataError

__all__ = ["by_clocks", "in_row"]


def in_row(row: int) -> str:
    """Where a row stands, counted from 1."""
    return f"row {row + 1}"


def by_clocks(
    times: npt.NDArray[Any],
    zone: str,
    name: str,
    where: str,
    place: Callable[[int], str] = in_row,
    chosen: npt.NDArray[np.bool_] | None = None,
    texts: Sequence[str] | None = None,
) -> npt.NDArray[Any]:
    """Times that the clocks of a zone show, in UTC. Of whole days, where one has no midnight, the next hour.

    Args:
        times: (N,) datetime64.
        zone: its name.
        name: of their column.
        where: what messages call the data.
        place: says of a row where it stands.
        chosen: which must be shown once; all where omitted.
        texts: how they are written.

    Raises:
        DataError: one of them is shown twice, or never.
    """
    found = local_times(times, zone)
    chosen = np.ones(len(times), bool) if chosen is None else chosen
    days = times[chosen & ~np.isnat(times)]
    if (days == days.astype("M8[D]")).all():
        return found.utc
    for wrong, what in ((found.twice & chosen, "show twice"), (found.never & chosen, "never show")):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            shown = str(times[row].astype("M8[s]")) if texts is None else texts[row]
            offset = offset_texts(found.utc[row : row + 1], zone)[0]
            remedy = (
                "Correct it, or name another zone with time_zone="
                if what == "never show"
                else f"Write it with its offset to UTC, as in {shown}{offset}"
            )
            raise DataError(
                f"{where}: column {name!r} has {shown} in {place(row)}, which clocks in {zone} {what}; "
                f"expected a time that they show once. {remedy}."
            )
    return found.utc
