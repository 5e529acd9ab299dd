"""A text as one long array of tokens, in memory or, where it is large, in a memory map."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import ExitStack
from typing import IO, NamedTuple

import numpy as np

from gatewise.data.text import TextSource
from gatewise.data.tokenizers import Tokenizer
from gatewise.errors import DataError
from gatewise.types import IntArray

__all__ = ["IN_MEMORY", "TokenizedText", "token_digest", "tokenize"]

IN_MEMORY = 1 << 26
"""Tokens kept in memory; a longer text is laid down in a temporary file that is mapped."""


class TokenizedText(NamedTuple):
    """A text's tokens, and what measuring needs to know of it.

    Attributes:
        tokens: (N,) of the smallest unsigned type that holds V.
        characters: length of the text in characters.
        unknown: how many tokens stand for symbols outside the vocabulary.
    """

    tokens: IntArray
    characters: int
    unknown: int


def tokenize(source: TextSource, tokenizer: Tokenizer, in_memory: int = IN_MEMORY) -> TokenizedText:
    """Encode a whole text in one pass, a chunk at a time.

    Args:
        source: the text.
        tokenizer: whose tokens to use.
        in_memory: a text of more tokens goes to a memory map, whose file vanishes with the array.

    Raises:
        DataError: the text cannot be read, or there is no room for the memory map.
    """
    dtype = np.min_scalar_type(max(0, tokenizer.vocabulary_size - 1))
    characters = unknown = count = 0
    parts: list[IntArray] = []

    def counted(chunk: str) -> str:
        nonlocal characters
        characters += len(chunk)
        return chunk

    with ExitStack() as open_files:
        spill: IO[bytes] | None = None
        for part in tokenizer.encode(counted(chunk) for chunk in source.chunks()):
            if tokenizer.unknown is not None:
                unknown += int(np.count_nonzero(part == tokenizer.unknown))
            parts.append(part.astype(dtype))
            count += len(part)
            if count > in_memory:
                spill = spill or open_files.enter_context(tempfile.TemporaryFile(prefix="gatewise-tokens-"))
                _append(spill, parts, source)
                parts = []
        if spill is None:
            tokens: IntArray = np.concatenate(parts) if parts else np.zeros(0, dtype)
        else:
            # The map outlives the file's name and handle; the space is free when the array is gone.
            tokens = np.memmap(spill, dtype, mode="r", shape=(count,))
    return TokenizedText(tokens, characters, unknown)


def _append(file: IO[bytes], parts: list[IntArray], source: TextSource) -> None:
    try:
        for part in parts:
            file.write(part.tobytes())
        file.flush()
    except OSError as error:
        raise DataError(
            f"no room for the tokens of {source.name} in {tempfile.gettempdir()!r} ({error.strerror}); "
            "point TMPDIR to a folder with more."
        ) from error


def token_digest(*arrays: IntArray) -> str:
    """A fingerprint of token sequences, read a part at a time."""
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        digest.update(len(array).to_bytes(8, "little"))
        for start in range(0, len(array), 1 << 20):
            digest.update(array[start : start + (1 << 20)].tobytes())
    return digest.hexdigest()
