"""The network of a translator: an encoder that reads both ways, and a decoder that looks back at it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.nn import (
    AttentionDecoder,
    DecoderCache,
    DecoderStream,
    Embedding,
    Linear,
    Network,
    Recurrent,
    RecurrentCache,
    TiedLinear,
    head_loss,
    head_loss_and_gradient,
)
from gatewise.nn.cells import CELLS
from gatewise.nn.linear import TIED_SCALE
from gatewise.ops.attention import PreparedMemory
from gatewise.ops.dropout import dropout, dropout_backward
from gatewise.random_streams import generator
from gatewise.tasks.translation.examples import PairBatch, SourceBatch
from gatewise.types import Array, IntArray, Seed, State

__all__ = ["TranslationNetwork"]


class _EncoderCache(NamedTuple):
    """What the way back through the encoder needs."""

    mask: Array | None
    recurrent: RecurrentCache


class TranslationNetwork(Network):
    """Two texts in, scores of what follows each token of the second out (Luong et al. 2015).

    The encoder's layers have H / 2 units in each direction, so that its last states, side by side, are the
    decoder's first, layer by layer.

    Args:
        source_size: symbols to read.
        target_size: symbols to write.
        embedding_size: E.
        hidden_size: H, even.
        num_layers: L, of the encoder and of the decoder.
        shared: both sides have the same symbols, and one table of embeddings.
        cell: "lstm" or "rnn".
        attention: its score, "dot", "general" or "additive".
        input_feeding: whether the decoder is fed what came of the step before.
        tie_weights: the targets' embedding also makes the logits; E is H then.
        dropout: rate on embeddings, between layers and before the logits.
        label_smoothing: ε of the training loss.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); each layer's own where
            omitted, and 0.1 for an embedding that makes logits.
        seed: where the draws come from.
        dtype: float32 or float64.

    Attributes:
        own_inputs: in training, the share of the decoder's inputs that are its own outputs (scheduled
            sampling); whoever trains may change it between steps.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        *,
        shared: bool = False,
        cell: str = "lstm",
        attention: str = "general",
        input_feeding: bool = True,
        tie_weights: bool = False,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        rng = generator(seed)
        self.dropout, self.label_smoothing, self.own_inputs = dropout, label_smoothing, 0.0
        table_scale = TIED_SCALE if tie_weights and init_scale is None else init_scale
        self.target_embedding = Embedding(
            target_size, embedding_size, init_scale=table_scale, seed=rng, dtype=dtype
        )
        self.source_embedding = (
            self.target_embedding
            if shared
            else Embedding(source_size, embedding_size, init_scale=table_scale, seed=rng, dtype=dtype)
        )
        self.encoder: Recurrent = CELLS[cell](
            embedding_size,
            hidden_size // 2,
            num_layers,
            bidirectional=True,
            dropout=dropout,
            init_scale=init_scale,
            seed=rng,
            dtype=dtype,
        )
        self.decoder = AttentionDecoder(
            embedding_size,
            hidden_size,
            num_layers,
            hidden_size,
            cell=cell,
            score=attention,
            input_feeding=input_feeding,
            dropout=dropout,
            init_scale=init_scale,
            seed=rng,
            dtype=dtype,
        )
        self.head = (
            TiedLinear(self.target_embedding)
            if tie_weights
            else Linear(hidden_size, target_size, init_scale=init_scale, seed=rng, dtype=dtype)
        )
        tables = {"embedding": self.target_embedding}
        if not shared:
            tables = {"source_embedding": self.source_embedding, "target_embedding": self.target_embedding}
        super().__init__({**tables, "encoder": self.encoder, "decoder": self.decoder, "head": self.head})

    def encode(self, source: SourceBatch) -> tuple[PreparedMemory, State]:
        """What the decoder looks at, and where it begins."""
        memory, last = self.encoder(self.source_embedding.input(source.tokens), lengths=source.lengths)
        return self.decoder.attention.prepare(memory, source.lengths), _joined(last)

    def begin(self, source: SourceBatch) -> tuple[PreparedMemory, DecoderStream]:
        """The same, with the decoder ready for its first step."""
        prepared, state = self.encode(source)
        return prepared, self.decoder.stream(state)

    def loss(self, batch: PairBatch) -> tuple[float, float]:
        """Mean of -log p in nats a token, the ends included, and the number of tokens."""
        y, _ = self._decode(batch)
        return head_loss(self.head, y, batch.targets, mask=batch.valid), int(batch.valid.sum())

    def attend(self, batch: PairBatch) -> tuple[float, Array]:
        """The mean of ``loss``, and how much each target's step looks at each of its source's, (T, B, S)."""
        y, cache = self._decode(batch)
        return head_loss(self.head, y, batch.targets, mask=batch.valid), cache.weights

    def _decode(self, batch: PairBatch) -> tuple[Array, DecoderCache]:
        prepared, state = self.encode(batch.source)
        y, _, cache = self.decoder.forward(self.target_embedding(batch.inputs), state, prepared)
        return y, cache

    def loss_and_gradients(self, batch: PairBatch, rng: np.random.Generator) -> float:
        """The mean in training: dropout, smoothed targets, own inputs; adds to the gradients."""
        x, mask = dropout(self.source_embedding(batch.source.tokens), self.dropout, rng)
        memory, last, encoded = self.encoder.forward(x, lengths=batch.source.lengths, rng=rng)
        prepared = self.decoder.attention.prepare(memory, batch.source.lengths)

        inputs = batch.inputs.copy()
        x_decoder, mask_decoder = dropout(self.target_embedding(inputs), self.dropout, rng)
        own = _OwnInputs(self, inputs, mask_decoder, x_decoder, self.own_inputs, rng)
        y, _, decoded = self.decoder.forward(
            x_decoder, _joined(last), prepared, rng=rng, feedback=own.read if self.own_inputs else None
        )
        y, mask_out = dropout(y, self.dropout, rng)
        loss, dy = head_loss_and_gradient(
            self.head, y, batch.targets, mask=batch.valid, smoothing=self.label_smoothing
        )

        dx, dstate, dmemory = self.decoder.backward(dropout_backward(dy, mask_out), decoded)
        self.target_embedding.backward(dropout_backward(dx, mask_decoder), inputs)
        dx, _ = self.encoder.backward(dmemory, encoded, _apart(dstate))
        self.source_embedding.backward(dropout_backward(dx, mask), batch.source.tokens)
        return loss


