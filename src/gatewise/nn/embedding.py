"""A table with a row for each symbol."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_scale, check_shape, check_sizes
from gatewise.nn.layer import Layer
from gatewise.ops.dropout import check_rate, dropout_backward, dropout_mask
from gatewise.ops.embedding import TokenInput, add_rows
from gatewise.ops.held import Held
from gatewise.random_streams import generator
from gatewise.types import Array, IntArray, Seed

__all__ = ["Embedding", "EmbeddingCache"]


class EmbeddingCache(NamedTuple):
    """What ``backward`` needs: the tokens (...), not copied, and that they and the mask are as they were."""

    tokens: IntArray
    held: Held


class Embedding(Layer):
    """Rows of a (V, E) table, chosen by token.

    Embedding dropout leaves out whole words (Gal & Ghahramani 2016; Merity et al. 2018, section 4.3): a mask
    of ``dropout_mask`` zeroes a symbol's row wherever it occurs in a call. The way back takes the mask that
    the way there took.

    Args:
        vocabulary_size: V.
        embedding_size: E.
        init_scale: rows are drawn uniformly from [-init_scale, init_scale); from the standard normal
            distribution where omitted.
        seed: where the draws come from. Layers of one network share a generator, lest those of one shape
            begin equal.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_size: int,
        *,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        check_sizes("Embedding", vocabulary_size=vocabulary_size, embedding_size=embedding_size)
        check_scale("Embedding", init_scale)
        shape = (vocabulary_size, embedding_size)
        super().__init__({"weight": shape}, dtype)
        rng = generator(seed)
        drawn = (
            rng.standard_normal(shape) if init_scale is None else rng.uniform(-init_scale, init_scale, shape)
        )
        self.parameters["weight"][...] = drawn

    def check(self, tokens: IntArray) -> None:
        """Refuse what is not an array of tokens.

        Raises:
            ArgumentError: a token is not an integer in [0, V).
        """
        symbols = len(self.parameters["weight"])
        if not np.issubdtype(tokens.dtype, np.integer):
            raise ArgumentError(f"Embedding: tokens has dtype {tokens.dtype}; expected integers.")
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < symbols:
            raise ArgumentError(
                f"Embedding: tokens lie in [{tokens.min()}, {tokens.max()}]; expected [0, {symbols})."
            )

    def dropout_mask(self, rate: float, rng: np.random.Generator) -> Array | None:
        """(V, 1): 0 for each symbol with probability ``rate`` in [0, 1), else 1 / (1 - rate).

        None, and nothing drawn, if rate is 0.

        Raises:
            ArgumentError: rate lies outside [0, 1).
        """
        check_rate("Embedding", "rate", rate)
        return dropout_mask((len(self.parameters["weight"]), 1), rate, rng, self.dtype)

    def forward(self, tokens: IntArray, mask: Array | None = None) -> tuple[Array, EmbeddingCache]:
        """(...) integers to (..., E), and the cache that ``backward`` needs.

        Args:
            tokens: integers in [0, V), to be left as they are until ``backward``.
            mask: (V, 1), of ``dropout_mask``; multiplies each symbol's row; likewise.

        Raises:
            ArgumentError: a token is not an integer in [0, V), the mask does not fit.
        """
        tokens = np.asarray(tokens)
        self.check(tokens)
        self._check_mask(mask)
        return self._rows(tokens, mask), EmbeddingCache(tokens, Held(tokens=tokens, mask=mask))

    def __call__(self, tokens: IntArray) -> Array:
        """``forward`` without the cache."""
        tokens = np.asarray(tokens)
        self.check(tokens)
        return self._rows(tokens, None)

    def input(self, tokens: IntArray, mask: Array | None = None) -> Array | TokenInput:
        """(T, B) integers as the input of a recurrent layer: the table itself, where it is the shorter one.

        With V below T * B a layer multiplies each symbol's row once instead of each step's. The layer's
        ``backward`` then returns the table's gradient, (V, E), instead of dx.

        Args:
            tokens: (T, B), in [0, V).
            mask: (V, 1), of ``dropout_mask``; multiplies each symbol's row.

        Raises:
            ArgumentError: a token is not an integer in [0, V), the mask does not fit.
        """
        tokens, table = np.asarray(tokens), self.parameters["weight"]
        self.check(tokens)
        self._check_mask(mask)
        if len(table) < tokens.size:
            return TokenInput(tokens, table if mask is None else table * mask)
        return self._rows(tokens, mask)

    def _rows(self, tokens: IntArray, mask: Array | None) -> Array:
        rows: Array = self.parameters["weight"][tokens]
        return rows if mask is None else rows * mask[tokens]

    def backward(self, dy: Array, cache: EmbeddingCache | IntArray, mask: Array | None = None) -> None:
        """Add each row's gradient to its symbol's; tokens have no gradient to return.

        Args:
            dy: (..., E).
            cache: of ``forward``, or the tokens themselves.
            mask: the one that ``forward`` took.

        Raises:
            ArgumentError: dy or the mask does not fit, or the tokens or the mask have changed since
                ``forward``.
        """
        tokens = cache.tokens if isinstance(cache, EmbeddingCache) else cache
        table = self.parameters["weight"]
        check_shape("Embedding", "dy", dy, (*tokens.shape, table.shape[1]), self.dtype)
        self._check_mask(mask)
        if isinstance(cache, EmbeddingCache):
            cache.held.check("Embedding")
        add_rows(self.gradients["weight"], tokens, dy if mask is None else dy * mask[tokens])

    def input_backward(self, dx: Array, tokens: IntArray, mask: Array | None = None) -> None:
        """The way back of ``input``.

        Args:
            dx: what the layer's ``backward`` returned.
            tokens: those that ``input`` took.
            mask: the one that ``input`` took.

        Raises:
            ArgumentError: dx or the mask does not fit.
        """
        if dx.ndim == 2:
            check_shape("Embedding", "dx", dx, self.parameters["weight"].shape, self.dtype)
            self._check_mask(mask)
            self.gradients["weight"][...] += dropout_backward(dx, mask)
        else:
            self.backward(dx, np.asarray(tokens), mask)

    def _check_mask(self, mask: Array | None) -> None:
        if mask is not None:
            check_shape("Embedding", "mask", mask, (len(self.parameters["weight"]), 1), self.dtype)
