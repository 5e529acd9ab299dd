"""What a translator is measured by beside BLEU."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gatewise.errors import DataError
from gatewise.tasks.translation.examples import PairExamples
from gatewise.tasks.translation.network import TranslationNetwork

__all__ = ["measures", "token_loss"]


def token_loss(network: TranslationNetwork, examples: PairExamples, batch_size: int) -> float:
    """Nats a token of the targets, given the true ones before it.

    Raises:
        DataError: there is no pair.
    """
    from gatewise.training import mean_loss

    if not len(examples.lengths):
        raise DataError("pairs is empty; at least one is needed to measure on.")
    return mean_loss(network, examples, batch_size)


def measures(
    loss: float, examples: PairExamples, written: Sequence[str], targets: Sequence[str]
) -> dict[str, float]:
    """What ``Translator.evaluate`` returns, but for BLEU and chrF.

    Args:
        loss: of ``token_loss``.
        examples: the pairs in tokens.
        written: what the sources were turned into.
        targets: what they were to be turned into.
    """
    unknown = examples.vocabulary.target.unknown
    tokens = sum(len(target) + 1 for target in examples.targets)
    exact = [a.split() == b.split() for a, b in zip(written, targets, strict=True)]
    return {
        "loss": loss,
        "perplexity": float(np.exp(loss)),
        "tokens": tokens,
        "count": tokens,
        "unknown": sum(int(np.count_nonzero(target == unknown)) for target in examples.targets),
        "exact": float(np.mean(exact)),
    }
