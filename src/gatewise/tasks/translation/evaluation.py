"""What a translator is measured by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gatewise.data.pairs import Pairs
from gatewise.errors import DataError
from gatewise.tasks.scores import noted, perplexity
from gatewise.tasks.translation.bleu import Metrics
from gatewise.tasks.translation.examples import PairExamples
from gatewise.tasks.translation.network import TranslationNetwork

__all__ = ["measure", "token_loss"]


def token_loss(network: TranslationNetwork, examples: PairExamples, batch_size: int) -> float:
    """Nats a token of the targets, given the true ones before it.

    Raises:
        DataError: there is no pair.
    """
    from gatewise.training import mean_loss

    if not len(examples.lengths):
        raise DataError("pairs is empty; at least one is needed to measure on.")
    return mean_loss(network, examples, batch_size)


def measure(
    loss: float,
    pairs: Pairs,
    examples: PairExamples,
    translate: Callable[[list[str]], list[str]],
    metrics: Metrics | None,
) -> dict[str, Any]:
    """What ``Translator.evaluate`` returns.

    Args:
        loss: of ``token_loss``.
        pairs: to measure on.
        examples: the same in tokens.
        translate: what turns the sources into texts.
        metrics: BLEU and chrF; None to leave them out.
    """
    written = translate(pairs.sources)
    side = examples.vocabulary.target
    symbols = sum(map(len, examples.targets))
    unknown = sum(int(np.count_nonzero(target == side.unknown)) for target in examples.targets)
    exact = [a.split() == b.split() for a, b in zip(written, pairs.targets, strict=True)]
    perplexed, notes = perplexity(loss, symbols, unknown, pairs.name(1))
    tokens = symbols + len(examples.targets)
    scores: dict[str, Any] = {
        "loss": loss,
        "perplexity": perplexed,
        "tokens": tokens,
        "count": tokens,
        "unknown": unknown,
        "exact": float(np.mean(exact)),
    }
    if metrics is not None:
        compared = metrics.compare(written, pairs.targets)
        scores |= {"bleu": compared.bleu, "bleu_tokenizer": metrics.tokenizer, "chrf": compared.chrf}
        notes += compared.notes
    return noted(scores, notes)
