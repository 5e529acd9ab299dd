r"""A recurrent decoder that looks at a memory at each step, and is fed what came of the step before.

With the embedded token $x_t$, the attentional vector $\tilde h_{t-1}$ of the step before ("input feeding")
and the context $\bar c_t$ that attention reads with the query $s_t$ (``gatewise.ops.attention``):

$$
\begin{aligned}
s_t &= \mathrm{stack}([x_t; \tilde h_{t-1}], s_{t-1}) \\
\tilde h_t &= \tanh(W_c\,[\bar c_t; s_t])
\end{aligned}
$$

Luong, Pham & Manning (2015), equation 5 and section 3.3. A linear layer over $\tilde h_t$ gives the logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_scale, check_shape
from gatewise.nn._one_thread import OneThread
from gatewise.nn.attention import Attention
from gatewise.nn.decoder_cache import DecoderCache, DecoderState, DecoderStep
from gatewise.nn.layer import Network
from gatewise.nn.linear import Linear
from gatewise.nn.lstm import LSTM
from gatewise.nn.rnn import RNN
from gatewise.nn.stack.weights import weights_of
from gatewise.ops.attention import PreparedMemory
from gatewise.ops.dropout import dropout_backward, dropout_mask
from gatewise.ops.held import Held
from gatewise.random_streams import generator
from gatewise.types import Array, IntArray, Seed, State

__all__ = ["AttentionDecoder", "DecoderStream"]

Feedback = Callable[[int, Array], Array | None]
"""Given a step t > 0 and what came of the step before, (B, H): what step t is to read instead of x[t]."""


class AttentionDecoder(Network):
    """A stack of LSTM or RNN layers with attention over a memory, and input feeding.

    The equations stand above. All steps go through NumPy one by one, for each needs what came of the last;
    the input's part of the sums and all weight gradients are products over all steps at once.

    Args:
        input_size: E.
        hidden_size: H.
        num_layers: L.
        memory_size: M.
        cell: "lstm" or "rnn".
        score: of the attention: "dot", "general" or "additive".
        input_feeding: False leaves the attentional vector of the step before out of the input.
        dropout: rate between layers.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); each part's own where omitted.
        seed: where the draws come from.
        dtype: float32 or float64.

    Raises:
        ArgumentError: a size is no positive integer, a rate lies outside [0, 1), there is no such cell or
            score.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        memory_size: int,
        *,
        cell: str = "lstm",
        score: str = "general",
        input_feeding: bool = True,
        dropout: float = 0.0,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        if cell not in ("lstm", "rnn"):
            raise ArgumentError(f"AttentionDecoder: cell={cell!r}; expected 'lstm' or 'rnn'.")
        check_scale("AttentionDecoder", init_scale)
        rng = generator(seed)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.input_feeding, self.dropout = input_feeding, dropout
        self.feed_size = hidden_size if input_feeding else 0
        self.recurrent: LSTM | RNN = (LSTM if cell == "lstm" else RNN)(
            input_size + self.feed_size,
            hidden_size,
            num_layers,
            dropout=dropout,
            init_scale=init_scale,
            seed=rng,
            dtype=dtype,
        )
        self.attention = Attention(
            hidden_size, memory_size, score=score, init_scale=init_scale, seed=rng, dtype=dtype
        )
        self.combine = Linear(
            memory_size + hidden_size, hidden_size, bias=False, init_scale=init_scale, seed=rng, dtype=dtype
        )
        parts = {cell: self.recurrent, "attention": self.attention, "combine": self.combine}
        super().__init__(parts)

    def begin(self, state: State) -> DecoderState:
        """Before the first step: a state of the stack, (L, B, H) each, and nothing to be fed.

        Raises:
            ArgumentError: the state has another shape or type.
        """
        shape = (self.num_layers, state.h.shape[1], self.hidden_size)
        check_shape("AttentionDecoder", "state.h", state.h, shape, self.dtype)
        memory = shape if self.recurrent.cell.has_memory else (*shape[:2], 0)
        check_shape("AttentionDecoder", "state.c", state.c, memory, self.dtype)
        return DecoderState(state, np.zeros(shape[1:], self.dtype))

    def forward(
        self,
        x: Array,
        state: State,
        prepared: PreparedMemory,
        *,
        rng: np.random.Generator | None = None,
        feedback: Feedback | None = None,
    ) -> tuple[Array, DecoderState, DecoderCache]:
        """All steps of a batch whose inputs are known (teacher forcing).

        Args:
            x: (T, B, E), to be left as it is until ``backward``.
            state: of the stack before the first step, (L, B, H) each; likewise.
            prepared: the memory, of ``attention.prepare``.
            rng: where dropout draws from; no dropout where omitted.
            feedback: may replace a step's input by what the step before has made of it; it is called
                before each step but the first.

        Returns:
            The attentional vectors (T, B, H), where the decoder stands after the last step, and the cache.

        Raises:
            ArgumentError: a shape or a type does not fit.
        """
        steps, batch = x.shape[:2]
        check_shape("AttentionDecoder", "x", x, (steps, batch, self.input_size), self.dtype)
        stepper, now = _Stepper(self), self.begin(state)
        for name, size in (("state", len(now.feed)), ("the memory", len(prepared.mask))):
            if size != batch:
                raise ArgumentError(f"AttentionDecoder: x has {batch} sequences and {name} has {size}.")
        masks = [
            self._mask(number, (steps, batch, self.hidden_size), rng) for number in range(self.num_layers)
        ]
        held = Held(x=x, **{"state.h": state.h, "state.c": state.c}, parameters=self.parameters)
        if feedback is not None:
            x = x.copy()
        sums = x @ stepper.input_weight.T
        done: list[DecoderStep] = []
        for t in range(steps):
            if t and feedback is not None and (read := feedback(t, now.feed)) is not None:
                x[t] = read
                sums[t] = read @ stepper.input_weight.T
            step = stepper.step(sums[t], now, prepared, [None if mask is None else mask[t] for mask in masks])
            done.append(step)
            now = DecoderState(step.after, step.y)
        # The steps' own arrays stay the cache's.
        last = DecoderState(State(now.recurrent.h.copy(), now.recurrent.c.copy()), now.feed.copy())
        return np.stack([step.y for step in done]), last, DecoderCache(x, done, masks, prepared, held)

    def _mask(self, number: int, shape: tuple[int, ...], rng: np.random.Generator | None) -> Array | None:
        """Of the dropout below a layer."""
        return None if rng is None or number == 0 else dropout_mask(shape, self.dropout, rng, self.dtype)

    def backward(self, dy: Array, cache: DecoderCache) -> tuple[Array, State, Array]:
        """Back through all steps; adds to ``gradients``.

        Args:
            dy: (T, B, H).
            cache: of ``forward``.

        Returns:
            dx (T, B, E), the gradient of the initial state, and that of the memory (S, B, M).

        Raises:
            ArgumentError: dy has another shape or type, or x, the state or the parameters have changed since
                ``forward``.
        """
        x, steps, masks, prepared, held = cache
        hidden, cell, stepper = self.hidden_size, self.recurrent.cell, _Stepper(self)
        check_shape("AttentionDecoder", "dy", dy, (*x.shape[:2], hidden), self.dtype)
        held.check("AttentionDecoder")
        gradient = self.attention.memory_gradient(prepared)
        dpre = np.empty_like(dy)
        dz = [np.empty((*x.shape[:2], cell.gates * hidden), self.dtype) for _ in masks]
        dh, dc = (np.zeros_like(part) for part in steps[0].before)
        dfeed = np.zeros_like(dy[0])
        for t, step in reversed(list(enumerate(steps))):
            np.multiply(dy[t] + dfeed, 1 - step.y * step.y, out=dpre[t])
            dcombined = dpre[t] @ self.combine.weight
            dabove = dcombined[:, -hidden:]
            dabove += self.attention.backward(dcombined[None, :, :-hidden], step.attention, gradient)[0]
            for number in reversed(range(self.num_layers)):
                dh[number] += dabove
                _, dc[number] = cell.backward(
                    dh[number],
                    dc[number],
                    step.gates[number],
                    step.before.c[number],
                    step.after.c[number],
                    None,
                    dz[number][t],
                )
                dseen = dz[number][t] @ stepper.weights[number]
                dh[number] = dseen[:, -hidden:]
                mask = masks[number]
                dabove = dropout_backward(dseen[:, :-hidden], None if mask is None else mask[t])
            if self.input_feeding:
                dfeed = dabove
        self._add_gradients(cache, dz, dpre)
        return dz[0] @ stepper.input_weight, State(dh, dc), self.attention.memory_backward(gradient)

    def _add_gradients(self, cache: DecoderCache, dz: list[Array], dpre: Array) -> None:
        """Of all weights but the attention's, each in one product over all steps."""
        hidden = self.hidden_size
        combined = np.concatenate([step.combined for step in cache.steps])
        self.combine.gradients["weight"][...] += _rows(dpre).T @ combined
        for number, gradient in enumerate(dz):
            rows, seen = _rows(gradient), np.concatenate([step.seen[number] for step in cache.steps])
            dseen = rows.T @ seen
            parts = weights_of(self.recurrent.gradients, f"_l{number}")
            size = 0 if number else self.input_size
            parts.weight_ih[:, size:] += dseen[:, :-hidden]
            parts.weight_hh[...] += dseen[:, -hidden:]
            parts.bias[...] += rows.sum(axis=0)
            if size:
                parts.weight_ih[:, :size] += rows.T @ _rows(cache.x)

    def stream(self, state: State) -> DecoderStream:
        """The decoder one step at a time, for whoever chooses each input by the outputs before it.

        The stream has its own copy of the weights, as they are when it is made, and of the state.

        Args:
            state: of the stack before the first step, (L, B, H) each.

        Raises:
            ArgumentError: the state has another shape or type.
        """
        return DecoderStream(self, state)


