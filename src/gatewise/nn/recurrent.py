"""Stacks of recurrent layers: what the LSTM and the plain RNN have in common.

Stacking, both directions, dropout between layers and through time, layer normalisation, skip connections,
ragged batches and the state handed in and out are here; which cell is run, and with which weights, is said by
``LSTM`` and ``RNN``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.kernels import NativeLayer
from gatewise.nn._checks import check_scale, check_sequence, check_shape, check_sizes, check_state
from gatewise.nn.layer import Layer
from gatewise.nn.parameters import Parameters
from gatewise.nn.stack.backward import Back, stack_backward
from gatewise.nn.stack.cache import RecurrentCache
from gatewise.nn.stack.forward import stack_forward
from gatewise.nn.stack.mogrifier import MogrifierShape
from gatewise.nn.stack.norm import norm_shapes
from gatewise.nn.stack.rows import sort_batch, unsort_state
from gatewise.nn.stack.shape import StackShape, layer_sizes
from gatewise.nn.stack.weights import drop_weights, dropped_backward, stack_shapes, weights_of
from gatewise.nn.stream import Stream
from gatewise.ops import sequence
from gatewise.ops.cell import Cell
from gatewise.ops.dropout import StateMasks, check_rate, dropout, dropout_mask, zoneout_mask
from gatewise.ops.embedding import TokenInput
from gatewise.ops.error_flow import error_flow
from gatewise.ops.held import Held
from gatewise.ops.sequence.native import native_layer, why_not_native
from gatewise.ops.sequence.walk import Walk
from gatewise.random_streams import generator
from gatewise.types import Array, BoolArray, IntArray, Seed, State

__all__ = ["Recurrent"]


class Recurrent(Layer):
    """Base of ``LSTM`` and ``RNN``; see there for the arguments.

    Attributes:
        hidden_size: H, the width of all layers, or of the widest where they differ: that of the state.
        hidden_sizes: the width of each layer.
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int | None,
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
        layer_norm: bool,
        mogrifier: MogrifierShape,
        init_scale: float | None,
        seed: Seed,
        dtype: npt.DTypeLike,
    ) -> None:
        owner = type(self).__name__
        check_sizes(owner, input_size=input_size)
        hidden_sizes = layer_sizes(owner, hidden_size, num_layers)
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
        if not isinstance(layer_norm, bool | np.bool_):
            raise ArgumentError(f"{owner}: layer_norm={layer_norm!r}; expected True or False.")
        check_scale(owner, init_scale)
        mogrifier.check(owner)
        self.cell = cell
        self.input_size = input_size
        self.hidden_size = max(hidden_sizes)
        self.hidden_sizes = hidden_sizes
        self.num_layers = len(hidden_sizes)
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.locked_dropout = locked_dropout
        self.weight_dropout = weight_dropout
        self.recurrent_dropout = recurrent_dropout
        self.zoneout_hidden = zoneout_hidden
        self.zoneout_cell = zoneout_cell
        self.skip_connections = skip_connections
        self.peephole = peephole
        self.layer_norm = layer_norm
        self.mogrifier_rounds = mogrifier.rounds
        self.mogrifier_rank = mogrifier.rank
        self._shape = StackShape(input_size, hidden_sizes, self.directions, skip_connections)
        shapes = stack_shapes(self._shape, cell.gates, peephole, mogrifier)
        super().__init__(shapes | (norm_shapes(self._shape) if layer_norm else {}), dtype)
        self._rng = generator(seed)
        for layer, _, suffix in self._shape.parts:
            scale = hidden_sizes[layer] ** -0.5 if init_scale is None else init_scale
            for name, view in self.parameters.items():
                if name.endswith(suffix) and not name.startswith(("bias", "norm")):
                    view[...] = self._rng.uniform(-scale, scale, view.shape)
            if layer_norm:
                self.parameters[f"norm_weight_l{layer}"][...] = 1

    @property
    def directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Width of y: the top layer's H a direction; with skip connections every layer's, side by side."""
        return self._shape.output_size

    @property
    def size_label(self) -> str:
        """Layers and their widths, for people: ``2 x 256``, or ``1150 + 1150 + 400`` where they differ."""
        if len(set(self.hidden_sizes)) == 1:
            return f"{self.num_layers} x {self.hidden_size}"
        return " + ".join(map(str, self.hidden_sizes))

    def _state_masks(self, shape: tuple[int, int, int], rng: np.random.Generator | None) -> StateMasks:
        """Of one layer and direction (T, B, H), drawn in training; in inference what zoneout expects."""
        if rng is None:
            return StateMasks(None, float(self.zoneout_hidden) or None, float(self.zoneout_cell) or None)
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
                which is the faster way where V is smaller than T * B (``Embedding.input``). The cache refers
                to it: leave it as it is until ``backward``, as the parameters.
            state: initial state, (L * directions, B, H) each; zeros where omitted. Layers narrower than the
                widest do not look at what stands beyond their width.
            lengths: (B,) valid steps of each row, in any order, 0 to T; all T where omitted.
            reset: (T, B), True where a step begins a new sequence: no state and no gradient crosses
                the border before it.
            rng: where all dropout and zoneout draw from; the layer's own generator where omitted. Each call
                draws anew, and in a ragged batch for the rows as sorted by length. Locked and recurrent
                dropout keep a row's mask across a reset.

        Returns:
            y (T, B, ``output_size``), zero in the padding and read-only, for the cache shares it;
            the state after each row's last step (pass it on to carry on), zero beyond a layer's width; the
            cache.

        Raises:
            ArgumentError: a shape, a type or a length does not fit.
        """
        return self._run(x, state, lengths, reset, rng or self._rng)

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
        rows = check_sequence(type(self).__name__, x, self.input_size, self.dtype, lengths, reset)
        held = self._hold(x) if keep or rng is not None else None
        state = self._checked_state("state", state, rows)
        batch = sort_batch(x, lengths, reset)
        parts = (weights_of(self.parameters, suffix) for _, _, suffix in self._shape.parts)
        weights = [drop_weights(part, self.weight_dropout, rng) for part in parts]

        def forth(
            index: int, below: Array | TokenInput, initial: State | None
        ) -> tuple[Array, State, sequence.SequenceCache | None]:
            part, (_, reverse, _) = weights[index][0], self._shape.parts[index]
            masks = self._state_masks((*batch.shape, part.weight_hh.shape[1]), rng)
            given = self.cell, below, part, initial
            _, lengths, reset, _ = batch
            if keep or rng is not None:
                return sequence.forward(
                    *given, lengths=lengths, reset=reset, reverse=reverse, masks=masks, watch=False
                )
            y, last = sequence.infer(*given, lengths=lengths, reset=reset, reverse=reverse, masks=masks)
            return y, last, None

        def thin(below: Array) -> tuple[Array, Array | None]:
            if rng is None:
                return below, None
            return dropout(below, self.dropout, rng, locked=self.locked_dropout)

        parameters = self.parameters if self.layer_norm else None
        weight_masks = tuple(mask for _, mask in weights)
        y, last, cache = stack_forward(self._shape, batch, state, forth, thin, parameters, weight_masks, held)
        if held is not None:  # the cache shares it
            y = y.view()
            y.flags.writeable = False
        return y, last, cache

    def _hold(self, x: Array | TokenInput) -> Held:
        inputs = x._asdict() if isinstance(x, TokenInput) else {"x": x}
        return Held(**inputs, parameters=self.parameters)

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
            ArgumentError: dy or dstate has another shape or type than y or the state had, the cache has been
                through ``backward`` before, or x or the parameters have changed since ``forward``.
        """

        def back(
            index: int, kept: sequence.SequenceCache, dy: Array, dlast: State | None, dx: Array | None
        ) -> tuple[Array, State]:
            gradients = weights_of(self.gradients, self._shape.parts[index][2])
            return dropped_backward(dy, kept, dlast, gradients, dx, cache.weight_masks[index])

        return self._down(dy, cache, dstate, back, self.gradients)

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

        dx, _ = self._down(dy, cache, dstate, back, None)
        layers = range(0, len(flows), self.directions)
        return dx, tuple(tuple(flows[first + k] for k in range(self.directions)) for first in layers)

    def _down(
        self,
        dy: Array,
        cache: RecurrentCache,
        dstate: State | None,
        back: Back,
        gradients: Parameters | None,
    ) -> tuple[Array, State]:
        """Down the stack by ``back``: dx, and the gradient of the initial state."""
        walk = cache.layers[0][0].walk
        check_shape(type(self).__name__, "dy", dy, (walk.steps, walk.batch, self.output_size), self.dtype)
        dstate = self._checked_state("dstate", dstate, walk.batch)
        if cache.held is not None:
            cache.held.check(type(self).__name__)
        return stack_backward(self._shape, dy, cache, dstate, back, gradients)

    def _checked_state(self, name: str, state: State | tuple[Array, ...] | None, batch: int) -> State | None:
        if state is None:
            return None
        shape = self._shape.state_shape(batch)
        return check_state(type(self).__name__, name, state, shape, self.cell.has_memory, self.dtype)

    def stream(self, batch_size: int = 1) -> Stream:
        """The stack one step at a time, from a state of zeros: ``y_t = stream.step(x_t)``.

        Raises:
            ArgumentError: the stack is bidirectional.
        """
        return Stream(self, batch_size)

    def why_not_native(self, *, streaming: bool = False) -> str | None:
        """Why this stack runs on the NumPy reference; None if it runs in the native kernel.

        Args:
            streaming: ask it of the stack's streams. Natively these hand each layer's h to the next as it is,
                so what stands between the layers of some stacks keeps them on NumPy.
        """
        if streaming and self.skip_connections:
            return "there is no native stream with skip connections"
        if streaming and self.layer_norm:
            return "there is no native stream with layer normalisation"
        if streaming and self.mogrifier_rounds:
            return "there is no native stream with Mogrifier gating"
        masks = StateMasks(None, self.zoneout_hidden or None, self.zoneout_cell or None)
        return why_not_native(self.cell, self.dtype, masks, self.peephole)

    def native_layers(self) -> list[NativeLayer]:
        """What the native module needs to know for inference of a stack that it takes, from the bottom up."""
        walk, masks = Walk(1, 1), self._state_masks((1, 1, self.hidden_size), None)
        x = np.zeros((1, 1, 1), self.dtype)
        parts = (weights_of(self.parameters, suffix) for _, _, suffix in self._shape.parts)
        return [native_layer(self.cell, walk, x, weights, masks) for weights in parts]
