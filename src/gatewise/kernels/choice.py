"""Which kernels run, and in how many threads: readable, and forcible for tests and comparisons."""

from __future__ import annotations

import os
from functools import cache

from gatewise.errors import ArgumentError
from gatewise.kernels.cores import usable_cores
from gatewise.kernels.probe import native_status

__all__ = ["NUMPY", "fma_peak", "get_target", "get_threads", "set_target", "set_threads", "targets"]

NUMPY = "numpy"
"""The target that stands for the NumPy reference."""

_MOST_THREADS = 1024

_forced: dict[str, str | int] = {}


def targets() -> tuple[str, ...]:
    """What can run here: "numpy", and the instruction sets with kernels, from narrow to wide."""
    return (NUMPY, *_native_targets())


@cache
def _native_targets() -> tuple[str, ...]:
    if not native_status().available:
        return ()
    from gatewise.kernels import _native

    return tuple(name for name, runs_here in _native.targets().items() if runs_here)


def get_target() -> str:
    """What runs now: the widest target, unless ``set_target`` or ``GATEWISE_TARGET`` says otherwise.

    Raises:
        ArgumentError: ``GATEWISE_TARGET`` names none of ``targets()``.
    """
    if "target" in _forced:
        return str(_forced["target"])
    name = os.environ.get("GATEWISE_TARGET") or targets()[-1]
    return _checked_target("GATEWISE_TARGET", name)


def set_target(name: str | None) -> None:
    """Force one of ``targets()``; None goes back to the choice by itself.

    Raises:
        ArgumentError: there is no such target here.
    """
    if name is None:
        _forced.pop("target", None)
    else:
        _forced["target"] = _checked_target("target", name)


def get_threads() -> int:
    """Threads that a kernel may use: ``set_threads``, else ``GATEWISE_NUM_THREADS``, else ``usable_cores()``.

    A call takes no more of them than the calling thread's affinity mask has cores at that moment, and fewer
    where it is too short to share.

    Raises:
        ArgumentError: ``GATEWISE_NUM_THREADS`` is not a whole number of at least 1.
    """
    if "threads" in _forced:
        return int(_forced["threads"])
    text = os.environ.get("GATEWISE_NUM_THREADS")
    if text:
        return _checked_threads("GATEWISE_NUM_THREADS", int(text) if text.isdecimal() else text)
    return min(usable_cores(), _MOST_THREADS)


def set_threads(count: int | None) -> None:
    """Set how many threads a kernel may use; None goes back to the choice by itself.

    The results do not depend on it.

    Raises:
        ArgumentError: ``count`` is not a whole number of at least 1.
    """
    if count is None:
        _forced.pop("threads", None)
    else:
        _forced["threads"] = _checked_threads("threads", count)


def fma_peak(threads: int) -> float:
    """What the processor can do, GFLOP/s: multiplications and additions that wait for nothing, measured now.

    Raises:
        ArgumentError: the target is NumPy, which cannot tell.
    """
    if get_target() == NUMPY:
        raise ArgumentError(
            "target='numpy'; expected an instruction set, whose peak the native module measures."
        )
    from gatewise.kernels import _native

    return _native.fma_peak(get_target(), threads)


def _checked_target(source: str, name: str) -> str:
    if name not in targets():
        raise ArgumentError(f"{source}={name!r}; expected one of {', '.join(targets())}, which run here.")
    return name


def _checked_threads(source: str, count: object) -> int:
    if type(count) is not int or not 1 <= count <= _MOST_THREADS:
        raise ArgumentError(f"{source}={count!r}; expected a whole number from 1 to {_MOST_THREADS}.")
    return count
