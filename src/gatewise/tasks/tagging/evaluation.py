"""What a tagger is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gatewise.tasks.tagging.examples import TaggedExamples
from gatewise.tasks.tagging.input import Lists
from gatewise.tasks.tagging.network import TaggerNetwork
from gatewise.tasks.tagging.spans import are_span_tags, span_scores
from gatewise.tasks.tagging.vocabulary import UNKNOWN

__all__ = ["measures"]

_SENTENCES_AT_ONCE = 64


def measures(
    network: TaggerNetwork, examples: TaggedExamples, tags: Lists, predicted: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """What ``SequenceTagger.evaluate`` returns.

    Args:
        network: whose loss is measured.
        examples: the sentences with their tags, encoded.
        tags: the true tags.
        predicted: what was found.
    """
    expected = [str(tag) for each in tags for tag in each]
    right = np.array(
        [
            one == other
            for one, other in zip(expected, (tag for each in predicted for tag in each), strict=True)
        ]
    )
    _, counts = np.unique(expected, return_counts=True)
    unknown = examples.forms.words[examples.tokens] == UNKNOWN
    result = {
        "loss": _loss(network, examples),
        "accuracy": float(right.mean()),
        "baseline_accuracy": float(counts.max() / len(right)),
        "tokens": len(right),
        "count": len(right),
        "unknown": int(unknown.sum()),
    }
    if unknown.any():
        result["unknown_accuracy"] = float(right[unknown].mean())
    if are_span_tags(examples.vocabulary.tags) and are_span_tags(expected):
        scores = span_scores(tags, predicted)
        result |= dict(zip(("span_precision", "span_recall", "span_f1"), scores, strict=True))
    return result


def _loss(network: TaggerNetwork, examples: TaggedExamples) -> float | None:
    """Nats a word; None where a tag has no probability, for the model does not know it."""
    from gatewise.training import mean_loss

    if examples.tags is None or (examples.tags < 0).any():
        return None
    return mean_loss(network, examples, _SENTENCES_AT_ONCE)
