"""What the tagger refuses as sentences and tags, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from gatewise.data.lines import without_end
from gatewise.data.placed import PlacedLists
from gatewise.data.text import is_utf8
from gatewise.errors import ArgumentError, DataError

__all__ = ["Lists", "TaggedPart", "check_sentences", "check_tagged", "check_texts", "split"]

Lists = Sequence[Sequence[str]]
"""For each sentence the list of its words, or of their tags."""


class TaggedPart(NamedTuple):
    """Sentences with their tags, and what the tags are called in messages."""

    name: str
    sentences: Lists
    tags: Lists

    def where(self, number: int, place: int | None = None) -> str:
        """Where a tag stands, or where those of a sentence end: in a file its line, if that is known."""
        if isinstance(self.tags, PlacedLists):
            told = "the sentence that ends there" if place is None else "the tag"
            return f"{self.tags.where(number, -1 if place is None else place)}: {told}"
        return f"{self.name}[{number}]" + ("" if place is None else f"[{place}]")


def split(
    data: TaggedPart,
    validation: tuple[Lists, Lists] | None,
    fraction: float,
    rng: np.random.Generator,
) -> tuple[TaggedPart, TaggedPart]:
    """Sentences to learn and sentences to measure on, which may be none.

    Args:
        data: with a tag for each word.
        validation: what is to be measured on; None to draw it from the data.
        fraction: share that is drawn then.
        rng: draws it.

    Raises:
        ArgumentError: ``validation`` is not tagged sentences.
        DataError: there is nothing left to learn from.
    """
    name, sentences, tags = data
    if not len(sentences):
        raise DataError("sentences is empty; at least one is needed to learn from.")
    if validation is not None:
        words, labels = _as_pair("validation", validation)
        return data, TaggedPart(
            "validation[1]", *check_tagged("validation[0]", words, "validation[1]", labels)
        )
    drawn = rng.permutation(len(sentences))
    held_out = round(len(sentences) * fraction)
    if held_out == len(sentences):
        raise DataError(
            f"of {len(sentences)} sentences validation_fraction={fraction} leaves none to learn from; lower "
            "it, or add sentences."
        )
    parts = np.sort(drawn[held_out:]), drawn[:held_out]
    learnt, measured = (
        TaggedPart(name, [sentences[index] for index in part], [tags[index] for index in part])
        for part in parts
    )
    return learnt, measured


def _as_pair(name: str, value: object) -> tuple[Lists, Lists]:
    """Sentences and their tags, still to be looked at."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ArgumentError(
            f"{name} has type {type(value).__name__}; expected two things, sentences and their tags."
        )
    return value[0], value[1]


def check_tagged(name: str, sentences: object, tags_name: str, tags: object) -> tuple[Lists, Lists]:
    """Sentences and tags as ``check_sentences`` gives them; refuse what is not a tag for each word."""
    words = check_sentences(name, sentences)
    labels = check_sentences(tags_name, tags)
    if len(words) != len(labels):
        raise ArgumentError(
            f"{tags_name} has {len(labels)} entries and {name} has {len(words)}; "
            "expected a list of tags for each sentence."
        )
    for number, (sentence, given) in enumerate(zip(words, labels, strict=True)):
        if len(sentence) != len(given):
            raise ArgumentError(
                f"{tags_name}[{number}] has {len(given)} tags and {name}[{number}] has "
                f"{len(sentence)} words; expected a tag for each word."
            )
    return words, labels


def check_sentences(name: str, sentences: object, *, may_be_empty: bool = False) -> Lists:
    """Words or tags less the line ends that they may bring; refuse what is not a list of lists of str.

    Who splits the lines of ``readlines`` at spaces has one behind the last word of each.
    """
    brings_ends = False
    if not _is_list(sentences):
        raise ArgumentError(
            f"{name} has type {type(sentences).__name__}; expected a list of lists of str, one a sentence."
        )
    for number, sentence in enumerate(sentences):
        if not _is_list(sentence):
            raise ArgumentError(
                f"{name}[{number}] has type {type(sentence).__name__}; expected a list of str, one for each "
                "word. A sentence in one str must be split first, as gatewise.data.split_words does it; a "
                "tagger's predict_texts takes it whole."
            )
        if not (len(sentence) or may_be_empty):
            raise ArgumentError(f"{name}[{number}] is empty; expected at least one word. Leave it out.")
        for place, word in enumerate(sentence):
            if not (isinstance(word, str) and (bare := without_end(word)) and is_utf8(word)):
                raise ArgumentError(
                    f"{name}[{number}][{place}] is {word!r}; expected a str that is not empty and that "
                    "UTF-8 can write."
                )
            brings_ends = brings_ends or len(bare) < len(word)
    return [[*map(without_end, sentence)] for sentence in sentences] if brings_ends else sentences


def check_texts(texts: object) -> Sequence[str]:
    """Refuse what is not a list of texts."""
    if not _is_list(texts):
        raise ArgumentError(f"texts has type {type(texts).__name__}; expected a list of str, one a sentence.")
    for number, text in enumerate(texts):
        if not (isinstance(text, str) and is_utf8(text)):
            what = "a lone surrogate" if isinstance(text, str) else f"type {type(text).__name__}"
            raise ArgumentError(
                f"texts[{number}] has {what}; expected a str that UTF-8 can write. Sentences that are split "
                "into words already are for predict."
            )
    return texts


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)
