"""How well words were tagged: accuracy; precision, recall and F1 of spans or tags, of each and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gatewise.tasks.scores import noted
from gatewise.tasks.tagging.examples import TaggedExamples
from gatewise.tasks.tagging.input import Lists
from gatewise.tasks.tagging.network import TaggerNetwork
from gatewise.tasks.tagging.spans import Counts, by_name, span_counts, total_of
from gatewise.types import BoolArray

__all__ = ["report", "word_loss"]

_NAMED = 5
"""Tags that a note names."""

_SENTENCES_AT_ONCE = 64


def report(
    learnt: Sequence[str], tags: Lists, predicted: Lists, unknown: BoolArray, *, of_spans: bool
) -> dict[str, Any]:
    """Measure predictions against what is true.

    Args:
        learnt: the tags that the model knows.
        tags: that are right, for at least one word.
        predicted: of the same words.
        unknown: (N,), of each of the N words whether the model has no embedding of it.
        of_spans: measure whole spans, as conlleval and seqeval do, and not tags word by word.

    Returns:
        What ``SequenceTagger.evaluate`` returns, but for the loss.
    """
    pairs = [
        (str(tag), str(guess))
        for pair in zip(tags, predicted, strict=True)
        for tag, guess in zip(*pair, strict=True)
    ]
    right = [tag == guess for tag, guess in pairs]
    wanted = Counter(tag for tag, _ in pairs)
    result: dict[str, Any] = {
        "accuracy": sum(right) / len(right),
        "baseline_accuracy": max(wanted.values()) / len(right),
        "tokens": len(right),
        "count": len(right),
        "unknown": int(unknown.sum()),
    }
    if unknown.any():
        known_to_be = [each for each, new in zip(right, unknown, strict=True) if new]
        result["unknown_accuracy"] = sum(known_to_be) / len(known_to_be)
    notes = _notes_on_tags(wanted, learnt)
    if of_spans:
        counts = span_counts(tags, predicted)
        total = total_of(counts)
        result |= _measures("span_", total) | _average("span_macro_", counts)
        notes += _notes_on_spans(total.precision, total.recall)
        return noted(result | {"types": _each("type", counts)}, notes)
    counts = by_name(
        Counter(tag for tag, guess in pairs if tag == guess),
        Counter(guess for _, guess in pairs),
        wanted,
    )
    return noted(result | _average("macro_", counts) | {"tags": _each("tag", counts)}, notes)


def word_loss(network: TaggerNetwork, examples: TaggedExamples) -> float | None:
    """Nats a word; None where a tag has no probability, for the model does not know it."""
    from gatewise.training import mean_loss

    if examples.tags is None or (examples.tags < 0).any():
        return None
    return mean_loss(network, examples, _SENTENCES_AT_ONCE)


def _measures(prefix: str, counts: Counts) -> dict[str, float | None]:
    names = ("precision", "recall", "f1")
    return {f"{prefix}{name}": getattr(counts, name) for name in names}


def _average(prefix: str, counts: Mapping[str, Counts]) -> dict[str, float | None]:
    """Each counts alike, however often it occurs; what is none counts 0, as scikit-learn has it."""
    if not counts:
        return _measures(prefix, Counts(0, 0, 0))
    each = [_measures(prefix, those) for those in counts.values()]
    return {name: sum(measures[name] or 0.0 for measures in each) / len(each) for name in each[0]}


def _each(what: str, counts: Mapping[str, Counts]) -> list[dict[str, Any]]:
    return [{what: name, **_measures("", those), "support": those.wanted} for name, those in counts.items()]


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
