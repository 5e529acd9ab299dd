"""A word of a text with its tag, as ``SequenceTagger.predict_texts`` answers."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TaggedWord"]


class TaggedWord(NamedTuple):
    """A word of a text with its tag.

    Attributes:
        word: the characters ``start`` to ``stop`` - 1 of the text.
        start: where it begins, from 0.
        stop: where it has ended.
        tag: what it is; "O" or "" where that is less sure than was asked for.
        confidence: probability of the tag that the model would give; of a word in a span the least of all
            its words.
    """

    word: str
    start: int
    stop: int
    tag: str
    confidence: float
