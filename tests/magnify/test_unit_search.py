"""Unit search: what is on where, found in planted values, and values that are the network's own."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError, DataError
from gatewise.magnify import UnitIndex, index_units

TEXT = 'he said "no" and she said "yes" and then "so" it was'


def planted(text, *on):
    """Unit 0 is on inside quotes, unit 1 on vowels, unit 2 always; then what is given."""
    inside, quoted = [], False
    for symbol in text:
        quoted ^= symbol == '"'
        inside.append(quoted and symbol != '"')
    rows = [inside, [symbol in "aeiou" for symbol in text], [True] * len(text), *on]
    return UnitIndex(np.where(np.array(rows).T, 100, -100).astype(np.int8), list(text))


def test_the_units_of_a_range_are_on_in_it_and_off_around_it():
    start = TEXT.index("no")
    assert planted(TEXT).search(start, start + 2).units == (0,)
    assert planted(TEXT).search(start, start + 1).units == (), "it is on behind the range too"
    vowel = TEXT.index("o", start)
    assert planted(TEXT).search(vowel, vowel + 1).units == (1,)


def test_the_other_places_are_those_where_the_same_units_are_on():
    start = TEXT.index("no")
    found = planted(TEXT).search(start, start + 2)
    assert [place.text for place in found.places] == ["so", "yes"], "of the same length first"
    assert [place.score for place in found.places] == [1, pytest.approx(2 / 3)]
    for place in found.places:
        assert TEXT[place.start : place.stop] == place.text
        assert TEXT[place.start - 1] == TEXT[place.stop] == '"'
    assert planted(TEXT).search(start, start + 2, most=1).places == found.places[:1]


def test_all_units_of_the_range_must_be_on():
    """A fourth unit is on in the first quote and the last alone."""
    one, two = TEXT.index("no"), TEXT.index("so")
    also = [one <= k < one + 2 or two <= k < two + 2 for k in range(len(TEXT))]
    found = planted(TEXT, also).search(one, one + 2)
    assert found.units == (0, 3)
    assert [place.text for place in found.places] == ["so"]


def test_a_place_where_not_all_go_off_counts_for_less():
    one, two = TEXT.index("no"), TEXT.index("so")
    also = [one <= k < one + 2 or two - 5 <= k < two + 2 for k in range(len(TEXT))]
    (place,) = planted(TEXT, also).search(one, one + 2).places
    assert place.text == "so"
    assert place.score == 0.75, "one of two is on before it"


def test_at_the_ends_of_the_corpus_nothing_is_beside():
    index = planted("aab", [True, True, False])
    assert index.search(0, 2).units == (1, 3)
    assert index.search(0, 3).units == (2,)


def test_beyond_the_ends_of_the_corpus_all_units_are_off():
    index = UnitIndex(np.array([[127, 0], [127, 0], [0, 0], [0, 127], [0, 127]], np.int8), list("abcde"))
    assert [(place.start, place.stop, place.score) for place in index.places((0,), 2)] == [(0, 2, 1.0)]
    assert [(place.start, place.stop, place.score) for place in index.places((1,), 2)] == [(3, 5, 1.0)]


def test_a_place_that_only_touches_the_range_is_another():
    index = UnitIndex(np.array([[0], [127], [127], [0], [0], [127], [0]], np.int8), list("abcdefg"))
    found = {
        besides: [place.start for place in index.places((0,), 2, besides=besides)]
        for besides in (range(3, 5), range(2, 5), range(3, 6), range(5, 7), range(6, 7), range(1))
    }
    assert list(found.values()) == [[1, 5], [5], [1], [1], [1, 5], [1, 5]]


def test_a_unit_is_on_above_the_threshold():
    index = UnitIndex(np.array([[0], [64], [0], [40], [0]], np.int8), list("abcde"))
    assert index.search(1, 2, threshold=0.3).places[0].text == "d"
    assert index.search(1, 2, threshold=0.4).places == ()
    assert index.search(1, 2, threshold=0.6).units == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, 3), "the range from 3 to 3 is not inside the corpus of 52 tokens"),
        ((-1, 3), "expected 0 <= start < stop <= 52"),
        ((0, 53), "expected 0 <= start < stop <= 52"),
    ],
)
def test_a_range_that_is_not_there(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        planted(TEXT).search(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 0}, "threshold=0; expected a number between 0 and 1"),
        ({"threshold": 1}, "threshold=1; expected a number between 0 and 1"),
        ({"most": 0}, "most=0; expected at least 1 token and 1 place"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ArgumentError, match=message):
        planted(TEXT).search(0, 1, **options)


def test_units_of_one_text_are_sought_in_another():
    start = TEXT.index("no")
    units = planted(TEXT).units_on(start, start + 2)
    other = 'then "we" all said "yes!"'
    places = planted(other).places(units, 2)
    assert [place.text for place in places] == ["we", "yes!"]
    assert [place.score for place in places] == [1, 0.5]
    assert places[0].start == other.index("we")
    assert [place.text for place in planted(other).places(units, 4)] == ["yes!", "we"]


def test_a_search_is_both_with_its_own_range_left_out():
    index, start = planted(TEXT), TEXT.index("yes")
    found = index.search(start, start + 3)
    assert found.units == index.units_on(start, start + 3)
    everywhere = index.places(found.units, 3)
    assert [place.text for place in everywhere] == ["yes", "no", "so"]
    assert found.places == everywhere[1:]
    besides = range(start - 1, start + 1)
    assert index.places(found.units, 3, besides=besides) == everywhere[1:], "one token of it is enough"


def test_without_units_there_are_no_places():
    assert planted(TEXT).places((), 2) == ()


@pytest.mark.parametrize(
    ("units", "length", "message"),
    [
        ((3,), 1, r"units=\(3,\); expected numbers from 0 to 2"),
        ((0, -1), 1, "expected numbers from 0 to 2"),
        ((0,), 0, "length=0, most=50; expected at least 1 token"),
    ],
)
def test_places_of_nothing(units, length, message):
    with pytest.raises(ArgumentError, match=message):
        planted(TEXT).places(units, length)


@pytest.fixture(scope="module")
def model():
    model = gw.LanguageModel(hidden_size=6, num_layers=2, window=20, batch_size=2, epochs=1, progress=False)
    return model.fit(TEXT * 20)


@pytest.mark.parametrize("layer", [0, -1])
def test_the_values_are_those_of_the_network(model, layer):
    text = TEXT * 3
    index = index_units(model, text, layer)
    expected = np.tanh(gw.magnify(model, text).layer(layer).arrays["c"])
    assert index.values.shape == expected.shape
    np.testing.assert_allclose(index.values / 127, expected, atol=0.5 / 127 + 1e-6)
    assert "".join(index.labels) == text


def test_a_long_corpus_is_read_in_streams(model):
    """Each begins from zeros; what the first of them holds is as if it were read alone."""
    text = TEXT * 40
    index = index_units(model, text)
    streams = len(text) // 500
    steps = -(-len(text) // streams)
    assert streams > 2
    for k in range(streams):
        part = text[k * steps : (k + 1) * steps]
        expected = np.tanh(gw.magnify(model, part)["c"])
        found = index.values[k * steps : (k + 1) * steps] / 127
        np.testing.assert_allclose(found, expected, atol=0.5 / 127 + 1e-5)


def test_symbols_that_the_model_does_not_know_are_read_as_such_and_shown_as_they_are(model):
    text = 'he said "nö" and “yes”'
    index = index_units(model, text)
    assert "".join(index.labels) == text
    tokens = np.array([model.tokenizer_.characters.find(symbol) + 1 for symbol in text])
    assert (tokens == 0).sum() == 3
    _, _, cache = model.network_.recurrent.look(model.network_.embedding(tokens[:, None]))
    expected = np.tanh(cache.layers[-1][0].c[:, 0])
    np.testing.assert_allclose(index.values / 127, expected, atol=0.5 / 127 + 1e-5)


def test_words():
    """Of those that the model does not know, the magnifier names the first as it was written."""
    words = gw.LanguageModel("word", hidden_size=4, window=5, batch_size=2, epochs=1, progress=False)
    words.fit("the cat sat on the mat\n" * 20)
    index = index_units(words, "the  cat\nsat on Anna\n")
    assert index.labels == ["the", "cat", "\n", "sat", "on", "Anna", "\n"]
    assert index.text(3, 6) == "sat on Anna"
    assert index.features()["position in the word"][:, 0].tolist() == [3, 3, 0, 3, 2, 4, 0]
    with pytest.raises(
        DataError, match="1 symbols that the model does not know, the first of them token 5, 'Anna'"
    ):
        gw.magnify(words, "the  cat\nsat on Anna\n")


def of_top(inside):
    return UnitIndex.of(inside.reading, inside.layers[-1].cache)


def test_an_index_of_a_text_that_has_been_looked_at(model):
    index, inside = of_top(gw.magnify(model, TEXT)), index_units(model, TEXT)
    np.testing.assert_allclose(index.values.astype(int), inside.values, atol=1)
    assert "".join(index.labels) == TEXT
    assert index.kind == "text"
    np.testing.assert_array_equal(index.features()["punctuation"], inside.features()["punctuation"])


def test_an_index_of_a_sentence_and_of_numbers_that_have_been_looked_at():
    tagger = gw.SequenceTagger(hidden_size=5, epochs=1, progress=False).fit(
        [["a", "cat"]] * 9, [["D", "N"]] * 9
    )
    inside = gw.magnify(tagger, ["a", "cat", "a"])
    index = UnitIndex.of(inside.reading, inside.layer(0, reverse=True).cache)
    held = np.tanh(inside.layer(0, reverse=True).arrays["c"])
    np.testing.assert_allclose(index.values / 127, held, atol=0.5 / 127 + 1e-6)
    assert index.text(0, 3) == "a cat a"

    x = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    index = of_top(gw.magnify(gw.nn.LSTM(3, 4, seed=0), x))
    assert list(index.features()) == ["position in the series"]
    rectified = of_top(gw.magnify(gw.nn.RNN(3, 4, activation="relu", seed=0), 100 * x))
    assert set(rectified.values[:, rectified.values.any(axis=0)].max(axis=0)) == {127}, "beyond 1 it is 1"


def test_what_cannot_be_indexed(model):
    with pytest.raises(DataError, match="has no tokens"):
        index_units(model, "")
    with pytest.raises(ArgumentError, match="layer=2; this network has 2 layers"):
        index_units(model, TEXT, 2)
