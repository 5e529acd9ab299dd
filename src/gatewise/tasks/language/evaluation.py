"""Measuring a language model on a text."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from gatewise.data import StreamWindows, TextLike, TextSource, Tokenizer, WordTokenizer, tokenize
from gatewise.data.tokenizers import END_OF_LINE_TOKEN
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks.language.dynamic_evaluation import (
    STATISTICS_BATCH,
    AdaptingReader,
    DynamicEvaluation,
    gradient_sizes,
)
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.tasks.language.neural_cache import CachedReader, NeuralCache
from gatewise.tasks.scores import HIGHEST_LOSS, noted, perplexity
from gatewise.types import IntArray

if TYPE_CHECKING:
    from gatewise.training import StreamReader

__all__ = ["measure"]

_WINDOW = 256

_PART = 1 << 20
"""Words whose characters are counted at a time."""


def measure(
    network: LanguageNetwork,
    tokenizer: Tokenizer,
    text: TextLike,
    batch_size: int,
    dynamic: DynamicEvaluation | None,
    cache: NeuralCache | None,
) -> dict[str, Any]:
    """What ``LanguageModel.evaluate`` says of a text; its arguments are told there.

    Raises:
        ArgumentError: an option is of another kind, or its weights run away.
        DataError: a text is empty or has but one token.
    """
    from gatewise.training import stream_loss

    for name, value, kind in (("dynamic", dynamic, DynamicEvaluation), ("cache", cache, NeuralCache)):
        if value is not None and not isinstance(value, kind):
            raise ArgumentError(f"{name}={value!r}; expected a gatewise.{kind.__name__}, or None.")
    source = TextSource(text)
    tokens, characters, unknown = tokenize(source, tokenizer)
    if isinstance(tokenizer, WordTokenizer):
        characters = _written(tokenizer, tokens)
    if len(tokens) < 2:
        raise DataError(f"{source.name} has {len(tokens)} tokens; at least 2 are needed to predict one.")
    longest = _WINDOW if dynamic is None else dynamic.segment
    windows = StreamWindows(tokens, batch_size, min(longest, len(tokens) - 1))
    reader = _reader(network, tokenizer, dynamic, cache)
    if dynamic is None:
        loss = stream_loss(reader, windows)
    else:
        with np.errstate(over="ignore", invalid="ignore"):  # of weights that run away
            loss = stream_loss(reader, windows)
    if dynamic is not None and not loss < HIGHEST_LOSS:
        raise ArgumentError(
            f"dynamic={dynamic!r} makes the weights run away: the loss is {loss:g} nats a token. Lower its "
            "learning_rate."
        )
    ends = int(np.count_nonzero(tokens == END_OF_LINE_TOKEN)) if isinstance(tokenizer, WordTokenizer) else 0
    perplexed, notes = perplexity(loss, len(tokens) - ends, unknown, source.name)
    if tokens.min() == tokens.max():
        notes.append("the text is one symbol again and again, which is easily predicted")
    scores = {
        "loss": loss,
        "perplexity": perplexed,
        "bits_per_char": None if unknown else float(loss / np.log(2) * len(tokens) / characters),
        "tokens": windows.predictions,
        "count": windows.predictions,
        "unknown": unknown,
    }
    return noted(scores, notes)


def _written(tokenizer: WordTokenizer, tokens: IntArray) -> int:
    """Characters of a text of words as its tokens write it: one space between words, and the ends of lines.

    White space beyond that is no longer there to be predicted, and would make the model look better.
    """
    parts = (tokens[start : start + _PART] for start in range(0, len(tokens), _PART))
    lengths, characters, after_word = tokenizer.lengths, 0, False
    for part in parts:
        is_word = part != END_OF_LINE_TOKEN
        follows = np.concatenate([[after_word], is_word[:-1]])
        characters += int(lengths[part].sum() + (is_word & follows).sum())
        after_word = bool(is_word[-1])
    return characters


def _reader(
    network: LanguageNetwork,
    tokenizer: Tokenizer,
    dynamic: DynamicEvaluation | None,
    cache: NeuralCache | None,
) -> StreamReader:
    """What reads the text: the network itself, or one with the options asked for."""
    if dynamic is None:
        return network if cache is None else CachedReader(network, cache)
    adapted = deepcopy(network)  # whatever happens, the model stays as it is
    sizes = None
    if dynamic.training is not None:
        source = TextSource(dynamic.training)
        learnt = tokenize(source, tokenizer).tokens
        sizes = gradient_sizes(adapted, StreamWindows(learnt, STATISTICS_BATCH, dynamic.segment, source.name))
    return AdaptingReader(adapted, dynamic, sizes, None if cache is None else CachedReader(adapted, cache))
