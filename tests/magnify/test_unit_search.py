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


@pytest.mark.parametrize("options", [{"threshold": 0}, {"threshold": 1}, {"most": 0}])
def test_options_out_of_range(options):
    with pytest.raises(ArgumentError, match="expected a threshold between 0 and 1, and at least 1 place"):
        planted(TEXT).search(0, 1, **options)


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


def test_what_cannot_be_indexed(model):
    with pytest.raises(DataError, match="has no tokens"):
        index_units(model, "")
    with pytest.raises(ArgumentError, match="layer=2; this network has 2 layers"):
        index_units(model, TEXT, 2)
