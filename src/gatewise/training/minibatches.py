"""Learning from independent examples: shuffled batches of sequences of like length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, Protocol, TypeVar

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.nn.parameters import Parameters
from gatewise.random_streams import Purpose, stream
from gatewise.types import Array, IntArray

__all__ = ["ExampleNetwork", "Examples", "Minibatches", "batches_by_length", "mean_loss"]

Batch = TypeVar("Batch")
_Given = TypeVar("_Given", contravariant=True)
_Made = TypeVar("_Made", covariant=True)

_POOL = 32
"""Batches whose examples are sorted by length together: little padding, and still well shuffled."""


class Examples(Protocol[_Made]):
    """Independent examples, from which batches are made.

    Attributes:
        lengths: (N,) steps of each example.
    """

    @property
    def lengths(self) -> IntArray:
        """Steps of each example, (N,)."""

    def batch(self, indices: IntArray) -> _Made:
        """The examples of these numbers as one batch."""


class ExampleNetwork(Protocol[_Given]):
    """A network that learns from a batch by itself."""

    parameters: Parameters
    gradients: Parameters

    def loss_and_gradients(self, batch: _Given, rng: np.random.Generator) -> float:
        """Mean loss of a batch in training; adds to the gradients."""

    def loss(self, batch: _Given) -> tuple[float, float]:
        """The same for evaluation: no dropout, no gradients; and the weight of this mean among others."""


class Minibatches(Generic[Batch]):
    """Learning from batches that are drawn anew in each epoch, the same ones for the same seed.

    Args:
        network: what learns.
        training: examples to learn from.
        validation: examples to measure on; None for none.
        batch_size: B; the last batch of a pass may be smaller.
        seed: of the order.
        steps_per_epoch: batches that count as an epoch, where the examples are too many to pass over or too
            few to make one; one pass over them where omitted.

    Raises:
        ArgumentError: there are no examples.
    """

    def __init__(
        self,
        network: ExampleNetwork[Batch],
        training: Examples[Batch],
        validation: Examples[Batch] | None,
        *,
        batch_size: int,
        seed: int,
        steps_per_epoch: int | None = None,
    ) -> None:
        if len(training.lengths) == 0:
            raise ArgumentError("training has no examples; expected one at least.")
        self.network = network
        self.training = training
        self.validation = validation
        self.batch_size = batch_size
        self.seed = seed
        self._steps = steps_per_epoch

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch."""
        return self._steps or -(-len(self.training.lengths) // self.batch_size)

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """The batches of an epoch, from number ``first`` on."""
        rng = stream(self.seed, Purpose.ORDER, epoch)
        lengths = self.training.lengths
        order: list[IntArray] = []
        while not order or (self._steps and len(order) < self._steps):
            order += batches_by_length(lengths, self.batch_size, rng)
        order = order[: self.steps_per_epoch]
        return (self.training.batch(indices) for indices in order[first:])

    def step(self, batch: Batch, rng: np.random.Generator) -> float:
        """Loss of one batch; its gradients are added to the network's."""
        return self.network.loss_and_gradients(batch, rng)

    def validate(self) -> float | None:
        """Mean loss over the validation examples."""
        return None if self.validation is None else mean_loss(self.network, self.validation, self.batch_size)

    def carried(self) -> dict[str, Array]:
        """Nothing lives from one batch to the next."""
        return {}

    def restore(self, carried: Mapping[str, Array]) -> None:
        """Nothing to take up.

        Raises:
            ValueError: there is something, so that the checkpoint is of another kind of training.
        """
        if carried:
            raise ValueError(f"it carries {', '.join(carried)} between batches, where nothing is carried")


def batches_by_length(
    lengths: IntArray, batch_size: int, rng: np.random.Generator | None = None
) -> list[IntArray]:
    """Indices of examples, batch by batch, with sequences of like length in one batch.

    Args:
        lengths: (N,) steps of each example.
        batch_size: most examples in a batch.
        rng: shuffles examples, sorts them by length in pools, and shuffles the batches; where omitted all
            examples are sorted, which is the order for measuring.
    """
    if rng is None:
        order = np.argsort(lengths, kind="stable")
        return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    shuffled = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(shuffled), batch_size * _POOL):
        pool = shuffled[start : start + batch_size * _POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[at : at + batch_size] for at in range(0, len(pool), batch_size)]
    return [batches[index] for index in rng.permutation(len(batches))]


def mean_loss(network: ExampleNetwork[Batch], examples: Examples[Batch], batch_size: int) -> float:
    """Mean loss over all examples, each counting as much as the network says."""
    total = weights = 0.0
    for indices in batches_by_length(examples.lengths, batch_size):
        loss, weight = network.loss(examples.batch(indices))
        total, weights = total + loss * weight, weights + weight
    return total / weights