class _Stepper:
    """The weights as a step needs them: for each layer one product with [from below or fed; h].

    Args:
        decoder: whose.
        own: copy them all, so that they stay as they are.

    Attributes:
        input_weight: of the bottom layer for what is read, (G * H, E).
        weights: of each layer (G * H, F + H).
    """

    def __init__(self, decoder: AttentionDecoder, *, own: bool = False) -> None:
        kept: Callable[[Array], Array] = np.copy if own else np.asarray
        self._decoder, size = decoder, decoder.input_size
        layers = range(decoder.num_layers)
        parts = [weights_of(decoder.recurrent.parameters, f"_l{number}") for number in layers]
        self.input_weight = kept(parts[0].weight_ih[:, :size])
        self.weights = [
            np.concatenate([part.weight_ih[:, 0 if number else size :], part.weight_hh], axis=1)
            for number, part in enumerate(parts)
        ]
        self._biases = [kept(part.bias) for part in parts]
        self._attention = deepcopy(decoder.attention) if own else decoder.attention
        self._combine = kept(decoder.combine.weight)

    def step(
        self,
        sums: Array,
        state: DecoderState,
        prepared: PreparedMemory,
        masks: Sequence[Array | None],
    ) -> DecoderStep:
        """One step of N rows; N is B, or K * B with K hypotheses of each sequence, the first ones first.

        Args:
            sums: what is read, times ``input_weight``: (N, G * H).
            state: where the decoder stands.
            prepared: the memory of B sequences.
            masks: of the dropout below each layer (N, H).
        """
        decoder, (before, feed) = self._decoder, state
        after = State(np.empty_like(before.h), np.empty_like(before.c))
        below, all_seen, all_gates = feed[:, : decoder.feed_size], [], []
        for number, (weight, bias, mask) in enumerate(zip(self.weights, self._biases, masks, strict=True)):
            thinned = below if mask is None else below * mask
            seen = np.concatenate([thinned, before.h[number]], axis=1)
            z = seen @ weight.T
            z += bias
            if number == 0:
                z += sums
            after.h[number], after.c[number] = decoder.recurrent.cell.forward(z, before.c[number])
            below = after.h[number]
            all_seen.append(seen)
            all_gates.append(z)
        query = below.reshape(-1, len(prepared.mask), decoder.hidden_size)
        context, attention = self._attention.forward(query, prepared, watch=False)
        combined = np.concatenate([context.reshape(len(below), -1), below], axis=1)
        y = np.tanh(combined @ self._combine.T)
        return DecoderStep(all_seen, all_gates, before, after, attention, combined, y)


