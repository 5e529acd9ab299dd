"""Ctrl-C as a request to end, not as an exception in the middle of an update."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

__all__ = ["Interrupt"]


class Interrupt:
    """While active, the first Ctrl-C sets ``requested``; a second one raises KeyboardInterrupt as ever.

    Signals reach the main thread only: elsewhere this does nothing, and Ctrl-C stays what it was.
    """

    def __init__(self) -> None:
        self.requested = False
        self._active = False

    def __enter__(self) -> Interrupt:
        # A handler that another language has installed could not be put back, and stays.
        known = signal.getsignal(signal.SIGINT) is not None
        self._active = known and threading.current_thread() is threading.main_thread()
        if self._active:
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._active:
            signal.signal(signal.SIGINT, self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