class _OwnInputs:
    """Scheduled sampling (Bengio et al. 2015): now and then a decoder reads what itself holds likeliest.

    The choice itself has no gradient, as in the paper.

    Args:
        network: whose decoder it is.
        inputs: (T, B), overwritten where a token is replaced.
        mask: of the dropout on their embeddings; None without.
        x: (T, B, E), the embeddings with dropout.
        rate: share of the inputs to replace.
        rng: where the draws come from.
    """

    def __init__(
        self,
        network: TranslationNetwork,
        inputs: IntArray,
        mask: Array | None,
        x: Array,
        rate: float,
        rng: np.random.Generator,
    ) -> None:
        self._network, self._inputs, self._mask, self._x = network, inputs, mask, x
        self._rate, self._rng = rate, rng

    def read(self, t: int, y: Array) -> Array | None:
        """What step t is to read, (B, E), given what came of the step before; None for what it would."""
        rows = np.flatnonzero(self._rng.random(len(y)) < self._rate)
        if not len(rows):
            return None
        self._inputs[t, rows] = self._network.head(y[rows]).argmax(axis=-1)
        x: Array = self._x[t].copy()
        x[rows] = self._network.target_embedding(self._inputs[t, rows])
        if self._mask is not None:
            x[rows] *= self._mask[t, rows]
        return x


def _joined(last: State) -> State:
    """The encoder's last states (2L, B, H / 2), both directions side by side: (L, B, H)."""
    return State(*(np.concatenate([part[0::2], part[1::2]], axis=-1) for part in last))


def _apart(dstate: State) -> State:
    """The way back of ``_joined``."""

    def apart(part: Array) -> Array:
        layers, batch, width = part.shape
        halves = np.stack(np.split(part, 2, axis=-1), axis=1)
        return np.ascontiguousarray(halves.reshape(2 * layers, batch, width // 2))

    return State(apart(dstate.h), apart(dstate.c))
