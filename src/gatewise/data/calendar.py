"""What the calendar says of a time: hour, day of the week and day of the year, as points on a circle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gatewise.data.frequency import Frequency, Times

__all__ = ["CYCLES", "calendar_features", "seen_cycles"]

CYCLES = {"day": 86_400.0, "week": 7 * 86_400.0, "year": 365.2425 * 86_400.0}
"""Seconds of each cycle."""

_MONDAY = np.datetime64("1969-12-29", "us")


def seen_cycles(frequency: Frequency, series: Sequence[tuple[Times, int]]) -> tuple[str, ...]:
    """The cycles that a network can learn: longer than a step, and seen at least twice.

    Args:
        frequency: of the series.
        series: start, as an array of one time, and length of each.
    """
    if frequency.unit == "number":
        return ()
    spans, steps = [], []
    for start, length in series:
        ends = frequency.times(start[0], np.array([0, 1, length - 1]))
        spans.append(float((ends[2] - ends[0]) / np.timedelta64(1, "s")))
        steps.append(float((ends[1] - ends[0]) / np.timedelta64(1, "s")))
    return tuple(name for name, cycle in CYCLES.items() if max(steps) < cycle and 2 * cycle <= max(spans))


def calendar_features(times: Times, cycles: Sequence[str]) -> npt.NDArray[np.float32]:
    """Sine and cosine of each time's place in each cycle, (N, 2 * cycles)."""
    features = np.zeros((len(times), 2 * len(cycles)), dtype=np.float32)
    if not cycles:
        return features
    # From a Monday on, so that a week's features begin with the week.
    seconds = (times - _MONDAY) / np.timedelta64(1, "s")
    year_start = times.astype("M8[Y]").astype("M8[us]")
    for index, name in enumerate(cycles):
        elapsed = (times - year_start) / np.timedelta64(1, "s") if name == "year" else seconds
        angle = 2 * np.pi * (elapsed / CYCLES[name])
        features[:, 2 * index], features[:, 2 * index + 1] = np.sin(angle), np.cos(angle)
    return features
