"""The network of a language model: embedding, recurrent stack, logits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.data.streams import Window
from gatewise.nn import LSTM, RNN, Embedding, Linear, Network, Recurrent, TokenStream
from gatewise.ops.dropout import dropout, dropout_backward
from gatewise.ops.losses import cross_entropy_in_place, cross_entropy_loss
from gatewise.types import Array, IntArray, Seed, State

__all__ = ["CELLS", "LanguageNetwork"]

CELLS: dict[str, type[LSTM] | type[RNN]] = {"lstm": LSTM, "rnn": RNN}
"""Recurrent layers by the name of their cell."""


class LanguageNetwork(Network):
    """Tokens in, logits of the next token out.

    Dropout acts where Zaremba et al. (2014) put it: on what goes up, never on what goes on in time.

    Args:
        vocabulary_size: V.
        embedding_size: E.
        hidden_size: H.
        num_layers: L.
        cell: "lstm" or "rnn".
        dropout: rate on the embeddings, between layers, and before the logits.
        seed: where the draws come from.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        *,
        cell: str = "lstm",
        dropout: float = 0.0,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.dropout = dropout
        self.embedding = Embedding(vocabulary_size, embedding_size, seed=rng, dtype=dtype)
        self.recurrent: Recurrent = CELLS[cell](
            embedding_size, hidden_size, num_layers, dropout=dropout, seed=rng, dtype=dtype
        )
        self.head = Linear(self.recurrent.output_size, vocabulary_size, seed=rng, dtype=dtype)
        super().__init__({"embedding": self.embedding, cell: self.recurrent, "head": self.head})

    def logits(self, tokens: IntArray, state: State | None = None) -> tuple[Array, State]:
        """(T, B) tokens to (T, B, V) logits of what follows each, and the state after the last."""
        y, state = self.recurrent(self.embedding.input(tokens), state)
        return self.head(y), state

    def stream(self, batch_size: int = 1) -> TokenStream:
        """One token at a time to the logits of the next, from a state of zeros."""
        return TokenStream(self.embedding, self.recurrent, self.head, batch_size)

    def loss(self, window: Window, state: State | None = None) -> tuple[float, State]:
        """Mean cross-entropy of a window in nats a token, and the state after it."""
        logits, state = self.logits(window.inputs, state)
        return cross_entropy_loss(logits, window.targets), state

    def loss_and_gradients(
        self, window: Window, state: State | None, rng: np.random.Generator
    ) -> tuple[float, State]:
        """The same in training, with dropout; adds to the gradients."""
        mask_in = None
        x = self.embedding.input(window.inputs)
        if self.dropout:  # each step's embedding is thinned for itself
            x, mask_in = dropout(self.embedding(window.inputs), self.dropout, rng)
        y, state, recurrent_cache = self.recurrent.forward(x, state, rng=rng)
        y, mask_out = dropout(y, self.dropout, rng)
        logits, head_cache = self.head.forward(y)
        loss = cross_entropy_in_place(logits, window.targets)

        dy = self.head.backward(logits, head_cache)
        dx, _ = self.recurrent.backward(dropout_backward(dy, mask_out), recurrent_cache)
        self.embedding.input_backward(dropout_backward(dx, mask_in), window.inputs)
        return loss, state
