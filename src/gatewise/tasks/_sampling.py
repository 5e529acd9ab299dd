"""Choosing the next token from the logits."""

from __future__ import annotations

import numpy as np

from gatewise.tasks.estimator import check_number
from gatewise.types import Array

__all__ = ["Sampler"]


class Sampler:
    """Draws tokens; each call filters as asked, then draws once.

    Args:
        temperature: logits are divided by it: below 1 bolder, above 1 more even; 0 takes the likeliest.
        top_k: only the k likeliest tokens.
        top_p: only the fewest tokens whose probabilities sum to p (Holtzman et al. 2020).
        rng: where the draws come from.

    Raises:
        ArgumentError: a value outside its range.
    """

    def __init__(
        self, temperature: float, top_k: int | None, top_p: float | None, rng: np.random.Generator
    ) -> None:
        check_number("temperature", temperature, low=0)
        check_number("top_k", top_k, low=1, whole=True, optional=True)
        check_number("top_p", top_p, low=0, high=1, open_low=True, optional=True)
        self._temperature = temperature
        self._top_k = top_k
        self._top_p = top_p
        self._rng = rng

    def choose(self, logits: Array) -> int:
        """One token for logits (V,); a logit of -inf is never chosen."""
        if self._temperature == 0:
            return int(logits.argmax())
        scaled = logits.astype(np.float64)
        scaled -= scaled.max()
        # Scaled from the maximum down, a tiny temperature underflows to the likeliest token.
        probabilities = np.exp(scaled / self._temperature)
        if self._top_k is not None and self._top_k < len(probabilities):
            probabilities[np.argsort(-probabilities, kind="stable")[self._top_k :]] = 0
        probabilities /= probabilities.sum()
        if self._top_p is not None:
            order = np.argsort(-probabilities, kind="stable")
            before = np.cumsum(probabilities[order]) - probabilities[order]
            probabilities[order[before >= self._top_p]] = 0
            probabilities /= probabilities.sum()
        return int(self._rng.choice(len(probabilities), p=probabilities))
