"""Choosing the next token from the logits."""

from __future__ import annotations

import numpy as np

from gatewise.errors import ArgumentError
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
        if not (np.isfinite(temperature) and temperature >= 0):
            raise ArgumentError(f"temperature={temperature!r}; expected a finite number of at least 0.")
        if top_k is not None and top_k < 1:
            raise ArgumentError(f"top_k={top_k!r}; expected at least 1, or None for all tokens.")
        if top_p is not None and not 0 < top_p <= 1:
            raise ArgumentError(f"top_p={top_p!r}; expected a number in (0, 1], or None for all tokens.")
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
