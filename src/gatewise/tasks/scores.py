"""Scores that are none: what is told instead of a number that has nothing to do with the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["HIGHEST_LOSS", "noted", "perplexity", "ratio"]

HIGHEST_LOSS = 700.0
"""Nats; a perplexity beyond their exponential is no number any more."""


def ratio(part: float, whole: float) -> float | None:
    """A share of something; None of nothing."""
    return float(part / whole) if whole else None


def perplexity(loss: float, tokens: int, unknown: int, what: str) -> tuple[float | None, list[str]]:
    """The exponential of a loss, with what is to be known of it.

    Words outside the vocabulary are one symbol to a model, and the more of them there are the easier it is to
    predict: a text in a language that it has never seen is hardly worse than none at all.

    Args:
        loss: nats a token.
        tokens: that could be unknown; ends of lines and texts, which are always known, are not among them.
        unknown: of these, those outside the vocabulary.
        what: was measured on, in words.

    Returns:
        The perplexity, None where no token is known or it is beyond all numbers; and notes.
    """
    if 0 < unknown == tokens:
        why = (
            f"no perplexity: the model knows no symbol of {what}, so the loss is that of the one symbol by "
            "which it stands for all that it does not know"
        )
        return None, [why]
    if not loss < HIGHEST_LOSS:
        return None, [f"no perplexity: the exponential of {loss:g} nats a token is beyond all numbers"]
    notes = []
    if 2 * unknown > tokens:
        notes.append(
            f"{unknown:,} of the {tokens:,} symbols of {what} are unknown to the model, and all the same to "
            "it: loss and perplexity are lower than if it had to tell them apart"
        )
    return float(np.exp(loss)), notes


def noted(scores: dict[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """Scores, with ``notes`` where there are some, such as why a score is None."""
    return {**scores, "notes": list(notes)} if notes else scores
