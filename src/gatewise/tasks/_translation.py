"""What texts are turned into, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gatewise.errors import DataError
from gatewise.tasks._beam_search import Beam, Hypothesis, beam_search
from gatewise.tasks._translation_examples import source_batch
from gatewise.tasks._translation_network import TranslationNetwork
from gatewise.tasks._translation_vocabulary import END, TranslationVocabulary
from gatewise.types import Array, IntArray

__all__ = ["Translation", "encoded_source", "in_words", "translate_all"]

_LONGEST = 1000
"""Tokens of a text to read: what a search keeps of attention grows with their square."""


class Translation(NamedTuple):
    """What a text was turned into.

    Attributes:
        text: the outcome.
        score: by which beam search ranks it: log-probability over length penalty, and coverage.
        log_probability: in nats, given the source.
        source_symbols: S symbols that were read, the end among them.
        target_symbols: T symbols that were written, likewise.
        attention: α (T, S), how much the writing of each looked at each that was read; rows sum to 1.
    """

    text: str
    score: float
    log_probability: float
    source_symbols: list[str]
    target_symbols: list[str]
    attention: Array


def translate_all(
    network: TranslationNetwork,
    vocabulary: TranslationVocabulary,
    texts: Sequence[str],
    beam: Beam,
    max_tokens: int | None,
    batch_size: int,
) -> list[list[Translation]]:
    """Search for each text, those of like length together.

    Args:
        network: that writes.
        vocabulary: of both sides.
        texts: to read.
        beam: how to search.
        max_tokens: most to write for a text; twice its own and 20 more where None.
        batch_size: texts at a time.

    Returns:
        For each text 1 to K translations, the best first.

    Raises:
        DataError: a text is too long.
    """
    encoded = [encoded_source(vocabulary, text, f"texts[{number}]") for number, text in enumerate(texts)]
    order = np.argsort([len(tokens) for tokens in encoded], kind="stable")
    found: list[list[Translation]] = [[] for _ in texts]
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        batch = source_batch([encoded[index] for index in indices], vocabulary.source.end)
        most = 2 * batch.lengths + 20 if max_tokens is None else np.full(len(indices), max_tokens)
        for index, hypotheses in zip(indices, beam_search(network, batch, most, beam), strict=True):
            found[index] = in_words(vocabulary, texts[index], encoded[index], hypotheses)
    return found


def encoded_source(vocabulary: TranslationVocabulary, text: str, where: str) -> IntArray:
    """The tokens of a text to read.

    Raises:
        DataError: there are too many; ``where`` says where it stands.
    """
    tokens = vocabulary.source.encode(text)
    if len(tokens) > _LONGEST:
        raise DataError(
            f"{where} has {len(tokens):,} tokens; expected at most {_LONGEST:,}: cut it into sentences. "
            f"It begins {text[:40]!r}."
        )
    return tokens


def in_words(
    vocabulary: TranslationVocabulary, text: str, tokens: IntArray, hypotheses: Sequence[Hypothesis]
) -> list[Translation]:
    """Hypotheses as texts, each text once.

    For a word outside the vocabulary the word of the source is taken that is looked at most: of those that
    are outside it themselves, where there are such, for what the decoder knows it could have written.

    Args:
        vocabulary: of both sides.
        text: the source.
        tokens: its own.
        hypotheses: the best first.
    """
    source, target = vocabulary.source, vocabulary.target
    symbols = source.symbols(text, tokens)
    strange = np.flatnonzero(tokens == source.unknown) if source.unknown is not None else tokens[:0]
    copied = strange if len(strange) else np.arange(len(tokens))  # the end is no word
    found: dict[str, Translation] = {}
    for hypothesis in hypotheses:
        written = target.own_symbols(hypothesis.tokens)
        for place, token in enumerate(hypothesis.tokens):
            if token == target.unknown and len(copied):
                written[place] = symbols[copied[hypothesis.attention[place, copied].argmax()]]
        ended = len(hypothesis.attention) > len(written)
        outcome = target.join(written, hypothesis.tokens)
        translation = Translation(
            outcome,
            hypothesis.score,
            hypothesis.log_probability,
            [*symbols, END],
            [*written, END] if ended else written,
            hypothesis.attention,
        )
        # A word that was copied may be the one that a better hypothesis has written.
        found.setdefault(outcome, translation)
    return list(found.values())
