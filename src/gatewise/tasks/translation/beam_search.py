"""Beam search: the likeliest texts that a decoder can be brought to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gatewise.tasks.translation.examples import SourceBatch
from gatewise.tasks.translation.network import TranslationNetwork
from gatewise.types import Array, IntArray

__all__ = ["Beam", "Hypothesis", "beam_search"]

_BLOCK = 64
"""Symbols whose highest logit is taken together, when the highest of all are sought: a power of 2."""

_LEAST = 1e-10
"""A share of attention no smaller, so that its logarithm is finite."""


@dataclass(frozen=True, slots=True)
class Beam:
    """How to search (Wu et al. 2016, section 7).

    A finished hypothesis Y of a source X scores log P(Y | X) / lp(Y) + cp(X, Y), with
    lp(Y) = ((5 + |Y|) / 6)^α and cp(X, Y) = β Σ_j log min(Σ_t a_tj, 1): a source step that was hardly looked
    at counts against it.

    Attributes:
        size: K, hypotheses kept of each text.
        length_penalty: α; 0 prefers short texts, 1 nearly the highest mean log-probability of a token.
        coverage_penalty: β.
        end: the token that ends a text, and begins it.
        never: tokens that are not to be written.
    """

    size: int
    length_penalty: float
    coverage_penalty: float
    end: int
    never: tuple[int, ...] = ()


class Hypothesis(NamedTuple):
    """A text that beam search found.

    Attributes:
        tokens: without the end.
        score: by which hypotheses are ranked.
        log_probability: log P(Y | X) in nats, the end included.
        attention: α (T, S) of its T steps, the end among them, over the S steps of its source, likewise.
    """

    tokens: list[int]
    score: float
    log_probability: float
    attention: Array


class _Step(NamedTuple):
    """How the hypotheses came to be, for the B texts that were searched: (K, B) each.

    Attributes:
        texts: (B,) their numbers, rising.
        parents: the hypothesis of the step before that each goes on from.
        tokens: with which it goes on.
        attention: α of that step (K, B, S), of the parents by their own numbers.
    """

    texts: IntArray
    parents: IntArray
    tokens: IntArray
    attention: Array


class _Found(NamedTuple):
    """A finished hypothesis, still to be traced back.

    Attributes:
        score: of it.
        total: log-probability.
        rank: of the hypothesis that it is, among those after ``steps`` steps.
        steps: how many it took.
        end: α of the end (S,); None where it was cut off.
    """

    score: float
    total: float
    rank: int
    steps: int
    end: Array | None


def beam_search(
    network: TranslationNetwork, source: SourceBatch, most: IntArray, beam: Beam
) -> list[list[Hypothesis]]:
    """Search for all texts of a batch side by side.

    A text is done when K hypotheses have ended and the best of them scores at least as high as the best that
    has not ended does as it stands; or when none may grow any longer. Where none has ended by then, the best
    one is taken as it is.

    Args:
        network: whose decoder writes.
        source: B texts.
        most: (B,) most tokens to write for each, without the end.
        beam: how to search.

    Returns:
        For each text 1 to K hypotheses, the best first.
    """
    search = _Search(network, source, most, beam)
    while len(search.texts):
        search.step()
    return [search.hypotheses(text) for text in range(len(source.lengths))]


class _Search:
    """Where a search stands: K hypotheses of each text that is not done.

    Attributes:
        texts: (B,) numbers of those texts.
    """

    def __init__(self, network: TranslationNetwork, source: SourceBatch, most: IntArray, beam: Beam) -> None:
        self._network, self._beam, self._most, self._lengths = network, beam, most, source.lengths
        self._prepared, self._stream = network.begin(source)
        batch = len(source.lengths)
        self.texts: IntArray = np.arange(batch)
        self._found: list[list[_Found]] = [[] for _ in range(batch)]
        self._stream.select(np.tile(self.texts, beam.size))
        self._tokens: IntArray = np.full((beam.size, batch), beam.end)
        # At first all hypotheses of a text are the same: one of them counts.
        self._totals = np.full((beam.size, batch), -np.inf, network.dtype)
        self._totals[0] = 0
        # Σ α so far of each hypothesis, kept up where there is a penalty on what is not covered.
        self._covered = np.zeros((beam.size, batch, len(source.tokens)))
        self._steps: list[_Step] = []

    def step(self) -> None:
        """Every hypothesis by one token."""
        network, beam, k = self._network, self._beam, self._beam.size
        x = network.target_embedding(self._tokens.reshape(-1))
        y, attention = self._stream.step(x, self._prepared)
        attention = attention.reshape(k, len(self.texts), -1)
        values, offered = self._continuations(network.head(y).reshape(k, len(self.texts), -1))
        # Of all that K hypotheses offer the 2 K best: each can end but once, so K of them go on.
        each = values.shape[-1]
        totals = _by_text(values + self._totals[:, :, None])
        best = np.argsort(-totals, axis=0, kind="stable")[: 2 * k]
        totals = np.take_along_axis(totals, best, axis=0)
        parents, tokens = best // each, np.take_along_axis(_by_text(offered), best, axis=0)
        ends = (tokens == beam.end) & np.isfinite(totals)
        for rank, column in zip(*np.nonzero(ends[:k]), strict=True):
            self._finish(int(column), int(parents[rank, column]), float(totals[rank, column]), attention)

        going = np.argsort(ends, axis=0, kind="stable")[:k]
        parents, tokens, totals = (
            np.take_along_axis(part, going, axis=0) for part in (parents, tokens, totals)
        )
        self._go_on(_Step(self.texts, parents, tokens, attention), totals)

    def _continuations(self, logits: Array) -> tuple[Array, IntArray]:
        """The highest log-probabilities of each hypothesis (K, B, 2 K), and their tokens."""
        never = list(self._beam.never)
        refused = logits[..., never]
        logits[..., never] = -np.inf
        tokens = _highest(logits, min(2 * self._beam.size, logits.shape[-1]))
        values = np.take_along_axis(logits, tokens, axis=-1)
        # They are not chosen, but likely all the same: what is left does not become likelier.
        logits[..., never] = refused
        highest = np.maximum(values, refused.max(axis=-1, keepdims=True, initial=-np.inf))
        highest = highest.max(axis=-1, keepdims=True)
        logits -= highest
        np.exp(logits, out=logits)
        total = np.einsum("kbv->kb", logits)[..., None]  # four times as fast as sum
        return values - highest - np.log(total), tokens

    def _finish(self, column: int, rank: int, total: float, attention: Array | None) -> None:
        """Keep a hypothesis, if it is among the K best: ended, with the end's attention, or cut as it is."""
        text = int(self.texts[column])
        length = self._lengths[text]
        end = None if attention is None else attention[rank, column, :length]
        steps, covered = len(self._steps), self._covered[rank, column, :length]
        score = self._score(total, steps if end is None else steps + 1)
        if self._beam.coverage_penalty:
            covered = covered if end is None else covered + end
            shares = np.log(np.clip(covered, _LEAST, 1))
            score += self._beam.coverage_penalty * float(shares.sum())
        found = self._found[text]
        found.append(_Found(score, total, rank, steps, end))
        found.sort(key=lambda each: -each.score)
        del found[self._beam.size :]

    def _score(self, totals: Array | float, steps: int) -> Any:
        """Of so many steps, but for what they cover."""
        return totals / ((5 + steps) / 6) ** self._beam.length_penalty

    def _go_on(self, step: _Step, totals: Array) -> None:
        """Leave out the texts that are done, and let the decoder stand where the others' hypotheses do."""
        limit = self._most[self.texts] <= len(self._steps)
        found = [self._found[text] for text in self.texts]
        for column in np.flatnonzero(limit & ~np.array(list(map(bool, found)))):
            self._finish(int(column), 0, float(self._totals[0, column]), None)
        self._steps.append(step)
        enough = np.array([len(each) == self._beam.size for each in found])
        best = np.array([each[0].score if each else -np.inf for each in found])
        left = np.flatnonzero(~limit & ~(enough & (best >= self._score(totals[0], len(self._steps)))))
        batch = len(self.texts)
        self._stream.select((step.parents[:, left] * batch + left).reshape(-1))
        if self._beam.coverage_penalty:
            self._covered += step.attention
            self._covered = self._covered[step.parents[:, left], left]
        if 0 < len(left) < batch:
            self._prepared = self._prepared.take(left)
        self.texts, self._tokens, self._totals = self.texts[left], step.tokens[:, left], totals[:, left]

    def hypotheses(self, text: int) -> list[Hypothesis]:
        """What was found for a text, the best first."""
        return [self._traced(text, found) for found in self._found[text]]

    def _traced(self, text: int, found: _Found) -> Hypothesis:
        """Step by step back to the beginning."""
        tokens: list[int] = []
        looked = [] if found.end is None else [found.end]
        rank = found.rank
        for step in reversed(self._steps[: found.steps]):
            column = int(np.searchsorted(step.texts, text))
            tokens.append(int(step.tokens[rank, column]))
            rank = int(step.parents[rank, column])
            looked.append(step.attention[rank, column, : self._lengths[text]])
        return Hypothesis(tokens[::-1], found.score, found.total, np.stack(looked[::-1]))


