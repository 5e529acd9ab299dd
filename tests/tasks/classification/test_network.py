"""The network of a classifier: its gradients, and that neither padding nor the rest of a batch counts."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data.sequences import Ragged
from gatewise.tasks.classification.network import (
    POOLINGS,
    ClassifierNetwork,
    LabelledBatch,
    LabelledSequences,
)
from tests.ops.gradients import assert_gradients

LENGTHS = np.array([3, 5, 2])
TARGETS = np.array([1, 0, 1])
WEIGHTS = np.array([1.0, 0.5, 2.0])


def network(vocabulary_size=None, **options):
    made = ClassifierNetwork(2, 2, 2, 2, vocabulary_size=vocabulary_size, dtype=np.float64, seed=1, **options)
    rng = np.random.default_rng(8)
    made.parameters.vector[...] = rng.normal(size=made.parameters.vector.size) * 0.8
    return made


def batch(tokens=False):
    rng = np.random.default_rng(3)
    x = rng.integers(0, 6, (5, 3)) if tokens else rng.normal(size=(5, 3, 2))
    return LabelledBatch(x, LENGTHS, TARGETS, WEIGHTS)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one direction", "both"])
@pytest.mark.parametrize("tokens", [False, True], ids=["numbers", "tokens"])
def test_gradients(pooling, bidirectional, tokens):
    made = network(6 if tokens else None, pooling=pooling, bidirectional=bidirectional)
    given = batch(tokens)
    loss = made.loss_and_gradients(given, np.random.default_rng(0))
    assert loss == pytest.approx(made.loss(given)[0], rel=1e-12)
    assert made.loss(given)[1] == WEIGHTS.sum()
    pairs = {
        name: (made.parameters[name], made.gradients[name])
        for name in ("head.weight", "lstm.weight_ih_l0", "lstm.bias_l1")
    }
    if pooling == "attention":  # which matters little while all steps are much alike
        query = {"query": (made.parameters["attention.query"], 100 * made.gradients["attention.query"])}
        assert_gradients(lambda: 100 * made.loss(given)[0], query)
    if tokens:
        used = np.unique(given.x[np.arange(5)[:, None] < LENGTHS])
        table = made.parameters["embedding.weight"]
        assert not made.gradients["embedding.weight"][np.setdiff1d(np.arange(6), used)].any()
        part = table[used].copy()

        def loss_of_part():
            table[used] = part
            return made.loss(given)[0]

        assert_gradients(loss_of_part, {"embedding": (part, made.gradients["embedding.weight"][used])})
        table[used] = part
    assert_gradients(lambda: made.loss(given)[0], pairs)


@pytest.mark.parametrize("tokens", [False, True], ids=["numbers", "tokens"])
def test_gradients_with_every_dropout(tokens):
    made = network(
        6 if tokens else None, pooling="mean", dropout=0.3, recurrent_dropout=0.2, word_dropout=0.3
    )
    given = batch(tokens)

    def loss():
        return made.loss_and_gradients(given, np.random.default_rng(5))

    loss()
    gradient = made.gradients["lstm.weight_ih_l0"].copy()
    assert_gradients(loss, {"weight": (made.parameters["lstm.weight_ih_l0"], gradient)})


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_sequence_alone_is_as_one_in_a_batch(pooling):
    made = network(pooling=pooling, bidirectional=True)
    given = batch()
    together = made.logits(given.x, LENGTHS)
    for b, length in enumerate(LENGTHS):
        alone = made.logits(given.x[:length, b : b + 1], LENGTHS[b : b + 1])
        np.testing.assert_allclose(alone[0], together[b], rtol=1e-12)


def test_at_word_dropout_near_one_all_words_are_unknown():
    made = network(6, word_dropout=0.999999)
    given = batch(tokens=True)
    unknown = given._replace(x=np.zeros_like(given.x))
    assert made.loss_and_gradients(given, np.random.default_rng(0)) == pytest.approx(made.loss(unknown)[0])


def test_batches_are_made_of_the_sequences_asked_for():
    rng = np.random.default_rng(4)
    parts = [rng.normal(size=(length, 2)) for length in (2, 4, 1)]
    sequences = Ragged(np.concatenate(parts), np.array([2, 4, 1]))
    examples = LabelledSequences(sequences, np.array([0, 1, 1]), np.array([0.5, 2.0]))
    made = examples.batch(np.array([2, 1]))
    assert made.x.shape == (4, 2, 2)
    np.testing.assert_array_equal(made.x[:1, 0], parts[2])
    np.testing.assert_array_equal(made.x[:, 1], parts[1])
    assert (made.lengths.tolist(), made.targets.tolist(), made.weights.tolist()) == ([1, 4], [1, 1], [2, 2])
