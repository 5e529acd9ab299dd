"""What the tests of the data room share: tokenizers by level, and small chunks."""

from __future__ import annotations

import pytest

from gatewise.data import TOKENIZERS, text, tokenizers

LEVELS = ["char", "word", "bpe"]


def learn(level, source, vocab_size=None):
    """A tokenizer of a level; the test is skipped where its library is missing."""
    if level == "bpe":
        pytest.importorskip("tokenizers")
    return TOKENIZERS[level].learn(source.chunks(), vocab_size)


def use_chunks(monkeypatch, size):
    """Hand on so many characters at a time."""
    monkeypatch.setattr(text, "CHUNK", size)
    monkeypatch.setattr(tokenizers, "CHUNK", size)
