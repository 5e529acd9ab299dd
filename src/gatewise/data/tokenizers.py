"""Tokenizers: a text becomes a sequence of integers and back.

``CharTokenizer`` and ``WordTokenizer`` are built from the training text's own symbols; ``SubwordTokenizer``
adapts byte-level byte-pair encoding from the ``tokenizers`` library (extra ``bpe``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from gatewise.data.text import CHUNK
from gatewise.errors import DataError, MissingExtraError
from gatewise.types import IntArray

__all__ = ["TOKENIZERS", "CharTokenizer", "SubwordTokenizer", "Tokenizer", "WordTokenizer", "decode_stream"]

UNKNOWN = "<unk>"
END_OF_LINE = "<eos>"

_CODE_POINTS = 0x110000
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Tokenizer(Protocol):
    """What a language model asks of a tokenizer."""

    level: ClassVar[str]

    @classmethod
    def learn(cls, chunks: Iterable[str], vocab_size: int | None = None) -> Tokenizer:
        """Build the vocabulary from a text, at most ``vocab_size`` symbols if given."""

    @property
    def vocabulary_size(self) -> int:
        """V."""

    @property
    def unknown(self) -> int | None:
        """Token of symbols outside the vocabulary; None where there can be none."""

    def encode(self, chunks: Iterable[str]) -> Iterator[IntArray]:
        """Tokens of a text that comes in chunks."""

    def decode(self, tokens: Sequence[int] | IntArray) -> str:
        """The text of tokens."""

    def to_json(self) -> Any:
        """What the model file stores."""

    @classmethod
    def from_json(cls, value: Any) -> Tokenizer:
        """The tokenizer of a model file.

        Raises:
            DataError: the value is not what ``to_json`` gives.
        """


class CharTokenizer:
    """One token a character (Unicode code point); 0 is the unknown one.

    Args:
        characters: the characters of tokens 1, 2, ...
    """

    level: ClassVar[str] = "char"

    def __init__(self, characters: str) -> None:
        self.characters = characters
        codes = _code_points(characters)
        self._token_of = np.zeros(_CODE_POINTS, dtype=np.int32)
        self._token_of[codes] = np.arange(1, len(codes) + 1)
        self._text_of = [UNKNOWN, *characters]

    @classmethod
    def learn(cls, chunks: Iterable[str], vocab_size: int | None = None) -> CharTokenizer:
        """All characters of the text, or the most frequent, in the order of their code points."""
        counts = np.zeros(_CODE_POINTS, dtype=np.int64)
        for chunk in chunks:
            present, found = np.unique(_code_points(chunk), return_counts=True)
            counts[present] += found
        codes: IntArray = np.flatnonzero(counts)
        if vocab_size is not None and len(codes) > vocab_size - 1:
            by_count = codes[np.argsort(-counts[codes], kind="stable")]
            codes = np.sort(by_count[: vocab_size - 1])
        return cls("".join(map(chr, codes)))

    @property
    def vocabulary_size(self) -> int:
        """V, the unknown character included."""
        return len(self._text_of)

    @property
    def unknown(self) -> int:
        """0."""
        return 0

    def encode(self, chunks: Iterable[str]) -> Iterator[IntArray]:
        """Tokens of a text that comes in chunks."""
        for chunk in chunks:
            yield self._token_of[_code_points(chunk)]

    def decode(self, tokens: Sequence[int] | IntArray) -> str:
        """The text of tokens."""
        return "".join(self._text_of[token] for token in tokens)

    def to_json(self) -> str:
        """The characters, in token order."""
        return self.characters

    @classmethod
    def from_json(cls, value: Any) -> CharTokenizer:
        """The tokenizer of a model file."""
        if not isinstance(value, str) or len(set(value)) != len(value):
            raise DataError("the character vocabulary is not a string of distinct characters")
        return cls(value)


class WordTokenizer:
    """One token for each word that white space separates, and ``<eos>`` for each end of a line.

    This is how the Penn Treebank and WikiText are read (Mikolov et al. 2010). Token 0 is ``<unk>``, 1 is
    ``<eos>``.

    Args:
        words: the words of tokens 2, 3, ...
    """

    level: ClassVar[str] = "word"

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._text_of = [UNKNOWN, END_OF_LINE, *words]
        self._token_of = {word: token for token, word in enumerate(self._text_of)}

    @classmethod
    def learn(cls, chunks: Iterable[str], vocab_size: int | None = None) -> WordTokenizer:
        """All words of the text, or the most frequent, by falling frequency."""
        counts: Counter[str] = Counter()
        for words in _words(chunks):
            counts.update(words)
        for special in (UNKNOWN, END_OF_LINE):
            counts.pop(special, None)
        most = None if vocab_size is None else max(0, vocab_size - 2)
        # Sorting by the word as well makes the vocabulary independent of the order of equal counts.
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls([word for word, _ in ranked[:most]])

    @property
    def vocabulary_size(self) -> int:
        """V, ``<unk>`` and ``<eos>`` included."""
        return len(self._text_of)

    @property
    def unknown(self) -> int:
        """0."""
        return 0

    def encode(self, chunks: Iterable[str]) -> Iterator[IntArray]:
        """Tokens of a text that comes in chunks."""
        for words in _words(chunks):
            yield np.array([self._token_of.get(word, 0) for word in words], dtype=np.int32)

    def decode(self, tokens: Sequence[int] | IntArray) -> str:
        """Words joined by spaces; ``<eos>`` becomes a newline."""
        pieces: list[str] = []
        for token in tokens:
            at_line_start = not pieces or pieces[-1] == "\n"
            word = "\n" if token == 1 else self._text_of[token]
            pieces += [word] if word == "\n" or at_line_start else [" ", word]
        return "".join(pieces)

    def to_json(self) -> list[str]:
        """The words, in token order."""
        return self.words

    @classmethod
    def from_json(cls, value: Any) -> WordTokenizer:
        """The tokenizer of a model file."""
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise DataError("the word vocabulary is not a list of strings")
        if len({UNKNOWN, END_OF_LINE, *value}) != len(value) + 2:
            raise DataError("the word vocabulary has a word twice")
        return cls(value)


class SubwordTokenizer:
    """Byte-level byte-pair encoding (Sennrich et al. 2016); any UTF-8 can be written with it.

    Args:
        tokenizer: a ``tokenizers.Tokenizer``.

    Raises:
        MissingExtraError: the ``tokenizers`` library is not installed.
    """

    level: ClassVar[str] = "bpe"
    default_size: ClassVar[int] = 2048

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def learn(cls, chunks: Iterable[str], vocab_size: int | None = None) -> SubwordTokenizer:
        """Merge the most frequent pairs until there are ``vocab_size`` tokens (2048 where omitted)."""
        library = _tokenizers()
        tokenizer = library.Tokenizer(library.models.BPE())
        tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = library.decoders.ByteLevel()
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocab_size or cls.default_size,
            initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(_lines(chunks), trainer)
        return cls(tokenizer)

    @property
    def vocabulary_size(self) -> int:
        """V."""
        return int(self._tokenizer.get_vocab_size())

    @property
    def unknown(self) -> None:
        """None: every byte is in the vocabulary."""
        return

    def encode(self, chunks: Iterable[str]) -> Iterator[IntArray]:
        """Tokens of a text that comes in chunks."""
        for line in _lines(chunks):
            yield np.array(self._tokenizer.encode(line).ids, dtype=np.int32)

    def decode(self, tokens: Sequence[int] | IntArray) -> str:
        """The text of tokens; bytes that are no whole character become U+FFFD."""
        return str(self._tokenizer.decode([int(token) for token in tokens]))

    def to_json(self) -> str:
        """The library's own JSON."""
        return str(self._tokenizer.to_str())

    @classmethod
    def from_json(cls, value: Any) -> SubwordTokenizer:
        """The tokenizer of a model file."""
        library = _tokenizers()
        try:
            return cls(library.Tokenizer.from_str(value))
        except Exception as error:  # the library raises bare Exception
            raise DataError(f"the subword vocabulary cannot be read ({error})") from error