class DecoderStream:
    """A decoder that keeps where it stands from step to step; of ``AttentionDecoder.stream``.

    Attributes:
        state: where it stands; may be set.
    """

    def __init__(self, decoder: AttentionDecoder, state: State) -> None:
        self._stepper, self._masks = _Stepper(decoder, own=True), [None] * decoder.num_layers
        self.state = decoder.begin(State(state.h.copy(), state.c.copy()))
        self._turn = OneThread("AttentionDecoder.stream")

    def step(self, x: Array, prepared: PreparedMemory) -> tuple[Array, Array]:
        """One step.

        Args:
            x: (N, E); N is B, or K * B with K hypotheses of each sequence, the first ones first.
            prepared: the memory of the B sequences.

        Returns:
            The attentional vectors (N, H), and how much each row looked at each step of the memory, (N, S).

        Raises:
            ArgumentError: N is not that of the state, or no multiple of B.
            BusyError: another thread is in the middle of a step.
        """
        if len(x) != len(self.state.feed) or len(x) % len(prepared.mask):
            raise ArgumentError(
                f"AttentionDecoder: x has {len(x)} rows; expected {len(self.state.feed)}, as the state has, "
                f"and as many for each of the memory's {len(prepared.mask)} sequences."
            )
        with self._turn:
            step = self._stepper.step(x @ self._stepper.input_weight.T, self.state, prepared, self._masks)
            self.state = DecoderState(step.after, step.y)
        return step.y.copy(), step.attention.weights.reshape(len(x), -1)

    def select(self, rows: IntArray) -> None:
        """Go on with these rows, (M,) in [0, N): re-ordered, repeated or left out."""
        (h, c), feed = self.state
        self.state = DecoderState(State(h[:, rows], c[:, rows]), feed[rows])


def _rows(x: Array) -> Array:
    """(T, B, ·) as (T * B, ·)."""
    return x.reshape(-1, x.shape[-1])
