"""A softmax over a large vocabulary, of which rare symbols cost little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_dtype, check_scale, check_shape, check_sizes
from gatewise.nn._linear_loss import linear_log_probabilities, linear_loss_and_gradient
from gatewise.nn.layer import Layer, Network
from gatewise.nn.linear import Linear
from gatewise.ops.activations import log_softmax
from gatewise.ops.held import Held
from gatewise.ops.losses import check_targets
from gatewise.random_streams import generator
from gatewise.types import Array, IntArray, Seed

__all__ = ["AdaptiveSoftmax", "AdaptiveSoftmaxCache"]


class AdaptiveSoftmaxCache(NamedTuple):
    """What ``backward`` needs.

    Attributes:
        x: (N, D), not copied.
        narrow: of each cluster, x as narrow as the cluster has it.
        log_probabilities: of the head and of each cluster, within them.
        held: that x and the parameters are as they were.
    """

    x: Array
    narrow: tuple[Array, ...]
    log_probabilities: tuple[Array, ...]
    held: Held


class AdaptiveSoftmax(Network):
    """Log-probabilities of V symbols, the frequent ones first (Grave et al. 2017).

    The head chooses among the symbols below the first cutoff and the clusters between the following ones; a
    symbol of a cluster is chosen within it, from an x narrowed by ``div_value`` more for each cluster:
    log p(w) = log p_head(cluster of w) + log p_cluster(w). In training a cluster costs something only where
    its symbols are the targets. Names and layout are those of PyTorch's ``nn.AdaptiveLogSoftmaxWithLoss``:
    ``head.weight``, and for each cluster ``tail.0.0.weight`` (D / div_value, D) and ``tail.0.1.weight``.

    Args:
        input_size: D.
        vocabulary_size: V; symbols must be sorted by falling frequency for this to save anything.
        cutoffs: where the head's symbols end and the clusters begin, rising, between 1 and V - 1.
        div_value: by what each cluster is narrower than the one before it, at least 1.
        head_bias: whether the head has a bias.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); 1/√D of each where omitted.
        seed: where the draws come from. Layers of one network share a generator, lest those of one shape
            begin equal.
        dtype: float32 or float64.

    Raises:
        ArgumentError: the cutoffs are no rising sequence within the vocabulary, div_value is below 1, or a
            cluster would have no width.
    """

    def __init__(
        self,
        input_size: int,
        vocabulary_size: int,
        cutoffs: Sequence[int],
        *,
        div_value: float = 4.0,
        head_bias: bool = False,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        check_sizes("AdaptiveSoftmax", input_size=input_size, vocabulary_size=vocabulary_size)
        check_sizes("AdaptiveSoftmax", **{f"cutoffs[{k}]": cutoff for k, cutoff in enumerate(cutoffs)})
        check_scale("AdaptiveSoftmax", init_scale)
        borders = [*map(int, cutoffs), vocabulary_size]
        if len(borders) < 2 or any(low >= high for low, high in pairwise(borders)):
            raise ArgumentError(
                f"AdaptiveSoftmax: cutoffs={cutoffs!r}; expected at least one, rising, below the "
                f"{vocabulary_size} symbols of the vocabulary."
            )
        if not 1 <= div_value < np.inf:
            raise ArgumentError(
                f"AdaptiveSoftmax: div_value={div_value!r}; expected a finite number of at least 1."
            )
        self.vocabulary_size = vocabulary_size
        self.clusters = list(pairwise(borders))
        rng = generator(seed)

        def linear(inputs: int, outputs: int, bias: bool = False) -> Linear:
            return Linear(inputs, outputs, bias=bias, init_scale=init_scale, seed=rng, dtype=dtype)

        self.head = linear(input_size, borders[0] + len(self.clusters), head_bias)
        self.tails: list[tuple[Linear, Linear]] = []
        layers: dict[str, Layer] = {"head": self.head}
        for k, (low, high) in enumerate(self.clusters):
            width = int(input_size // div_value ** (k + 1))
            if width < 1:
                raise ArgumentError(
                    f"AdaptiveSoftmax: div_value={div_value!r} leaves cluster {k} no width of "
                    f"input_size={input_size}; expected a smaller one, or fewer cutoffs."
                )
            tail = linear(input_size, width), linear(width, high - low)
            self.tails.append(tail)
            layers |= {f"tail.{k}.{part}": layer for part, layer in enumerate(tail)}
        super().__init__(layers)

    def forward(self, x: Array) -> tuple[Array, AdaptiveSoftmaxCache]:
        """(..., D) to log-probabilities (..., V), and the cache that ``backward`` needs.

        Raises:
            ArgumentError: the last axis is not D, or the type is another.
        """
        check_dtype("AdaptiveSoftmax", "x", x, self.dtype)
        shortlist = self.clusters[0][0]
        of_head = log_softmax(self.head(x))
        narrow = tuple(down(x) for down, _ in self.tails)
        of_tails = tuple(log_softmax(up(part)) for part, (_, up) in zip(narrow, self.tails, strict=True))
        parts = [of_head[..., :shortlist]]
        parts += [of_head[..., shortlist + k, None] + within for k, within in enumerate(of_tails)]
        held = Held(x=x, parameters=self.parameters)
        return np.concatenate(parts, axis=-1), AdaptiveSoftmaxCache(x, narrow, (of_head, *of_tails), held)

    def __call__(self, x: Array) -> Array:
        """``forward`` without the cache."""
        return self.forward(x)[0]

    def backward(self, dy: Array, cache: AdaptiveSoftmaxCache) -> Array:
        """Dx (..., D) from dy (..., V), the gradient of the log-probabilities; adds to the gradients.

        Raises:
            ArgumentError: dy does not fit, or x or the parameters have changed since ``forward``.
        """
        check_shape("AdaptiveSoftmax", "dy", dy, (*cache.x.shape[:-1], self.vocabulary_size), self.dtype)
        cache.held.check("AdaptiveSoftmax")
        of_head, *of_tails = cache.log_probabilities
        shortlist = self.clusters[0][0]
        dhead = np.zeros_like(of_head)
        dhead[..., :shortlist] = dy[..., :shortlist]
        dx = np.zeros_like(cache.x)
        for k, ((low, high), (down, up), within, narrow) in enumerate(
            zip(self.clusters, self.tails, of_tails, cache.narrow, strict=True)
        ):
            dwithin = dy[..., low:high]
            dhead[..., shortlist + k] = dwithin.sum(axis=-1)
            dx += down.gradients_of(up.gradients_of(_of_logits(dwithin, within), narrow), cache.x)
        dx += self.head.gradients_of(_of_logits(dhead, of_head), cache.x)
        return dx

    def loss_and_gradient(
        self, x: Array, targets: IntArray, counts: Array, total: float
    ) -> tuple[float, Array]:
        """Sum of -log p(target), each times counts / total, and dx (N, D); adds to the gradients.

        Args:
            x: (N, D).
            targets: (N,), in [0, V) where counts is not 0.
            counts: (N,), at least 0.
            total: of all counts, of which these may be a part.
        """
        check_targets(targets[counts > 0], self.vocabulary_size)
        loss, dx = linear_loss_and_gradient(self.head, x, self._head_targets(targets), counts, total)
        for (down, up), rows, within in self._members(targets):
            inside = np.ascontiguousarray(x[rows])
            narrow = down(inside)
            part, dnarrow = linear_loss_and_gradient(up, narrow, within, counts[rows], total)
            loss += part
            dx[rows] += down.gradients_of(dnarrow, inside)
        return loss, dx

    def log_probabilities(self, x: Array, targets: IntArray) -> Array:
        """Log p(target) (N,) for x (N, D), with no more logits than that takes."""
        check_targets(targets, self.vocabulary_size)
        chosen = linear_log_probabilities(self.head, x, self._head_targets(targets))
        for (down, up), rows, within in self._members(targets):
            chosen[rows] += linear_log_probabilities(up, down(np.ascontiguousarray(x[rows])), within)
        return chosen

    def _head_targets(self, targets: IntArray) -> IntArray:
        """What the head has to choose: the symbol itself, or its cluster."""
        shortlist = self.clusters[0][0]
        lows = [low for low, _ in self.clusters]
        clusters = np.searchsorted(lows, targets, side="right")
        return np.where(clusters == 0, targets, shortlist + clusters - 1)

    def _members(self, targets: IntArray) -> Iterator[tuple[tuple[Linear, Linear], IntArray, IntArray]]:
        """Of each cluster that is needed its layers, the rows whose targets it has, and these within it."""
        for (low, high), tail in zip(self.clusters, self.tails, strict=True):
            rows = np.flatnonzero((targets >= low) & (targets < high))
            if len(rows):
                yield tail, rows, targets[rows] - low


def _of_logits(dlog_probabilities: Array, log_probabilities: Array) -> Array:
    """From the gradient of log softmax to that of what it was taken of."""
    dlogits: Array = dlog_probabilities - np.exp(log_probabilities) * dlog_probabilities.sum(
        axis=-1, keepdims=True
    )
    return dlogits
