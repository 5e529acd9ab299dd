"""The network of a language model: embedding, recurrent stack, logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data.streams import Window
from gatewise.nn import (
    AdaptiveSoftmax,
    Embedding,
    Linear,
    Network,
    Recurrent,
    TiedLinear,
    TokenStream,
    head_loss,
    head_loss_and_gradient,
)
from gatewise.nn.cells import CELLS
from gatewise.nn.linear import TIED_SCALE
from gatewise.ops import TokenInput
from gatewise.ops.dropout import dropout, dropout_backward
from gatewise.random_streams import generator
from gatewise.types import Array, IntArray, Seed, State

__all__ = ["LanguageNetwork"]


class LanguageNetwork(Network):
    """Tokens in, logits of the next token out.

    Dropout acts where Zaremba et al. (2014) put it: on what goes up, never on what goes on in time. The other
    ways to regularise are those of Merity et al. (2018).

    Args:
        vocabulary_size: V.
        embedding_size: E.
        hidden_size: H, of all layers or of each.
        num_layers: L.
        cell: "lstm" or "rnn".
        dropout: rate between layers.
        input_dropout: rate on the embeddings.
        output_dropout: rate before the logits.
        embedding_dropout: rate at which whole symbols are left out.
        weight_dropout: rate on the recurrent matrices.
        locked_dropout: the masks of the first three are the same at all steps of a window.
        zoneout_hidden: probability that a unit's h stays for a step what it was.
        zoneout_cell: the same for c, which only an LSTM has.
        layer_norm: what a layer puts out is normalised.
        mogrifier_rounds: how often a layer's input and its h gate each other before each step of an LSTM.
        mogrifier_rank: of the matrices that do it; None for full ones.
        activation_reg: α of the penalty α · mean(m ⊙ h)², of what the top layer puts out, thinned.
        temporal_reg: β of the penalty β · mean(h_t - h_{t-1})² on its changes from step to step.
        tie_weights: the embedding's table also makes the logits; E is the top layer's H then.
        adaptive_cutoffs: of an adaptive softmax in place of the linear layer; None for none.
        adaptive_div_value: its ``div_value``.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); each layer's own where
            omitted, and 0.1 for an embedding that makes logits.
        seed: where the draws come from.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int | Sequence[int],
        num_layers: int,
        *,
        cell: str = "lstm",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        locked_dropout: bool = False,
        zoneout_hidden: float = 0.0,
        zoneout_cell: float = 0.0,
        layer_norm: bool = False,
        mogrifier_rounds: int = 0,
        mogrifier_rank: int | None = None,
        activation_reg: float = 0.0,
        temporal_reg: float = 0.0,
        tie_weights: bool = False,
        adaptive_cutoffs: Sequence[int] | None = None,
        adaptive_div_value: float = 4.0,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        rng = generator(seed)
        self.input_dropout = input_dropout
        self.output_dropout = output_dropout
        self.embedding_dropout = embedding_dropout
        self.locked_dropout = locked_dropout
        self.activation_reg = activation_reg
        self.temporal_reg = temporal_reg
        table_scale = TIED_SCALE if tie_weights and init_scale is None else init_scale
        self.embedding = Embedding(
            vocabulary_size, embedding_size, init_scale=table_scale, seed=rng, dtype=dtype
        )
        of_an_lstm: dict[str, Any] = {
            "zoneout_cell": zoneout_cell,
            "mogrifier_rounds": mogrifier_rounds,
            "mogrifier_rank": mogrifier_rank,
        }
        self.recurrent: Recurrent = CELLS[cell](
            embedding_size,
            hidden_size,
            num_layers,
            **(of_an_lstm if cell == "lstm" else {}),
            zoneout_hidden=zoneout_hidden,
            layer_norm=layer_norm,
            dropout=dropout,
            locked_dropout=locked_dropout,
            weight_dropout=weight_dropout,
            init_scale=init_scale,
            seed=rng,
            dtype=dtype,
        )
        self.head = self._new_head(tie_weights, adaptive_cutoffs, adaptive_div_value, init_scale, rng)
        super().__init__({"embedding": self.embedding, cell: self.recurrent, "head": self.head})

    def _new_head(
        self,
        tie_weights: bool,
        cutoffs: Sequence[int] | None,
        div_value: float,
        init_scale: float | None,
        rng: np.random.Generator,
    ) -> Linear | AdaptiveSoftmax:
        if tie_weights:
            return TiedLinear(self.embedding)
        width, symbols = self.recurrent.output_size, len(self.embedding.parameters["weight"])
        dtype = self.embedding.dtype
        if cutoffs is None:
            return Linear(width, symbols, init_scale=init_scale, seed=rng, dtype=dtype)
        return AdaptiveSoftmax(
            width, symbols, cutoffs, div_value=div_value, init_scale=init_scale, seed=rng, dtype=dtype
        )

    def read(self, tokens: IntArray, state: State | None = None) -> tuple[Array, State]:
        """(T, B) tokens to what the top layer puts out, (T, B, H), and the state after the last."""
        return self.recurrent(self.embedding.input(tokens), state)

    def logits(self, tokens: IntArray, state: State | None = None) -> tuple[Array, State]:
        """(T, B) tokens to (T, B, V) logits of what follows each, and the state after the last.

        Those of an adaptive softmax are log-probabilities.
        """
        y, state = self.read(tokens, state)
        return self.head(y), state

    def stream(self, batch_size: int = 1) -> TokenStream:
        """One token at a time to the logits of the next, from a state of zeros."""
        return TokenStream(self.embedding, self.recurrent, self.head, batch_size)

    def loss(self, window: Window, state: State | None = None) -> tuple[float, State]:
        """Mean cross-entropy of a window in nats a token, and the state after it."""
        y, state = self.read(window.inputs, state)
        return head_loss(self.head, y, window.targets), state

    def evaluation_gradients(self, window: Window, state: State | None = None) -> tuple[float, State]:
        """``loss``, with nothing dropped and no penalty; adds its own gradients alone."""
        y, state, cache = self.recurrent.look(self.embedding.input(window.inputs), state)
        loss, dy = head_loss_and_gradient(self.head, y, window.targets)
        dx, _ = self.recurrent.backward(dy, cache)
        self.embedding.input_backward(dx, window.inputs)
        return loss, state

    def loss_and_gradients(
        self, window: Window, state: State | None, rng: np.random.Generator
    ) -> tuple[float, State]:
        """``loss`` in training, with dropout; adds to the gradients, those of the penalties included."""
        words, mask_in = self.embedding.dropout_mask(self.embedding_dropout, rng), None
        x: Array | TokenInput
        if self.input_dropout:  # each step's embedding is thinned for itself
            rows, _ = self.embedding.forward(window.inputs, words)
            x, mask_in = dropout(rows, self.input_dropout, rng, locked=self.locked_dropout)
        else:
            x = self.embedding.input(window.inputs, words)
        hidden, state, recurrent_cache = self.recurrent.forward(x, state, rng=rng)
        y, mask_out = dropout(hidden, self.output_dropout, rng, locked=self.locked_dropout)
        loss, dy = head_loss_and_gradient(self.head, y, window.targets)
        if self.activation_reg:
            dy += (2 * self.activation_reg / y.size) * y
        dhidden = dropout_backward(dy, mask_out)
        if self.temporal_reg and len(hidden) > 1:
            dhidden = dhidden + _temporal_gradient(hidden, self.temporal_reg)
        dx, _ = self.recurrent.backward(dhidden, recurrent_cache)
        self.embedding.input_backward(dropout_backward(dx, mask_in), window.inputs, words)
        return loss, state


def _temporal_gradient(hidden: Array, rate: float) -> Array:
    """∂/∂h of β · mean((h_t - h_{t-1})²), for h (T, B, H)."""
    changes = np.diff(hidden, axis=0)
    gradient = np.zeros_like(hidden)
    gradient[1:] += changes
    gradient[:-1] -= changes
    gradient *= 2 * rate / changes.size
    return gradient
