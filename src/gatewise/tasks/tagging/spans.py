"""Named spans from tags word by word, and how well they are found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gatewise.tasks.scores import ratio

__all__ = ["Span", "SpanScores", "are_span_tags", "span_scores", "spans"]

_SPAN_TAG = re.compile(r"O|[BIESLU](-.+)?")


class Span(NamedTuple):
    """Words ``start`` to ``stop`` - 1 of a sentence, and what they are."""

    start: int
    stop: int
    kind: str


class SpanScores(NamedTuple):
    """How well spans were found; a share is None where there is nothing that it could be a share of."""

    precision: float | None
    recall: float | None
    f1: float | None


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


def span_scores(expected: Iterable[Sequence[str]], predicted: Iterable[Sequence[str]]) -> SpanScores:
    """Precision, recall and F1 of whole spans: one counts if its words and its kind are right.

    Of no span that was predicted there is no precision, and where there is none to be found neither recall
    nor F1. (conlleval has 0 there, whatever the model does.)
    """
    right = found = wanted = 0
    for sentence, guess in zip(expected, predicted, strict=True):
        true, guessed = set(spans(sentence)), set(spans(guess))
        right, found, wanted = right + len(true & guessed), found + len(guessed), wanted + len(true)
    f1 = ratio(2 * right, found + wanted) if wanted else None
    return SpanScores(ratio(right, found), ratio(right, wanted), f1)
