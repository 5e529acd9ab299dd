"""A table with a row for each symbol."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_scale, check_shape, check_sizes
from gatewise.nn.layer import Layer
from gatewise.ops.embedding import TokenInput, add_rows
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

    def forward(self, tokens: IntArray) -> tuple[Array, IntArray]:
        """(...) integers to (..., E), and the cache that ``backward`` needs.

        Raises:
            ArgumentError: a token is not an integer in [0, V).
        """
        tokens = np.asarray(tokens)
        self.check(tokens)
        return self.parameters["weight"][tokens], tokens

    def __call__(self, tokens: IntArray) -> Array:
        """``forward`` without the cache."""
        return self.forward(tokens)[0]

    def input(self, tokens: IntArray) -> Array | TokenInput:
        """(T, B) integers as the input of a recurrent layer: the table itself, where it is the shorter one.

        With V below T * B a layer multiplies each symbol's row once instead of each step's. The layer's
        ``backward`` then returns the table's gradient, (V, E), instead of dx.

        Raises:
            ArgumentError: a token is not an integer in [0, V).
        """
        tokens, table = np.asarray(tokens), self.parameters["weight"]
        self.check(tokens)
        return TokenInput(tokens, table) if len(table) < tokens.size else table[tokens]

    def backward(self, dy: Array, cache: IntArray) -> None:
        """Add each row's gradient to its symbol's; tokens have no gradient to return."""
        table = self.parameters["weight"]
        check_shape("Embedding", "dy", dy, (*cache.shape, table.shape[1]), self.dtype)
        add_rows(self.gradients["weight"], cache, dy)

    def input_backward(self, dx: Array, tokens: IntArray) -> None:
        """The way back of ``input``: dx is what the layer's ``backward`` returned."""
        if dx.ndim == 2:
            check_shape("Embedding", "dx", dx, self.parameters["weight"].shape, self.dtype)
            self.gradients["weight"][...] += dx
        else:
            self.backward(dx, np.asarray(tokens))
