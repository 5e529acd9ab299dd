"""What texts are turned into, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gatewise.errors import DataError
from gatewise.tasks._beam_search import Beam, Hypothesis, beam_search
from gatewise.tasks._translation_examples import LONGEST, source_batch
from gatewise.tasks._translation_network import TranslationNetwork
from gatewise.tasks._translation_vocabulary import END, TranslationVocabulary
from gatewise.types import Array, IntArray

__all__ = ["Translation", "encoded_source", "in_words", "translate_all"]

_MEMORY = 1 << 26
"""Numbers that a search may keep of the logits of a step, or of all attention, for the texts side by side."""


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
        batch_size: most texts at a time; fewer where their beams would take too much memory.

    Returns:
        For each text 1 to K translations, the best first.

    Raises:
        DataError: a text is too long.
    """
    encoded = [encoded_source(vocabulary, text, f"texts[{number}]") for number, text in enumerate(texts)]
    order = np.argsort([len(tokens) for tokens in encoded], kind="stable")
    found: list[list[Translation]] = [[] for _ in texts]
    while len(order):
        longest = len(encoded[order[:batch_size][-1]])
        numbers = max(vocabulary.target.size, longest * (max_tokens or _most_tokens(longest)))
        at_once = min(batch_size, max(1, _MEMORY // (beam.size * numbers)))
        indices, order = order[:at_once], order[at_once:]
        tokens = [encoded[index] for index in indices]
        batch = source_batch(tokens, vocabulary.source.end)
        most = np.array([max_tokens or _most_tokens(len(each)) for each in tokens])
        for index, hypotheses in zip(indices, beam_search(network, batch, most, beam), strict=True):
            found[index] = in_words(vocabulary, texts[index], encoded[index], hypotheses)
    return found


def _most_tokens(read: int) -> int:
    """To write for so many that are read."""
    return 2 * read + 20


def encoded_source(vocabulary: TranslationVocabulary, text: str, where: str) -> IntArray:
    """The tokens of a text to read.

    Raises:
        DataError: there are too many; ``where`` says where it stands.
    """
    tokens = vocabulary.source.encode(text)
    if len(tokens) > LONGEST:
        raise DataError(
            f"{where} has {len(tokens):,} tokens; expected at most {LONGEST:,}: cut it into sentences. "
            f"It begins {text[:40]!r}."
        )
    return tokens


def in_words(
    vocabulary: TranslationVocabulary, text: str, tokens: IntArray, hypotheses: Sequence[Hypothesis]
) -> list[Translation]:
    """Hypotheses as texts, each text once.

    For a word outside the vocabulary the word of the source is taken that is looked at most: of those that
    are outside it themselves, where there are such, for what the decoder knows it could have written; else of
    those that are no mere punctuation.

    Args:
        vocabulary: of both sides.
        text: the source.
        tokens: its own.
        hypotheses: the best first.
    """
    source, target = vocabulary.source, vocabulary.target
    symbols = source.symbols(text, tokens)
    strange = np.flatnonzero(tokens == source.unknown) if source.unknown is not None else tokens[:0]
    words = np.array([place for place, symbol in enumerate(symbols) if any(map(str.isalnum, symbol))], int)
    everything = np.arange(len(tokens))  # the end is no word
    copied = next((places for places in (strange, words) if len(places)), everything)
    found: dict[str, Translation] = {}
    for hypothesis in hypotheses:
        written = target.own_symbols(hypothesis.tokens)
        for place, token in enumerate(hypothesis.tokens):
            if token == target.unknown and len(copied):
                chosen = copied[hypothesis.attention[place, copied].argmax()]
                written[place] = source.copied(symbols, chosen, written[place - 1] if place else None)
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
