"""``gw.magnify`` on each kind of model: arrays, frames, words, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError, GatewiseError, NotFittedError
from gatewise.magnify import LagCurve

TEXT = "the cat sat on the mat. " * 30


@pytest.fixture(scope="module")
def language():
    model = gw.LanguageModel(
        hidden_size=12, num_layers=2, window=20, batch_size=4, epochs=2, dropout=0.3, progress=False
    )
    return model.fit(TEXT)


@pytest.fixture(scope="module")
def classifier():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 9, 2))
    y = (X[:, :, 0].mean(axis=1) > 0).astype(int)
    return gw.SequenceClassifier(hidden_size=6, bidirectional=True, epochs=3, progress=False).fit(X, y)


@pytest.fixture(scope="module")
def tagger():
    sentences = [["the", "cat", "sat"], ["a", "dog", "ran"], ["the", "dog", "sat"]] * 10
    tags = [["D", "N", "V"]] * 30
    return gw.SequenceTagger(hidden_size=6, epochs=3, progress=False).fit(sentences, tags)


def test_the_arrays_obey_the_equations(language):
    inside = gw.magnify(language, "the mat sat")
    assert inside.labels == tuple("the mat sat")
    assert len(inside.layers) == 2
    for view in inside.layers:
        i, f, g, o, c, h = (view.arrays[name].astype(np.float64) for name in "ifgoch")
        before = np.concatenate([np.zeros((1, 12)), c[:-1]])
        np.testing.assert_allclose(c, f * before + i * g, atol=1e-6)
        np.testing.assert_allclose(h, o * np.tanh(c), atol=1e-6)
    assert np.array_equal(inside["f"], inside.layer(1).arrays["f"])


def test_what_is_seen_is_what_the_model_does(language):
    """Without dropout, and the same hidden states from which the model predicts."""
    network = language.network_
    inside = gw.magnify(language, "the mat sat")
    tokens = np.concatenate(list(language.tokenizer_.encode(["the mat sat"])))[:, None]
    y, _ = network.recurrent(network.embedding(tokens))
    assert np.array_equal(inside["h"], y[:, 0])


def test_the_question_is_the_next_token_and_at_the_end_the_likeliest(language):
    inside = gw.magnify(language, "the mat")
    tokens = np.concatenate(list(language.tokenizer_.encode(["the mat"])))[:, None]
    logits, _ = language.network_.logits(tokens)
    chances = np.exp(logits[:, 0] - logits[:, 0].max(axis=-1, keepdims=True))
    chances /= chances.sum(axis=-1, keepdims=True)
    asked = inside.connectivity(2)
    assert asked.question == "log p of the token that follows, ' ', after step 2"
    assert asked.answer == pytest.approx(np.log(chances[2, tokens[3, 0]]), abs=1e-5)
    last = inside.connectivity()
    assert last.answer == pytest.approx(np.log(chances[-1].max()), abs=1e-5)
    assert "the likeliest token" in last.question


def test_the_blank_of_symbols_is_their_mean(language):
    network = language.network_
    inside = gw.magnify(language, "the mat")
    np.testing.assert_allclose(
        inside.reading.blank, network.embedding.parameters["weight"].mean(axis=0), atol=1e-6
    )
    x = np.broadcast_to(inside.reading.blank, inside.reading.x.shape)
    question = inside.reading.ask(-1)
    blank = question.value(network.recurrent(np.ascontiguousarray(x))[0])
    assert inside.connectivity().blank_answer == pytest.approx(float(blank[0]), abs=1e-6)


@pytest.mark.parametrize("which", ["language", "classifier", "tagger"])
def test_every_kind_of_model(which, request):
    model = request.getfixturevalue(which)
    data = {
        "language": "the mat sat on the cat.",
        "classifier": np.random.default_rng(1).normal(size=(9, 2)),
        "tagger": ["the", "cat", "ran"],
    }[which]
    inside = gw.magnify(model, data)
    steps = len(inside.labels)
    assert steps == len(data)
    for view in inside.layers:
        assert all(values.shape[0] == steps for values in view.arrays.values())
        ledger = inside.ledger(view.layer, -1, reverse=view.reverse)
        assert ledger.residual < 1e-5
    found = inside.connectivity()
    assert found.completeness_error < 1e-2
    assert np.isfinite(found.occluded).all()
    curves = inside.lag()
    assert [(each.layer, each.reverse) for each in curves] == [(v.layer, v.reverse) for v in inside.layers]
    assert all(isinstance(each, LagCurve) and np.isfinite(each.h).all() for each in curves)
    assert f"{steps} steps" in inside.summary()


def test_a_classifier_answers_with_its_class(classifier):
    x = np.random.default_rng(1).normal(size=(9, 2))
    found = gw.magnify(classifier, x).connectivity()
    assert found.answer == pytest.approx(np.log(classifier.predict_proba(x[None]).max()), abs=1e-5)
    with pytest.raises(ArgumentError, match="step=3; a classifier answers once, after the last step"):
        gw.magnify(classifier, x).connectivity(3)


def test_a_tagger_answers_with_the_words_tag(tagger):
    sentence = ["the", "cat", "ran"]
    inside = gw.magnify(tagger, sentence)
    (chances,) = tagger.predict_proba([sentence])
    for step in range(3):
        found = inside.connectivity(step)
        assert found.answer == pytest.approx(np.log(chances[step].max()), abs=1e-5)
        assert f"for word {step}, {sentence[step]!r}" in found.question


def test_a_tagger_with_a_field_is_asked_for_the_tags_it_gives():
    sentences = [["in", "New", "York"], ["Rome", "ran"]] * 10
    tags = [["O", "B-LOC", "I-LOC"], ["B-LOC", "O"]] * 10
    model = gw.SequenceTagger(hidden_size=6, epochs=1, crf=True, progress=False).fit(sentences, tags)
    model.network_.parameters["head.bias"][model.tags_.index("I-LOC")] = (
        9  # by itself each word would be I-LOC
    )
    [given] = model.predict([["in", "New", "York"]])
    assert given[0] != "I-LOC"
    inside = gw.magnify(model, ["in", "New", "York"])
    for at, tag in enumerate(given):
        assert inside.connectivity(step=at).question.startswith(f"log p of tag {tag} for word {at},")


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_a_frame_has_a_row_for_each_number(language, backend):
    pytest.importorskip(backend)
    inside = gw.magnify(language, "the mat")
    frame = inside.to_frame(backend)
    assert type(frame).__module__.split(".")[0] == backend
    table = {name: np.asarray(frame[name]) for name in ("step", "layer", "unit", "f", "c")}
    assert len(table["step"]) == 7 * 2 * 12
    row = (table["step"] == 3) & (table["layer"] == 1) & (table["unit"] == 5)
    assert table["f"][row].tolist() == [inside.layer(1).arrays["f"][3, 5]]


def test_a_frame_of_a_plain_rnn_has_its_hidden_states():
    inside = gw.magnify(gw.nn.RNN(2, 3, seed=0), np.ones((4, 2)))
    frame = inside.to_frame("pandas")
    assert list(frame.columns) == ["step", "label", "layer", "reverse", "unit", "h"]


def test_the_memory_horizon_of_a_network_that_keeps_is_longer_than_that_of_an_rnn():
    lstm = gw.nn.LSTM(2, 16, forget_bias=4.0, seed=0)
    inside = gw.magnify(lstm, np.random.default_rng(0).normal(size=(60, 2)))
    (curve,) = inside.lag()
    assert len(curve.h) == len(curve.c) == 60
    assert curve.horizon_c is None or curve.horizon_c > 10
    assert inside.rnn_lag().horizon_h < 6
    assert inside.rnn_lag().c is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "the text '' has no tokens"),
        ("the Zebra", "3 symbols that the model does not know, the first of them token 4, 'Z'"),
        (7, "the input has type int; expected a text"),
    ],
)
def test_texts_that_cannot_be_read(language, data, message):
    with pytest.raises(GatewiseError, match=message):
        gw.magnify(language, data)


def test_models_that_cannot_be_looked_into():
    with pytest.raises(ArgumentError, match="model is a Linear, which has no recurrent layers"):
        gw.magnify(gw.nn.Linear(2, 3), "text")
    with pytest.raises(NotFittedError, match="LanguageModel is not fitted"):
        gw.magnify(gw.LanguageModel(), "text")


@pytest.mark.parametrize("x", [np.zeros((0, 2)), np.zeros((4, 3)), np.zeros(4), np.full((4, 2), np.nan)])
def test_numbers_that_do_not_fit(x):
    with pytest.raises(ArgumentError, match=r"expected \(T, 2\) finite numbers"):
        gw.magnify(gw.nn.LSTM(2, 3), x)


def test_layers_and_arrays_that_are_not_there(language):
    inside = gw.magnify(language, "the mat")
    with pytest.raises(ArgumentError, match="layer=2; expected a whole number of at least -2 and at most 1"):
        inside.layer(2)
    with pytest.raises(ArgumentError, match="layer='1'; expected a whole number"):
        inside.layer("1")
    with pytest.raises(ArgumentError, match="reverse=True; expected False"):
        inside.layer(0, reverse=True)
    with pytest.raises(ArgumentError, match=r"step=1\.5; expected a whole number"):
        inside.ledger(step=1.5)
    with pytest.raises(ArgumentError, match="there is no array 'x'"):
        inside["x"]
    with pytest.raises(ArgumentError, match="backend='excel'; expected one of pandas"):
        inside.to_frame("excel")


def test_a_sentence_without_words_is_refused(tagger):
    with pytest.raises(ArgumentError, match=r"the input\[0\] is empty; expected at least one word"):
        gw.magnify(tagger, [])


@pytest.fixture(scope="module")
def forecaster():
    days = np.arange("2024-01-01", "2024-06-01", dtype="M8[D]")
    y = 10 + np.tile([1.0, 2, 3, 4, 5, 0, -3], 22)[: len(days)]
    frame = {"unique_id": np.array(["shop"] * len(days)), "ds": days, "y": y}
    model = gw.Forecaster(horizon=7, context_length=28, hidden_size=8, epochs=2, progress=False)
    return model.fit(frame), frame


def test_a_forecaster_answers_at_the_steps_of_its_horizon(forecaster):
    model, frame = forecaster
    inside = gw.magnify(model, frame)
    shape = model.setup_.shape
    past, patches = shape.context // shape.patch, (shape.context + shape.padded_horizon) // shape.patch
    assert len(inside.labels) == patches
    assert inside.labels[past].startswith("2024-06-01"), "the day after the last"
    found = inside.connectivity()
    assert found.completeness_error < 1e-2
    assert np.isfinite(found.occluded).all()
    network = model.network_
    y, _ = network.recurrent(inside.reading.x)
    outputs = network._unpatched(network.output(network._future(y)))[0]
    steps = [step for step in range(shape.horizon) if step // shape.patch == patches - 1 - past]
    expected = outputs[steps, network.reading.point_output].mean()
    assert found.answer == pytest.approx(float(expected), abs=1e-5)
    with pytest.raises(ArgumentError, match="step=0 is part of the past; expected a step of the horizon"):
        inside.connectivity(0)


@pytest.mark.parametrize(("horizon", "patch"), [(5, 4), (7, 7), (6, 1), (9, 4)])
def test_a_patch_is_asked_for_the_steps_of_the_horizon_alone(forecaster, horizon, patch):
    """And shows the means of what it stands for, in the data's unit."""
    _, frame = forecaster
    model = gw.Forecaster(
        horizon=horizon, context_length=28, patch_size=patch, hidden_size=4, epochs=1, progress=False
    ).fit(frame)
    inside, past = gw.magnify(model, frame), 28 // patch
    means = frame["y"][-28:].reshape(past, patch).mean(axis=1)
    np.testing.assert_allclose(inside.reading.values[:past, 0], means, rtol=1e-6)
    assert np.isnan(inside.reading.values[past:]).all()
    network = model.network_
    y, _ = network.recurrent(inside.reading.x)
    outputs = network._unpatched(network.output(network._future(y)))[0, :, network.reading.point_output]
    for first in range(0, horizon, patch):
        asked = inside.connectivity(past + first // patch, points=1)
        expected = outputs[first : min(first + patch, horizon)].mean()
        assert asked.answer == pytest.approx(float(expected), abs=1e-5)


def test_a_forecaster_without_data_goes_on_from_its_training(forecaster):
    model, frame = forecaster
    assert np.array_equal(gw.magnify(model, None)["c"], gw.magnify(model, frame)["c"])


def test_a_forecaster_reads_one_series(forecaster):
    model, frame = forecaster
    two = {name: np.concatenate([values, values]) for name, values in frame.items()}
    two["unique_id"] = np.repeat(["shop", "other"], len(frame["y"]))
    with pytest.raises(ArgumentError, match=r"the data has 2 series, '\w+', '\w+'; expected one"):
        gw.magnify(model, two)


@pytest.fixture(scope="module")
def translator():
    pairs = [("one two three", "drei zwei eins"), ("two one", "eins zwei"), ("three two", "zwei drei")] * 8
    sizes = {"hidden_size": 16, "embedding_size": 8, "num_layers": 2, "batch_size": 6, "min_count": 1}
    model = gw.Translator(**sizes, dropout=0.0, epochs=25, learning_rate=1e-2, progress=False)
    return model.fit(pairs)


def test_of_a_translator_the_encoder_is_seen_and_where_the_decoder_looked(translator):
    inside = gw.magnify(translator, ("one two three", "drei zwei eins"))
    assert inside.labels == ("one", "two", "three", "</s>")
    assert [(view.layer, view.reverse) for view in inside.layers] == [
        *((0, False), (0, True), (1, False), (1, True)),
    ]
    alignment = inside.reading.alignment
    assert alignment.labels == ("drei", "zwei", "eins", "</s>")
    expected = translator.align("one two three", "drei zwei eins")
    np.testing.assert_array_equal(alignment.weights, expected.attention)
    question = "log p of 'drei zwei eins', so far as the decoder reads the source by attention"
    assert inside.connectivity().question == question
    assert inside.connectivity().answer == pytest.approx(expected.log_probability, rel=1e-5)
    assert inside.connectivity().completeness_error < 0.01


def test_signs_are_shown_without_the_mark_that_joins_them(translator):
    inside = gw.magnify(translator, ("one two!", "zwei eins!"))
    assert inside.labels == ("one", "two", "!", "</s>")
    assert inside.reading.alignment.labels == ("zwei", "eins", "!", "</s>")


def test_without_a_target_it_is_what_the_translator_writes(translator):
    found = translator.translations(["two one"])[0][0]
    inside = gw.magnify(translator, "two one")
    assert inside.reading.alignment.labels == (*found.target_symbols,)
    np.testing.assert_allclose(inside.reading.alignment.weights, found.attention, atol=1e-6)


def test_the_gradient_of_a_translators_answer_is_that_of_central_differences(translator):
    """In float32, so coarsely."""
    inside = gw.magnify(translator, ("one two three", "drei zwei eins"))
    question = inside.reading.ask(-1)
    y, _ = inside.reading.look()
    before = translator.network_.gradients.vector.copy()
    gradient = question.gradient(y)
    np.testing.assert_array_equal(translator.network_.gradients.vector, before)
    direction = np.random.default_rng(0).normal(size=y.shape).astype(y.dtype)
    step = np.float32(1e-2)
    both = np.concatenate([y + step * direction, y - step * direction], axis=1)
    up, down = question.value(both).astype(np.float64)
    assert (up - down) / (2 * step) == pytest.approx(float((gradient * direction).sum()), rel=2e-2)


def test_a_translator_is_asked_once(translator):
    with pytest.raises(ArgumentError, match="a translator is asked once, after the last step"):
        gw.magnify(translator, "two one").lag(0)


def test_a_translator_that_writes_nothing_needs_to_be_told(translator, monkeypatch):
    monkeypatch.setattr(type(translator), "translate", lambda self, texts: [""])
    with pytest.raises(GatewiseError, match=r"writes nothing for 'two one'; give what it should"):
        gw.magnify(translator, "two one")
