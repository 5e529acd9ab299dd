"""Schemes by which tags mark spans: which tag may follow which, and whether data keep to it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.ops.crf import CRFAllowed
from gatewise.tasks.tagging.input import TaggedPart
from gatewise.tasks.tagging.spans import are_span_tags

__all__ = ["CHOICES", "SCHEMES", "Scheme", "chosen_scheme"]

_SHOWN = 60
"""Characters of a sentence that a message shows."""


class Scheme(NamedTuple):
    """How the tags of spans are written.

    A span begins with B and goes on with I. Where there is a letter for its last word (E or L), and one for
    a span of one word (S or U), it must end with one of them.

    Attributes:
        name: as a hyperparameter has it.
        letters: that tags may begin with, O aside.
        closes: whether spans have a letter for their end.
    """

    name: str
    letters: str
    closes: bool

    def may_follow(self, tag: str, after: str) -> bool:
        """Whether a tag may stand after another one; "O" stands for the start or the end of a sentence."""
        (letter, kind), (before, kind_before) = _parts(tag), _parts(after)
        if letter in "IEL":
            return before in ("B", "I") and kind == kind_before
        return not (self.closes and before in ("B", "I"))

    def allowed(self, tags: Sequence[str]) -> CRFAllowed:
        """What a conditional random field over these tags may do; K tags, so masks of (K, K), (K,), (K,)."""
        return CRFAllowed(
            np.array([[self.may_follow(tag, after) for tag in tags] for after in tags]),
            np.array([self.may_follow(tag, "O") for tag in tags]),
            np.array([self.may_follow("O", tag) for tag in tags]),
        )

    def fits(self, tags: Collection[str]) -> bool:
        """Whether all tags are of the scheme."""
        return are_span_tags(tags) and {*"O", *self.letters}.issuperset(_parts(tag)[0] for tag in tags)

    def serves(self, tags: Collection[str]) -> bool:
        """Whether sentences of every length can be tagged: by O, or by a span of one word."""
        return any(
            self.may_follow(tag, "O") and self.may_follow(tag, tag) and self.may_follow("O", tag)
            for tag in tags
        )


SCHEMES = {
    scheme.name: scheme
    for scheme in (Scheme("iob2", "BI", False), Scheme("bioes", "BIES", True), Scheme("bilou", "BILU", True))
}

CHOICES = ("auto", *SCHEMES, "none")
"""Values of the hyperparameter."""


class _Break(NamedTuple):
    """The first tag of a sentence that may not stand where it does."""

    part: TaggedPart
    number: int
    place: int

    def __str__(self) -> str:
        tags, words = self.part.tags[self.number], self.part.sentences[self.number]
        shown = " ".join(words)
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."
        if self.place == len(tags):
            where = self.part.where(self.number)
            return f"{where} ends with {str(tags[-1])!r} (of the sentence {shown!r})"
        after = f"after {str(tags[self.place - 1])!r}" if self.place else "at the start"
        return (
            f"{self.part.where(self.number, self.place)} is {str(tags[self.place])!r} {after} (word "
            f"{str(words[self.place])!r} of the sentence {shown!r})"
        )


def chosen_scheme(choice: str, parts: Sequence[TaggedPart]) -> tuple[Scheme | None, list[str]]:
    """The scheme that tags are to keep to.

    "auto" takes the one that the tags are of if all data keep to it. Where they do not, although they are no
    IOB1 (in which spans begin with I, and B stands only behind a span of its kind), a note says so.

    Args:
        choice: of ``CHOICES``.
        parts: to learn from, and to measure on.

    Returns:
        The scheme, None for none, and notes.

    Raises:
        ArgumentError: a scheme was asked for that the data do not keep to; the message names the first
            sentence.
    """
    if choice == "none":
        return None, []
    tags = {str(tag) for part in parts for given in part.tags for tag in given}
    scheme = _like(tags) if choice == "auto" else SCHEMES[choice]
    if scheme is None:
        return None, []
    if not scheme.fits(tags):
        raise ArgumentError(_foreign(scheme, parts))
    breaks = list(_breaks(scheme, parts))
    if choice == "auto":
        problem = None
        if breaks and not (scheme.name == "iob2" and _are_iob1(parts)):
            count = sum(len(part.tags) for part in parts)
            problem = f"the tags of {len(breaks):,} of {count:,} sentences break {scheme.name}: {breaks[0]}"
        elif not breaks and not scheme.serves(tags):
            problem = _unserved(scheme)
        if problem is not None:
            return None, [
                f"any tag may follow any, for {problem}; mend the data to have illegal tags impossible, or "
                "set scheme='none' to leave it so"
            ]
        return (None if breaks else scheme), []
    if breaks:
        raise ArgumentError(
            f"{breaks[0]}, which scheme={choice!r} forbids; it is the first of {len(breaks):,} such "
            "sentences. Mend or leave them out, or set scheme='none', by which any tag may follow any."
        )
    if not scheme.serves(tags):
        raise ArgumentError(f"scheme={choice!r}: {_unserved(scheme)}; expected O among the tags.")
    return scheme, []


def _like(tags: Collection[str]) -> Scheme | None:
    """The scheme that tags look like; those without B, as IO or IOE, are none of these."""
    if not are_span_tags(tags) or not any(_parts(tag)[0] == "B" for tag in tags):
        return None
    return next((scheme for scheme in SCHEMES.values() if scheme.fits(tags)), None)


def _breaks(scheme: Scheme, parts: Sequence[TaggedPart]) -> Iterator[_Break]:
    """The first break of each sentence that has one."""
    known: dict[tuple[str, str], bool] = {}
    for part in parts:
        for number, given in enumerate(part.tags):
            for place, (after, tag) in enumerate(pairwise(["O", *map(str, given), "O"])):
                may = known.get((after, tag))
                if may is None:
                    may = known[after, tag] = scheme.may_follow(tag, after)
                if not may:
                    yield _Break(part, number, place)
                    break


def _are_iob1(parts: Sequence[TaggedPart]) -> bool:
    """Whether B stands only behind a span of its kind."""
    return all(
        _parts(after)[0] in ("B", "I") and _parts(after)[1] == _parts(tag)[1]
        for part in parts
        for given in part.tags
        for after, tag in pairwise(["O", *map(str, given)])
        if tag.startswith("B")
    )


def _foreign(scheme: Scheme, parts: Sequence[TaggedPart]) -> str:
    """Which tag is none of a scheme."""
    name, tag = next(
        (part.where(number, place), str(tag))
        for part in parts
        for number, given in enumerate(part.tags)
        for place, tag in enumerate(given)
        if not scheme.fits([str(tag)])
    )
    expected = ", ".join(f"{letter}-..." for letter in scheme.letters)
    return (
        f"{name} is {tag!r}, which is no tag of scheme={scheme.name!r}; expected O, {expected}. Where tags "
        "mark no spans, or by another scheme, leave scheme out."
    )


def _unserved(scheme: Scheme) -> str:
    return f"without O and without spans of one word, {scheme.name} has no tags for sentences of some lengths"


def _parts(tag: str) -> tuple[str, str]:
    """The letter and the kind of a tag; the kind may have hyphens in it."""
    letter, _, kind = tag.partition("-")
    return letter, kind
