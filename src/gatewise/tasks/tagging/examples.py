"""Sentences as padded batches, in which each distinct word is written out once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gatewise.tasks.tagging.vocabulary import TaggerVocabulary
from gatewise.types import BoolArray, IntArray

__all__ = ["TaggedBatch", "TaggedExamples"]


class TaggedBatch(NamedTuple):
    """Sentences side by side, with U distinct words of up to C characters between them.

    Attributes:
        tokens: (T, B), which of the distinct words stands where; 0 in the padding.
        lengths: (B,) words of each sentence.
        words: (U,), the distinct words in the vocabulary.
        shapes: (U,), their shapes.
        characters: (C, U), their characters; 0 in the padding.
        character_lengths: (U,).
        tags: (T, B), 0 in the padding; None where they are not known.
    """

    tokens: IntArray
    lengths: IntArray
    words: IntArray
    shapes: IntArray
    characters: IntArray
    character_lengths: IntArray
    tags: IntArray | None

    @property
    def valid(self) -> BoolArray:
        """(T, B), False in the padding."""
        valid: BoolArray = np.arange(len(self.tokens))[:, None] < self.lengths
        return valid


class TaggedExamples:
    """Sentences, encoded once, from which batches are made.

    Args:
        vocabulary: what encodes them.
        sentences: lists of words, none of them empty.
        tags: lists of tags that the vocabulary knows; None where they are not known.
    """

    def __init__(
        self,
        vocabulary: TaggerVocabulary,
        sentences: Sequence[Sequence[str]],
        tags: Sequence[Sequence[str]] | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        numbers: dict[str, int] = {}
        self.tokens: IntArray = np.array(
            [numbers.setdefault(word, len(numbers)) for sentence in sentences for word in sentence],
            dtype=np.intp,
        )
        self.lengths: IntArray = np.array([len(sentence) for sentence in sentences], dtype=np.intp)
        self.forms = vocabulary.encode_forms(list(numbers))
        self.tags = None if tags is None else vocabulary.encode_tags(tag for each in tags for tag in each)
        self._starts = np.cumsum(self.lengths) - self.lengths

    def batch(self, indices: IntArray) -> TaggedBatch:
        """The sentences of these numbers as one batch."""
        lengths = self.lengths[indices]
        steps = np.arange(lengths.max())[:, None]
        valid = steps < lengths
        places = np.where(valid, self._starts[indices] + steps, 0)
        used, local = np.unique(self.tokens[places[valid]], return_inverse=True)
        tokens = np.zeros(places.shape, dtype=np.intp)
        tokens[valid] = local
        characters, character_lengths = self._characters(used)
        return TaggedBatch(
            tokens,
            lengths,
            self.forms.words[used],
            self.forms.shapes[used],
            characters,
            character_lengths,
            None if self.tags is None else np.where(valid, self.tags[places], 0),
        )

    def _characters(self, forms: IntArray) -> tuple[IntArray, IntArray]:
        """(C, U) characters of the forms, and their lengths."""
        ends = self.forms.ends
        starts = np.where(forms > 0, ends[forms - 1], 0)
        lengths = ends[forms] - starts
        steps = np.arange(lengths.max())[:, None]
        valid = steps < lengths
        places = np.where(valid, starts + steps, 0)
        return np.where(valid, self.forms.characters[places], 0), lengths
