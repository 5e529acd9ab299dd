"""What units stand for: features by hand, correlations by NumPy, chance, and a planted quote unit."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError
from gatewise.magnify import UnitIndex, ablation_cost, index_units, meanings, rank_by_cost
from gatewise.magnify.meaning import _correlations
from gatewise.magnify.text_features import text_features


def column(text, feature):
    return text_features(list(text))[feature][:, 0].tolist()


def quoted_text(rng, sentences):
    """The same letters inside quotes and outside: only which quote comes next hangs on which it is."""
    parts = []
    for _ in range(sentences):
        outside, inside = ("".join(rng.choice(list("abcd"), rng.integers(3, 9))) for _ in range(2))
        parts.append(f"{outside}“{inside}”")
    return "".join(parts)


def test_features_by_hand():
    assert column('a "b" c', "inside quotes") == [0, 0, 1, 1, 0, 0, 0]
    assert column("a “b” c", "inside quotes") == [0, 0, 1, 1, 0, 0, 0]
    assert column('"a\nb', "inside quotes") == [1, 1, 0, 0], "an end of line closes it"
    assert column("(a[b])c)d", "inside brackets") == [1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert column("(a\nb)", "inside brackets") == [1, 1, 0, 0, 0], "and a bracket"
    assert column("ab\ncd", "position in the line") == [1, 2, 0, 1, 2]
    assert column("ab c", "position in the word") == [1, 2, 0, 1]
    assert column("abc", "position in the text") == [1, 2, 3]
    assert column("aB1.", "digit") == [0, 0, 1, 0]
    assert column("aB1.", "capital") == [0, 1, 0, 0]
    assert column("a .\n", "white space") == [0, 1, 0, 1]
    assert column("a .\n", "punctuation") == [0, 0, 1, 0]
    assert column("a .\n", "end of the line") == [0, 0, 0, 1]


def test_a_token_has_the_features_of_its_end():
    found = text_features(['say "', "yes", '" (', "so"])
    assert found["inside quotes"][:, 0].tolist() == [1, 1, 0, 0]
    assert found["inside brackets"][:, 0].tolist() == [0, 0, 1, 1]
    assert found["position in the text"][:, 0].tolist() == [5, 8, 11, 13]


def test_the_unit_that_follows_a_feature_is_found_and_its_correlation_is_pearsons():
    rng = np.random.default_rng(0)
    text = quoted_text(rng, 60)
    values = rng.integers(-127, 128, (len(text), 30)).astype(np.int8)
    inside = np.array(column(text, "inside quotes"))
    values[:, 11] = np.where(inside, -100, 100) + rng.integers(-20, 21, len(text))
    found = {each.feature: each for each in meanings(UnitIndex(values, list(text)))}
    assert found["inside quotes"].unit == 11
    half = len(text) // 2
    for part, r in ((slice(half), "sought"), (slice(half, None), "held_out")):
        expected = np.corrcoef(values[part, 11].astype(float), inside[part])[0, 1]
        assert getattr(found["inside quotes"], r) == pytest.approx(expected)


def test_chance_finds_are_not_shown():
    """A thousand units of noise on a short text: some follow a feature well where they were sought."""
    rng = np.random.default_rng(1)
    text = quoted_text(rng, 4)
    values = rng.integers(-127, 128, (len(text), 1000)).astype(np.int8)
    index = UnitIndex(values, list(text))
    inside = np.array(column(text, "inside quotes"))[: len(text) // 2]
    sought = np.corrcoef(values[: len(inside)].T.astype(float), inside)[-1, :-1]
    assert np.abs(sought).max() > 0.5
    assert meanings(index) == []


def test_what_is_turned_round_in_the_other_half_is_not_followed():
    text = quoted_text(np.random.default_rng(2), 60)
    inside = np.array(column(text, "inside quotes"))
    turned = np.where(np.arange(len(text)) < len(text) // 2, 100, -100)
    for values, names in ((inside * turned, set()), (inside * -100, {"inside quotes"})):
        found = meanings(UnitIndex(values.astype(np.int8)[:, None], list(text)), least=0.9)
        assert {each.feature for each in found} == names


def test_features_that_do_not_change_are_followed_by_nothing():
    index = UnitIndex(np.ones((20, 3), np.int8), ["a"] * 20)
    assert meanings(index, least=0.01) == []


def test_a_unit_that_never_moves_follows_nothing_however_long_the_corpus():
    """From a million steps on, the sum of the squares less the square of the sum is off by rounding."""
    steps = 1_000_003
    values = np.full((steps, 2), 127, np.int8)
    values[:, 1] = 91
    features = np.random.default_rng(0).normal(size=(steps, 1))
    np.testing.assert_array_equal(_correlations(features, values), 0)


@pytest.mark.parametrize("number", [14.62, 1e8 + 0.1, 1e-8 / 3])
def test_a_feature_that_never_changes_is_followed_by_nothing_whatever_its_rounding(number):
    values = np.random.default_rng(0).integers(-127, 128, (1001, 5)).astype(np.int8)
    np.testing.assert_array_equal(_correlations(np.full((1001, 1), number), values), 0)


@pytest.fixture(scope="module")
def quotes():
    """A model that has learnt which quote is next, and a text that it has not seen.

    From other seeds two or three units share the work; from this one a single unit does it.
    """
    rng = np.random.default_rng(2)
    model = gw.LanguageModel(
        hidden_size=8,
        num_layers=1,
        embedding_size=16,
        dropout=0.0,
        window=40,
        batch_size=16,
        epochs=30,
        learning_rate=2e-2,
        seed=2,
        progress=False,
    ).fit(quoted_text(rng, 1500))
    return model, quoted_text(rng, 150)


def test_a_quote_unit_is_found_by_its_feature(quotes):
    model, text = quotes
    found = {each.feature: each for each in meanings(index_units(model, text))}
    assert abs(found["inside quotes"].held_out) > 0.8


def test_the_quote_unit_is_found_by_marking_a_quote(quotes):
    model, text = quotes
    index = index_units(model, text)
    best = next(each for each in meanings(index) if each.feature == "inside quotes")
    sign = 1 if best.held_out > 0 else -1
    shown = UnitIndex((sign * index.values.astype(np.int16)).clip(-127, 127).astype(np.int8), index.labels)
    inside = np.array(column(text, "inside quotes"), bool)
    start = int(np.flatnonzero(inside[50:] & ~inside[49:-1])[0]) + 50
    stop = start + int(np.flatnonzero(~inside[start:])[0])
    found = shown.search(start, stop, threshold=0.2)
    assert best.unit in found.units
    shares = [inside[place.start : place.stop].mean() for place in found.places[:10]]
    assert np.mean(shares) > 0.8


def test_without_it_predictions_at_quotes_suffer_most(quotes):
    model, text = quotes
    best = next(each for each in meanings(index_units(model, text)) if each.feature == "inside quotes")
    cost = ablation_cost(model, text, best.unit)
    quote = np.array([symbol in "“”" for symbol in text[1:]])
    assert cost[quote].mean() > 1
    assert cost[quote].mean() > 5 * abs(cost[~quote].mean())
    others = [ablation_cost(model, text, unit)[quote].mean() for unit in range(8)]
    assert int(np.argmax(others)) == best.unit
    ranked = rank_by_cost(model, text[:1500])
    assert len(ranked) == 8
    assert [cost for _, cost in ranked] == sorted((cost for _, cost in ranked), reverse=True)


def test_the_cost_of_a_unit_is_that_of_its_output_at_zero():
    """By a network whose unit says nothing by itself: its output gate is shut."""
    text = "abab" * 30
    model = gw.LanguageModel(hidden_size=5, num_layers=2, epochs=2, window=10, batch_size=2, progress=False)
    model.fit(text)
    for layer in (0, 1):
        cost = ablation_cost(model, text, 3, layer)
        before = model.network_.parameters.vector.copy()
        bias = model.network_.recurrent.parameters[f"bias_l{layer}"]
        base = model.evaluate(text)["loss"]
        bias[3 * 5 + 3] = -60
        model.network_.recurrent.parameters[f"weight_ih_l{layer}"][3 * 5 + 3] = 0
        model.network_.recurrent.parameters[f"weight_hh_l{layer}"][3 * 5 + 3] = 0
        shut = model.evaluate(text)["loss"]
        model.network_.parameters.vector[...] = before
        assert cost.mean() == pytest.approx(shut - base, abs=1e-5)
        assert np.array_equal(model.network_.parameters.vector, before)


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
@pytest.mark.parametrize("layer", [0, 1, -1])
def test_all_units_at_once_cost_what_each_costs_alone(cell, layer, monkeypatch):
    """20 units are more than are read side by side, and here the text is read in stretches of 7 tokens.

    From outside a unit is taken away by its weights: nothing hears of it any more. The last symbols are none
    that the model knows.
    """
    text = "abac abab cab. " * 8
    model = gw.LanguageModel(
        hidden_size=20, num_layers=2, cell=cell, epochs=2, window=10, batch_size=2, progress=False
    ).fit(text)
    text += "xyz"
    network, size = model.network_, model.tokenizer_.vocabulary_size
    tokens = np.array([model.tokenizer_.characters.find(symbol) + 1 for symbol in text])

    def losses():
        logits = network.logits(tokens[:-1, None])[0][:, 0].astype(float)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return -np.log(chances[np.arange(len(text) - 1), tokens[1:]])

    before, expected = network.parameters.vector.copy(), []
    for unit in range(20):
        base = losses()
        weights = network.recurrent.parameters
        weights[f"weight_hh_l{layer % 2}"][:, unit] = 0
        (weights["weight_ih_l1"] if layer == 0 else network.head.parameters["weight"])[:, unit] = 0
        expected.append(losses() - base)
        network.parameters.vector[...] = before
    assert np.ptp([each.mean() for each in expected]) > 1e-4, "the units differ"

    monkeypatch.setattr("gatewise.magnify.meaning._LOGITS_AT_ONCE", 7 * 16 * size)
    np.testing.assert_allclose(ablation_cost(model, text, 13, layer), expected[13], atol=1e-5)
    found = dict(rank_by_cost(model, text, layer))
    assert sorted(found) == list(range(20))
    np.testing.assert_allclose([found[unit] for unit in range(20)], np.mean(expected, axis=1), atol=1e-6)
    assert dict(rank_by_cost(model, text, layer, units=[17, 3])).keys() == {17, 3}


@pytest.mark.parametrize(("unit", "layer"), [(8, -1), (-1, -1), (0, 1)])
def test_units_that_are_not_there(quotes, unit, layer):
    with pytest.raises(ArgumentError, match="this network has 1 layers of 8 units"):
        ablation_cost(quotes[0], "ab", unit, layer)


def test_too_little_text(quotes):
    with pytest.raises(ArgumentError, match="has one token only"):
        ablation_cost(quotes[0], "a", 0)
    assert rank_by_cost(quotes[0], "abc", units=[]) == []
    with pytest.raises(ArgumentError, match="the corpus has 3 steps; expected at least 8"):
        meanings(index_units(quotes[0], "abc"))
    with pytest.raises(ArgumentError, match="least=2; expected a correlation"):
        meanings(index_units(quotes[0], "abcdabcd"), least=2)
