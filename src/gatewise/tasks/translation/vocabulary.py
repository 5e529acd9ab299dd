"""What a translator knows of its two sides: how texts become tokens, and tokens texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any
from unicodedata import category

import numpy as np

from gatewise.data import TOKENIZERS, CharTokenizer, Pairs, SubwordTokenizer, Tokenizer, WordTokenizer
from gatewise.data.words import is_inside_word
from gatewise.errors import DataError
from gatewise.types import IntArray

__all__ = ["END", "LEVELS", "Side", "TranslationVocabulary", "bare"]

END = "</s>"
"""How the end of a text is shown."""

LEVELS = ("word", "bpe", "char")

_JOINER = "\N{HALFWIDTH BLACK SQUARE}"
"""Marks a piece that no space separates from the one before."""

_ASCII_PIECES = re.compile(r"\w+|[^\w\s]")


class Side:
    """The tokens of one side: of its tokenizer, and one more that marks where a text ends (and begins).

    At the level "word" punctuation stands apart from words, with a mark where no space was, so that texts
    come back as they were but for runs of white space. At the level "bpe" every text is read as if a space
    stood before it, so that its first word is the same as elsewhere.

    Args:
        tokenizer: of the level "word", "bpe" or "char".
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    @classmethod
    def learn(
        cls, name: str, texts: Sequence[str], level: str, vocab_size: int | None, min_count: int
    ) -> Side:
        """The symbols of texts.

        Args:
            name: of the texts, for errors.
            texts: to learn from.
            level: of the tokenizer.
            vocab_size: most symbols to keep; None for all, or for the tokenizer's own choice.
            min_count: of words; those seen less often are unknown.

        Raises:
            DataError: no word is seen so often.
        """
        # Characters are counted as they come; words and subwords must not grow together at a border.
        end = "" if level == CharTokenizer.level else "\n"
        chunks = (_prepare(text, level) + end for text in texts)
        if level != WordTokenizer.level:
            return cls(TOKENIZERS[level].learn(chunks, vocab_size))
        tokenizer = WordTokenizer.learn(chunks, vocab_size, min_count=min_count)
        if not tokenizer.words:
            raise DataError(
                f"no word of {name} is seen min_count={min_count} times, so the vocabulary would be empty; "
                "lower min_count, or give more pairs."
            )
        return cls(tokenizer)

    @property
    def size(self) -> int:
        """Tokens, the end among them."""
        return self.tokenizer.vocabulary_size + 1

    @property
    def end(self) -> int:
        """The token after a text's last; a decoder also begins with it."""
        return self.tokenizer.vocabulary_size

    @property
    def unknown(self) -> int | None:
        """The token of words outside the vocabulary; None where there can be none."""
        return self.tokenizer.unknown

    @property
    def line_end(self) -> int | None:
        """The token of a line's end, which a tokenizer of words has and no text here; None of others."""
        return 1 if self.tokenizer.level == WordTokenizer.level else None

    def encode(self, text: str) -> IntArray:
        """The tokens of a text, without the end."""
        parts = list(self.tokenizer.encode([_prepare(text, self.tokenizer.level)]))
        return np.concatenate(parts) if parts else np.zeros(0, np.int32)

    def symbols(self, text: str, tokens: IntArray) -> list[str]:
        """What stands in a text for each of its tokens, those outside the vocabulary included."""
        level = self.tokenizer.level
        if level == WordTokenizer.level:
            return _prepare(text, level).split()
        return list(text) if level == CharTokenizer.level else self.own_symbols(tokens)

    def own_symbols(self, tokens: Iterable[int]) -> list[str]:
        """What each token stands for."""
        return [self.tokenizer.decode([int(token)]) for token in tokens]

    def copied(self, symbols: Sequence[str], chosen: int, before: str | None) -> str:
        """A symbol of a text as it stands in another one, after the symbol ``before``; None at the start.

        A word is joined to what stands before it where the same stood before it in its own text, and to an
        opening quote or bracket.
        """
        symbol = symbols[chosen]
        if self.tokenizer.level != WordTokenizer.level or symbol == 2 * _JOINER:
            return symbol
        word, joined = bare(symbol), False
        if before is not None:
            opening = category(bare(before)[0])
            marked = len(word) < len(symbol) and chosen > 0
            same = marked and bare(symbols[chosen - 1]) == bare(before)
            joined = same or opening == "Ps" or (marked and opening == "Pi")
        return _JOINER + word if joined else word

    def join(self, symbols: Sequence[str], tokens: Sequence[int]) -> str:
        """The text of symbols, one for each token; of subwords, which may be half a letter, of the tokens."""
        level = self.tokenizer.level
        if level == SubwordTokenizer.level:
            return self.tokenizer.decode(tokens).strip()
        return _together(symbols) if level == WordTokenizer.level else "".join(symbols).strip()


