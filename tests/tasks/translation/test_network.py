"""The translator's network: central differences for every option, and the laws of its batches."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data import Pairs
from gatewise.ops import numerical_gradient, relative_error
from gatewise.tasks.translation.examples import PairBatch, PairExamples, source_batch
from gatewise.tasks.translation.network import TranslationNetwork
from gatewise.tasks.translation.vocabulary import TranslationVocabulary

S, V, E, H = 6, 5, 3, 4
SOURCES = [[1, 4, 0, 2], [3], [2, 2], [0, 3, 1]]
TARGETS = [[2, 0], [1, 3, 3, 0], [], [3, 1, 2]]
ALL = [0, 1, 2, 3]


def make(dtype=np.float64, **options):
    options = {"num_layers": 1, "seed": 1, **options}
    symbols = V if options.get("shared") else S
    width = H if options.get("tie_weights") else E
    network = TranslationNetwork(symbols, V, width, H, dtype=dtype, **options)
    # Biases begin at zero, where a test cannot see whether they are used.
    size = network.parameters.vector.size
    network.parameters.vector[...] = np.random.default_rng(2).normal(size=size)
    return network


def batch_of(rows, sources=SOURCES, targets=TARGETS, *, source_end=S - 1, end=V - 1):
    """Written out: the end begins the inputs and closes the targets."""
    steps = max(len(targets[row]) for row in rows) + 1
    inputs, wanted = (np.full((steps, len(rows)), end) for _ in range(2))
    valid = np.zeros((steps, len(rows)), bool)
    for column, row in enumerate(rows):
        for t, token in enumerate(targets[row]):
            inputs[t + 1, column] = wanted[t, column] = token
        valid[: len(targets[row]) + 1, column] = True
    return PairBatch(
        source_batch([np.array(sources[row]) for row in rows], source_end), inputs, wanted, valid
    )


def batch_for(network, rows):
    shared = network.source_embedding is network.target_embedding
    sources = [[token % (V - 1) for token in source] for source in SOURCES] if shared else SOURCES
    return batch_of(rows, sources, source_end=V - 1 if shared else S - 1)


OPTIONS = {
    "general": {},
    "dot": {"attention": "dot"},
    "additive": {"attention": "additive"},
    "not fed": {"input_feeding": False},
    "one table": {"shared": True},
    "tied": {"tie_weights": True},
    "one table for all": {"shared": True, "tie_weights": True},
    "rnn": {"cell": "rnn"},
    "two layers": {"num_layers": 2},
    "smoothed": {"label_smoothing": 0.2},
    "dropout": {"dropout": 0.3},
    "own inputs": {"own_inputs": 0.6},
    "all at once": {
        "num_layers": 2,
        "attention": "additive",
        "shared": True,
        "tie_weights": True,
        "label_smoothing": 0.1,
        "dropout": 0.3,
        "own_inputs": 0.6,
    },
    "all of an rnn": {"cell": "rnn", "num_layers": 2, "attention": "dot", "dropout": 0.3, "own_inputs": 0.6},
}


def make_option(name, **more):
    options = {**OPTIONS[name], **more}
    own = options.pop("own_inputs", 0.0)
    network = make(**options)
    network.own_inputs = own
    return network


@pytest.mark.parametrize("name", OPTIONS)
def test_gradients_by_central_differences(name):
    """With the same draws each time the loss is as smooth as without dropout."""
    network = make_option(name)
    batch = batch_for(network, ALL)

    def loss():
        return network.loss_and_gradients(batch, np.random.default_rng(5))

    network.zero_gradients()
    loss()
    analytic = network.gradients.vector.copy()
    rng = np.random.default_rng(3)
    for key, view in network.parameters.items():
        # Some random directions of each parameter: a wrong entry would show in them.
        here, offset = view.copy(), np.zeros(1)
        directions = rng.normal(size=(3, *view.shape))
        network.gradients.vector[...] = analytic
        expected = np.array([np.vdot(network.gradients[key], direction) for direction in directions])
        numeric = np.empty(3)
        for number, direction in enumerate(directions):

            def moved(view=view, here=here, direction=direction, offset=offset):
                view[...] = here + offset * direction
                return loss()

            [numeric[number]] = numerical_gradient(moved, offset, 1e-4)
        view[...] = here
        assert np.abs(numeric).max() > 1e-4, f"{key}: the loss does not depend on it"
        assert relative_error(expected, numeric) < 1e-6, key


def test_every_single_gradient():
    """And once each entry for itself, so that none can hide behind another."""
    network, batch = make(), batch_of([3, 2])

    def loss():
        return network.loss(batch)[0]

    network.zero_gradients()
    network.loss_and_gradients(batch, np.random.default_rng(0))
    analytic = network.gradients.vector.copy()
    assert (
        relative_error(analytic, numerical_gradient(loss, network.parameters.vector, 1e-5, points=2)) < 1e-6
    )


@pytest.mark.parametrize("name", [name for name in OPTIONS if "dropout" not in OPTIONS[name]])
def test_without_dropout_and_smoothing_training_and_measuring_have_one_loss(name):
    network = make_option(name, label_smoothing=0.0)
    network.own_inputs = 0.0
    batch = batch_for(network, ALL)
    loss, tokens = network.loss(batch)
    assert tokens == sum(len(target) + 1 for target in TARGETS)
    assert network.loss_and_gradients(batch, np.random.default_rng(0)) == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("name", ["general", "dot", "additive", "not fed", "rnn", "two layers", "smoothed"])
def test_a_pair_is_the_same_in_any_batch(name):
    """Padding and neighbours change nothing: a batch is the weighted sum of its pairs."""
    network = make_option(name)
    together = batch_for(network, [2, 0, 3, 1])
    counts = {row: len(TARGETS[row]) + 1 for row in ALL}
    whole, total = network.loss(together)
    assert total == sum(counts.values())
    weights = network.attend(together)[1]
    network.zero_gradients()
    trained = network.loss_and_gradients(together, np.random.default_rng(0))
    gradient = network.gradients.vector.copy()

    network.zero_gradients()
    losses, summed, smoothed = 0.0, np.zeros_like(gradient), 0.0
    for column, row in enumerate([2, 0, 3, 1]):
        alone = batch_for(network, [row])
        loss, tokens = network.loss(alone)
        assert tokens == counts[row]
        losses += loss * tokens
        alpha = network.attend(alone)[1]
        steps, read = len(alone.targets), len(alone.source.tokens)
        assert (steps, read) == (counts[row], len(SOURCES[row]) + 1)
        np.testing.assert_allclose(weights[:steps, column, :read], alpha[:, 0], rtol=1e-10)
        np.testing.assert_allclose(alpha.sum(axis=2), 1, rtol=1e-12)
        assert not weights[:, column, read:].any()
        network.zero_gradients()
        smoothed += network.loss_and_gradients(alone, np.random.default_rng(0)) * tokens
        summed += network.gradients.vector * tokens
    assert whole * total == pytest.approx(losses, rel=1e-12)
    assert trained * total == pytest.approx(smoothed, rel=1e-12)
    np.testing.assert_allclose(gradient * total, summed, rtol=1e-9, atol=1e-12)


def test_more_padding_changes_nothing():
    network = make(num_layers=2)
    batch = batch_of([0, 3])
    (tokens, lengths), inputs, targets, valid = batch
    padded = PairBatch(
        type(batch.source)(np.concatenate([tokens, np.ones((3, 2), tokens.dtype)]), lengths),
        np.concatenate([inputs, np.ones((2, 2), inputs.dtype)]),
        np.concatenate([targets, np.zeros((2, 2), targets.dtype)]),
        np.concatenate([valid, np.zeros((2, 2), bool)]),
    )
    gradients = []
    for each in (batch, padded):
        network.zero_gradients()
        loss = network.loss_and_gradients(each, np.random.default_rng(0))
        gradients.append((loss, network.gradients.vector.copy()))
    (first, one), (second, other) = gradients
    assert first == pytest.approx(second, rel=1e-12)
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_the_encoder_hands_its_last_states_to_the_decoder_layer_by_layer(cell):
    network = make(num_layers=2, cell=cell)
    batch = batch_of(ALL).source
    memory, last = network.encoder(network.source_embedding(batch.tokens), lengths=batch.lengths)
    prepared, state = network.encode(batch)
    for layer in range(2):
        for ours, theirs in zip(state, last, strict=True):
            halves = [theirs[2 * layer], theirs[2 * layer + 1]]
            np.testing.assert_allclose(ours[layer], np.concatenate(halves, axis=-1), rtol=1e-12)
    # Forwards it has read to each text's own end, backwards to the beginning.
    for column, length in enumerate(batch.lengths):
        top = state.h[1, column]
        np.testing.assert_allclose(top[: H // 2], memory[length - 1, column, : H // 2], rtol=1e-12)
        np.testing.assert_allclose(top[H // 2 :], memory[0, column, H // 2 :], rtol=1e-12)
        np.testing.assert_allclose(prepared.values[column, :length], memory[:length, column], rtol=1e-12)
        assert prepared.mask[column].sum() == length


def test_the_loss_is_that_of_one_step_at_a_time():
    network = make(num_layers=2)
    for row in ALL:
        batch = batch_of([row])
        prepared, stream = network.begin(batch.source)
        total = 0.0
        for read, wanted in zip(batch.inputs, batch.targets, strict=True):
            y, _ = stream.step(network.target_embedding(read), prepared)
            z = network.head(y)[0]
            total += np.log(np.exp(z - z.max()).sum()) + z.max() - z[wanted[0]]
        loss, tokens = network.loss(batch)
        assert loss * tokens == pytest.approx(total, rel=1e-12)


def test_smoothing_counts_in_training_alone():
    batch = batch_of([0, 1])
    plain, smoothed = make(), make(label_smoothing=0.2)
    assert smoothed.loss(batch) == plain.loss(batch)
    prepared, state = plain.encode(batch.source)
    y, _, _ = plain.decoder.forward(plain.target_embedding(batch.inputs), state, prepared)
    z = plain.head(y)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    wanted = np.eye(V)[batch.targets] * 0.8 + 0.2 / V
    expected = -(wanted * log_p).sum(axis=-1)[batch.valid].mean()
    rng = np.random.default_rng(0)
    assert smoothed.loss_and_gradients(batch, rng) == pytest.approx(expected, rel=1e-12)


# Own inputs


def greedy_inputs(network, batch):
    """What a decoder reads that reads nothing but its own likeliest tokens."""
    prepared, stream = network.begin(batch.source)
    read = batch.inputs[0]
    inputs = [read]
    for _ in range(len(batch.inputs) - 1):
        y, _ = stream.step(network.target_embedding(read), prepared)
        read = network.head(y).argmax(axis=-1)
        inputs.append(read)
    return np.stack(inputs)


@pytest.mark.parametrize("name", ["general", "not fed", "two layers", "one table for all"])
def test_with_nothing_but_own_inputs_a_decoder_reads_what_it_writes(name):
    network = make_option(name)
    batch = batch_for(network, ALL)
    own = greedy_inputs(network, batch)
    assert (own != batch.inputs).any()
    kept = batch.inputs.copy()
    results = []
    for share, inputs in ((1.0, batch.inputs), (0.0, own)):
        network.own_inputs = share
        network.zero_gradients()
        loss = network.loss_and_gradients(batch._replace(inputs=inputs), np.random.default_rng(0))
        results.append((loss, network.gradients.vector.copy()))
    np.testing.assert_array_equal(batch.inputs, kept)
    (loss, gradient), (expected, wanted) = results
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-9, atol=1e-13)


def test_without_own_inputs_nothing_is_drawn():
    network, batch = make(), batch_of(ALL)
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    network.loss_and_gradients(batch, rng)
    assert rng.bit_generator.state == before
    network.own_inputs = 0.5
    network.loss_and_gradients(batch, rng)
    assert rng.bit_generator.state != before


def test_a_share_of_own_inputs_is_that_share():
    rows = [0] * 400
    network, batch = make(), batch_of(rows)
    own, seen = greedy_inputs(network, batch), []
    forward = network.decoder.forward

    def listen(x, state, prepared, **options):
        y, last, cache = forward(x, state, prepared, **options)
        seen.append(cache.x)
        return y, last, cache

    network.decoder.forward = listen
    network.own_inputs = 0.3
    network.loss_and_gradients(batch, np.random.default_rng(0))
    [x] = seen
    # At the second step what is likeliest is the same for all rows.
    assert own[1, 0] != batch.inputs[1, 0]
    replaced = (x[1] == network.target_embedding(own[1])).all(axis=-1)
    assert replaced.mean() == pytest.approx(0.3, abs=0.08)
    np.testing.assert_array_equal(x[1][~replaced], network.target_embedding(batch.inputs[1][~replaced]))
    np.testing.assert_array_equal(x[0], network.target_embedding(batch.inputs[0]))


def test_measuring_reads_no_own_inputs_and_drops_nothing():
    whole, other = make(num_layers=2), make(num_layers=2, dropout=0.5)
    other.own_inputs = 1.0
    batch = batch_of(ALL)
    assert other.loss(batch) == whole.loss(batch)
    np.testing.assert_array_equal(other.attend(batch)[1], whole.attend(batch)[1])
    rng = np.random.default_rng(0)
    assert other.loss_and_gradients(batch, rng) != whole.loss_and_gradients(batch, rng)


# What it is made of


def test_tables_are_shared_where_they_are_to_be():
    plain, shared = make(), make(shared=True)
    assert {"source_embedding.weight", "target_embedding.weight"} <= set(plain.parameters)
    assert {name for name in shared.parameters if "embedding" in name} == {"embedding.weight"}
    tied = make(tie_weights=True)
    assert "head.weight" not in tied.parameters
    assert tied.head.weight is tied.target_embedding.parameters["weight"]
    lstm, rnn = make(num_layers=2), make(num_layers=2, cell="rnn")
    assert "decoder.lstm.weight_hh_l1" in lstm.parameters
    assert "decoder.rnn.weight_hh_l1" in rnn.parameters


def test_in_float32_it_is_nearly_the_same():
    results = []
    for dtype in (np.float32, np.float64):
        network, batch = make(dtype, num_layers=2, label_smoothing=0.1), batch_of(ALL)
        loss = network.loss_and_gradients(batch, np.random.default_rng(0))
        assert network.gradients.vector.dtype == dtype
        results.append((loss, network.gradients.vector.copy()))
    (narrow, gradient), (wide, expected) = results
    assert narrow == pytest.approx(wide, abs=1e-5)
    np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_gradients_add_up():
    network, batch = make(), batch_of(ALL)
    network.zero_gradients()
    network.loss_and_gradients(batch, np.random.default_rng(0))
    once = network.gradients.vector.copy()
    network.loss_and_gradients(batch, np.random.default_rng(0))
    np.testing.assert_allclose(network.gradients.vector, 2 * once, rtol=1e-12)


# Batches


def test_a_batch_holds_its_pairs():
    pairs = Pairs(["a b c", "c"], ["x", "y x y"])
    vocabulary = TranslationVocabulary.learn(pairs, "word", shared=False, vocab_size=None, min_count=1)
    examples = PairExamples(vocabulary, pairs)
    assert examples.lengths.tolist() == [4, 4]
    source, inputs, targets, valid = examples.batch(np.array([1, 0]))
    a, b, c = (vocabulary.source.encode(text)[0] for text in "abc")
    x, y = (vocabulary.target.encode(text)[0] for text in "xy")
    last, end = vocabulary.source.end, vocabulary.target.end
    assert source.tokens.T.tolist() == [[c, last, last, last], [a, b, c, last]]
    assert source.lengths.tolist() == [2, 4]
    assert inputs.T.tolist() == [[end, y, x, y], [end, x, end, end]]
    assert targets.T.tolist() == [[y, x, y, end], [x, end, end, end]]
    assert valid.T.tolist() == [[True] * 4, [True, True, False, False]]
