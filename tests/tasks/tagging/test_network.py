"""The tagger's network against central differences, and the laws of its batches."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.ops import numerical_gradient, relative_error
from gatewise.tasks.tagging.examples import TaggedExamples
from gatewise.tasks.tagging.network import TaggerNetwork
from gatewise.tasks.tagging.vocabulary import SHAPES, UNKNOWN, TaggerVocabulary, word_shape

SENTENCES = [["The", "dog", "barks"], ["A", "cat-2", "sleeps", "the", "dog"], ["Hi"], ["dog", "dog"]]
TAGS = [["D", "N", "V"], ["D", "N", "V", "D", "N"], ["X"], ["N", "V"]]


def examples():
    vocabulary = TaggerVocabulary.learn(SENTENCES, {tag for each in TAGS for tag in each}, min_count=1)
    return vocabulary, TaggedExamples(vocabulary, SENTENCES, TAGS)


def make(vocabulary, *, seed=0, **options):
    network = TaggerNetwork(
        len(vocabulary.words) + 1,
        len(vocabulary.characters) + 1,
        len(vocabulary.tags),
        embedding_size=3,
        char_embedding_size=2,
        char_hidden_size=2,
        hidden_size=3,
        num_layers=2,
        seed=seed,
        dtype=np.float64,
        **options,
    )
    if network.crf is not None:
        size = network.crf.parameters.vector.size
        network.crf.parameters.vector[...] = np.random.default_rng(1).normal(size=size)
    return network


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("crf", [False, True], ids=["softmax", "crf"])
def test_gradients_with_dropout_and_unknown_words(cell, crf):
    vocabulary, data = examples()
    batch = data.batch(np.array([1, 0, 3, 2]))
    network = make(vocabulary, cell=cell, crf=crf, dropout=0.3)
    network.unknown_rates = np.full(len(vocabulary.words) + 1, 0.3)

    def loss():
        return network.loss_and_gradients(batch, np.random.default_rng(5))

    loss()
    rng = np.random.default_rng(2)
    for name, view in network.parameters.items():
        # One random direction of each parameter: a wrong entry would show in it.
        direction, here, offset = rng.normal(size=view.shape), view.copy(), np.zeros(1)
        analytic = np.array([np.vdot(network.gradients[name], direction)])
        gradients = network.gradients.vector.copy()

        def moved(view=view, here=here, direction=direction, offset=offset):
            view[...] = here + offset * direction
            return loss()

        numeric = numerical_gradient(moved, offset, 1e-3)
        view[...], network.gradients.vector[...] = here, gradients
        assert abs(numeric[0]) > 1e-5, f"{name}: the loss does not depend on it"
        assert relative_error(analytic, numeric) < 1e-6, name


@pytest.mark.parametrize("crf", [False, True], ids=["softmax", "crf"])
def test_a_sentence_is_the_same_in_any_batch(crf):
    vocabulary, data = examples()
    network = make(vocabulary, crf=crf)
    order = np.array([2, 1, 3, 0])
    together = data.batch(order)
    probabilities, tags = network.probabilities(together), network.tags(together)
    total = 0.0
    for column, index in enumerate(order):
        alone, words = data.batch(np.array([index])), len(SENTENCES[index])
        np.testing.assert_allclose(
            network.probabilities(alone)[:, 0], probabilities[:words, column], rtol=1e-10
        )
        np.testing.assert_array_equal(network.tags(alone)[:, 0], tags[:words, column])
        loss, weight = network.loss(alone)
        assert weight == words
        total += loss * words
    loss, weight = network.loss(together)
    assert weight == 11
    assert loss * 11 == pytest.approx(total, rel=1e-10)
    np.testing.assert_allclose(probabilities.sum(axis=2)[together.valid], 1, rtol=1e-10)


def test_without_dropout_training_and_evaluation_have_one_loss():
    vocabulary, data = examples()
    for crf in (False, True):
        network, batch = make(vocabulary, crf=crf), data.batch(np.arange(4))
        trained = network.loss_and_gradients(batch, np.random.default_rng(0))
        assert trained == pytest.approx(network.loss(batch)[0], rel=1e-12)


def test_a_batch_holds_its_sentences():
    vocabulary, data = examples()
    batch = data.batch(np.array([3, 1]))
    assert batch.tokens.shape == batch.tags.shape == (5, 2)
    for column, index in enumerate([3, 1]):
        places = batch.tokens[: batch.lengths[column], column]
        words = [vocabulary.words[number - 1] for number in batch.words[places]]
        assert words == [word.lower() for word in SENTENCES[index]]
        tags = batch.tags[: len(words), column]
        assert [vocabulary.tags[number] for number in tags] == TAGS[index]
        for place, word in zip(places, SENTENCES[index], strict=True):
            spelled = batch.characters[: batch.character_lengths[place], place]
            known = [vocabulary.characters.index(c) + 1 if c in vocabulary.characters else 0 for c in word]
            assert spelled.tolist() == known
            assert batch.shapes[place] == word_shape(word)
    assert len(batch.words) == 5, "each distinct word once"


def test_the_vocabulary_has_what_was_seen_often_enough():
    vocabulary = TaggerVocabulary.learn([["Aa", "aa", "B"], ["b", "c"]], ["Y", "X", "Y"], min_count=2)
    assert vocabulary.tags == ["X", "Y"]
    assert vocabulary.words == ["aa", "b"]
    assert vocabulary.characters == ["a"], "a was seen three times; A, B, b and c once each"
    forms = vocabulary.encode_forms(["AA", "c", "b"])
    assert forms.words.tolist() == [1, UNKNOWN, 2]
    assert forms.characters.tolist() == [0, 0, 0, 0]
    assert forms.ends.tolist() == [2, 3, 4]
    assert vocabulary.encode_tags(["Y", "Z"]).tolist() == [1, -1]


def test_of_endless_words_the_beginning_and_the_end_are_read():
    vocabulary = TaggerVocabulary.learn([["abc" * 20] * 2], ["X"], min_count=1)
    short, long = "a" * 16 + "b" * 16, "a" * 16 + "c" * 10_000 + "b" * 16
    first, second = (vocabulary.encode_forms([word]) for word in (short, long))
    np.testing.assert_array_equal(first.characters, second.characters)
    assert len(second.characters) == 32


def test_shapes_tell_capitals_digits_and_signs_apart():
    words = ["dog", "Dog", "DOG", "dOg", "1990", "1990s", "B2B", "...", "U.S.", "$5", "e-mail", "$", "MiG-29"]
    shapes = {word: word_shape(word) for word in words}
    assert len(set(shapes.values())) == len(words) - 1, "only ... and $ look alike"
    assert shapes["..."] == shapes["$"]
    assert word_shape("cat") == shapes["dog"]
    assert word_shape("I") == shapes["Dog"]
    assert all(0 <= shape < SHAPES for shape in shapes.values())
