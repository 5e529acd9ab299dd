"""Recurrent layers one step at a time, for whoever gets the inputs one by one."""

from __future__ import annotations

from copy import deepcopy
from typing import Protocol

import numpy as np

from gatewise import kernels
from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_shape, check_sizes, check_state
from gatewise.nn._one_thread import OneThread
from gatewise.nn.adaptive_softmax import AdaptiveSoftmax
from gatewise.nn.embedding import Embedding
from gatewise.nn.linear import Linear
from gatewise.nn.stack.rows import stack_states
from gatewise.ops.cell import Cell
from gatewise.types import Array, IntArray, State

__all__ = ["Stream", "Streamable", "TokenStream"]


class Streamable(Protocol):
    """What a stream needs to know of a stack of layers; ``Recurrent`` has it."""

    cell: Cell
    input_size: int
    hidden_size: int
    hidden_sizes: tuple[int, ...]
    num_layers: int
    bidirectional: bool

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Float32 or float64."""

    def __call__(self, x: Array, state: State | None = None) -> tuple[Array, State]:
        """Inference: x (T, B, D) and the state, (L, B, H) each, to y and the state after the last step."""

    def why_not_native(self, *, streaming: bool = False) -> str | None:
        """Why this stack runs on the NumPy reference; None if it runs in the native kernel."""

    def native_layers(self) -> list[kernels.NativeLayer]:
        """What the native module needs to know of a stack that it takes, from the bottom up."""


class Stream:
    """A stack of recurrent layers that keeps its state from step to step: ``y = stream.step(x)``.

    In float32 with the native module the weights are packed once, and a step allocates nothing. The stream
    has its own copy of the weights, as they are when it is made. One thread at a time may use it; another
    that comes in the middle of a step is refused, and the first goes on as if alone.

    Args:
        layer: the stack, of one direction.
        batch_size: B, sequences that go side by side.

    Raises:
        ArgumentError: the stack is bidirectional: its second half begins at a sequence's end.

    Example:
        >>> import numpy as np, gatewise as gw
        >>> lstm = gw.nn.LSTM(input_size=3, hidden_size=8, seed=0)
        >>> stream = lstm.stream()
        >>> x = np.ones((5, 1, 3), dtype=np.float32)
        >>> y = np.stack([stream.step(x_t).copy() for x_t in x])
        >>> bool(np.allclose(y, lstm(x)[0], atol=1e-6))
        True
    """

    def __init__(self, layer: Streamable, batch_size: int = 1) -> None:
        check_sizes("stream", batch_size=batch_size)
        if layer.bidirectional:
            raise ArgumentError(
                "stream: the layer is bidirectional, and its second direction begins at a sequence's end; "
                "expected a layer of one direction."
            )
        self._turn = OneThread("stream")
        self.batch_size = batch_size
        self._shape: tuple[int, ...] = (batch_size, layer.input_size)
        self._open(layer, None, None)

    def _open(
        self, layer: Streamable, embedding: Embedding | None, head: Linear | AdaptiveSoftmax | None
    ) -> None:
        self._native = None
        if layer.why_not_native(streaming=True) is None and not isinstance(head, AdaptiveSoftmax):
            self._native, _ = kernels.open_stream(
                layer.native_layers(),
                self.batch_size,
                embedding=None if embedding is None else embedding.parameters["weight"],
                head=None if head is None else (head.weight, head.parameters.get("bias")),
            )
        self._layer = layer if self._native is not None else deepcopy(layer)
        self._state = self._zeros()

    def step(self, x: Array) -> Array:
        """One step.

        Args:
            x: (B, D), of the layer's dtype, C-contiguous.

        Returns:
            y (B, ``output_size``), the same array at every call: copy it to keep it.

        Raises:
            ArgumentError: x has another shape or type.
            BusyError: another thread is in the middle of a step.
        """
        turn = self._turn
        if turn.busy:
            turn.refuse()
        turn.busy = True
        try:
            if self._native is not None:
                try:
                    return self._native.step(x)
                except (TypeError, ValueError):
                    pass  # what is wrong is told below
            check_shape("stream", "x", x, self._shape, self._layer.dtype)
            if self._native is not None:
                return self._native.step(np.ascontiguousarray(x))
            y, self._state = self._layer(x[None], self._state)
            last: Array = y[0]
            return last
        finally:
            turn.busy = False

    def reset(self) -> None:
        """Begin again, from a state of zeros."""
        self.state = self._zeros()

    @property
    def state(self) -> State:
        """A copy of the state, (L, B, H) each, as ``forward`` takes and returns it; may be set.

        Beyond the width of a layer that is narrower than the widest it is zero, whatever it is set to.

        Raises:
            ArgumentError: it is set to a state that does not fit.
            BusyError: another thread is in the middle of a step.
        """
        with self._turn:
            if self._native is not None:
                parts = self._parts()
                for layer, (h, c) in enumerate(parts):
                    self._native.read_state(layer, h, c if c.size else None)
                self._state = stack_states(parts)
            return State(self._state.h.copy(), self._state.c.copy())

    @state.setter
    def state(self, state: State) -> None:
        stack, shape = self._layer, self._state.h.shape
        with self._turn:
            self._state = check_state("stream", "state", state, shape, stack.cell.has_memory, stack.dtype)
            parts = self._parts()
            self._state = stack_states(parts)
            if self._native is not None:
                for layer, (h, c) in enumerate(parts):
                    self._native.write_state(layer, h, c if c.size else None)

    def _zeros(self) -> State:
        layer = self._layer
        shape = (layer.num_layers, self.batch_size, layer.hidden_size)
        memory = shape if layer.cell.has_memory else (*shape[:-1], 0)
        return State(np.zeros(shape, layer.dtype), np.zeros(memory, layer.dtype))

    def _parts(self) -> list[State]:
        """A copy of each layer's part of the state, as wide as the layer is."""
        return [
            State(self._state.h[layer, :, :hidden].copy(), self._state.c[layer, :, :hidden].copy())
            for layer, hidden in enumerate(self._layer.hidden_sizes)
        ]


