"""The network of a tagger: words seen from three sides, a stack that reads both ways, scores of tags."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.nn import CRF, Embedding, Linear, Network, Recurrent, RecurrentCache
from gatewise.nn.cells import CELLS
from gatewise.ops.activations import softmax
from gatewise.ops.crf import CRFAllowed
from gatewise.ops.dropout import dropout, dropout_backward
from gatewise.ops.embedding import TokenInput
from gatewise.ops.losses import cross_entropy_in_place, cross_entropy_loss
from gatewise.random_streams import generator
from gatewise.tasks.tagging.examples import TaggedBatch
from gatewise.tasks.tagging.vocabulary import SHAPES, UNKNOWN
from gatewise.types import Array, IntArray, Seed, State

__all__ = ["SHAPE_SIZE", "TaggerNetwork", "least_size"]

SHAPE_SIZE = 16
"""Width of a shape's embedding."""


class _WordCache(NamedTuple):
    """What the way back to the embeddings needs."""

    words: IntArray
    recurrent: RecurrentCache
    mask: Array | None


class TaggerNetwork(Network):
    """Sentences in, scores of each word's tags out.

    A word's row is its embedding, its shape's, and the two last states of an LSTM that reads its characters
    from both ends (Ling et al. 2015; Plank et al. 2016). The rows of a batch's distinct words are computed
    once, and stand for every place where the word occurs. On top lies a stack that reads the sentence from
    both ends, then a linear layer, and if wanted a conditional random field (Lample et al. 2016).

    Args:
        words: words in the vocabulary, with the unknown one.
        characters: the same of characters.
        tags: K.
        embedding_size: E, of a word.
        char_embedding_size: of a character.
        char_hidden_size: units a direction of the character layer.
        hidden_size: H, units a direction of the stack.
        num_layers: L of the stack.
        cell: "lstm" or "rnn".
        crf: judge the tags of a sentence together.
        allowed: which of them may follow which, for the field; None for all.
        dropout: rate on the words' rows, between layers and before the scores.
        seed: where the draws come from.
        dtype: float32 or float64.

    Attributes:
        unknown_rates: for training, how often each word is taken for the unknown one; None for never.
    """

    def __init__(
        self,
        words: int,
        characters: int,
        tags: int,
        *,
        embedding_size: int,
        char_embedding_size: int,
        char_hidden_size: int,
        hidden_size: int,
        num_layers: int,
        cell: str = "lstm",
        crf: bool = False,
        allowed: CRFAllowed | None = None,
        dropout: float = 0.0,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        rng = generator(seed)
        self.dropout = dropout
        self.unknown_rates: Array | None = None
        self.word_embedding = Embedding(words, embedding_size, seed=rng, dtype=dtype)
        self.shape_embedding = Embedding(SHAPES, SHAPE_SIZE, seed=rng, dtype=dtype)
        self.char_embedding = Embedding(characters, char_embedding_size, seed=rng, dtype=dtype)
        self.char_recurrent: Recurrent = CELLS[cell](
            char_embedding_size, char_hidden_size, bidirectional=True, seed=rng, dtype=dtype
        )
        self.recurrent: Recurrent = CELLS[cell](
            embedding_size + SHAPE_SIZE + self.char_recurrent.output_size,
            hidden_size,
            num_layers,
            bidirectional=True,
            dropout=dropout,
            seed=rng,
            dtype=dtype,
        )
        self.head = Linear(self.recurrent.output_size, tags, seed=rng, dtype=dtype)
        self.crf = CRF(tags, allowed=allowed, dtype=dtype) if crf else None
        super().__init__(
            {
                "word_embedding": self.word_embedding,
                "shape_embedding": self.shape_embedding,
                "char_embedding": self.char_embedding,
                f"char_{cell}": self.char_recurrent,
                cell: self.recurrent,
                "head": self.head,
            }
            | ({} if self.crf is None else {"crf": self.crf})
        )

    def inputs(self, batch: TaggedBatch) -> TokenInput:
        """What the stack reads of each word: its place in a table of rows, one for each distinct word."""
        x = self.char_embedding.input(batch.characters)
        _, state = self.char_recurrent(x, lengths=batch.character_lengths)
        return TokenInput(batch.tokens, self._table(batch, batch.words, state))

    def scores(self, batch: TaggedBatch) -> Array:
        """(T, B, K): the logits, or the field's emissions."""
        y, _ = self.recurrent(self.inputs(batch), lengths=batch.lengths)
        return self.head(y)

    def tags(self, batch: TaggedBatch) -> IntArray:
        """The likeliest tags, (T, B): of each word by itself, or with a field of each whole sentence."""
        return self._tags(self.scores(batch), batch)

    def probabilities(self, batch: TaggedBatch) -> Array:
        """Of each tag of each word, (T, B, K)."""
        return self._probabilities(self.scores(batch), batch)

    def answers(self, batch: TaggedBatch) -> tuple[IntArray, Array]:
        """The likeliest tags, and the probability that each word has its one: (T, B) both."""
        scores = self.scores(batch)
        tags = self._tags(scores, batch)
        probabilities = self._probabilities(scores, batch)
        return tags, np.take_along_axis(probabilities, tags[..., None], axis=2)[..., 0]

    def loss(self, batch: TaggedBatch) -> tuple[float, float]:
        """Mean of -log p in nats a word, and the number of words."""
        scores, words, tags = self.scores(batch), int(batch.lengths.sum()), _tags(batch)
        if self.crf is None:
            return cross_entropy_loss(scores, tags, batch.valid), words
        log_likelihood, _ = self.crf.forward(scores, tags, batch.lengths)
        return -float(log_likelihood.sum(dtype=np.float64)) / words, words

    def loss_and_gradients(self, batch: TaggedBatch, rng: np.random.Generator) -> float:
        """The same in training, with dropout and unknown words; adds to the gradients."""
        table, word_cache = self._words_forward(batch, rng)
        y, _, cache = self.recurrent.forward(TokenInput(batch.tokens, table), lengths=batch.lengths, rng=rng)
        y, mask = dropout(y, self.dropout, rng)
        scores, head_cache = self.head.forward(y)
        loss, dscores = self._judge(scores, batch)

        dy = self.head.backward(dscores, head_cache)
        dtable, _ = self.recurrent.backward(dropout_backward(dy, mask), cache)
        self._words_backward(dtable, batch, word_cache)
        return loss

    def _tags(self, scores: Array, batch: TaggedBatch) -> IntArray:
        if self.crf is not None:
            return self.crf.decode(scores, batch.lengths)
        best: IntArray = scores.argmax(axis=-1)
        return best

    def _probabilities(self, scores: Array, batch: TaggedBatch) -> Array:
        return softmax(scores) if self.crf is None else self.crf.marginals(scores, batch.lengths)

    def _judge(self, scores: Array, batch: TaggedBatch) -> tuple[float, Array]:
        """The loss, and the gradient of the scores."""
        tags = _tags(batch)
        if self.crf is None:
            return cross_entropy_in_place(scores, tags, batch.valid), scores
        words = int(batch.lengths.sum())
        log_likelihood, cache = self.crf.forward(scores, tags, batch.lengths)
        dscores = self.crf.backward(np.full_like(log_likelihood, -1 / words), cache)
        return -float(log_likelihood.sum(dtype=np.float64)) / words, dscores

    def _table(self, batch: TaggedBatch, words: IntArray, state: State) -> Array:
        """A row for each distinct word, (U, D)."""
        return np.concatenate(
            [self.word_embedding(words), self.shape_embedding(batch.shapes), *state.h], axis=1
        )

    def _words_forward(self, batch: TaggedBatch, rng: np.random.Generator) -> tuple[Array, _WordCache]:
        """The rows in training."""
        words = batch.words
        if self.unknown_rates is not None:
            words = np.where(rng.random(len(words)) < self.unknown_rates[words], UNKNOWN, words)
        x = self.char_embedding.input(batch.characters)
        _, state, cache = self.char_recurrent.forward(x, lengths=batch.character_lengths, rng=rng)
        table, mask = dropout(self._table(batch, words, state), self.dropout, rng)
        return table, _WordCache(words, cache, mask)

    def _words_backward(self, dtable: Array, batch: TaggedBatch, cache: _WordCache) -> None:
        """From the gradient of the rows to those of all that they are made of."""
        dtable = dropout_backward(dtable, cache.mask)
        embedding = self.word_embedding.parameters["weight"].shape[1]
        hidden = self.char_recurrent.hidden_size
        ends = np.cumsum([embedding, SHAPE_SIZE, hidden])
        dwords, dshapes, *dlast = np.split(dtable, ends, axis=1)
        self.word_embedding.backward(dwords, cache.words)
        self.shape_embedding.backward(dshapes, batch.shapes)
        dh = np.stack(dlast)
        dy = np.zeros((*batch.characters.shape, 2 * hidden), self.dtype)
        dx, _ = self.char_recurrent.backward(dy, cache.recurrent, State(dh, np.zeros_like(dh)))
        self.char_embedding.input_backward(dx, batch.characters)


def least_size(
    words: int,
    characters: int,
    tags: int,
    *,
    embedding_size: int,
    char_embedding_size: int,
    char_hidden_size: int,
    hidden_size: int,
    num_layers: int,
    crf: bool,
) -> int:
    """Weights that a network for so many known words, characters and tags has at least."""
    return (
        (words + 1) * embedding_size
        + (characters + 1) * char_embedding_size
        + SHAPES * SHAPE_SIZE
        + 2 * char_hidden_size * (char_embedding_size + char_hidden_size)
        + 2 * hidden_size * (embedding_size + 2 * char_hidden_size + num_layers * hidden_size)
        + tags * (2 * hidden_size + (tags if crf else 0))
    )


def _tags(batch: TaggedBatch) -> IntArray:
    if batch.tags is None:
        raise ValueError("this batch has no tags to learn from")
    return batch.tags
