"""Words as a tagger sees them: the word itself in lower case, its shape, its characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from gatewise.errors import DataError
from gatewise.tasks.tagging.schemes import SCHEMES, Scheme
from gatewise.tasks.warm_start import new_symbols
from gatewise.types import IntArray

__all__ = ["SHAPES", "UNKNOWN", "TaggerVocabulary", "WordForms", "notes_on_symbols", "word_shape"]

UNKNOWN = 0
"""What words and characters outside the vocabulary stand for; the others begin at 1."""

SHAPES = 5 * 3 * 3
"""Shapes there are: by letters, by digits, by everything else."""

_LONGEST = 32
"""Characters of a word that are read; of longer ones the beginning and the end."""


class WordForms(NamedTuple):
    """Distinct words, encoded.

    Attributes:
        words: (F,), the lower-cased word, ``UNKNOWN`` where it is not in the vocabulary.
        shapes: (F,), as ``word_shape``.
        characters: those of all words end to end.
        ends: (F,), where each word's characters end.
    """

    words: IntArray
    shapes: IntArray
    characters: IntArray
    ends: IntArray


class TaggerVocabulary:
    """The tags, words and characters that a tagger knows.

    Args:
        tags: in the order of the network's outputs.
        words: lower-cased; the first is number 1.
        characters: the same.
        scheme: of the tags, that they are to keep to; None where any tag may follow any.
    """

    def __init__(
        self,
        tags: Sequence[str],
        words: Sequence[str],
        characters: Sequence[str],
        scheme: Scheme | None = None,
    ) -> None:
        self.scheme = scheme
        self.tags = list(tags)
        self.words = list(words)
        self.characters = list(characters)
        self._tags = {tag: number for number, tag in enumerate(self.tags)}
        self._words = {word: number for number, word in enumerate(self.words, start=1)}
        self._characters = {character: number for number, character in enumerate(self.characters, start=1)}

    @classmethod
    def learn(
        cls,
        sentences: Iterable[Sequence[str]],
        tags: Iterable[str],
        min_count: int,
        scheme: Scheme | None = None,
    ) -> Self:
        """Words seen at least ``min_count`` times, and characters seen twice.

        A character seen once is unknown, so that training shows what an unknown one may stand for.
        """
        forms = Counter(word for sentence in sentences for word in sentence)
        words: Counter[str] = Counter()
        characters: Counter[str] = Counter()
        for form, count in forms.items():
            words[form.lower()] += count
            for character in _read(form):
                characters[character] += count
        return cls(
            sorted(set(tags)),
            sorted(word for word, count in words.items() if count >= min_count),
            sorted(character for character, count in characters.items() if count > 1),
            scheme,
        )

    def extended(self, other: TaggerVocabulary) -> TaggerVocabulary:
        """With the tags, words and characters of another one after its own, and its scheme if all fit it."""
        tags, words, characters = (
            [*known, *(each for each in more if each not in numbered)]
            for known, more, numbered in (
                (self.tags, other.tags, self._tags),
                (self.words, other.words, self._words),
                (self.characters, other.characters, self._characters),
            )
        )
        scheme = other.scheme if other.scheme is not None and other.scheme.fits(tags) else None
        return TaggerVocabulary(tags, words, characters, scheme)

    def encode_tags(self, tags: Iterable[str]) -> IntArray:
        """Numbers of tags, -1 for one that the tagger does not know."""
        return np.array([self._tags.get(tag, -1) for tag in tags], dtype=np.intp)

    def encode_forms(self, forms: Sequence[str]) -> WordForms:
        """Distinct words as the network takes them."""
        read = [_read(form) for form in forms]
        return WordForms(
            np.array([self._words.get(form.lower(), UNKNOWN) for form in forms], dtype=np.intp),
            np.array([word_shape(form) for form in forms], dtype=np.intp),
            np.array([self._characters.get(each, UNKNOWN) for form in read for each in form], dtype=np.intp),
            np.cumsum([len(form) for form in read], dtype=np.intp),
        )

    def to_json(self) -> dict[str, Any]:
        """For the model file."""
        scheme = {} if self.scheme is None else {"scheme": self.scheme.name}
        return {"tags": self.tags, "words": self.words, "characters": self.characters, **scheme}

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """The vocabulary of a model file.

        Raises:
            DataError: it is not what ``to_json`` writes.
        """
        names = ("tags", "words", "characters")
        if not isinstance(values, dict) or sorted({*values} - {"scheme"}) != sorted(names):
            raise DataError(f"its vocabulary is not one of a tagger; expected lists of {', '.join(names)}.")
        for name in names:
            symbols = values[name]
            if not isinstance(symbols, list) or not all(isinstance(each, str) and each for each in symbols):
                raise DataError(f"its vocabulary's {name} are no list of str with something in each.")
            if len(set(symbols)) != len(symbols):
                raise DataError(f"its vocabulary's {name} are not distinct.")
        if not values["tags"]:
            raise DataError("its vocabulary has no tags.")
        if "scheme" not in values:  # so it is in files that are older than schemes
            return cls(*(values[name] for name in names))
        scheme = SCHEMES.get(values["scheme"]) if isinstance(values["scheme"], str) else None
        if scheme is None or not scheme.fits(values["tags"]) or not scheme.serves(values["tags"]):
            raise DataError(f"its vocabulary's scheme {values['scheme']!r:.60} is none of its tags.")
        return cls(values["tags"], values["words"], values["characters"], scheme)


def notes_on_symbols(
    vocabulary: TaggerVocabulary, known: TaggerVocabulary | None, learnt: Container[str]
) -> list[str]:
    """Notes on what a model to begin with did not know, and on tags that nobody knows.

    Args:
        vocabulary: of all.
        known: of the model to begin with, after which the rest comes; None without one.
        learnt: tags that there are to learn from, or were.
    """
    notes = []
    if known is not None:
        new = [tag for tag in vocabulary.tags[len(known.tags) :] if tag in learnt]
        notes += new_symbols("words", vocabulary.words[len(known.words) :])
        notes += new_symbols("characters", vocabulary.characters[len(known.characters) :])
        notes += new_symbols("tags", new)
    unlearnt = [tag for tag in vocabulary.tags if tag not in learnt]
    return notes + new_symbols("tags", unlearnt, "that are in the part held out alone cannot be learnt")


def word_shape(word: str) -> int:
    """What a word looks like, from its capitals, digits and other signs; below ``SHAPES``.

    Letters are absent, all small, capital first, all capital (two at least), or otherwise mixed; digits are
    absent, present, or all there is; so are signs.
    """
    letters = [character for character in word if character.isalpha()]
    digits = sum(character.isdigit() for character in word)
    signs = len(word) - len(letters) - digits
    capitals = sum(character.isupper() for character in letters)
    if not letters:
        case = 0
    elif not capitals:
        case = 1
    elif capitals == 1 and letters[0].isupper():
        case = 2
    else:
        case = 3 if capitals == len(letters) else 4
    return (case * 3 + _share(digits, len(word))) * 3 + _share(signs, len(word))


def _share(count: int, total: int) -> int:
    """None, some or all."""
    return 0 if not count else 2 if count == total else 1


def _read(word: str) -> str:
    """The characters of a word that are read."""
    return word if len(word) <= _LONGEST else word[: _LONGEST // 2] + word[-_LONGEST // 2 :]
