"""How the layers of a recurrent stack fit together: how wide each is, and what goes into it and out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_sizes

__all__ = ["StackShape", "layer_sizes"]


def layer_sizes(owner: str, hidden_size: Any, num_layers: int | None) -> tuple[int, ...]:
    """The width of each layer.

    Args:
        owner: who asks.
        hidden_size: one width for all layers, or a sequence with one for each.
        num_layers: None for as many as there are widths.

    Raises:
        ArgumentError: a size is not a positive integer; there is no width, or another number of them than
            of layers.
    """
    if num_layers is not None:
        check_sizes(owner, num_layers=num_layers)
    if isinstance(hidden_size, str) or not isinstance(hidden_size, Sequence):
        check_sizes(owner, hidden_size=hidden_size)
        return (int(hidden_size),) * (1 if num_layers is None else int(num_layers))
    check_sizes(owner, **{f"hidden_size[{layer}]": size for layer, size in enumerate(hidden_size)})
    if len(hidden_size) == 0 or num_layers not in (None, len(hidden_size)):
        raise ArgumentError(
            f"{owner}: hidden_size={hidden_size!r} with num_layers={num_layers}; expected one width for each "
            "layer, at least one, or a single number for all: leave num_layers out, or make them agree."
        )
    return tuple(map(int, hidden_size))


@dataclass(frozen=True, slots=True)
class StackShape:
    """The widths of a stack.

    Attributes:
        input_size: D.
        hidden_sizes: H of each layer, in each of its directions.
        directions: 2 if bidirectional, else 1.
        skip_connections: whether the input goes to every layer and every layer to the output.
    """

    input_size: int
    hidden_sizes: tuple[int, ...]
    directions: int
    skip_connections: bool

    @property
    def parts(self) -> list[tuple[int, bool, str]]:
        """(layer, reverse, suffix of its parameters' names) of each layer and direction."""
        return [
            (layer, reverse, f"_l{layer}" + ("_reverse" if reverse else ""))
            for layer in range(len(self.hidden_sizes))
            for reverse in (False, True)[: self.directions]
        ]

    @property
    def widths(self) -> list[int]:
        """What comes out of each layer, its directions side by side."""
        return [self.directions * hidden for hidden in self.hidden_sizes]

    @property
    def input_sizes(self) -> list[int]:
        """What goes into each layer; the input itself comes last where it skips the layers below."""
        above = self.input_size if self.skip_connections else 0
        return [self.input_size] + [width + above for width in self.widths[:-1]]

    @property
    def output_size(self) -> int:
        """Width of y: the top layer's; with skip connections every layer's, side by side."""
        return sum(self.widths) if self.skip_connections else self.widths[-1]

    def place(self, layer: int) -> slice:
        """Where in y a layer's output stands, which without skip connections is the top one's alone."""
        first = sum(self.widths[:layer]) if self.skip_connections else 0
        return slice(first, first + self.widths[layer])

    def state_shape(self, batch: int) -> tuple[int, int, int]:
        """(L * directions, B, H) of the stack's state, H being that of the widest layer."""
        return len(self.hidden_sizes) * self.directions, batch, max(self.hidden_sizes)
