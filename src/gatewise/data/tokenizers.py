"""Tokenizers: a text becomes a sequence of integers and back.

``CharTokenizer`` and ``WordTokenizer`` are built from the training text's own symbols; ``SubwordTokenizer``
adapts byte-level byte-pair encoding from the ``tokenizers`` library (extra ``bpe``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Protocol, TypeGuard

import numpy as np
import numpy.typing as npt

from gatewise.data.text import CHUNK, is_utf8
from gatewise.errors import ArgumentError, DataError, MissingExtraError
from gatewise.types import IntArray

__all__ = ["TOKENIZERS", "CharTokenizer", "SubwordTokenizer", "Tokenizer", "WordTokenizer", "decode_stream"]

UNKNOWN = "<unk>"
END_OF_LINE = "<eos>"

END_OF_LINE_TOKEN = 1
"""Of ``WordTokenizer``."""

_CODE_POINTS = 0x110000
_WORD_BORDER = re.compile(r"(?<=\S) (?=\S)")
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

    def to_json(self) -> list[str]:
        """The characters, in token order; one by one, for JSON joins the halves of a surrogate pair."""
        return list(self.characters)

    @classmethod
    def from_json(cls, value: Any) -> CharTokenizer:
        """The tokenizer of a model file."""
        if not _distinct_strings(value) or any(len(character) != 1 for character in value):
            raise DataError("the character vocabulary is not a list of distinct characters")
        return cls("".join(value))


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
    def learn(
        cls, chunks: Iterable[str], vocab_size: int | None = None, *, min_count: int = 1
    ) -> WordTokenizer:
        """The words seen at least ``min_count`` times, or the most frequent of them, by falling frequency."""
        counts: Counter[str] = Counter()
        for words in _words(chunks):
            counts.update(words)
        for special in (UNKNOWN, END_OF_LINE):
            counts.pop(special, None)
        most = None if vocab_size is None else max(0, vocab_size - 2)
        # Sorting by the word as well makes the vocabulary independent of the order of equal counts.
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls([word for word, count in ranked[:most] if count >= min_count])

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
            word = "\n" if token == END_OF_LINE_TOKEN else self._text_of[token]
            pieces += [word] if word == "\n" or at_line_start else [" ", word]
        return "".join(pieces)

    @property
    def lengths(self) -> IntArray:
        """(V,) characters of each token's text: of ``<eos>`` 1, for it ends a line."""
        lengths = np.array([len(text) for text in self._text_of])
        lengths[END_OF_LINE_TOKEN] = 1
        return lengths

    def to_json(self) -> list[str]:
        """The words, in token order."""
        return self.words

    @classmethod
    def from_json(cls, value: Any) -> WordTokenizer:
        """The tokenizer of a model file."""
        if not _distinct_strings(value) or not {UNKNOWN, END_OF_LINE}.isdisjoint(value):
            raise DataError("the word vocabulary is not a list of distinct words")
        return cls(value)


