"""The network of a sequence classifier: recurrent stack, pooling over time, logits of the classes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.data.sequences import Ragged
from gatewise.nn import AttentionPooling, Embedding, Layer, Linear, Network, Recurrent
from gatewise.nn.cells import CELLS
from gatewise.ops.dropout import dropout, dropout_backward
from gatewise.ops.embedding import TokenInput
from gatewise.ops.losses import cross_entropy_in_place, cross_entropy_loss
from gatewise.ops.pooling import last_step, max_pool, mean_pool, mean_pool_backward, picked_backward
from gatewise.random_streams import generator
from gatewise.types import Array, IntArray, Seed

__all__ = ["POOLINGS", "ClassifierNetwork", "LabelledBatch", "LabelledSequences"]

POOLINGS = ("last", "mean", "max", "attention")
"""Ways from a sequence of outputs to one vector."""


_EMBEDDING_SCALE = 0.1
"""Rows begin near zero: those of rare words hardly move from where they begin, and are to tell nothing."""


class LabelledBatch(NamedTuple):
    """Sequences of one batch, and what class each is of.

    Attributes:
        x: (T, B, D) numbers, or (T, B) tokens; what stands in the padding does not count.
        lengths: (B,), at least 1 each.
        targets: (B,), integers in [0, K).
        weights: (B,), how much each counts in the mean.
    """

    x: Array | IntArray
    lengths: IntArray
    targets: IntArray
    weights: Array


class LabelledSequences:
    """Sequences with labels, from which batches are made.

    Args:
        sequences: of numbers or tokens.
        targets: (N,), integers in [0, K).
        class_weights: (K,), how much each class counts.
    """

    def __init__(self, sequences: Ragged, targets: IntArray, class_weights: Array) -> None:
        self.sequences = sequences
        self.targets = targets
        self.weights: Array = class_weights[targets]

    @property
    def lengths(self) -> IntArray:
        """Steps of each sequence, (N,)."""
        return self.sequences.lengths

    def batch(self, indices: IntArray) -> LabelledBatch:
        """The sequences of these numbers side by side."""
        x = self.sequences.padded(indices)
        return LabelledBatch(x, self.lengths[indices], self.targets[indices], self.weights[indices])

    def arrays(self) -> tuple[Array, ...]:
        """All that there is to learn from, for a fingerprint."""
        return self.sequences.values, self.lengths, self.targets, self.weights


class ClassifierNetwork(Network):
    """Sequences of numbers or tokens in, logits of their K classes out.

    Dropout acts on the input (embeddings only), between the layers, and on the pooled vector.

    Args:
        input_size: D; for tokens E, the embedding's width.
        hidden_size: H.
        num_layers: L.
        classes: K.
        vocabulary_size: V, for tokens; None for numbers.
        cell: "lstm" or "rnn".
        bidirectional: a second stack reads each sequence from its end.
        pooling: one of ``POOLINGS``.
        dropout: rate.
        recurrent_dropout: rate on h on its way into the recurrent sums.
        word_dropout: probability that a token counts as unknown, token 0.
        seed: where the draws come from.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        classes: int,
        *,
        vocabulary_size: int | None = None,
        cell: str = "lstm",
        bidirectional: bool = False,
        pooling: str = "last",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        word_dropout: float = 0.0,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        rng = generator(seed)
        self.pooling = pooling
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.embedding: Embedding | None = None
        self.attention: AttentionPooling | None = None
        layers: dict[str, Layer] = {}
        if vocabulary_size is not None:
            layers["embedding"] = self.embedding = Embedding(
                vocabulary_size, input_size, init_scale=_EMBEDDING_SCALE, seed=rng, dtype=dtype
            )
        self.recurrent: Recurrent
        layers[cell] = self.recurrent = CELLS[cell](
            input_size,
            hidden_size,
            num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=rng,
            dtype=dtype,
        )
        width = self.recurrent.output_size
        if pooling == "attention":
            layers["attention"] = self.attention = AttentionPooling(width, hidden_size, seed=rng, dtype=dtype)
        layers["head"] = self.head = Linear(width, classes, seed=rng, dtype=dtype)
        super().__init__(layers)

    def logits(self, x: Array | IntArray, lengths: IntArray) -> Array:
        """(B, K) logits of the classes."""
        y, _ = self.recurrent(x if self.embedding is None else self.embedding.input(x), lengths=lengths)
        return self.head(self.pool(y, lengths)[0])

    def loss(self, batch: LabelledBatch) -> tuple[float, float]:
        """Weighted mean cross-entropy in nats, and the sum of the weights."""
        logits = self.logits(batch.x, batch.lengths)
        loss = cross_entropy_loss(logits, batch.targets, weights=batch.weights)
        return loss, float(batch.weights.sum(dtype=np.float64))

    def loss_and_gradients(self, batch: LabelledBatch, rng: np.random.Generator) -> float:
        """The same in training, with dropout; adds to the gradients."""
        x: Array | TokenInput = batch.x
        tokens, mask_in = batch.x, None
        if self.embedding is not None:
            if self.word_dropout:
                tokens = np.where(rng.random(tokens.shape, dtype=np.float32) < self.word_dropout, 0, tokens)
            x = self.embedding.input(tokens)
            if self.dropout:  # each step's embedding is thinned for itself
                x, mask_in = dropout(self.embedding(tokens), self.dropout, rng)
        y, _, recurrent_cache = self.recurrent.forward(x, lengths=batch.lengths, rng=rng)
        pooled, cache = self.pool(y, batch.lengths)
        pooled, mask_out = dropout(pooled, self.dropout, rng)
        logits, head_cache = self.head.forward(pooled)
        loss = cross_entropy_in_place(logits, batch.targets, weights=batch.weights)

        dpooled = dropout_backward(self.head.backward(logits, head_cache), mask_out)
        dx, _ = self.recurrent.backward(self.pool_backward(dpooled, cache), recurrent_cache)
        if self.embedding is not None:
            self.embedding.input_backward(dropout_backward(dx, mask_in), tokens)
        return loss

    def pool(self, y: Array, lengths: IntArray) -> tuple[Array, Any]:
        """(T, B, ·) to (B, ·), and the cache of the way back."""
        if self.attention is not None:
            return self.attention.forward(y, lengths)
        if self.pooling == "mean":
            return mean_pool(y, lengths)
        if self.pooling == "max":
            return max_pool(y, lengths)
        return last_step(y, lengths, self.recurrent.bidirectional)

    def pool_backward(self, dpooled: Array, cache: Any) -> Array:
        """The way back; adds to the gradients of attention."""
        if self.attention is not None:
            return self.attention.backward(dpooled, cache)
        if self.pooling == "mean":
            return mean_pool_backward(dpooled, cache)
        return picked_backward(dpooled, cache)
