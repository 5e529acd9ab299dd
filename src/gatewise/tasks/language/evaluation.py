"""Measuring a language model on a text."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np

from gatewise.data import StreamWindows, TextLike, TextSource, Tokenizer, tokenize
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks.language.dynamic_evaluation import (
    STATISTICS_BATCH,
    AdaptingReader,
    DynamicEvaluation,
    gradient_sizes,
)
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.tasks.language.neural_cache import CachedReader, NeuralCache

if TYPE_CHECKING:
    from gatewise.training import StreamReader

__all__ = ["measure"]

_WINDOW = 256

_HIGHEST = 700.0
"""Nats; a perplexity beyond their exponential is no number any more."""


def measure(
    network: LanguageNetwork,
    tokenizer: Tokenizer,
    text: TextLike,
    batch_size: int,
    dynamic: DynamicEvaluation | None,
    cache: NeuralCache | None,
) -> dict[str, float]:
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
    if dynamic is not None and not loss < _HIGHEST:
        raise ArgumentError(
            f"dynamic={dynamic!r} makes the weights run away: the loss is {loss:g} nats a token. Lower its "
            "learning_rate."
        )
    return {
        "loss": loss,
        "perplexity": float(np.exp(loss)),
        "bits_per_char": float(loss / np.log(2) * len(tokens) / characters),
        "tokens": windows.predictions,
        "unknown": unknown,
    }


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
