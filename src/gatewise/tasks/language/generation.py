"""Writing on from a prompt, token by token."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from gatewise.data import Tokenizer, decode_stream
from gatewise.data.text import is_utf8
from gatewise.errors import ArgumentError
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.tasks.language.sampling import Sampler

__all__ = ["write_on"]

_TOKENS_AT_ONCE = 64
_PROMPT_AT_ONCE = 32
"""Longer prompts go through the network as a sequence, shorter ones step by step."""


def write_on(
    network: LanguageNetwork,
    tokenizer: Tokenizer,
    prompt: str,
    count: int,
    sampler: Sampler,
    rng: np.random.Generator,
) -> Iterator[str]:
    """What follows the prompt, piece by piece as it is written.

    Args:
        network: says what may come next.
        tokenizer: the network's.
        prompt: how the text begins; where empty, it begins after a symbol drawn at random.
        count: tokens to write.
        sampler: chooses among what may come next.
        rng: draws the symbol to begin after.

    Raises:
        ArgumentError: the prompt has no UTF-8.
    """
    if not is_utf8(prompt):
        raise ArgumentError(f"prompt={prompt!r}; expected a str that UTF-8 can write.")
    context = [int(token) for part in tokenizer.encode([prompt]) for token in part]
    chunks = _continue(network, tokenizer, context, sampler, rng, count)
    pieces = decode_stream(tokenizer, chunks, context)
    if prompt[-1:].isspace() and tokenizer.level == "word":
        # The tokenizer puts a space between words; here the prompt has brought it.
        first = next(pieces, "")
        pieces = itertools.chain([first.removeprefix(" ")], pieces)
    return pieces


def _continue(
    network: LanguageNetwork,
    tokenizer: Tokenizer,
    context: list[int],
    sampler: Sampler,
    rng: np.random.Generator,
    count: int,
) -> Iterator[list[int]]:
    """``count`` tokens, a few at a time, and soon more."""
    unknown = tokenizer.unknown
    inputs = context or [int(rng.integers(unknown is not None, tokenizer.vocabulary_size))]
    if count == 0:
        return
    stream = network.stream()
    if len(inputs) > _PROMPT_AT_ONCE:
        _, stream.state = network.read(np.array(inputs[:-1])[:, None])
        inputs = inputs[-1:]
    for token in inputs:
        logits = stream.step(np.array([token]))
    tokens = [sampler.choose(logits[0], unknown)]
    yield tokens
    left = count - 1
    while left:
        tokens = sampler.follow(stream, tokens[-1], min(left, 2 * len(tokens), _TOKENS_AT_ONCE), unknown)
        left -= len(tokens)
        yield tokens