class SubwordTokenizer:
    """Byte-level byte-pair encoding (Sennrich et al. 2016); any text that has a UTF-8 can be written with it.

    Args:
        tokens: the symbols of tokens 0, 1, ..., in the byte-level alphabet.
        merges: pairs of symbols that are joined, the first ones first.

    Raises:
        MissingExtraError: the ``tokenizers`` library is not installed.
    """

    level: ClassVar[str] = "bpe"
    default_size: ClassVar[int] = 2048

    def __init__(self, tokens: Sequence[str], merges: Sequence[tuple[str, str]]) -> None:
        self.tokens = list(tokens)
        self.merges = list(merges)
        self._tokenizer = _byte_level({token: number for number, token in enumerate(tokens)}, self.merges)

    @classmethod
    def learn(cls, chunks: Iterable[str], vocab_size: int | None = None) -> SubwordTokenizer:
        """Merge the most frequent pairs until there are ``vocab_size`` tokens (2048 where omitted).

        Raises:
            ArgumentError: ``vocab_size`` is less than the 256 bytes.
        """
        library = _tokenizers()
        alphabet = library.pre_tokenizers.ByteLevel.alphabet()
        if vocab_size is not None and vocab_size < len(alphabet):
            raise ArgumentError(f"vocab_size={vocab_size}; level='bpe' needs at least {len(alphabet)}.")
        tokenizer = _byte_level({}, [])
        trainer = library.trainers.BpeTrainer(
            vocab_size=vocab_size or cls.default_size, initial_alphabet=alphabet, show_progress=False
        )
        tokenizer.train_from_iterator(_utf8(_lines(chunks)), trainer)
        model = json.loads(tokenizer.to_str())["model"]
        # Older releases write a pair as one string.
        pairs = (pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"])
        tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
        return cls(tokens, [(first, second) for first, second in pairs])

    @property
    def vocabulary_size(self) -> int:
        """V."""
        return len(self.tokens)

    @property
    def unknown(self) -> None:
        """None: every byte is in the vocabulary."""
        return

    def encode(self, chunks: Iterable[str]) -> Iterator[IntArray]:
        """Tokens of a text that comes in chunks.

        Raises:
            DataError: the text has half a surrogate pair, which has no UTF-8.
        """
        for line in _utf8(_lines(chunks)):
            yield np.array(self._tokenizer.encode(line).ids, dtype=np.int32)

    def decode(self, tokens: Sequence[int] | IntArray) -> str:
        """The text of tokens; bytes that are no whole character become U+FFFD."""
        return str(self._tokenizer.decode([int(token) for token in tokens]))

    def to_json(self) -> dict[str, Any]:
        """Tokens and merges."""
        return {"tokens": self.tokens, "merges": self.merges}

    @classmethod
    def from_json(cls, value: Any) -> SubwordTokenizer:
        """The tokenizer of a model file."""
        alphabet = _tokenizers().pre_tokenizers.ByteLevel.alphabet()
        fields = value if isinstance(value, dict) and value.keys() == {"tokens", "merges"} else {}
        tokens, merges = fields.get("tokens"), fields.get("merges")
        if not _distinct_strings(tokens) or not set(alphabet) <= set(tokens) or not isinstance(merges, list):
            raise DataError("the subword vocabulary is not a list of distinct symbols, all bytes among them")
        known = set(tokens)
        for pair in merges:
            if not (
                isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
            ):
                raise DataError(f"the subword vocabulary has the merge {pair!r}, which is no pair of symbols")
            if not known.issuperset([*pair, "".join(pair)]):
                raise DataError(f"the subword vocabulary has the merge {pair!r} of symbols that it lacks")
        try:
            return cls(tokens, [(first, second) for first, second in merges])
        except Exception as error:  # the library raises what it likes
            raise DataError(f"the subword vocabulary cannot be used ({error})") from error


TOKENIZERS: dict[str, type[CharTokenizer] | type[WordTokenizer] | type[SubwordTokenizer]] = {
    tokenizer.level: tokenizer for tokenizer in (CharTokenizer, WordTokenizer, SubwordTokenizer)
}
"""Tokenizers by level."""


def decode_stream(
    tokenizer: Tokenizer, chunks: Iterable[Sequence[int]], context: Sequence[int] = ()
) -> Iterator[str]:
    """The text of tokens as they come, a piece for each chunk.

    Args:
        tokenizer: whose tokens they are.
        chunks: the tokens to tell, one or more at a time.
        context: the tokens before them, of which only the last counts: after a word comes a space.
    """
    seen = list(context[-1:])
    told = tokenizer.decode(seen)
    for chunk in chunks:
        seen.extend(chunk)
        text = tokenizer.decode(seen)
        # A character whose bytes are spread over several tokens is held back until it is whole.
        if not text.endswith(_REPLACEMENT):
            yield text[len(told) :]
            seen = seen[-1:]
            told = tokenizer.decode(seen)
    if len(rest := tokenizer.decode(seen)) > len(told):
        yield rest[len(told) :]


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), dtype=np.uint32)


def _lines(chunks: Iterable[str]) -> Iterator[str]:
    """The text cut after newlines, whatever the chunks; a last line may lack one.

    A line longer than a chunk is also cut before a single space, where a word begins whatever the
    tokenizer, so that a text without any line end needs no more memory than another.
    """
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split("\n")
        yield from (line + "\n" for line in lines)
        if len(rest) > CHUNK:
            cut = max((match.start() for match in _WORD_BORDER.finditer(rest)), default=0)
            if cut:
                yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _utf8(lines: Iterable[str]) -> Iterator[str]:
    """The lines, refused where they have no UTF-8."""
    for line in lines:
        if not is_utf8(line):
            raise DataError(f"the text has half a surrogate pair, which UTF-8 cannot write: {line[:60]!r}.")
        yield line


def _words(chunks: Iterable[str]) -> Iterator[list[str]]:
    """The words of each line, with the end-of-line word after each newline."""
    for line in _lines(chunks):
        yield line.split() + ([END_OF_LINE] if line.endswith("\n") else [])


def _distinct_strings(value: Any) -> TypeGuard[list[str]]:
    return (
        isinstance(value, list)
        and all(isinstance(each, str) for each in value)
        and len(set(value)) == len(value)
    )


def _byte_level(vocabulary: dict[str, int], merges: Sequence[tuple[str, str]]) -> Any:
    """The library's tokenizer for these symbols."""
    library = _tokenizers()
    tokenizer = library.Tokenizer(library.models.BPE(vocabulary, list(merges)))
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = library.decoders.ByteLevel()
    return tokenizer


def _tokenizers() -> Any:
    try:
        import tokenizers
    except ImportError:
        raise MissingExtraError(
            "level='bpe' needs the tokenizers library. Install it with: pip install 'gatewise[bpe]'"
        ) from None
    return tokenizers
