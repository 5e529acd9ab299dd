"""A layer that judges the tags of a sequence together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_dtype, check_shape, check_sizes
from gatewise.nn.layer import Layer
from gatewise.ops.crf import (
    CRFAllowed,
    CRFCache,
    CRFWeights,
    crf_allowing,
    crf_log_likelihood,
    crf_log_likelihood_backward,
    crf_marginals,
    viterbi,
)
from gatewise.ops.held import Held
from gatewise.types import Array, IntArray

__all__ = ["CRF"]


class CRF(Layer):
    """A linear-chain conditional random field over the scores of a network (Lample et al. 2016).

    ``transitions`` (K, K) from the tag of the row to that of the column, ``start`` (K,) and ``end`` (K,).
    All begin at 0, where each step's probabilities are the softmax of its own scores. The equations stand in
    ``gatewise.ops.crf``.

    Args:
        tags: K.
        allowed: what a path may do; the parameters of what it may not count as minus infinity, and have no
            gradient. None for all.
        dtype: float32 or float64.

    Raises:
        ArgumentError: ``allowed`` is not bool of the parameters' shapes.
    """

    def __init__(
        self, tags: int, *, allowed: CRFAllowed | None = None, dtype: npt.DTypeLike = np.float32
    ) -> None:
        check_sizes("CRF", tags=tags)
        shapes = {"transitions": (tags, tags), "start": (tags,), "end": (tags,)}
        if allowed is not None:
            for name, shape in shapes.items():
                given = np.asarray(getattr(allowed, name))
                if given.shape != shape or given.dtype != bool:
                    raise ArgumentError(
                        f"CRF: allowed.{name} has shape {given.shape} and dtype {given.dtype}; expected "
                        f"{shape} of bool."
                    )
        self.allowed = allowed
        super().__init__(shapes, dtype)

    @property
    def weights(self) -> CRFWeights:
        """The parameters as ``gatewise.ops.crf`` takes them, minus infinity for what is not allowed."""
        weights = CRFWeights(*(self.parameters[name] for name in CRFWeights._fields))
        return weights if self.allowed is None else crf_allowing(weights, self.allowed)

    def forward(self, emissions: Array, tags: IntArray, lengths: IntArray) -> tuple[Array, CRFCache]:
        """The log-likelihood log p(tags) of each sequence, (B,), and the cache that ``backward`` needs.

        That of tags which are not allowed is minus infinity.

        Args:
            emissions: (T, B, K), of the layer's dtype, to be left as they are until ``backward``.
            tags: (T, B), integers in [0, K); whatever stands in the padding does not count.
            lengths: (B,) valid steps of each sequence, 1 to T.

        Raises:
            ArgumentError: a shape or a type does not fit, or a length or tag lies outside its range.
        """
        check_dtype("CRF", "emissions", emissions, self.dtype)
        likelihood, cache = crf_log_likelihood(emissions, tags, lengths, self.weights)
        return likelihood, cache._replace(held=Held(emissions=emissions, parameters=self.parameters))

    def backward(self, dlog_likelihood: Array, cache: CRFCache) -> Array:
        """Demissions (T, B, K) from (B,); adds to the gradients.

        Raises:
            ArgumentError: dlog_likelihood does not fit, or the emissions or the parameters have changed since
                ``forward``.
        """
        check_shape("CRF", "dlog_likelihood", dlog_likelihood, cache.lengths.shape, self.dtype)
        demissions, dweights = crf_log_likelihood_backward(dlog_likelihood, cache)
        for name, values in dweights._asdict().items():
            # What is not allowed is no parameter, even where the given path has it.
            may = True if self.allowed is None else getattr(self.allowed, name)
            np.add(self.gradients[name], values, out=self.gradients[name], where=may)
        return demissions

    def marginals(self, emissions: Array, lengths: IntArray) -> Array:
        """Probability of each tag at each step, (T, B, K); zero in the padding.

        Raises:
            ArgumentError: as ``forward``.
        """
        check_dtype("CRF", "emissions", emissions, self.dtype)
        return crf_marginals(emissions, lengths, self.weights)

    def decode(self, emissions: Array, lengths: IntArray) -> IntArray:
        """The likeliest path of each sequence by Viterbi's algorithm, (T, B); 0 in the padding.

        Raises:
            ArgumentError: as ``forward``.
        """
        check_dtype("CRF", "emissions", emissions, self.dtype)
        return viterbi(emissions, lengths, self.weights)[0]
