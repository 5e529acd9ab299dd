"""What keeps a state from step to step is used by one thread at a time; a second one is told."""

from __future__ import annotations

from types import TracebackType
from typing import NoReturn

from gatewise.errors import BusyError

__all__ = ["OneThread"]


class OneThread:
    """Open to one user at a time: ``with turn: ...`` refuses a second one while the first is inside.

    A plain flag, for a lock would cost more, and could not be copied: Python changes threads, and handles a
    signal, only at calls and at jumps back, so that nothing comes between a look at the flag and its setting.

    Attributes:
        busy: whether somebody is inside. Where nanoseconds count, the flag is set by hand.

    Args:
        owner: what is used, for the error.
    """

    __slots__ = ("busy", "owner")

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.busy = False

    def __enter__(self) -> None:
        if self.busy:
            self.refuse()
        self.busy = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.busy = False

    def refuse(self) -> NoReturn:
        """Say that somebody else is inside.

        Raises:
            BusyError: always.
        """
        raise BusyError(
            f"{self.owner}: another thread is using it at this moment, and one state cannot serve two "
            "sequences; expected one thread at a time. Give each thread a stream of its own, or let them "
            "take turns with a threading.Lock."
        )
