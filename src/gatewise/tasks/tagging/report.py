"""How well words were tagged: accuracy; precision, recall and F1 of spans or tags, of each and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from gatewise.tasks.tagging.input import Lists
from gatewise.tasks.tagging.spans import Counts, by_name, span_counts
from gatewise.types import BoolArray

__all__ = ["report"]


def report(tags: Lists, predicted: Lists, unknown: BoolArray, *, of_spans: bool) -> dict[str, Any]:
    """Measure predictions against what is true.

    Args:
        tags: that are right, for at least one word.
        predicted: of the same words.
        unknown: (N,), of each of the N words whether the model has no embedding of it.
        of_spans: measure whole spans, as conlleval and seqeval do, and not tags word by word.

    Returns:
        What ``SequenceTagger.evaluate`` returns.
    """
    pairs = [
        (str(tag), str(guess))
        for pair in zip(tags, predicted, strict=True)
        for tag, guess in zip(*pair, strict=True)
    ]
    right = [tag == guess for tag, guess in pairs]
    result: dict[str, Any] = {
        "accuracy": sum(right) / len(right),
        "tokens": len(right),
        "unknown": int(unknown.sum()),
    }
    if unknown.any():
        known_to_be = [each for each, new in zip(right, unknown, strict=True) if new]
        result["unknown_accuracy"] = sum(known_to_be) / len(known_to_be)
    if of_spans:
        counts = span_counts(tags, predicted)
        total = Counts(*map(sum, zip(*counts.values(), strict=True))) if counts else Counts(0, 0, 0)
        result |= _measures("span_", total) | _average("span_macro_", counts)
        return result | {"types": _each("type", counts)}
    counts = by_name(
        Counter(tag for tag, guess in pairs if tag == guess),
        Counter(guess for _, guess in pairs),
        Counter(tag for tag, _ in pairs),
    )
    return result | _average("macro_", counts) | {"tags": _each("tag", counts)}


def _measures(prefix: str, counts: Counts) -> dict[str, float]:
    names = ("precision", "recall", "f1")
    return {f"{prefix}{name}": getattr(counts, name) for name in names}


def _average(prefix: str, counts: Mapping[str, Counts]) -> dict[str, float]:
    """Each counts alike, however often it occurs."""
    each = [_measures(prefix, those) for those in counts.values()] or [_measures(prefix, Counts(0, 0, 0))]
    return {name: sum(measures[name] for measures in each) / len(each) for name in each[0]}


def _each(what: str, counts: Mapping[str, Counts]) -> list[dict[str, Any]]:
    return [{what: name, **_measures("", those), "support": those.wanted} for name, those in counts.items()]
