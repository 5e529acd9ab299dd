"""Contestants measured in turns, each with the machine and its own threads to itself.

The thread pools of NumPy, PyTorch and ONNX Runtime spin for a while after their work, ready for more: that
helps their own next call and hinders everybody else's. Each keeps its defaults here, for with these it is
fastest; instead a turn begins when no thread of the process computes any more, and with calls that are not
timed, after which the contestant's own pool is awake and spread over the cores.

Threads that wait for each other at a barrier in every time step, as PyTorch's do, become a hundred times as
slow when another process takes one of their cores. A turn in which that happened is therefore made again.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, repeat
from types import ModuleType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

import gatewise
from benchmarks._machine import Watch, machine
from gatewise.kernels import fma_peak, get_target

THREADS = 2
TURNS = int(os.environ.get("GATEWISE_BENCHMARK_TURNS", "7"))
"""Turns of each contestant; 1 shows quickly whether a benchmark runs at all."""
LEAST_TURNS, LONG = 3, 20.0
"""A contest that has lasted LONG seconds ends after this many."""
WARM_UP = 0.15
"""Seconds of calls before the timed ones, one call at least."""
BLOCKS, BLOCK = 3, 0.005
"""Timed blocks a turn, and the seconds that a block lasts at least: one call, or as many as it needs."""
PAUSE, PATIENCE = 0.1, 10.0
"""Seconds between two looks at whether the machine is quiet, and until it has to be."""
QUIET, OTHERS, ATTEMPTS = 0.05, 0.1, 5
"""Processors that a quiet process, and all others, may keep busy; how often a disturbed turn is tried."""

Step = Callable[[], object]


class Times(NamedTuple):
    """Seconds a call.

    Attributes:
        median: over all blocks of all turns.
        best: the median of the best turn; far below ``median`` where something disturbed the others.
    """

    median: float
    best: float


class Ratio(NamedTuple):
    """How many times as long a peer takes, by the medians and by the best turns."""

    median: float
    best: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.best:.2f})"


RATIO = "ratio (of the best turns)"
"""Head of a column of ``Ratio``."""


def opening(*peers: ModuleType) -> float:
    """Set everybody's threads, print what is measured on, and return the FMA peak in GFLOP/s."""
    torch.set_num_threads(THREADS)
    gatewise.set_threads(THREADS)
    wait_until_quiet()
    peak = fma_peak(THREADS)
    versions = "".join(f", {peer.__name__} {peer.__version__}" for peer in peers)
    print(f"{machine()}{versions}")
    print(f"{THREADS} threads, kernel {get_target()}, FMA peak {peak:.0f} GFLOP/s in float32\n", flush=True)
    return peak


def measure(contestants: Mapping[str, Step]) -> dict[str, Times]:
    """Time each contestant's call, in turns."""
    turns: dict[str, list[list[float]]] = {name: [] for name in contestants}
    start = time.perf_counter()
    for turn in range(TURNS):
        if turn >= LEAST_TURNS and time.perf_counter() - start > LONG:
            break
        for name, step in contestants.items():
            turns[name].append(_turn(name, step))
    return {
        name: Times(statistics.median(chain(*blocks)), min(map(statistics.median, blocks)))
        for name, blocks in turns.items()
    }


def wait_until_quiet() -> None:
    """Sleep until no thread of this process spins any more, and for a while for other processes.

    Raises:
        RuntimeError: some thread never stops.
    """
    deadline = time.perf_counter() + PATIENCE
    while True:
        watch = Watch()
        time.sleep(PAUSE)
        own, others = watch.read()
        late = time.perf_counter() > deadline
        if own < QUIET and (others < OTHERS or late):
            return
        if late:
            raise RuntimeError(f"a thread of this process has been computing for {PATIENCE:g} s on its own")


def _turn(name: str, step: Step) -> list[float]:
    """Seconds a call in each block of a turn that nobody disturbed."""
    for _ in range(ATTEMPTS):
        wait_until_quiet()
        watch = Watch()
        calls = _warm_up(step)
        seconds = [_seconds(step, calls) / calls for _ in range(BLOCKS)]
        _, others = watch.read()
        if others < OTHERS:
            return seconds
    print(
        f"warning: other processes kept {others:.1f} processors busy while {name} was timed", file=sys.stderr
    )
    return seconds


def _warm_up(step: Step) -> int:
    """Call a while without timing; how many calls make a block."""
    calls, start = 1, time.perf_counter()
    while True:
        if _seconds(step, calls) < BLOCK:
            calls *= 2
        elif time.perf_counter() - start >= WARM_UP:
            return calls


def _seconds(step: Step, calls: int) -> float:
    start = time.perf_counter()
    for _ in repeat(None, calls):
        step()
    return time.perf_counter() - start


def fastest(times: Mapping[str, Times]) -> tuple[str, Times]:
    """The best that a peer, or several ways of using it, can do, and which way has the lowest median."""
    name = min(times, key=lambda each: times[each].median)
    return name, Times(times[name].median, min(each.best for each in times.values()))


def ratio(ours: Times, theirs: Times) -> Ratio:
    """Above 1 where ours is faster."""
    return Ratio(theirs.median / ours.median, theirs.best / ours.best)


def pace(operations: float, times: Times, peak: float) -> tuple[str, str]:
    """GFLOP/s, and the part of the peak, as cells of a row."""
    speed = operations / times.median / 1e9
    return f"{speed:.3g}", f"{100 * speed / peak:.0f} %"


def table(*columns: str) -> None:
    """Print the head of a Markdown table."""
    row(*columns)
    print("|" + "---|" * len(columns), flush=True)


def row(*cells: object) -> None:
    """Print a row of it."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def verdict(ratios: Sequence[Ratio], bar: str) -> None:
    """Print the line under a table that says whether the bar is met."""
    medians = [each.median for each in ratios]
    mean, best = (statistics.geometric_mean(values) for values in zip(*ratios, strict=True))
    print(
        f"\nahead on {sum(each > 1 for each in medians)} of {len(medians)}, lowest ratio {min(medians):.2f}, "
        f"geometric mean {mean:.2f} ({best:.2f} of the best turns); bar: {bar}\n",
        flush=True,
    )


def check_agreement(what: str, ours: npt.ArrayLike, theirs: npt.ArrayLike, tolerance: float) -> None:
    """Make sure that the contestants compute the same, before they are timed.

    Args:
        what: for the error.
        ours: a result of gatewise.
        theirs: a peer's.
        tolerance: largest difference, in units of the peer's largest magnitude.

    Raises:
        RuntimeError: they differ by more.
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        raise RuntimeError(f"{what}: the shape is {ours.shape}, the peer's {theirs.shape}")
    difference = np.abs(ours - theirs).max() / np.abs(theirs).max()
    if not difference <= tolerance:
        raise RuntimeError(f"{what}: differs from the peer's by {difference:.2g}, more than {tolerance:g}")
