"""A verdict on a language model: its loss beside that of counted n-grams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gatewise.tasks.language.ngram import NGram
from gatewise.tasks.verdict import Compared, Verdict
from gatewise.types import IntArray

__all__ = ["judge"]

_COUNTED = 1 << 22
"""Most tokens that are counted and measured: the last ones learnt, and the first ones held out."""

_ORDERS = {"unigram": 1, "trigram": 3}


def judge(
    history: Sequence[Mapping[str, float]], tokens: IntArray, measured: IntArray, vocabulary_size: int
) -> Verdict:
    """Compare with n-grams of the same tokens.

    Args:
        history: of the training; the best weights by it were kept.
        tokens: (N,) that were learnt.
        measured: (M,) that were held out.
        vocabulary_size: V.
    """
    ours = min(entry["validation_loss"] for entry in history)
    seen, unseen = (np.asarray(part) for part in (tokens[-_COUNTED:], measured[:_COUNTED]))
    baselines = [
        _measured(name, NGram(seen, order, vocabulary_size).loss(unseen))
        for name, order in _ORDERS.items()
        if min(len(seen), len(unseen)) >= order and vocabulary_size**order < 2**63
    ]
    data = f"{len(measured):,} tokens held out, by which the weights were chosen (loss in nats a token)"
    return Verdict(data, "loss", _measured("language model", ours), baselines)


def _measured(name: str, loss: float) -> Compared:
    with np.errstate(over="ignore"):
        perplexity = float(np.exp(loss))
    return Compared(name, {"loss": loss, "perplexity": perplexity if np.isfinite(perplexity) else None})
