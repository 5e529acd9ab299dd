"""The network of the experiments: what it computes, its gradients, and how its parts begin."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.lab.network import Batch, Build, SequenceNetwork, probability_errors
from gatewise.ops import numerical_gradient, relative_error

T, B, D, K = 6, 3, 4, 2
BUILDS = {
    "LSTM": Build(hidden_size=3),
    "LSTM with peepholes": Build(hidden_size=3, peephole=True),
    "LSTM of 1997": Build(hidden_size=3, without=("f", "o"), candidate_tanh=False, output_tanh=False),
    "coupled": Build(hidden_size=3, coupled=True),
    "RNN": Build(cell="rnn", hidden_size=3),
    "with a shortcut": Build(hidden_size=3, shortcut=True),
}


def in_float64(build, read, output_size=K):
    """A network whose weights are not too small to be told apart, in float64."""
    network = SequenceNetwork(build, D, output_size, read, seed=1)
    vector = network.parameters.vector.astype(np.float64)
    network._move_into(vector, np.zeros_like(vector))
    network._one_hot = np.eye(D)
    return network


def a_batch(kind, read, rng):
    """Sequences of several lengths; answers as classes or numbers."""
    shape = (B,) if read == "last" else (T, B)
    lengths = np.array([T, 2, 4])
    mask = np.arange(T)[:, None] < lengths if read == "each" else None
    if kind == "numbers":
        return Batch(rng.normal(size=(T, B, D)), rng.normal(size=(*shape, K)), lengths, mask)
    return Batch(rng.integers(0, D, (T, B)), rng.integers(0, K, shape), lengths, mask)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (name, read)
        for name, build in BUILDS.items()
        for read in ("last", "each")
        if read == "each" or not build.shortcut  # which answers at each step
    ],
)
def test_gradients_are_central_differences(name, read):
    build = BUILDS[name]
    network = in_float64(build, read)
    kinds = ["classes"] if build.shortcut else ["classes", "numbers"]
    for kind in kinds:
        batch = a_batch(kind, read, np.random.default_rng(2))
        network.zero_gradients()
        network.learn(batch)
        found = {key: gradient.copy() for key, gradient in network.gradients.items()}
        for key, weight in network.parameters.items():
            fixed = build.without or build.coupled
            if fixed and key.startswith("recurrent"):
                continue  # what is held has no gradient: tests of the variants
            expected = numerical_gradient(lambda: network.learn(batch)[0], weight)  # noqa: B023
            assert relative_error(found[key], expected) < 1e-6, (kind, key)


@pytest.mark.parametrize("read", ["last", "each"])
def test_learning_and_answering_agree(read):
    network = in_float64(Build(hidden_size=3), read)
    batch = a_batch("numbers", read, np.random.default_rng(3))
    _, answers, last = network.learn(batch)
    again, last_again = network.outputs(batch.x, batch.lengths)
    np.testing.assert_allclose(answers, again, rtol=1e-12)
    np.testing.assert_allclose(last.c, last_again.c, rtol=1e-12)


def test_the_last_answer_is_that_of_each_sequences_last_step():
    each, last = (in_float64(Build(hidden_size=3), read) for read in ("each", "last"))
    batch = a_batch("numbers", "each", np.random.default_rng(4))
    at_each, _ = each.outputs(batch.x, batch.lengths)
    at_last, _ = last.outputs(batch.x, batch.lengths)
    np.testing.assert_allclose(at_last, at_each[batch.lengths - 1, np.arange(B)], rtol=1e-12)


def test_a_state_carries_on_where_a_stretch_ended():
    network = in_float64(Build(hidden_size=3), "each")
    x = np.random.default_rng(5).normal(size=(T, B, D))
    whole, _ = network.outputs(x)
    first, state = network.outputs(x[:2])
    second, _ = network.outputs(x[2:], state=state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-12)


def test_the_loss_is_the_mean_over_what_counts():
    network = in_float64(Build(hidden_size=3), "each")
    batch = a_batch("classes", "each", np.random.default_rng(6))
    loss, answers, _ = network.learn(batch)
    right = [
        answers[t, b, batch.targets[t, b]] - np.log(np.exp(answers[t, b]).sum())
        for t in range(T)
        for b in range(B)
        if batch.mask[t, b]
    ]
    assert loss == pytest.approx(-np.mean(right))


def test_units_begin_by_remembering_up_to_the_horizon():
    """f = σ(b_f) and i = 1 - f where nothing else comes, and 1 / (1 - f) steps is how long f remembers."""
    lstm = SequenceNetwork(Build(hidden_size=500, horizon=100), 1, 1, "last", 0).recurrent
    bias = sum(each for key, each in lstm.parameters.items() if key.startswith("bias"))
    i, f = (1 / (1 + np.exp(-each.astype(np.float64))) for each in np.split(bias, 4)[:2])
    steps = 1 / (1 - f)
    assert 2 <= steps.min() < 5
    assert 95 < steps.max() <= 101
    assert 45 < steps.mean() < 57
    np.testing.assert_allclose(i + f, 1, rtol=1e-6)


def test_the_shortcut_learns_alone_at_first():
    network = SequenceNetwork(Build(hidden_size=3, shortcut=True, head_start=2), D, K, "each", 0)
    batch = a_batch("classes", "each", np.random.default_rng(7))
    moved = []
    for _ in range(3):
        network.zero_gradients()
        network.learn(batch)
        moved.append({key.split(".")[0] for key, value in network.gradients.items() if np.any(value)})
    assert moved == [{"shortcut"}, {"shortcut"}, {"recurrent", "head", "shortcut"}]


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    first, again, other = (
        SequenceNetwork(Build(), D, K, "last", seed).parameters.vector for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_how_far_probabilities_are_off():
    answers = np.log(np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1], [0.05, 0.05, 0.9]]))
    found = probability_errors(answers, np.array([0, 1, 2]))
    np.testing.assert_allclose(found, [0.3, 0.8, 0.1])


@pytest.mark.parametrize(
    "options",
    [{"peephole": True}, {"horizon": 5}, {"without": ("f",)}, {"coupled": True}, {"output_tanh": False}],
    ids=str,
)
def test_an_rnn_has_no_options_of_the_lstm(options):
    with pytest.raises(ArgumentError, match="has options of the LSTM; expected none of them for an RNN"):
        Build("rnn", **options)
