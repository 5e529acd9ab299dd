"""Worker processes that end with the process that started them, however that one ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

from gatewise.kernels import set_threads

__all__ = ["deaf_to_interrupts", "work_while"]


def work_while(line: Connection) -> None:
    """In a worker, before its first trial: one thread for the kernels, and no life of its own.

    Args:
        line: the end to read from of a pipe, whose other end is with the process that started this one. The
            system closes that when the process ends, be it killed; it closes it itself to end its workers.
    """
    set_threads(1)
    # Ctrl-C in a terminal is sent to all processes; the first one decides what comes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(line, os._exit), daemon=True).start()


def _end_with(line: Connection, leave: Callable[[int], object]) -> None:
    with suppress(EOFError, OSError):
        line.recv_bytes()
    leave(1)  # in the middle of a trial, whose result nobody waits for


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes that start in here hear nothing of Ctrl-C, and this one hears of it afterwards.

    A worker takes half a second until it can say that it does not want to hear of it. What is blocked stays
    so in a new process, on systems that know this.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
