"""What a forward pass of a layer in one direction keeps for the way back."""

from __future__ import annotations

from dataclasses import dataclass

from gatewise.errors import ArgumentError
from gatewise.ops.cell import Cell, split_gates
from gatewise.ops.dropout import StateMasks
from gatewise.ops.embedding import TokenInput
from gatewise.ops.held import Held
from gatewise.ops.sequence.mogrified_sums import MogrifiedSums
from gatewise.ops.sequence.walk import Walk
from gatewise.ops.sequence.weights import Weights
from gatewise.types import GATE_ORDER, Array

__all__ = ["GateBuffer", "SequenceCache"]


class GateBuffer:
    """The gates of a forward pass, until the backward pass takes their memory for its gradients.

    Caches that were made of each other share it, so when it is spent, it is spent for all.
    """

    __slots__ = ("_gates",)

    def __init__(self, gates: Array) -> None:
        self._gates: Array | None = gates

    def look(self) -> Array:
        """(T, B, G * H), activated.

        Raises:
            ArgumentError: ``take`` was called.
        """
        if self._gates is None:
            raise ArgumentError(
                "backward has turned this cache's gates into their gradients; look at them before it, "
                "or run forward again."
            )
        return self._gates

    def take(self) -> Array:
        """The same, to be written over; afterwards nobody can look any more."""
        gates = self.look()
        self._gates = None
        return gates


@dataclass(frozen=True, slots=True)
class SequenceCache:
    """What the forward pass keeps: enough for ``backward``, and for anyone who wants to look inside.

    Six floats a unit, step and sequence for the LSTM: four gates, c and h. ``backward`` needs the gates'
    room: after it, h and c can be read as before, but asking for a gate raises ``ArgumentError``.

    Attributes:
        cell: the equations that were run.
        walk: the order of steps.
        x: (T, B, D), the input as given; or tokens and their table.
        weights: the parameters used; not copied.
        gate_buffer: the gates, or the news that they are gone.
        h_slots: (T + 1, B, H), hidden states, the initial one included.
        c_slots: the same for the cell state; 0 wide for the RNN, which has none.
        masks: recurrent dropout and zoneout.
        mogrified: the Mogrifier's gates; None without one.
        held: that x, weights and masks are as they were; None where somebody else sees to it.
    """

    cell: Cell
    walk: Walk
    x: Array | TokenInput
    weights: Weights
    gate_buffer: GateBuffer
    h_slots: Array
    c_slots: Array
    masks: StateMasks
    mogrified: MogrifiedSums | None = None
    held: Held | None = None

    @property
    def gates(self) -> Array:
        """(T, B, G * H): all gates, activated, side by side."""
        return self.gate_buffer.look()

    @property
    def h(self) -> Array:
        """(T, B, H): hidden state after each step."""
        return self.walk.states_after(self.h_slots)

    @property
    def c(self) -> Array:
        """(T, B, H): cell state after each step."""
        return self.walk.states_after(self.c_slots)

    @property
    def h_prev(self) -> Array:
        """(T, B, H): hidden state before each step."""
        return self.walk.states_before(self.h_slots)

    @property
    def c_prev(self) -> Array:
        """(T, B, H): cell state before each step."""
        return self.walk.states_before(self.c_slots)

    @property
    def c_new(self) -> Array:
        """(T, B, H): f ⊙ c' + i ⊙ g, c but for what zoneout held; the padding means nothing."""
        if self.masks.zoneout_c is None:
            return self.c_slots[:-1] if self.walk.reverse else self.c_slots[1:]
        c_new: Array = self.f * self.c_prev + self.i * self.g
        return c_new

    def _gate(self, index: int) -> Array:
        if self.cell.gates != len(GATE_ORDER):
            raise AttributeError(f"{type(self.cell).__name__} has no gate {GATE_ORDER[index]!r}")
        return split_gates(self.gates)[index]

    @property
    def i(self) -> Array:
        """(T, B, H): input gate (LSTM only, as f, g and o)."""
        return self._gate(0)

    @property
    def f(self) -> Array:
        """(T, B, H): forget gate."""
        return self._gate(1)

    @property
    def g(self) -> Array:
        """(T, B, H): candidate."""
        return self._gate(2)

    @property
    def o(self) -> Array:
        """(T, B, H): output gate."""
        return self._gate(3)
