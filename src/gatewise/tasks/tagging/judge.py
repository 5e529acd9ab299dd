"""A verdict on a tagger: beside saying always the same, and of each word what it mostly was in training."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from gatewise.tasks.tagging.input import Lists
from gatewise.tasks.tagging.spans import are_span_tags, span_counts, total_of
from gatewise.tasks.verdict import Compared, Verdict

__all__ = ["judge"]


def judge(
    predicted: Sequence[Sequence[str]], measured: Lists, expected: Lists, sentences: Lists, tags: Lists
) -> Verdict:
    """Compare with the most frequent tag of all, and of each word.

    Args:
        predicted: tags of the sentences that were held out.
        measured: their words.
        expected: their true tags.
        sentences: those that were learnt.
        tags: their tags.
    """
    by_word: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for words, known in zip(sentences, tags, strict=True):
        for word, tag in zip(words, known, strict=True):
            by_word[word][tag] += 1
    total: Counter[str] = Counter()
    for counts in by_word.values():
        total.update(counts)
    most = _most(total)
    likeliest = {word: _most(counts) for word, counts in by_word.items()}
    answers = {
        "tagger": predicted,
        "most frequent tag": [[most] * len(words) for words in measured],
        "word's most frequent tag": [[likeliest.get(word, most) for word in words] for words in measured],
    }
    spans = are_span_tags(total) and are_span_tags(_each(expected)) and len(total) > 1
    rows = [Compared(name, _measures(found, expected, spans)) for name, found in answers.items()]
    count = len(expected)
    data = f"{count:,} sentence{'s' * (count > 1)} held out, by which the weights were chosen"
    # Where most words lie outside all names, saying so of every word is right mostly, and worth nothing.
    return Verdict(data, "span_f1" if spans else "accuracy", rows[0], rows[1:])


def _measures(found: Sequence[Sequence[str]], expected: Lists, spans: bool) -> dict[str, float | None]:
    right = [one == other for one, other in zip(_each(found), _each(expected), strict=True)]
    measures: dict[str, float | None] = {"accuracy": sum(right) / len(right)}
    return measures | ({"span_f1": total_of(span_counts(expected, found)).f1} if spans else {})


def _each(lists: Iterable[Sequence[str]]) -> list[str]:
    return [str(tag) for each in lists for tag in each]


def _most(counts: Counter[str]) -> str:
    """The most frequent one, the first in the alphabet of several."""
    return min(counts, key=lambda tag: (-counts[tag], tag))
