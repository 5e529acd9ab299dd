"""From raw data to arrays: text sources, tokenizers, token streams."""

from gatewise.data.labelled import LabelledTexts, read_labelled_texts, read_texts
from gatewise.data.pairs import Pairs, read_lines, read_pairs
from gatewise.data.sequence_files import read_series
from gatewise.data.streams import StreamWindows, Window
from gatewise.data.tagged import TaggedSentences, read_columns, read_conllu, read_tagged, read_words
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
from gatewise.data.ts_files import LabelledSeries, read_ts
from gatewise.data.words import Word, split_words

__all__ = [
    "TOKENIZERS",
    "CharTokenizer",
    "LabelledSeries",
    "LabelledTexts",
    "Pairs",
    "StreamWindows",
    "SubwordTokenizer",
    "TaggedSentences",
    "TextLike",
    "TextSource",
    "TokenizedText",
    "Tokenizer",
    "Window",
    "Word",
    "WordTokenizer",
    "decode_stream",
    "read_columns",
    "read_conllu",
    "read_labelled_texts",
    "read_lines",
    "read_pairs",
    "read_series",
    "read_tagged",
    "read_texts",
    "read_ts",
    "read_words",
    "split_words",
    "token_digest",
    "tokenize",
]
