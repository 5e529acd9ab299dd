"""From raw data to arrays: text sources, tokenizers, token streams."""

from gatewise.data.streams import StreamWindows, Window
from gatewise.data.text import TextLike, TextSource
from gatewise.data.tokenizers import (
    TOKENIZERS,
    CharTokenizer,
    SubwordTokenizer,
    Tokenizer,
    WordTokenizer,
    decode_stream,
)
from gatewise.data.tokens import TokenizedText, token_digest, tokenize

__all__ = [
    "TOKENIZERS",
    "CharTokenizer",
    "StreamWindows",
    "SubwordTokenizer",
    "TextLike",
    "TextSource",
    "TokenizedText",
    "Tokenizer",
    "Window",
    "WordTokenizer",
    "decode_stream",
    "token_digest",
    "tokenize",
]
