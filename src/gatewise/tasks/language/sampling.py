"""Choosing the next token from the logits."""

from __future__ import annotations

import numpy as np

from gatewise.nn import TokenStream
from gatewise.tasks.checks import check_number
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

    def choose(self, logits: Array, never: int | None = None) -> int:
        """One token for logits (V,), but not the token ``never``."""
        return self._pick(logits, float(self._rng.random()) if self._temperature else 0.0, never)

    def _pick(self, logits: Array, uniform: float, never: int | None) -> int:
        """The first token at which the summed probabilities pass ``uniform``."""
        scaled = logits.astype(np.float64)
        if never is not None:
            scaled[never] = -np.inf
        if self._temperature == 0:
            return int(scaled.argmax())
        scaled -= scaled.max()
        # Scaled from the maximum down, a tiny temperature underflows to the likeliest token.
        with np.errstate(over="ignore"):
            probabilities = np.exp(scaled / self._temperature)
        if self._top_k is not None and self._top_k < len(probabilities):
            probabilities[np.argsort(-probabilities, kind="stable")[self._top_k :]] = 0
        probabilities /= probabilities.sum()
        if self._top_p is not None:
            order = np.argsort(-probabilities, kind="stable")
            before = np.cumsum(probabilities[order]) - probabilities[order]
            probabilities[order[before >= self._top_p]] = 0
            probabilities /= probabilities.sum()
        passed = np.cumsum(probabilities)
        passed /= passed[-1]
        return int(np.searchsorted(passed, uniform, side="right"))

    def follow(self, stream: TokenStream, token: int, count: int, never: int | None = None) -> list[int]:
        """``count`` tokens, of which each is fed to the stream, as ``token`` is first, to choose the next.

        Where the native module is here it feeds and chooses all of them in one call, with the same draws.
        """
        uniforms = self._rng.random(count) if self._temperature else np.zeros(count)
        chosen = stream.generate(token, uniforms, self._temperature, self._top_k, self._top_p, never)
        if chosen is not None:
            return list(chosen.tolist())
        tokens = []
        for uniform in uniforms:
            token = self._pick(stream.step(np.array([token]))[0], float(uniform), never)
            tokens.append(token)
        return tokens
