"""A decoder's attention over the states of an encoder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.nn._checks import check_dtype, check_scale, check_shape, check_sizes
from gatewise.nn._projection import project, project_backward
from gatewise.nn.layer import Layer
from gatewise.ops.attention import (
    PreparedMemory,
    additive_scores,
    additive_scores_backward,
    attend,
    attend_backward,
    dot_scores,
    dot_scores_backward,
    pad_memory,
    sum_outer,
)
from gatewise.ops.held import Held
from gatewise.random_streams import generator
from gatewise.types import Array, IntArray, Seed

__all__ = ["SCORES", "Attention", "AttentionCache", "MemoryGradient"]

SCORES = ("dot", "general", "additive")
"""The ways to score a query against a step of the memory, by name."""


class AttentionCache(NamedTuple):
    """What ``backward`` needs, and looking inside.

    Attributes:
        weights: α (T, B, S), how much each query looks at each step of the memory: each row sums to 1, and is
            exactly 0 in the padding. T is 1 where the query was (B, Q).
        query: s, as it was handed in.
        projected: W_s s (T, B, A) of the additive score; s (T, B, Q) of the others.
        prepared: the memory.
        held: that the query is as it was; None where somebody else sees to it.
    """

    weights: Array
    query: Array
    projected: Array
    prepared: PreparedMemory
    held: Held | None = None


@dataclass(slots=True, eq=False)
class MemoryGradient:
    """What the queries of one prepared memory have to say about its gradient, gathered by ``backward``.

    A step's share is kept as the two vectors of each sequence whose outer product it is, and summed over all
    steps at the end: (B, S, M) of numbers are then written once, and not at every step.

    Attributes:
        prepared: the memory.
        dvalues: pairs of α (T, B, S) and dcontext (T, B, M).
        dkeys: pairs of de (T, B, S) and s (T, B, Q); none for the additive score.
        additive_dkeys: (B, S, A) for the additive score, whose share is no outer product; else None.
        held: of the queries, which must stay as they are until the sum is taken.
    """

    prepared: PreparedMemory
    dvalues: list[tuple[Array, Array]] = field(default_factory=list)
    dkeys: list[tuple[Array, Array]] = field(default_factory=list)
    additive_dkeys: Array | None = None
    held: list[Held] = field(default_factory=list)


class Attention(Layer):
    """What a query reads from a memory: the mean of its steps, weighed by how well each fits the query.

    The equations stand in ``gatewise.ops.attention``. A decoder calls ``prepare`` once for each batch and
    ``forward`` for each step (or once for all its steps, where they do not depend on the contexts); on the
    way back ``memory_gradient`` once, ``backward`` for each ``forward``, and ``memory_backward`` once:

        prepared = attention.prepare(memory, lengths)
        context, cache = attention.forward(query, prepared)
        ...
        gradient = attention.memory_gradient(prepared)
        dquery = attention.backward(dcontext, cache, gradient)
        ...
        dmemory = attention.memory_backward(gradient)

    Parameters: ``weight_memory`` W_h, (Q, M) of the general score and (A, M) of the additive;
    ``weight_query`` W_s (A, Q) and ``weight_score`` v (A,) of the additive score alone. The dot score has
    none.

    Args:
        query_size: Q.
        memory_size: M; for the dot score the same as Q.
        score: "dot", "general" (Luong et al. 2015) or "additive" (Bahdanau et al. 2015).
        attention_size: A, width of the additive score's hidden layer; Q where omitted.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); where omitted 1/√n, with n the
            width of what the weight multiplies.
        seed: where the draws come from. Layers of one network share a generator, lest those of one shape
            begin equal.
        dtype: float32 or float64.

    Raises:
        ArgumentError: a size is no positive integer, the score is unknown, the widths differ for the dot
            score, or ``attention_size`` is given for a score that has no hidden layer.
    """

    def __init__(
        self,
        query_size: int,
        memory_size: int,
        *,
        score: str = "general",
        attention_size: int | None = None,
        init_scale: float | None = None,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        check_sizes("Attention", query_size=query_size, memory_size=memory_size)
        check_scale("Attention", init_scale)
        self.query_size, self.memory_size, self.score = query_size, memory_size, score
        super().__init__(_shapes(query_size, memory_size, score, attention_size), dtype)
        rng = generator(seed)
        for weight in self.parameters.values():
            scale = weight.shape[-1] ** -0.5 if init_scale is None else init_scale
            weight[...] = rng.uniform(-scale, scale, weight.shape)

    def prepare(self, memory: Array, lengths: IntArray | None = None) -> PreparedMemory:
        """Work out what does not depend on the query, with the parameters as they are now.

        Args:
            memory: (S, B, M), whatever stands in the padding.
            lengths: (B,) valid steps of each sequence, 1 to S; None if all are valid.

        Raises:
            ArgumentError: a shape, a type or a length does not fit.
        """
        check_dtype("Attention", "memory", memory, self.dtype)
        if memory.ndim != 3 or memory.shape[2] != self.memory_size or 0 in memory.shape:
            raise ArgumentError(
                f"Attention: memory has shape {memory.shape}; expected (S, B, {self.memory_size}): "
                "time steps first, then the batch, at least one of each."
            )
        if lengths is not None:
            _check_lengths(lengths, *memory.shape[:2])
        values, mask = pad_memory(memory, lengths)
        weight = self.parameters.get("weight_memory")
        keys = values if weight is None else project(values, weight)
        return PreparedMemory(keys, values, mask, Held(parameters=self.parameters))

    def forward(
        self, query: Array, prepared: PreparedMemory, *, watch: bool = True
    ) -> tuple[Array, AttentionCache]:
        """The context of each query, and the cache that ``backward`` needs.

        Args:
            query: (B, Q) for one step of a decoder, (T, B, Q) for several. They do not see each other, so
                T may as well count the hypotheses of a beam. To be left as it is until ``memory_backward``.
            prepared: from ``prepare``.
            watch: the query is marked, and the way back refuses it if it has changed; False for whoever does
                that himself.

        Returns:
            (B, M) or (T, B, M), as the query; and the cache, whose ``weights`` (T, B, S) are the attention.

        Raises:
            ArgumentError: a shape or a type does not fit, or another kind of layer prepared the memory.
        """
        batch = self._check_prepared(prepared)
        check_dtype("Attention", "query", query, self.dtype)
        if query.ndim not in (2, 3) or query.shape[-2:] != (batch, self.query_size) or not len(query):
            raise ArgumentError(
                f"Attention: query has shape {query.shape}; expected ({batch}, {self.query_size}) or "
                f"(T, {batch}, {self.query_size}), for the memory has {batch} sequences."
            )
        projected, weight_query = _with_steps(query), self.parameters.get("weight_query")
        if weight_query is None:
            e = dot_scores(projected, prepared.keys)
        else:
            projected = project(projected, weight_query)
            e = additive_scores(projected, prepared.keys, self.parameters["weight_score"])
        context, weights = attend(e, prepared.values, prepared.mask)
        context = context.reshape(*query.shape[:-1], self.memory_size)
        return context, AttentionCache(
            weights, query, projected, prepared, Held(query=query) if watch else None
        )

    def __call__(self, query: Array, prepared: PreparedMemory) -> Array:
        """``forward`` without the cache."""
        return self.forward(query, prepared)[0]

    def memory_gradient(self, prepared: PreparedMemory) -> MemoryGradient:
        """Where ``backward`` gathers the gradient of this memory; one for each pass back through a decoder.

        Raises:
            ArgumentError: another kind of layer prepared the memory.
        """
        self._check_prepared(prepared)
        buffer = np.zeros_like(prepared.keys) if self.score == "additive" else None
        return MemoryGradient(prepared, additive_dkeys=buffer)

    def backward(self, dcontext: Array, cache: AttentionCache, gradient: MemoryGradient) -> Array:
        """Dquery, of the query's shape.

        Adds the step's share to ``gradient``, and to the gradients of ``weight_query`` and ``weight_score``.

        Args:
            dcontext: (B, M) or (T, B, M), as the context; copied, so it may be overwritten afterwards.
            cache: of ``forward``; its arrays must stay as they are until ``memory_backward``.
            gradient: from ``memory_gradient``, of the memory that ``forward`` took.

        Raises:
            ArgumentError: dcontext does not fit, ``gradient`` belongs to another memory, or the query or the
                parameters have changed since.
        """
        weights, query, projected, prepared, held = cache
        check_shape("Attention", "dcontext", dcontext, (*query.shape[:-1], self.memory_size), self.dtype)
        if gradient.prepared is not prepared:
            raise ArgumentError(
                "Attention: gradient belongs to another prepared memory; "
                "expected memory_gradient(prepared) of the one that forward took."
            )
        if held is not None:
            held.check("Attention")
            gradient.held.append(held)
            if prepared.held is not None:
                prepared.held.check("Attention")
        dcontext = _with_steps(dcontext.copy())
        gradient.dvalues.append((weights, dcontext))
        de = attend_backward(dcontext, weights, prepared.values)
        if gradient.additive_dkeys is None:
            gradient.dkeys.append((de, projected))
            return np.ascontiguousarray(dot_scores_backward(de, prepared.keys)).reshape(query.shape)
        v, dv = self.parameters["weight_score"], self.gradients["weight_score"]
        dq = additive_scores_backward(de, projected, prepared.keys, v, gradient.additive_dkeys, dv)
        return project_backward(query, self.parameters["weight_query"], dq, self.gradients["weight_query"])

    def memory_backward(self, gradient: MemoryGradient) -> Array:
        """Dmemory (S, B, M), zero in the padding; adds to the gradient of ``weight_memory``.

        To be called once, after ``backward`` of all the queries.

        Raises:
            ArgumentError: ``backward`` has gathered nothing yet, or a query or the parameters have
                changed since.
        """
        if not gradient.dvalues:
            raise ArgumentError(
                "Attention: gradient is empty; expected one that backward has been called with, "
                "once for each call of forward."
            )
        for held in (gradient.prepared.held, *gradient.held):
            if held is not None:
                held.check("Attention")
        dmemory = sum_outer(gradient.dvalues)
        dkeys = sum_outer(gradient.dkeys) if gradient.additive_dkeys is None else gradient.additive_dkeys
        weight, values = self.parameters.get("weight_memory"), gradient.prepared.values
        if weight is not None:
            dkeys = project_backward(values, weight, dkeys, self.gradients["weight_memory"])
        dmemory += dkeys
        return np.ascontiguousarray(dmemory.swapaxes(0, 1))

    def _check_prepared(self, prepared: PreparedMemory) -> int:
        """Refuse a memory that this layer cannot have prepared; returns B."""
        weight = self.parameters.get("weight_memory")
        batch, steps = prepared.mask.shape
        keys = (batch, steps, self.memory_size if weight is None else len(weight))
        check_shape("Attention", "prepared.keys", prepared.keys, keys, self.dtype)
        check_shape(
            "Attention", "prepared.values", prepared.values, (batch, steps, self.memory_size), self.dtype
        )
        return int(batch)


def _shapes(query: int, memory: int, score: str, attention: int | None) -> dict[str, tuple[int, ...]]:
    """The parameters of each score."""
    if score not in SCORES:
        raise ArgumentError(f"Attention: score={score!r}; expected one of {', '.join(SCORES)}.")
    if score == "additive":
        width = query if attention is None else attention
        check_sizes("Attention", attention_size=width)
        return {"weight_memory": (width, memory), "weight_query": (width, query), "weight_score": (width,)}
    if attention is not None:
        raise ArgumentError(
            f"Attention: attention_size={attention!r}; expected None with score={score!r}, "
            "for only the additive score has a hidden layer."
        )
    if score == "general":
        return {"weight_memory": (query, memory)}
    if query != memory:
        raise ArgumentError(
            f"Attention: query_size={query} and memory_size={memory}; expected equal widths with "
            "score='dot': take score='general' for others."
        )
    return {}


def _check_lengths(lengths: IntArray, steps: int, batch: int) -> None:
    if lengths.shape != (batch,) or not np.issubdtype(lengths.dtype, np.integer):
        raise ArgumentError(
            f"Attention: lengths has shape {lengths.shape} and dtype {lengths.dtype}; "
            f"expected {batch} integers, one for each sequence."
        )
    for wrong, found in (
        (lengths < 1, "expected at least one step each"),
        (lengths > steps, f"memory has {steps}"),
    ):
        if wrong.any():
            row = int(wrong.argmax())
            raise ArgumentError(f"Attention: lengths[{row}]={int(lengths[row])}; {found}.")


def _with_steps(x: Array) -> Array:
    """(T, B, ·), with T = 1 for a single step."""
    return x[None] if x.ndim == 2 else x
