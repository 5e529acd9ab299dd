r"""The linear-chain conditional random field: tags of a sequence, judged together (Lafferty et al. 2001).

A path of tags y_1 … y_T over a sequence with the scores (emissions) e has the score

$$s(y) = a_{y_1} + \sum_{t=1}^{T} e_{t, y_t} + \sum_{t=2}^{T} A_{y_{t-1}, y_t} + b_{y_T}$$

and the probability exp(s(y)) / Z, where Z sums exp(s) over all K^T paths. As in Lample et al. (2016) the
emissions come from a network and a, A and b are learnt with it. Z and the marginal probabilities come from
the forward-backward algorithm, the best path from Viterbi's, all in log space.

A score of minus infinity makes what it belongs to impossible: no such path counts in Z or is found.
``CRFAllowed`` says what is possible, and ``crf_allowing`` gives all else that score.

All functions take padded batches, time first: emissions (T, B, K) with ``lengths`` (B,), rows in any order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.ops.held import Held
from gatewise.types import Array, BoolArray, IntArray

__all__ = [
    "CRFAllowed",
    "CRFCache",
    "CRFWeights",
    "crf_allowing",
    "crf_log_likelihood",
    "crf_log_likelihood_backward",
    "crf_marginals",
    "viterbi",
]


class CRFWeights(NamedTuple):
    """The scores that do not depend on the input.

    Attributes:
        transitions: A (K, K), from the tag of the row to the tag of the column.
        start: a (K,), of a first tag.
        end: b (K,), of a last tag.
    """

    transitions: Array
    start: Array
    end: Array


class CRFAllowed(NamedTuple):
    """What is possible, as a scheme of tags has it.

    Attributes:
        transitions: (K, K) bool, whether the tag of the column may follow that of the row.
        start: (K,) bool, whether a path may begin with a tag.
        end: (K,) bool, whether it may end with one.
    """

    transitions: BoolArray
    start: BoolArray
    end: BoolArray


class CRFCache(NamedTuple):
    """What the backward pass needs, and looking inside.

    Attributes:
        emissions: (T, B, K).
        tags: (T, B), 0 in the padding.
        lengths: (B,).
        weights: of the field.
        alpha: (T, B, K), log of the summed exp(score) of all paths up to each step that end in each tag.
        log_partition: log Z, (B,).
        held: that the emissions and the weights are as they were.
    """

    emissions: Array
    tags: IntArray
    lengths: IntArray
    weights: CRFWeights
    alpha: Array
    log_partition: Array
    held: Held | None = None


def crf_allowing(weights: CRFWeights, allowed: CRFAllowed) -> CRFWeights:
    """The weights, minus infinity for what is not allowed; each of its own shape, which both share."""
    possible = CRFWeights(*(np.array(values) for values in weights))
    for values, may in zip(possible, allowed, strict=True):
        values[~may] = -np.inf
    return possible


def crf_log_likelihood(
    emissions: Array, tags: IntArray, lengths: IntArray, weights: CRFWeights
) -> tuple[Array, CRFCache]:
    """The log-likelihood log p(tags) of each sequence, s(tags) - log Z.

    Args:
        emissions: (T, B, K).
        tags: (T, B), integers in [0, K); whatever stands in the padding does not count.
        lengths: (B,) valid steps of each sequence, 1 to T.
        weights: of the field.

    Returns:
        (B,) log-likelihoods, minus infinity of an impossible path, and the cache that
        ``crf_log_likelihood_backward`` needs.

    Raises:
        ArgumentError: a shape does not fit, a length or tag lies outside its range, or the weights leave a
            sequence no possible path.
    """
    lengths = _checked(emissions, lengths, weights)
    tags, valid = np.asarray(tags), _valid(emissions, lengths)
    if tags.shape != valid.shape or not np.issubdtype(tags.dtype, np.integer):
        raise ArgumentError(
            f"tags has shape {tags.shape} and dtype {tags.dtype}; expected {valid.shape} of integers, "
            "one for each step."
        )
    tags = np.where(valid, tags, 0)
    if not 0 <= tags.min() <= tags.max() < len(weights.start):
        raise ArgumentError(
            f"tags lie in [{tags.min()}, {tags.max()}]; expected [0, {len(weights.start)}) for these "
            "emissions."
        )
    alpha = _alpha(emissions, lengths, weights)
    log_partition = _log_partition(alpha, lengths, weights)
    last = tags[lengths - 1, np.arange(len(lengths))]
    picked = np.take_along_axis(emissions, tags[..., None], axis=2)[..., 0]
    score = weights.start[tags[0]] + np.sum(np.where(valid, picked, 0), axis=0) + weights.end[last]
    taken = weights.transitions[tags[:-1], tags[1:]]
    score = score + np.sum(np.where(valid[1:], taken, 0), axis=0)
    held = Held(emissions=emissions, **weights._asdict())
    return score - log_partition, CRFCache(emissions, tags, lengths, weights, alpha, log_partition, held)


def crf_log_likelihood_backward(dlog_likelihood: Array, cache: CRFCache) -> tuple[Array, CRFWeights]:
    """The gradients: what the given path has, less what the field expects.

    Args:
        dlog_likelihood: (B,).
        cache: of ``crf_log_likelihood``.

    Returns:
        demissions (T, B, K), zero in the padding, and the gradients of the weights.

    Raises:
        ArgumentError: the emissions or the weights have changed since.
    """
    emissions, tags, lengths, weights, alpha, log_partition, held = cache
    if held is not None:
        held.check("crf_log_likelihood_backward")
    steps, batch, count = emissions.shape
    rows, valid = np.arange(batch), _valid(emissions, lengths)
    beta = _beta(emissions, lengths, weights)
    demissions = -_marginals(alpha, beta, log_partition, valid)
    np.put_along_axis(
        demissions,
        tags[..., None],
        np.take_along_axis(demissions, tags[..., None], axis=2) + valid[..., None],
        axis=2,
    )
    demissions *= dlog_likelihood[:, None]
    dtransitions = np.zeros_like(weights.transitions)
    for t in range(1, steps):
        after = np.where(valid[t][:, None], emissions[t] + beta[t] - log_partition[:, None], -np.inf)
        pairs = np.exp(alpha[t - 1][:, :, None] + weights.transitions + after[:, None, :])
        dtransitions -= np.einsum("b,bij->ij", dlog_likelihood, pairs)
    taken = (tags[:-1] * count + tags[1:])[valid[1:]]
    counts = np.broadcast_to(dlog_likelihood, (steps - 1, batch))[valid[1:]]
    dtransitions += np.bincount(taken, counts, minlength=count * count).reshape(count, count)
    return demissions, CRFWeights(
        dtransitions, demissions[0].sum(axis=0), demissions[lengths - 1, rows].sum(axis=0)
    )


def crf_marginals(emissions: Array, lengths: IntArray, weights: CRFWeights) -> Array:
    """p(y_t = k) of each step by itself, summed over all paths: (T, B, K), zero in the padding.

    Raises:
        ArgumentError: as ``crf_log_likelihood``.
    """
    lengths = _checked(emissions, lengths, weights)
    alpha = _alpha(emissions, lengths, weights)
    log_partition = _log_partition(alpha, lengths, weights)
    beta = _beta(emissions, lengths, weights)
    return _marginals(alpha, beta, log_partition, _valid(emissions, lengths))


def viterbi(emissions: Array, lengths: IntArray, weights: CRFWeights) -> tuple[IntArray, Array]:
    """The likeliest path of each sequence.

    Returns:
        Tags (T, B), 0 in the padding, and the score s of each path, (B,).

    Raises:
        ArgumentError: as ``crf_log_likelihood``.
    """
    lengths = _checked(emissions, lengths, weights)
    steps, batch, count = emissions.shape
    best = weights.start + emissions[0]
    # In the padding a path stays in its tag, at no cost.
    came_from = np.broadcast_to(np.arange(count), (steps, batch, count)).copy()
    for t in range(1, steps):
        scores = best[:, :, None] + weights.transitions
        origin, alive = scores.argmax(axis=1), t < lengths
        reached = np.take_along_axis(scores, origin[:, None, :], axis=1)[:, 0] + emissions[t]
        best = np.where(alive[:, None], reached, best)
        came_from[t][alive] = origin[alive]
    best = best + weights.end
    _check_possible(best.max(axis=1), lengths)
    tags = np.zeros((steps, batch), dtype=np.intp)
    tags[-1] = best.argmax(axis=1)
    for t in range(steps - 1, 0, -1):
        tags[t - 1] = np.take_along_axis(came_from[t], tags[t][:, None], axis=1)[:, 0]
    return np.where(_valid(emissions, lengths), tags, 0), best.max(axis=1)


def _alpha(emissions: Array, lengths: IntArray, weights: CRFWeights) -> Array:
    """The forward recursion; past its end a sequence keeps its last values."""
    alpha = np.empty_like(emissions)
    alpha[0] = weights.start + emissions[0]
    for t in range(1, len(emissions)):
        reached = _log_sum_exp(alpha[t - 1][:, :, None] + weights.transitions, axis=1) + emissions[t]
        alpha[t] = np.where((t < lengths)[:, None], reached, alpha[t - 1])
    return alpha


def _log_partition(alpha: Array, lengths: IntArray, weights: CRFWeights) -> Array:
    """Log Z, (B,)."""
    log_partition = _log_sum_exp(alpha[-1] + weights.end, axis=1)
    _check_possible(log_partition, lengths)
    return log_partition


def _check_possible(scores: Array, lengths: IntArray) -> None:
    """Refuse sequences that the weights leave no path: the scores of all together, or of the best."""
    if (impossible := np.flatnonzero(scores == -np.inf)).size:
        first = impossible[0]
        raise ArgumentError(
            f"transitions, start and end are minus infinity on every path of sequence {first}, of length "
            f"{lengths[first]}; expected weights that leave one path of each length."
        )


def _beta(emissions: Array, lengths: IntArray, weights: CRFWeights) -> Array:
    """The backward recursion: log of the summed exp(score) of all that may follow each tag of each step."""
    beta = np.empty_like(emissions)
    beta[-1] = weights.end
    for t in range(len(emissions) - 1, 0, -1):
        after = (emissions[t] + beta[t])[:, None, :]
        follows = _log_sum_exp(weights.transitions + after, axis=2)
        beta[t - 1] = np.where((t < lengths)[:, None], follows, weights.end)
    return beta


def _marginals(alpha: Array, beta: Array, log_partition: Array, valid: BoolArray) -> Array:
    marginals: Array = np.exp(alpha + beta - log_partition[:, None])
    marginals *= valid[..., None]
    return marginals


def _log_sum_exp(x: Array, axis: int) -> Array:
    """Logarithm of Σ exp(x), without overflow."""
    top = x.max(axis=axis, keepdims=True)
    top[top == -np.inf] = 0  # where all is impossible, the sum is 0 and its logarithm minus infinity
    with np.errstate(divide="ignore"):
        total: Array = np.log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis)
    return total


def _valid(emissions: Array, lengths: IntArray) -> BoolArray:
    """(T, B), False in the padding."""
    valid: BoolArray = np.arange(len(emissions))[:, None] < lengths
    return valid


def _checked(emissions: Array, lengths: IntArray, weights: CRFWeights) -> IntArray:
    """The lengths, where all shapes fit."""
    count = len(weights.start)
    if emissions.ndim != 3 or emissions.shape[2] != count or 0 in emissions.shape:
        raise ArgumentError(
            f"emissions has shape {emissions.shape}; expected (T, B, {count}): time steps first, then the "
            "batch, then a score for each tag."
        )
    if weights.transitions.shape != (count, count) or weights.end.shape != (count,):
        raise ArgumentError(
            f"transitions has shape {weights.transitions.shape} and end {weights.end.shape}; "
            f"expected ({count}, {count}) and ({count},), as start has {count} tags."
        )
    lengths = np.asarray(lengths)
    if lengths.shape != emissions.shape[1:2] or not np.issubdtype(lengths.dtype, np.integer):
        raise ArgumentError(
            f"lengths has shape {lengths.shape} and dtype {lengths.dtype}; "
            f"expected {emissions.shape[1]} integers, one for each sequence."
        )
    if not 1 <= lengths.min() <= lengths.max() <= len(emissions):
        raise ArgumentError(
            f"lengths lie in [{lengths.min()}, {lengths.max()}]; expected [1, {len(emissions)}], "
            f"for emissions has {len(emissions)} steps."
        )
    return lengths.astype(np.intp)
