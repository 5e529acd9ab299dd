"""Pairs of texts as batches of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gatewise.data.pairs import Pairs
from gatewise.errors import DataError
from gatewise.tasks.translation.vocabulary import TranslationVocabulary
from gatewise.types import BoolArray, IntArray

__all__ = ["LONGEST", "PairBatch", "PairExamples", "SourceBatch", "short_enough", "source_batch"]

LONGEST = 1000
"""Tokens of a text that a trained model takes: what it keeps of attention grows with their square."""


class SourceBatch(NamedTuple):
    """Texts to read: tokens (S, B), each text's own and the end after them, and their numbers (B,)."""

    tokens: IntArray
    lengths: IntArray


class PairBatch(NamedTuple):
    """A batch to learn from.

    Attributes:
        source: what is read.
        inputs: (T, B) what the decoder reads: the end, by which it begins, then the target.
        targets: (T, B) what it is to write: the target, then the end.
        valid: (T, B), False in the padding.
    """

    source: SourceBatch
    inputs: IntArray
    targets: IntArray
    valid: BoolArray


class PairExamples:
    """Pairs to learn from or to measure on; see ``gatewise.training.Examples``.

    Args:
        vocabulary: of both sides.
        pairs: N of them.
        max_length: most tokens of a text to learn from; those to measure on have a limit of their own.

    Attributes:
        vocabulary: as given.
        sources: tokens of each text to read.
        targets: of each to be written.
        lengths: (N,) tokens of source and target together.

    Raises:
        DataError: a text is longer; the message says where it stands.
    """

    def __init__(
        self, vocabulary: TranslationVocabulary, pairs: Pairs, max_length: int | None = None
    ) -> None:
        self.vocabulary = vocabulary
        sides = (vocabulary.source, pairs.sources), (vocabulary.target, pairs.targets)
        self.sources, self.targets = ([side.encode(text) for text in texts] for side, texts in sides)
        for number, tokens in enumerate((self.sources, self.targets)):
            _check_lengths(pairs, number, tokens, max_length)
        self.lengths: IntArray = np.array(
            [len(source) + len(target) for source, target in zip(self.sources, self.targets, strict=True)],
            dtype=np.int64,
        )

    def arrays(self) -> list[IntArray]:
        """All that is learnt from, for a fingerprint."""
        return [self.lengths, *self.sources, *self.targets]

    def batch(self, indices: IntArray) -> PairBatch:
        """The pairs of these numbers as one batch."""
        source = source_batch([self.sources[index] for index in indices], self.vocabulary.source.end)
        end = self.vocabulary.target.end
        targets, lengths = source_batch([self.targets[index] for index in indices], end)
        inputs = np.full_like(targets, end)
        inputs[1:] = targets[:-1]
        return PairBatch(source, inputs, targets, np.arange(len(targets))[:, None] < lengths)


def short_enough(vocabulary: TranslationVocabulary, pairs: Pairs, max_length: int) -> Pairs:
    """The pairs of which no text has more tokens."""
    sides = (vocabulary.source, pairs.sources), (vocabulary.target, pairs.targets)
    fit = np.ones(len(pairs), dtype=bool)
    for side, texts in sides:
        fit &= np.array([len(side.encode(text)) <= max_length for text in texts], dtype=bool)
    return pairs.take(np.flatnonzero(fit).tolist())


def source_batch(texts: Sequence[IntArray], end: int) -> SourceBatch:
    """Texts side by side, the end after each and in the padding."""
    lengths = np.array([len(text) + 1 for text in texts], dtype=np.int64)
    tokens = np.full((int(lengths.max()), len(texts)), end, dtype=np.int64)
    for column, text in enumerate(texts):
        tokens[: len(text), column] = text
    return SourceBatch(tokens, lengths)


def _check_lengths(pairs: Pairs, side: int, tokens: list[IntArray], max_length: int | None) -> None:
    limit, remedy = (
        f"max_length={max_length}",
        ", leave it out, as leave_out_long=True does, or raise max_length",
    )
    if max_length is None:
        limit, remedy = f"{LONGEST:,}", ", or leave it out"
    for index, each in enumerate(tokens):
        if len(each) > (max_length or LONGEST):
            raise DataError(
                f"{pairs.where(index, side)} has {len(each):,} tokens, more than {limit}: "
                f"{pairs[index][side][:40]!r}…; cut it into sentences{remedy}."
            )
