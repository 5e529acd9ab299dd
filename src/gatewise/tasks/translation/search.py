"""What texts are turned into, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from gatewise.data.lines import without_end
from gatewise.data.pairs import check_text
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks.checks import check_flag, check_number
from gatewise.tasks.translation.beam_search import Beam, Hypothesis, beam_search
from gatewise.tasks.translation.examples import LONGEST, PairExamples, source_batch
from gatewise.tasks.translation.network import TranslationNetwork
from gatewise.tasks.translation.vocabulary import END, Side, TranslationVocabulary
from gatewise.types import Array, IntArray

__all__ = [
    "Translation",
    "aligned",
    "checked_beam",
    "checked_texts",
    "encoded_source",
    "in_words",
    "translate_all",
    "translate_stream",
]

_LARGEST_BEAM = 1000
"""More would be a mistake, and take all memory."""
_LARGEST_PENALTY = 10
"""From 1 on texts of any length are wanted."""

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

    @property
    def alignment(self) -> list[tuple[int, int]]:
        """Which symbol of the source each that is written looked at most: (source, target), from 0.

        The end of the target is left out, and what looked at the end of the source most.
        """
        written = len(self.target_symbols) - (self.target_symbols[-1:] == [END])
        most = self.attention[:written].argmax(axis=1).tolist()
        return [(s, t) for t, s in enumerate(most) if s < len(self.source_symbols) - 1]


def checked_beam(
    target: Side,
    *,
    beam_size: int,
    n_best: int,
    length_penalty: float,
    coverage_penalty: float,
    copy_unknown: bool,
) -> Beam:
    """How to search, as ``Translator.translations`` is asked to.

    Raises:
        ArgumentError: a value outside its range.
    """
    check_number("beam_size", beam_size, low=1, high=_LARGEST_BEAM, whole=True)
    check_number("n_best", n_best, low=1, whole=True)
    if n_best > beam_size:
        raise ArgumentError(
            f"n_best={n_best}, but beam_size={beam_size} hypotheses are kept; expected at most as many: "
            "search with a larger beam."
        )
    check_number("length_penalty", length_penalty, low=0, high=_LARGEST_PENALTY)
    check_number("coverage_penalty", coverage_penalty, low=0)
    check_flag("copy_unknown", copy_unknown)
    never = (target.line_end, None if copy_unknown else target.unknown)
    return Beam(
        beam_size,
        length_penalty,
        coverage_penalty,
        target.end,
        tuple(token for token in never if token is not None),
    )


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


def translate_stream(
    translate: Callable[[list[str]], list[str]],
    vocabulary: TranslationVocabulary,
    texts: Iterable[str],
    batch_size: int,
) -> Iterator[str]:
    """What texts are turned into that come one after the other.

    Args:
        translate: a list of them.
        vocabulary: of both sides.
        texts: to read.
        batch_size: of the lists.

    Raises:
        ArgumentError: texts is nothing to go through; when it comes to it, one is no str, or empty.
        DataError: when it comes to it, a text is too long.
    """
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise ArgumentError(f"texts has type {type(texts).__name__}; expected texts, one after the other.")

    def stream() -> Iterator[str]:
        rest, number = iter(texts), 0
        while batch := list(islice(rest, batch_size)):
            for index, text in enumerate(checked_texts(batch, number), start=number):
                encoded_source(vocabulary, text, f"texts[{index}]")
            yield from translate(batch)
            number += len(batch)

    return stream()


def aligned(network: TranslationNetwork, examples: PairExamples, source: str, target: str) -> Translation:
    """How much each symbol of a given target looks at each of its source.

    Args:
        network: that reads and writes.
        examples: the two texts, in tokens.
        source: to read.
        target: to be written, word for word.
    """
    vocabulary, [tokens] = examples.vocabulary, examples.targets
    loss, attention = network.attend(examples.batch(np.zeros(1, np.intp)))
    hypothesis = Hypothesis(tokens.tolist(), -loss, -loss * len(attention), attention[:, 0])
    [found] = in_words(vocabulary, source, examples.sources[0], [hypothesis])
    return found._replace(text=target, target_symbols=[*vocabulary.target.symbols(target, tokens), END])


def _most_tokens(read: int) -> int:
    """To write for so many that are read."""
    return 2 * read + 20


def checked_texts(texts: Any, first: int = 0) -> list[str]:
    """Texts as a list, less the line ends they may bring; numbered from ``first`` in errors."""
    if isinstance(texts, str | bytes) or not hasattr(texts, "__len__") or not hasattr(texts, "__iter__"):
        raise ArgumentError(f"texts has type {type(texts).__name__}; expected a list of str.")
    checked = list(texts)
    for number, text in enumerate(checked, start=first):
        check_text(f"texts[{number}]", text)
    return [without_end(text) for text in checked]


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
