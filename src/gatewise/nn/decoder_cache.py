"""Where a recurrent decoder stands, and what it keeps of its steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gatewise.nn.attention import AttentionCache
from gatewise.ops.attention import PreparedMemory
from gatewise.ops.held import Held
from gatewise.types import Array, State

__all__ = ["DecoderCache", "DecoderState", "DecoderStep"]


class DecoderState(NamedTuple):
    """Where a decoder stands between two steps.

    Attributes:
        recurrent: of the stack, (L, B, H) each.
        feed: the attentional vector of the step before (B, H).
    """

    recurrent: State
    feed: Array


class DecoderStep(NamedTuple):
    """One step: all that it saw and worked out, for N rows.

    Attributes:
        seen: of each layer (N, F + H): what came from below or was fed back, then its hidden state of before.
        gates: of each layer (N, G * H), activated.
        before: the stack's state before the step, (L, N, H) each.
        after: the same after it.
        attention: its ``weights`` are what the step looked at.
        combined: [context; query], (N, M + H).
        y: the attentional vectors (N, H).
    """

    seen: list[Array]
    gates: list[Array]
    before: State
    after: State
    attention: AttentionCache
    combined: Array
    y: Array


class DecoderCache(NamedTuple):
    """What ``backward`` needs, and looking inside.

    Attributes:
        x: (T, B, E), as it was read.
        steps: T of them.
        masks: of the dropout on what goes into each layer from below (T, B, H); None without.
        prepared: the memory.
        held: that x, the initial state and the parameters are as they were.
    """

    x: Array
    steps: list[DecoderStep]
    masks: list[Array | None]
    prepared: PreparedMemory
    held: Held

    @property
    def weights(self) -> Array:
        """How much each step looked at each step of the memory, α (T, B, S)."""
        return np.concatenate([step.attention.weights for step in self.steps])
