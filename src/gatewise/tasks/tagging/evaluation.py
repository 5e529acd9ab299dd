"""What a tagger is measured by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from gatewise.tasks.scores import noted
from gatewise.tasks.tagging.spans import are_span_tags, span_scores
from gatewise.types import BoolArray

__all__ = ["measure"]

_NAMED = 5
"""Tags that a note names."""


def measure(
    learnt: Sequence[str],
    expected: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    unknown: BoolArray,
) -> dict[str, Any]:
    """What ``SequenceTagger.evaluate`` returns.

    Args:
        learnt: the tags that the model knows.
        expected: the true tags of each sentence.
        predicted: the model's.
        unknown: of all words, one sentence behind the other, which have no embedding.
    """
    flat = [tag for tags in expected for tag in tags]
    right = np.array([a == b for a, b in zip(flat, (t for tags in predicted for t in tags), strict=True)])
    notes = _notes_on_tags(Counter(map(str, flat)), learnt)
    scores = {"accuracy": float(right.mean()), "tokens": len(right), "unknown": int(unknown.sum())}
    if unknown.any():
        scores["unknown_accuracy"] = float(right[unknown].mean())
    if are_span_tags(learnt) and are_span_tags(set(flat)):
        found = span_scores(expected, predicted)
        scores |= {f"span_{name}": value for name, value in found._asdict().items()}
        notes += _notes_on_spans(found.precision, found.recall)
    return noted(scores, notes)


def _notes_on_tags(counts: Counter[str], learnt: Sequence[str]) -> list[str]:
    """What the accuracy says of tags that are always wrong, or of one that is always right."""
    strange = [tag for tag in counts if tag not in learnt]
    if strange:
        names = ", ".join(map(repr, strange[:_NAMED])) + ", ..." * (len(strange) > _NAMED)
        words = sum(counts[tag] for tag in strange)
        return [
            f"{words:,} of {counts.total():,} words have tags that the model has not learnt ({names}) and "
            f"count as wrong; it knows {', '.join(learnt)}"
        ]
    if len(counts) == 1:
        [tag] = counts
        return [f"all words have the tag {tag!r}; the accuracy says nothing of telling tags apart"]
    return []


def _notes_on_spans(precision: float | None, recall: float | None) -> list[str]:
    """Why a score of spans is None."""
    if recall is None:
        also = ", and the model finds none" if precision is None else ""
        return [f"no recall and no F1 of spans: there is no span to be found{also}"]
    return [] if precision is not None else ["no precision of spans: the model finds none"]
