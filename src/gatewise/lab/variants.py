"""LSTMs with a part taken out, made of whole ones: a gate held open, or two gates coupled.

A gate whose weights are 0 and whose bias is large is 1 at every step, whatever comes; as long as its
gradients are taken out, it stays so. With i = 1 there is no input gate any more, with f = 1 no forget gate:
the LSTM of Hochreiter & Schmidhuber (1997). Likewise a forget gate with the input gate's weights and the
other sign is 1 - i, since σ(-z) = 1 - σ(z), and stays so if its gradients are the input gate's with the
other sign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gatewise.errors import ArgumentError
from gatewise.nn import LSTM, Parameters
from gatewise.types import GATE_ORDER, Array

__all__ = ["Constraint", "couple", "hold_open"]

Constraint = Callable[[], None]
"""To be called after a backward pass onto gradients of 0: it takes from them what would undo the variant."""

_OPEN = 40.0
"""σ of it is 1 in float32 and in float64."""


def hold_open(lstm: LSTM, gates: Sequence[str]) -> Constraint:
    """Set gates to 1 for good.

    Args:
        lstm: whose parameters are changed.
        gates: of "i", "f" and "o".

    Raises:
        ArgumentError: there is no such gate to hold open.
    """
    for gate in gates:
        if gate not in ("i", "f", "o"):
            raise ArgumentError(f"gates holds {gate!r}; expected some of 'i', 'f' and 'o'.")
    for gate in gates:
        for name, rows in _rows(lstm.parameters, gate, lstm.hidden_size):
            rows[...] = _OPEN if name.startswith("bias") else 0

    def constrain() -> None:
        for gate in gates:
            for _, rows in _rows(lstm.gradients, gate, lstm.hidden_size):
                rows[...] = 0

    return constrain


def couple(lstm: LSTM) -> Constraint:
    """Make the forget gate 1 - i for good: what is let in replaces what is kept (CIFG, Greff et al. 2015).

    The input gate starts with the forget gate's bias, the sign turned.
    """
    hidden = lstm.hidden_size
    for (name, i), (_, f) in zip(
        _rows(lstm.parameters, "i", hidden), _rows(lstm.parameters, "f", hidden), strict=True
    ):
        if name.startswith("bias"):
            i[...] = -f
        f[...] = -i

    def constrain() -> None:
        for (_, di), (_, df) in zip(
            _rows(lstm.gradients, "i", hidden), _rows(lstm.gradients, "f", hidden), strict=True
        ):
            # Both stand for the same weights, of which i is +1 times and f -1 times the value.
            di -= df
            df[...] = -di

    return constrain


def _rows(arrays: Parameters, gate: str, hidden: int) -> list[tuple[str, Array]]:
    """Views of a gate's rows in each array, under its name."""
    place = GATE_ORDER.index(gate)
    return [
        (
            name,
            view[min(place, 2)]
            if name.startswith("peephole")
            else view[place * hidden : (place + 1) * hidden],
        )
        for name, view in arrays.items()
    ]