class TokenStream(Stream):
    """Embedding, stack and linear layer in one: a step takes tokens and gives the logits of what follows.

    Args:
        embedding: of the tokens.
        layer: the stack, of one direction.
        head: from its output to the logits; there is no native kernel for an adaptive softmax, whose
            log-probabilities serve as logits.
        batch_size: B, sequences that go side by side.

    Raises:
        ArgumentError: the stack is bidirectional.
    """

    def __init__(
        self,
        embedding: Embedding,
        layer: Streamable,
        head: Linear | AdaptiveSoftmax,
        batch_size: int = 1,
    ) -> None:
        self._embedding, self._head = embedding, head
        super().__init__(layer, batch_size)
        self._shape = (batch_size,)

    def _open(
        self, layer: Streamable, embedding: Embedding | None, head: Linear | AdaptiveSoftmax | None
    ) -> None:
        super()._open(layer, self._embedding, self._head)
        if self._native is None:
            self._embedding, self._head = deepcopy(self._embedding), deepcopy(self._head)

    def step(self, tokens: IntArray) -> Array:
        """One step.

        Args:
            tokens: (B,) integers in [0, V).

        Returns:
            Logits (B, V), the same array at every call: copy it to keep it.

        Raises:
            ArgumentError: tokens has another shape or type, or one lies outside [0, V).
            BusyError: another thread is in the middle of a step.
        """
        tokens = np.asarray(tokens)
        if tokens.shape != self._shape:
            raise ArgumentError(f"stream: tokens has shape {tokens.shape}; expected {self._shape}.")
        self._embedding.check(tokens)
        with self._turn:
            if self._native is not None:
                return self._native.step_tokens(np.ascontiguousarray(tokens, dtype=np.int32))
            y, self._state = self._layer(self._embedding(tokens)[None], self._state)
            logits: Array = self._head(y)[0]
            return logits

    def generate(
        self,
        token: int,
        uniforms: Array,
        temperature: float,
        top_k: int | None = None,
        top_p: float | None = None,
        never: int | None = None,
    ) -> IntArray | None:
        """Feed ``token``, choose the next by a number in [0, 1), feed that, and so on; B must be 1.

        Args:
            token: the first to feed.
            uniforms: (n,) float64, a number for each token to choose.
            temperature: as in ``LanguageModel.generate``; 0 always takes the likeliest.
            top_k: the same.
            top_p: the same.
            never: a token that is not to be chosen.

        Returns:
            The n tokens chosen; None where this needs the native module and it is not here.

        Raises:
            ArgumentError: B is not 1, or there is no such token.
            BusyError: another thread is in the middle of a step.
        """
        symbols = len(self._embedding.parameters["weight"])
        if self.batch_size != 1:
            raise ArgumentError(f"stream: batch_size={self.batch_size}; expected 1 to generate.")
        if not 0 <= token < symbols:
            raise ArgumentError(f"stream: token={token}; expected one in [0, {symbols}).")
        if self._native is None:
            return None
        chosen = np.empty(len(uniforms), np.int32)
        with self._turn:
            self._native.generate(
                token,
                uniforms,
                temperature,
                min(top_k or 0, symbols),
                1.0 if top_p is None else top_p,
                -1 if never is None else never,
                chosen,
            )
        return chosen
