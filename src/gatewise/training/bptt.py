"""Truncated back-propagation through time with carried state (Williams & Peng 1990)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np

from gatewise.data.streams import StreamWindows, Window
from gatewise.nn.parameters import Parameters
from gatewise.random_streams import Purpose, stream
from gatewise.types import Array, State

__all__ = ["StreamNetwork", "StreamReader", "TruncatedBPTT", "stream_loss"]


class StreamReader(Protocol):
    """What predicts a stream of tokens window by window."""

    def loss(self, window: Window, state: State | None) -> tuple[float, State]:
        """Mean loss of a window, and the state after it."""


class StreamNetwork(StreamReader, Protocol):
    """A network that learns to."""

    parameters: Parameters
    gradients: Parameters

    def loss_and_gradients(
        self, window: Window, state: State | None, rng: np.random.Generator
    ) -> tuple[float, State]:
        """The same in training, with dropout; adds to the gradients."""


class TruncatedBPTT:
    """Learning from a stream: gradients stop at a window's first step, the state does not.

    The state after a window is handed to the next one as plain numbers; each pass over the stream begins
    with a state of zeros.

    Args:
        network: what learns.
        training: windows to learn from.
        validation: windows to measure on; None for none.
        reset_rate: probability, for each row and window, that the row begins it with a state of zeros
            instead. A network that never has to begin does it badly when it is asked to write from a
            short prompt.
        window_seed: where the lengths of the windows of each pass are drawn from, together with the pass's
            number; all are the same where omitted.
    """

    def __init__(
        self,
        network: StreamNetwork,
        training: StreamWindows,
        validation: StreamWindows | None = None,
        *,
        reset_rate: float = 0.0,
        window_seed: int | None = None,
    ) -> None:
        self.network = network
        self.training = training
        self.validation = validation
        self.reset_rate = reset_rate
        self.window_seed = window_seed
        self.state: State | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Windows in one pass."""
        return len(self.training)

    def batches(self, epoch: int, first: int) -> Iterator[Window]:
        """The windows of an epoch, from number ``first`` on."""
        if first == 0:
            self.state = None
        if self.window_seed is None:
            return self.training.starting_at(first)
        return self.training.starting_at(first, stream(self.window_seed, Purpose.WINDOWS, epoch))

    def step(self, batch: Window, rng: np.random.Generator) -> float:
        """Loss of one window; its gradients are added to the network's."""
        if self.reset_rate and self.state is not None:
            kept = (rng.random(self.training.batch_size) >= self.reset_rate)[:, None]
            self.state = State(self.state.h * kept, self.state.c * kept)
        loss, self.state = self.network.loss_and_gradients(batch, self.state, rng)
        return loss

    def validate(self) -> float | None:
        """Mean loss a token over the validation windows, the state carried from window to window."""
        return None if self.validation is None else stream_loss(self.network, self.validation)

    def carried(self) -> dict[str, Array]:
        """The state between two windows, for a checkpoint."""
        return {} if self.state is None else dict(self.state._asdict())

    def restore(self, carried: Mapping[str, Array]) -> None:
        """Take up the state again that ``carried`` gave.

        Raises:
            ValueError: it is of another batch size.
        """
        if any(part.ndim != 3 or part.shape[1] != self.training.batch_size for part in carried.values()):
            raise ValueError("the carried state is of another batch size")
        self.state = State(carried["h"], carried["c"]) if carried else None


def stream_loss(reader: StreamReader, windows: StreamWindows) -> float:
    """Mean loss a token of one pass over a stream, from a state of zeros."""
    total, state = 0.0, None
    for window in windows:
        loss, state = reader.loss(window, state)
        total += loss * window.targets.size
    return total / windows.predictions