TOKENIZERS: dict[str, type[CharTokenizer] | type[WordTokenizer] | type[SubwordTokenizer]] = {
    tokenizer.level: tokenizer for tokenizer in (CharTokenizer, WordTokenizer, SubwordTokenizer)
}
"""Tokenizers by level."""


def decode_stream(tokenizer: Tokenizer, tokens: Iterable[int], context: Sequence[int] = ()) -> Iterator[str]:
    """The text of tokens as they come, piece by piece.

    Args:
        tokenizer: whose tokens they are.
        tokens: the tokens to tell.
        context: the tokens before them, of which only the last counts: after a word comes a space.
    """
    seen = list(context[-1:])
    told = tokenizer.decode(seen)
    for token in tokens:
        seen.append(token)
        text = tokenizer.decode(seen)
        # A character whose bytes are spread over several tokens is held back until it is whole.
        if not text.endswith(_REPLACEMENT):
            yield text[len(told) :]
            seen = [token]
            told = tokenizer.decode(seen)
    if len(rest := tokenizer.decode(seen)) > len(told):
        yield rest[len(told) :]


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype=np.uint32)


def _lines(chunks: Iterable[str]) -> Iterator[str]:
    """The text cut after newlines, whatever the chunks; a last line may lack one.

    A line longer than a chunk is cut before its last space, so that a text without any line end needs no
    more memory than another.
    """
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split("\n")
        yield from (line + "\n" for line in lines)
        if len(rest) > CHUNK and (cut := rest.rfind(" ", 1)) > 0:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _words(chunks: Iterable[str]) -> Iterator[list[str]]:
    """The words of each line, with the end-of-line word after each newline."""
    for line in _lines(chunks):
        yield line.split() + ([END_OF_LINE] if line.endswith("\n") else [])


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise MissingExtraError(
            "level='bpe' needs the tokenizers library. Install it with: pip install 'gatewise[bpe]'"
        ) from None
    return tokenizers