class TranslationVocabulary:
    """Both sides.

    Args:
        source: of the texts to be read.
        target: of those to be written; the same object where they share their symbols.
    """

    def __init__(self, source: Side, target: Side) -> None:
        self.source, self.target = source, target

    @property
    def shared(self) -> bool:
        """Whether both sides have the same symbols."""
        return self.source is self.target

    @classmethod
    def learn(
        cls,
        pairs: Pairs,
        level: str,
        *,
        shared: bool,
        vocab_size: int | None,
        min_count: int,
    ) -> TranslationVocabulary:
        """The symbols of pairs, with ``shared`` one side for both; see ``Side.learn``."""
        texts = pairs.sources, pairs.targets
        names = pairs.name(0), pairs.name(1)
        if shared:
            name = " and ".join(names)
            side = Side.learn(name, [*texts[0], *texts[1]], level, vocab_size, min_count)
            return cls(side, side)
        return cls(
            *(Side.learn(*each, level, vocab_size, min_count) for each in zip(names, texts, strict=True))
        )

    def to_json(self) -> dict[str, Any]:
        """What the model file stores."""
        sides = {"source": self.source} if self.shared else {"source": self.source, "target": self.target}
        return {name: side.tokenizer.to_json() for name, side in sides.items()}

    @classmethod
    def from_json(cls, value: Any, level: str) -> TranslationVocabulary:
        """The vocabulary of a model file.

        Raises:
            DataError: the value is not what ``to_json`` gives.
        """
        if not isinstance(value, dict) or value.keys() not in ({"source"}, {"source", "target"}):
            raise DataError("the vocabulary has not a source side, and a target side if that is another")
        sides = {name: Side(TOKENIZERS[level].from_json(part)) for name, part in value.items()}
        return cls(sides["source"], sides.get("target", sides["source"]))


def _prepare(text: str, level: str) -> str:
    """A text as its tokenizer is to read it."""
    if level == SubwordTokenizer.level:
        return " " + text.strip()
    return _apart(text) if level == WordTokenizer.level else text


def _apart(text: str) -> str:
    """Words and punctuation with spaces between them, a mark on each that has none before it."""
    return " ".join(
        (_JOINER if number else "") + (2 * _JOINER if piece == _JOINER else piece)
        for chunk in text.split()
        for number, piece in enumerate(_pieces(chunk))
    )


def _pieces(chunk: str) -> list[str]:
    """Runs of letters, digits and the marks on them; all else by itself."""
    if chunk.isascii():
        return _ASCII_PIECES.findall(chunk)
    pieces: list[str] = []
    for inside, run in groupby(chunk, is_inside_word):
        characters = "".join(run)
        pieces += [characters] if inside else characters
    return pieces


def _together(words: Iterable[str]) -> str:
    """The way back of ``_apart``; a mark that stands by itself is written twice there."""
    text = ""
    for word in words:
        body = bare(word)
        joined = len(body) < len(word)
        text += ("" if joined or not text else " ") + (_JOINER if body == 2 * _JOINER else body)
    return text


def bare(word: str) -> str:
    """Without the mark that nothing separates it from the one before."""
    return word[1:] if word.startswith(_JOINER) and word != 2 * _JOINER else word
