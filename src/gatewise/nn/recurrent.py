"""Stacks of recurrent layers: what the LSTM and the plain RNN have in common.

Stacking, both directions, dropout between layers, skip connections, ragged batches and the state handed
in and out are here; which cell is run, and with which weights, is said by ``LSTM`` and ``RNN``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_dtype, check_scale, check_shape, check_sizes
from gatewise.nn.layer import Layer
from gatewise.nn.parameters import Parameters
from gatewise.ops import sequence
from gatewise.ops.cell import Cell
from gatewise.ops.dropout import dropout, dropout_backward
from gatewise.types import Array, BoolArray, IntArray, Seed, State

__all__ = ["Recurrent", "RecurrentCache"]


@dataclass(frozen=True, slots=True)
class RecurrentCache:
    """What ``forward`` keeps for ``backward``, and for looking inside.

    Attributes:
        layers: for each layer, its directions' caches with the named arrays i, f, g, o, c, h. Where
            ``order`` is given their rows are sorted by length: row k is row ``order[k]`` of the batch.
        masks: for each layer, the dropout mask of what went into it from below; None without dropout.
        order: how the batch was sorted; None if it was not.
    """

    layers: tuple[tuple[sequence.SequenceCache, ...], ...]
    masks: tuple[Array | None, ...]
    order: IntArray | None


class Recurrent(Layer):
    """Base of ``LSTM`` and ``RNN``; see there for the arguments."""

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        *,
        bidirectional: bool,
        dropout: float,
        skip_connections: bool,
        peephole: bool,
        init_scale: float | None,
        seed: Seed,
        dtype: npt.DTypeLike,
    ) -> None:
        owner = type(self).__name__
        check_sizes(owner, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        if not 0 <= dropout < 1:
            raise ArgumentError(f"{owner}: dropout={dropout!r}; expected a probability in [0, 1).")
        check_scale(owner, init_scale)
        self.cell = cell
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.skip_connections = skip_connections
        self.peephole = peephole
        super().__init__(self._shapes(), dtype)
        self._rng = np.random.default_rng(seed)
        scale = hidden_size**-0.5 if init_scale is None else init_scale
        for name, view in self.parameters.items():
            if not name.startswith("bias"):
                view[...] = self._rng.uniform(-scale, scale, view.shape)

    @property
    def directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Width of y: H a direction; with skip connections every layer's, side by side."""
        width = self.directions * self.hidden_size
        return width * self.num_layers if self.skip_connections else width

    def _suffixes(self) -> list[tuple[int, bool, str]]:
        """(layer, reverse, suffix of its parameters' names) of each layer and direction."""
        return [
            (layer, reverse, f"_l{layer}" + ("_reverse" if reverse else ""))
            for layer in range(self.num_layers)
            for reverse in (False, True)[: self.directions]
        ]

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        hidden, columns = self.hidden_size, self.cell.gates * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, _, suffix in self._suffixes():
            below = self.directions * hidden + (self.input_size if self.skip_connections else 0)
            shapes["weight_ih" + suffix] = (columns, below if layer else self.input_size)
            shapes["weight_hh" + suffix] = (columns, hidden)
            shapes["bias" + suffix] = (columns,)
            if self.peephole:
                shapes["peephole" + suffix] = (3, hidden)
        return shapes

    def _weights(self, arrays: Parameters, suffix: str) -> sequence.Weights:
        return sequence.Weights(
            arrays["weight_ih" + suffix],
            arrays["weight_hh" + suffix],
            arrays["bias" + suffix],
            arrays["peephole" + suffix] if self.peephole else None,
        )

    def __call__(
        self,
        x: Array,
        state: State | None = None,
        lengths: IntArray | None = None,
        *,
        reset: BoolArray | None = None,
    ) -> tuple[Array, State]:
        """Inference: as ``forward``, but without dropout and without a cache."""
        y, last, _ = self._run(x, state, lengths, reset, rng=None)
        return y, last

    def forward(
        self,
        x: Array,
        state: State | None = None,
        lengths: IntArray | None = None,
        *,
        reset: BoolArray | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, State, RecurrentCache]:
        """Training: run the stack and keep what ``backward`` needs.

        Args:
            x: (T, B, D), of the layer's dtype.
            state: initial state, (L * directions, B, H) each; zeros where omitted.
            lengths: (B,) valid steps of each row, in any order, 0 to T; all T where omitted.
            reset: (T, B), True where a step begins a new sequence: no state and no gradient crosses
                the border before it.
            rng: where dropout draws from; the layer's own generator where omitted.

        Returns:
            y (T, B, ``output_size``), zero in the padding and read-only, for the cache shares it;
            the state after each row's last step (pass it on to carry on); the cache.

        Raises:
            ArgumentError: a shape, a type or a length does not fit.
        """
        y, last, cache = self._run(x, state, lengths, reset, rng or self._rng)
        y = y.view()
        y.flags.writeable = False
        return y, last, cache

    def _run(
        self,
        x: Array,
        state: State | None,
        lengths: IntArray | None,
        reset: BoolArray | None,
        rng: np.random.Generator | None,
    ) -> tuple[Array, State, RecurrentCache]:
        """The stack, upwards; with ``rng`` for training, without for inference, which keeps no caches."""
        lengths = None if lengths is None else np.asarray(lengths)
        reset = None if reset is None else np.asarray(reset)
        self._check_input(x, lengths, reset)
        state = self._checked_state("state", state, x.shape[1])
        order = None
        if lengths is not None:
            lengths = lengths.astype(np.intp)
            order = np.argsort(-lengths, kind="stable")
            if np.array_equal(order, np.arange(len(order))):
                order = None
            else:
                lengths, x = lengths[order], x[:, order]
                reset = None if reset is None else reset[:, order]
        below, mask = x, None
        outputs: list[Array] = []
        states: list[State] = []
        caches: list[tuple[sequence.SequenceCache, ...]] = []
        masks: list[Array | None] = []
        for layer, directions in groupby(self._suffixes(), key=lambda each: each[0]):
            if layer and rng is not None:
                below, mask = dropout(below, self.dropout, rng)
            if layer and self.skip_connections:
                below = np.concatenate([below, x], axis=-1)
            runs = [
                sequence.forward(
                    self.cell,
                    below,
                    self._weights(self.parameters, suffix),
                    _pick(state, layer * self.directions + reverse, order),
                    lengths=lengths,
                    reset=reset,
                    reverse=reverse,
                )
                for _, reverse, suffix in directions
            ]
            below = runs[0][0] if len(runs) == 1 else np.concatenate([run[0] for run in runs], axis=-1)
            outputs.append(below)
            states += [run[1] for run in runs]
            if rng is not None:
                caches.append(tuple(run[2] for run in runs))
                masks.append(mask)
        y = np.concatenate(outputs, axis=-1) if self.skip_connections else below
        last = _stack(states)
        if order is not None:
            y, last = _unsort(y, order), _unsort_state(last, order)
        return y, last, RecurrentCache(tuple(caches), tuple(masks), order)

    def backward(self, dy: Array, cache: RecurrentCache, dstate: State | None = None) -> tuple[Array, State]:
        """Back-propagation through time and down the stack; adds to ``gradients``.

        Args:
            dy: (T, B, ``output_size``); the padding is ignored.
            cache: of ``forward``.
            dstate: gradient of the state that ``forward`` returned; zeros where omitted.

        Returns:
            dx (T, B, D), and the gradient of the initial state.

        Raises:
            ArgumentError: dy or dstate has another shape or type than y or the state had.
        """
        steps, batch, _ = cache.layers[0][0].x.shape
        check_shape(type(self).__name__, "dy", dy, (steps, batch, self.output_size), self.dtype)
        order, hidden, dstate = cache.order, self.hidden_size, self._checked_state("dstate", dstate, batch)
        width = self.directions * hidden
        if order is not None:
            dy = dy[:, order]
        dx = np.zeros((steps, batch, self.input_size), self.dtype)
        dabove = np.zeros((steps, batch, width), self.dtype) if self.skip_connections else dy
        dstates: list[State] = []
        for layer, directions in groupby(reversed(self._suffixes()), key=lambda each: each[0]):
            if self.skip_connections:
                dabove = dabove + dy[..., layer * width : (layer + 1) * width]
            dbelow = np.zeros_like(cache.layers[layer][0].x)
            for _, reverse, suffix in directions:
                dpart, dinitial, gradients = sequence.backward(
                    dabove[..., reverse * hidden : (reverse + 1) * hidden],
                    cache.layers[layer][reverse],
                    _pick(dstate, layer * self.directions + reverse, order),
                )
                dbelow += dpart
                dstates.insert(0, dinitial)
                self._add_gradients(suffix, gradients)
            if layer and self.skip_connections:
                dx += dbelow[..., width:]
                dbelow = dbelow[..., :width]
            if layer:
                dabove = dropout_backward(dbelow, cache.masks[layer])
            else:
                dx += dbelow
        first = _stack(dstates)
        return (dx, first) if order is None else (_unsort(dx, order), _unsort_state(first, order))

    def _add_gradients(self, suffix: str, gradients: sequence.Weights) -> None:
        for total, part in zip(self._weights(self.gradients, suffix), gradients, strict=True):
            if total is not None and part is not None:
                total += part

    def _checked_state(self, name: str, state: State | tuple[Array, ...] | None, batch: int) -> State | None:
        """The state, of a plain tuple too, with a c that fits the cell: 0 wide for a cell without memory."""
        if state is None:
            return None
        owner = type(self).__name__
        if not isinstance(state, tuple):
            raise ArgumentError(f"{owner}: {name} has type {type(state).__name__}; expected State(h, c).")
        h, c = State(*state)
        shape = (self.num_layers * self.directions, batch, self.hidden_size)
        check_shape(owner, f"{name}.h", h, shape, self.dtype)
        if not self.cell.has_memory:
            return State(h, np.zeros((*shape[:-1], 0), self.dtype))
        check_shape(owner, f"{name}.c", c, shape, self.dtype)
        return State(h, c)

    def _check_input(self, x: Array, lengths: IntArray | None, reset: BoolArray | None) -> None:
        owner = type(self).__name__
        check_dtype(owner, "x", x, self.dtype)
        if x.ndim != 3 or x.shape[2] != self.input_size or 0 in x.shape:
            raise ArgumentError(
                f"{owner}: x has shape {x.shape}; expected (T, B, {self.input_size}): "
                "time steps first, then the batch, at least one of each."
            )
        steps, batch, _ = x.shape
        if lengths is not None:
            if lengths.shape != (batch,) or not np.issubdtype(lengths.dtype, np.integer):
                raise ArgumentError(
                    f"{owner}: lengths has shape {lengths.shape} and dtype {lengths.dtype}; "
                    f"expected {batch} integers, one for each sequence."
                )
            if lengths.min() < 0 or lengths.max() > steps:
                raise ArgumentError(
                    f"{owner}: lengths lie in [{lengths.min()}, {lengths.max()}]; "
                    f"expected [0, {steps}], for x has {steps} steps."
                )
        if reset is not None and (reset.shape != (steps, batch) or reset.dtype != np.bool_):
            raise ArgumentError(
                f"{owner}: reset has shape {reset.shape} and dtype {reset.dtype}; "
                f"expected ({steps}, {batch}) of bool."
            )


def _pick(state: State | None, index: int, order: IntArray | None) -> State | None:
    """One layer and direction's part of the state of a stack, rows sorted as the batch is."""
    if state is None:
        return None
    rows = slice(None) if order is None else order
    return State(state.h[index][rows], state.c[index][rows])


def _stack(states: list[State]) -> State:
    """(L * directions, B, H) each, from the parts."""
    return State(np.stack([state.h for state in states]), np.stack([state.c for state in states]))


def _unsort(values: Array, order: IntArray) -> Array:
    """Rows of the second axis back where they came from."""
    result = np.empty_like(values)
    result[:, order] = values
    return result


def _unsort_state(state: State, order: IntArray) -> State:
    return State(_unsort(state.h, order), _unsort(state.c, order))
