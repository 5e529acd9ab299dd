"""Named spans from tags word by word, and how well they are found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gatewise.tasks.scores import ratio

__all__ = ["Counts", "Span", "are_span_tags", "by_name", "span_counts", "spans", "total_of"]

_SPAN_TAG = re.compile(r"O|[BIESLU](-.+)?")


class Span(NamedTuple):
    """Words ``start`` to ``stop`` - 1 of a sentence, and what they are."""

    start: int
    stop: int
    kind: str


def are_span_tags(tags: Iterable[str]) -> bool:
    """Whether all of them are those of spans: O, or B, I, E, S, L or U, alone or with a kind as in B-PER."""
    return all(_SPAN_TAG.fullmatch(tag) for tag in tags)


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans of a sentence, as the conlleval script of the CoNLL-2000 shared task takes them.

    A span ends before O, before a tag of another kind, before B and S (or U), and after E (or L) and S (or
    U); an I or E where no span is open begins one. So IOB1, IOB2, IOE, BIOES and BILOU are all understood.
    """
    found: list[Span] = []
    start, inside, kind = 0, False, ""
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, of_kind = tag.partition("-")
        if inside and (prefix in "OBSU" or of_kind != kind):
            found.append(Span(start, place, kind))
            inside = False
        if prefix == "O":
            continue
        if not inside:
            start, inside, kind = place, True, of_kind
        if prefix in "ESLU":
            found.append(Span(start, place + 1, kind))
            inside = False
    return found


class Counts(NamedTuple):
    """How often something was found: rightly, in all, and how often it should have been."""

    right: int
    found: int
    wanted: int

    @property
    def precision(self) -> float | None:
        """Share of what was found that is right; None where nothing was."""
        return ratio(self.right, self.found)

    @property
    def recall(self) -> float | None:
        """Share of what should be found that was; None where there is nothing."""
        return ratio(self.right, self.wanted)

    @property
    def f1(self) -> float | None:
        """Their harmonic mean; None where there is nothing to be found, for which conlleval has 0."""
        return ratio(2 * self.right, self.found + self.wanted) if self.wanted else None


def span_counts(expected: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> dict[str, Counts]:
    """Whole spans by their kind: one is right if its words and its kind are."""
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for sentence, guess in zip(expected, predicted, strict=True):
        true, guessed = set(spans(sentence)), set(spans(guess))
        for counter, those in ((right, true & guessed), (found, guessed), (wanted, true)):
            counter.update(span.kind for span in those)
    return by_name(right, found, wanted)


def by_name(right: Counter[str], found: Counter[str], wanted: Counter[str]) -> dict[str, Counts]:
    """Counts of all that was found or should have been, in the order of the names."""
    return {name: Counts(right[name], found[name], wanted[name]) for name in sorted({*found, *wanted})}


def total_of(counts: Mapping[str, Counts]) -> Counts:
    """Those of all kinds together."""
    return Counts(*map(sum, zip(*counts.values(), strict=True))) if counts else Counts(0, 0, 0)
