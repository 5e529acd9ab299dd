"""Batches hold every example once, those of like length together, in an order that the seed alone decides."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.training import Minibatches, batches_by_length, mean_loss

LENGTHS = np.random.default_rng(0).integers(1, 100, 700)


class Numbers:
    """Examples that are numbers; a batch is their array."""

    def __init__(self, values):
        self.values = np.asarray(values, dtype=float)
        self.lengths = np.ones(len(self.values), dtype=int)

    def batch(self, indices):
        return self.values[indices]


class Mean:
    """A network whose loss is its batch's mean."""

    def loss(self, batch):
        return float(batch.mean()), len(batch)


@pytest.mark.parametrize("rng", [None, np.random.default_rng(1)], ids=["sorted", "shuffled"])
@pytest.mark.parametrize("batch_size", [1, 7, 32, 1000])
def test_every_example_comes_once(batch_size, rng):
    batches = batches_by_length(LENGTHS, batch_size, rng)
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(len(LENGTHS)))
    assert max(map(len, batches)) <= batch_size
    assert len(batches) == -(-len(LENGTHS) // batch_size)


def test_batches_have_little_padding():
    """At most a tenth of the steps, where random batches of 16 would have nearly half."""
    for rng in (None, np.random.default_rng(2)):
        batches = batches_by_length(LENGTHS, 16, rng)
        steps = sum(LENGTHS[batch].max() * len(batch) for batch in batches)
        assert steps < 1.1 * LENGTHS.sum()


def test_each_epoch_has_its_own_order_and_the_same_one_each_time():
    learner = Minibatches(Mean(), Numbers(range(50)), None, batch_size=8, seed=3)
    first, again, second = (np.concatenate(list(learner.batches(epoch, 0))) for epoch in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.concatenate(list(learner.batches(0, 3))), first[24:])
    assert learner.steps_per_epoch == 7


def test_the_mean_loss_does_not_depend_on_the_batches():
    numbers = Numbers(np.random.default_rng(4).normal(size=37))
    for batch_size in (1, 5, 37):
        assert mean_loss(Mean(), numbers, batch_size) == pytest.approx(numbers.values.mean())


def test_a_checkpoint_of_carried_states_is_refused():
    learner = Minibatches(Mean(), Numbers([1]), None, batch_size=1, seed=0)
    learner.restore(learner.carried())
    with pytest.raises(ValueError, match="nothing is carried"):
        learner.restore({"h": np.zeros(1)})
    assert learner.validate() is None


@pytest.mark.parametrize(("count", "steps"), [(50, 3), (50, 7), (50, 20), (5, 4)])
def test_an_epoch_of_so_many_steps(count, steps):
    """Fewer than a pass, just one, or several: each pass has every example once."""
    learner = Minibatches(Mean(), Numbers(range(count)), None, batch_size=8, seed=3, steps_per_epoch=steps)
    assert learner.steps_per_epoch == steps
    batches = list(learner.batches(0, 0))
    assert len(batches) == steps
    in_a_pass = -(-count // 8)
    for start in range(0, steps, in_a_pass):
        seen = np.concatenate(batches[start : start + in_a_pass])
        assert len(np.unique(seen)) == len(seen)
        if start + in_a_pass <= steps:
            np.testing.assert_array_equal(np.sort(seen), np.arange(count))
    again = list(learner.batches(0, 2))
    assert [batch.tolist() for batch in again] == [batch.tolist() for batch in batches[2:]]
    other = np.concatenate(list(learner.batches(1, 0)))
    assert not np.array_equal(np.concatenate(batches), other)


def test_passes_differ_from_each_other():
    learner = Minibatches(Mean(), Numbers(range(16)), None, batch_size=8, seed=3, steps_per_epoch=4)
    first, second = np.split(np.concatenate(list(learner.batches(0, 0))), 2)
    assert not np.array_equal(first, second)


def test_without_a_number_of_steps_an_epoch_is_one_pass():
    one = Minibatches(Mean(), Numbers(range(50)), None, batch_size=8, seed=3)
    other = Minibatches(Mean(), Numbers(range(50)), None, batch_size=8, seed=3, steps_per_epoch=7)
    for a, b in zip(one.batches(2, 0), other.batches(2, 0), strict=True):
        np.testing.assert_array_equal(a, b)


def test_no_examples_are_refused():
    with pytest.raises(ArgumentError, match="training has no examples"):
        Minibatches(Mean(), Numbers([]), None, batch_size=1, seed=0, steps_per_epoch=3)
