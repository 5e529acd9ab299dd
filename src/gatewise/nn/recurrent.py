"""Stacks of recurrent layers: what the LSTM and the plain RNN have in common.

Stacking, both directions, dropout between layers and through time, skip connections, ragged batches and the
state handed in and out are here; which cell is run, and with which weights, is said by ``LSTM`` and ``RNN``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.kernels import NativeLayer
from gatewise.nn._checks import check_scale, check_sequence, check_shape, check_sizes
from gatewise.nn._recurrent_cache import RecurrentCache
from gatewise.nn._rows import pick_state, sort_rows, stack_states, unsort_rows, unsort_state
from gatewise.nn._stack_weights import drop_weights, dropped_backward, stack_shapes, weights_of
from gatewise.nn.layer import Layer
from gatewise.nn.stream import Stream
from gatewise.ops import sequence
from gatewise.ops._native import native_layer, why_not_native
from gatewise.ops._walk import Walk
from gatewise.ops.cell import Cell
from gatewise.ops.dropout import StateMasks, check_rate, dropout, dropout_backward, dropout_mask, zoneout_mask
from gatewise.ops.embedding import TokenInput
from gatewise.ops.error_flow import error_flow
from gatewise.types import Array, BoolArray, IntArray, Seed, State

__all__ = ["Recurrent", "RecurrentCache"]


_Back = Callable[[int, sequence.SequenceCache, Array, State | None, Array | None], tuple[Array, State]]
"""One layer in one direction back: given its number, cache, dy, the gradient of its last state, and dx to add
to, it returns dx and the gradient of the initial state."""


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
        locked_dropout: bool,
        weight_dropout: float,
        recurrent_dropout: float,
        zoneout_hidden: float,
        zoneout_cell: float,
        skip_connections: bool,
        peephole: bool,
        init_scale: float | None,
        seed: Seed,
        dtype: npt.DTypeLike,
    ) -> None:
        owner = type(self).__name__
        check_sizes(owner, input_size=input_size, hidden_size=hidden_size, num_layers=num_layers)
        rates = {
            "dropout": dropout,
            "weight_dropout": weight_dropout,
            "recurrent_dropout": recurrent_dropout,
            "zoneout_hidden": zoneout_hidden,
            "zoneout_cell": zoneout_cell,
        }
        for name, rate in rates.items():
            check_rate(owner, name, rate)
        if not isinstance(locked_dropout, bool | np.bool_):
            raise ArgumentError(
                f"{owner}: locked_dropout={locked_dropout!r}; expected True or False: its rate is dropout."
            )
        check_scale(owner, init_scale)
        self.cell = cell
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.locked_dropout = locked_dropout
        self.weight_dropout = weight_dropout
        self.recurrent_dropout = recurrent_dropout
        self.zoneout_hidden = zoneout_hidden
        self.zoneout_cell = zoneout_cell
        self.skip_connections = skip_connections
        self.peephole = peephole
        above = self.directions * hidden_size + (input_size if skip_connections else 0)
        widths = [input_size] + [above] * (num_layers - 1)
        super().__init__(stack_shapes(self._suffixes(), widths, hidden_size, cell.gates, peephole), dtype)
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

    def _state_masks(self, steps: int, batch: int, rng: np.random.Generator | None) -> StateMasks:
        """Of one layer and direction: drawn in training; in inference, without rng, what zoneout expects."""
        if rng is None:
            return StateMasks(None, float(self.zoneout_hidden) or None, float(self.zoneout_cell) or None)
        shape = (steps, batch, self.hidden_size)
        return StateMasks(
            dropout_mask(shape[1:], self.recurrent_dropout, rng, self.dtype),
            zoneout_mask(shape, self.zoneout_hidden, rng),
            zoneout_mask(shape, self.zoneout_cell, rng),
        )

    def __call__(
        self,
        x: Array | TokenInput,
        state: State | None = None,
        lengths: IntArray | None = None,
        *,
        reset: BoolArray | None = None,
    ) -> tuple[Array, State]:
        """Inference: as ``forward``, but without dropout and without a cache; zoneout by its expectation."""
        y, last, _ = self._run(x, state, lengths, reset, rng=None)
        return y, last

    def look(
        self,
        x: Array | TokenInput,
        state: State | None = None,
        lengths: IntArray | None = None,
        *,
        reset: BoolArray | None = None,
    ) -> tuple[Array, State, RecurrentCache]:
        """Inference that keeps its cache: all gates and states, with nothing dropped out.

        Arguments and errors are those of ``forward``, and so is what it returns.
        """
        return self._run(x, state, lengths, reset, rng=None, keep=True)

    def forward(
        self,
        x: Array | TokenInput,
        state: State | None = None,
        lengths: IntArray | None = None,
        *,
        reset: BoolArray | None = None,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, State, RecurrentCache]:
        """Training: run the stack and keep what ``backward`` needs.

        Args:
            x: (T, B, D), of the layer's dtype; or tokens (T, B) with the table (V, D) of what they stand for,
                which is the faster way where V is smaller than T * B (``Embedding.input``).
            state: initial state, (L * directions, B, H) each; zeros where omitted.
            lengths: (B,) valid steps of each row, in any order, 0 to T; all T where omitted.
            reset: (T, B), True where a step begins a new sequence: no state and no gradient crosses
                the border before it.
            rng: where all dropout and zoneout draw from; the layer's own generator where omitted. Each call
                draws anew, and in a ragged batch for the rows as sorted by length. Locked and recurrent
                dropout keep a row's mask across a reset.

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
        x: Array | TokenInput,
        state: State | None,
        lengths: IntArray | None,
        reset: BoolArray | None,
        rng: np.random.Generator | None,
        keep: bool = False,
    ) -> tuple[Array, State, RecurrentCache]:
        """The stack, upwards; with ``rng`` as in training, without as in inference."""
        lengths = None if lengths is None else np.asarray(lengths)
        reset = None if reset is None else np.asarray(reset)
        if isinstance(x, TokenInput) and self.skip_connections:
            x = x.rows()
        batch = check_sequence(type(self).__name__, x, self.input_size, self.dtype, lengths, reset)
        state = self._checked_state("state", state, batch)
        order = None
        if lengths is not None:
            lengths = lengths.astype(np.intp)
            order = np.argsort(-lengths, kind="stable")
            if np.array_equal(order, np.arange(len(order))):
                order = None
            else:
                lengths, x = lengths[order], sort_rows(x, order)
                reset = None if reset is None else reset[:, order]
        parts = (weights_of(self.parameters, suffix) for _, _, suffix in self._suffixes())
        weights = [drop_weights(part, self.weight_dropout, rng) for part in parts]
        below: Array | TokenInput = x
        mask: Array | None = None
        outputs: list[Array] = []
        states: list[State] = []
        caches: list[tuple[sequence.SequenceCache, ...]] = []
        masks: list[Array | None] = []
        for layer, directions in groupby(self._suffixes(), key=lambda each: each[0]):
            if outputs:
                below = outputs[-1]
                if rng is not None:
                    below, mask = dropout(below, self.dropout, rng, locked=self.locked_dropout)
                if self.skip_connections and not isinstance(x, TokenInput):
                    below = np.concatenate([below, x], axis=-1)
            ys: list[Array] = []
            kept: list[sequence.SequenceCache] = []
            for _, reverse, _ in directions:
                index = layer * self.directions + reverse
                initial = pick_state(state, index, order)
                y, last, cache = self._run_direction(
                    below, weights[index][0], initial, lengths, reset, reverse, rng, keep or rng is not None
                )
                ys.append(y)
                states.append(last)
                if cache is not None:
                    kept.append(cache)
            outputs.append(ys[0] if len(ys) == 1 else np.concatenate(ys, axis=-1))
            if kept:
                caches.append(tuple(kept))
                masks.append(mask)
        y = np.concatenate(outputs, axis=-1) if self.skip_connections else outputs[-1]
        last = stack_states(states)
        if order is not None:
            y, last = unsort_rows(y, order), unsort_state(last, order)
        weight_masks = tuple(weight_mask for _, weight_mask in weights)
        return y, last, RecurrentCache(tuple(caches), tuple(masks), weight_masks, order)

    def _run_direction(
        self,
        below: Array | TokenInput,
        weights: sequence.Weights,
        state: State | None,
        lengths: IntArray | None,
        reset: BoolArray | None,
        reverse: bool,
        rng: np.random.Generator | None,
        keep: bool,
    ) -> tuple[Array, State, sequence.SequenceCache | None]:
        """One layer in one direction."""
        steps, batch = below.tokens.shape if isinstance(below, TokenInput) else below.shape[:2]
        masks = self._state_masks(steps, batch, rng)
        if keep:
            return sequence.forward(
                self.cell,
                below,
                weights,
                state,
                lengths=lengths,
                reset=reset,
                reverse=reverse,
                masks=masks,
            )
        y, last = sequence.infer(
            self.cell, below, weights, state, lengths=lengths, reset=reset, reverse=reverse, masks=masks
        )
        return y, last, None

    def backward(self, dy: Array, cache: RecurrentCache, dstate: State | None = None) -> tuple[Array, State]:
        """Back-propagation through time and down the stack; adds to ``gradients``.

        Args:
            dy: (T, B, ``output_size``); the padding is ignored.
            cache: of ``forward``. It serves once: the gates in it give their room to their gradients.
            dstate: gradient of the state that ``forward`` returned; zeros where omitted.

        Returns:
            dx (T, B, D), or where the input was tokens the gradient of their table (V, D); and the gradient
            of the initial state.

        Raises:
            ArgumentError: dy or dstate has another shape or type than y or the state had, or the cache
                has been through ``backward`` before.
        """

        def back(
            index: int, kept: sequence.SequenceCache, dy: Array, dlast: State | None, dx: Array | None
        ) -> tuple[Array, State]:
            gradients = weights_of(self.gradients, self._suffixes()[index][2])
            return dropped_backward(dy, kept, dlast, gradients, dx, cache.weight_masks[index])

        return self._down(dy, cache, dstate, back)

    def error_flow(
        self, dy: Array, cache: RecurrentCache, dstate: State | None = None
    ) -> tuple[Array, tuple[tuple[State, ...], ...]]:
        """How much every state of every layer matters to the loss: ``ops.error_flow`` down the stack.

        Args:
            dy: as ``backward`` takes it.
            cache: of ``forward`` or ``look``; it is not spent, and nothing is added to ``gradients``.
            dstate: as ``backward`` takes it.

        Returns:
            dx as of ``backward``; and for each layer its directions' total derivatives by h and by c,
            (T, B, H) each.

        Raises:
            ArgumentError: as ``backward`` and ``ops.error_flow`` raise it.
        """
        flows: dict[int, State] = {}

        def back(
            index: int, kept: sequence.SequenceCache, dy: Array, dlast: State | None, dx: Array | None
        ) -> tuple[Array, State]:
            flow = error_flow(dy, kept, dlast)
            flows[index] = flow if cache.order is None else unsort_state(flow, cache.order)
            own = replace(kept, gate_buffer=sequence.GateBuffer(kept.gates.copy()))
            dx, dinitial, _ = sequence.backward(dy, own, dlast, dx=dx)
            return dx, dinitial

        dx, _ = self._down(dy, cache, dstate, back)
        layers = range(0, len(flows), self.directions)
        return dx, tuple(tuple(flows[first + k] for k in range(self.directions)) for first in layers)

    def _down(
        self, dy: Array, cache: RecurrentCache, dstate: State | None, back: _Back
    ) -> tuple[Array, State]:
        """Down the stack by ``back``: dx, and the gradient of the initial state."""
        walk = cache.layers[0][0].walk
        steps, batch = walk.steps, walk.batch
        check_shape(type(self).__name__, "dy", dy, (steps, batch, self.output_size), self.dtype)
        order, dstate = cache.order, self._checked_state("dstate", dstate, batch)
        if order is not None:
            dy = np.take(dy, order, axis=1)
        width, skip = self.directions * self.hidden_size, self.skip_connections
        dabove, dskipped = dy[..., -width:], None
        dstates: list[State] = []
        for layer in reversed(range(self.num_layers)):
            dx, dinitial = self._layer_down(layer, dabove, cache, dstate, back)
            dstates = dinitial + dstates
            if layer == 0:
                break
            if skip:
                dx, dinput = dx[..., :width], dx[..., width:]
                dskipped = dinput if dskipped is None else np.add(dskipped, dinput, out=dskipped)
            dabove = dropout_backward(dx, cache.masks[layer])
            if skip:
                dabove += dy[..., (layer - 1) * width : layer * width]
        if dskipped is not None:
            dx += dskipped
        first = stack_states(dstates)
        if order is None:
            return dx, first
        # The gradient of a table has no rows of the batch.
        return (dx if dx.ndim == 2 else unsort_rows(dx, order)), unsort_state(first, order)

    def _layer_down(
        self, layer: int, dabove: Array, cache: RecurrentCache, dstate: State | None, back: _Back
    ) -> tuple[Array, list[State]]:
        """One layer back: dx, to which both directions add, and the gradient of each one's initial state."""

        def run(reverse: int, dx: Array | None) -> tuple[Array, State]:
            index, part = layer * self.directions + reverse, slice(reverse * hidden, (reverse + 1) * hidden)
            dlast = pick_state(dstate, index, cache.order)
            return back(index, cache.layers[layer][reverse], dabove[..., part], dlast, dx)

        hidden = self.hidden_size
        dx, there = run(0, None)
        return (dx, [there]) if self.directions == 1 else (dx, [there, run(1, dx)[1]])

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

    def stream(self, batch_size: int = 1) -> Stream:
        """The stack one step at a time, from a state of zeros: ``y_t = stream.step(x_t)``.

        Raises:
            ArgumentError: the stack is bidirectional.
        """
        return Stream(self, batch_size)

    def why_not_native(self) -> str | None:
        """Why this stack runs on the NumPy reference; None if it runs in the native kernel."""
        masks = StateMasks(None, self.zoneout_hidden or None, self.zoneout_cell or None)
        return why_not_native(self.cell, self.dtype, masks, self.peephole)

    def native_layers(self) -> list[NativeLayer]:
        """What the native module needs to know for inference, from the bottom up; nothing if it cannot."""
        walk, masks = Walk(1, 1), self._state_masks(1, 1, None)
        x = np.zeros((1, 1, 1), self.dtype)
        parts = (weights_of(self.parameters, suffix) for _, _, suffix in self._suffixes())
        layers = (native_layer(self.cell, walk, x, weights, masks) for weights in parts)
        return [layer for layer in layers if layer is not None]
