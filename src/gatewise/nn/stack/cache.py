"""What a stack of recurrent layers keeps of a forward pass."""

from __future__ import annotations

from dataclasses import dataclass

from gatewise.ops import sequence
from gatewise.ops.held import Held
from gatewise.ops.layer_norm import LayerNormCache
from gatewise.types import Array, IntArray

__all__ = ["RecurrentCache"]


@dataclass(frozen=True, slots=True)
class RecurrentCache:
    """What ``forward`` keeps for ``backward``, and for looking inside.

    Attributes:
        layers: for each layer, its directions' caches with the named arrays i, f, g, o, c, h. Where
            ``order`` is given their rows are sorted by length: row k is row ``order[k]`` of the batch. Each
            has its own masks of recurrent dropout and zoneout, and its weights as dropped by weight
            dropout. ``backward`` spends the gates; h and c stay.
        masks: for each layer, the dropout mask of what went into it from below, (T, B, W), or (1, B, W) if it
            is locked; None without dropout.
        weight_masks: for each layer and direction, from the bottom up, the mask (G * H, H) of its recurrent
            matrix; None without weight dropout.
        norms: for each layer, the cache of its output's normalisation; None without.
        order: how the batch was sorted; None if it was not.
        held: that the input and the parameters are as they were; None where nothing was kept for a way back.
    """

    layers: tuple[tuple[sequence.SequenceCache, ...], ...]
    masks: tuple[Array | None, ...]
    weight_masks: tuple[Array | None, ...]
    norms: tuple[LayerNormCache | None, ...]
    order: IntArray | None
    held: Held | None = None