def _by_text(values: Array) -> Array:
    """(K, B, n) as (K * n, B)."""
    return values.transpose(0, 2, 1).reshape(-1, values.shape[1])


def _highest(x: Array, count: int) -> IntArray:
    """Where the ``count`` highest of the last axis stand, in no order.

    They lie in the ``count`` blocks with the highest maxima, and a maximum is found much faster than an
    order.
    """
    blocks = x.shape[-1] // _BLOCK
    if blocks <= count:
        return np.argpartition(x, -count, axis=-1)[..., -count:]
    whole = blocks * _BLOCK
    # A block's symbols stand a number of ``blocks`` apart, so that many maxima are taken side by side; half
    # against half is six times as fast as a reduction over the axis.
    halves = x[..., :whole].reshape(*x.shape[:-1], _BLOCK, blocks)
    while (half := halves.shape[-2] // 2) > 0:
        halves = np.maximum(halves[..., :half, :], halves[..., half:, :])
    maxima = halves[..., 0, :]
    chosen = np.argpartition(maxima, -count, axis=-1)[..., -count:]
    inside = (chosen[..., None] + np.arange(0, whole, blocks)).reshape(*x.shape[:-1], -1)
    rest = np.broadcast_to(np.arange(whole, x.shape[-1]), (*x.shape[:-1], x.shape[-1] - whole))
    places = np.concatenate([inside, rest], axis=-1)
    top = np.argpartition(np.take_along_axis(x, places, axis=-1), -count, axis=-1)[..., -count:]
    return np.take_along_axis(places, top, axis=-1)
