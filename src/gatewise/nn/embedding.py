"""A table with a row for each symbol."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_scale, check_shape, check_sizes
from gatewise.nn.layer import Layer
from gatewise.types import Array, IntArray, Seed

__all__ = ["Embedding"]


class Embedding(Layer):
    """Rows of a (V, E) table, chosen by token.

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
        rng = np.random.default_rng(seed)
        drawn = (
            rng.standard_normal(shape) if init_scale is None else rng.uniform(-init_scale, init_scale, shape)
        )
        self.parameters["weight"][...] = drawn

    def forward(self, tokens: IntArray) -> tuple[Array, IntArray]:
        """(...) integers to (..., E), and the cache that ``backward`` needs.

        Raises:
            ArgumentError: a token is not an integer in [0, V).
        """
        tokens, table = np.asarray(tokens), self.parameters["weight"]
        if not np.issubdtype(tokens.dtype, np.integer):
            raise ArgumentError(f"Embedding: tokens has dtype {tokens.dtype}; expected integers.")
        if tokens.size and not 0 <= tokens.min() <= tokens.max() < len(table):
            raise ArgumentError(
                f"Embedding: tokens lie in [{tokens.min()}, {tokens.max()}]; expected [0, {len(table)})."
            )
        return table[tokens], tokens

    def __call__(self, tokens: IntArray) -> Array:
        """``forward`` without the cache."""
        return self.forward(tokens)[0]

    def backward(self, dy: Array, cache: IntArray) -> None:
        """Add each row's gradient to its symbol's; tokens have no gradient to return."""
        table = self.parameters["weight"]
        check_shape("Embedding", "dy", dy, (*cache.shape, table.shape[1]), self.dtype)
        tokens, rows = cache.reshape(-1), dy.reshape(-1, dy.shape[-1])
        # Sorting brings equal tokens together, so that each symbol's rows are summed in one reduction.
        order = np.argsort(tokens, kind="stable")
        symbols, first = np.unique(tokens[order], return_index=True)
        if symbols.size:
            self.gradients["weight"][symbols] += np.add.reduceat(rows[order], first, axis=0)
