"""Tags as answers: how sure each is, and what is said where that is not enough."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from gatewise.tasks.tagging.examples import TaggedBatch, TaggedExamples
from gatewise.tasks.tagging.network import TaggerNetwork
from gatewise.tasks.tagging.spans import are_span_tags, spans
from gatewise.tasks.tagging.vocabulary import TaggerVocabulary
from gatewise.types import IntArray

__all__ = ["batches", "tags_and_confidences", "withheld"]

_SENTENCES_AT_ONCE = 64
"""In prediction."""


def batches(
    vocabulary: TaggerVocabulary, sentences: Sequence[Sequence[str]]
) -> Iterator[tuple[IntArray, TaggedBatch]]:
    """Sentences of like length together, with their numbers; those without words are left out."""
    examples = TaggedExamples(vocabulary, sentences)
    order = np.argsort(examples.lengths, kind="stable")
    order = order[examples.lengths[order] > 0]
    for start in range(0, len(order), _SENTENCES_AT_ONCE):
        indices = order[start : start + _SENTENCES_AT_ONCE]
        yield indices, examples.batch(indices)


def tags_and_confidences(
    network: TaggerNetwork, vocabulary: TaggerVocabulary, sentences: Sequence[Sequence[str]]
) -> list[tuple[list[str], list[float]]]:
    """The likeliest tags of each sentence, and the probability of each.

    Where tags mark spans, a span is as sure as the least sure of its words: half of it would say something
    else.
    """
    answers: list[tuple[list[str], list[float]]] = [([], []) for _ in sentences]
    names, of_spans = np.array(vocabulary.tags, dtype=object), are_span_tags(vocabulary.tags)
    for indices, batch in batches(vocabulary, sentences):
        tags, probabilities = network.answers(batch)
        for column, index in enumerate(indices):
            words = batch.lengths[column]
            given, sure = names[tags[:words, column]].tolist(), probabilities[:words, column].clip(0, 1)
            for span in spans(given) if of_spans else []:
                sure[span.start : span.stop] = sure[span.start : span.stop].min()
            answers[index] = given, sure.tolist()
    return answers


def withheld(tags: Sequence[str], sure: Sequence[float], least: float, known: Collection[str]) -> list[str]:
    """The tags that are sure enough; for others O if all ``known`` ones mark spans, or else nothing."""
    nothing = "O" if are_span_tags(known) else ""
    return [tag if each >= least else nothing for tag, each in zip(tags, sure, strict=True)]
