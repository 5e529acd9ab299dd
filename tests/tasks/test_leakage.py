"""What is held out to measure on teaches nothing: with other values there, all that is learnt is the same.

Each estimator is fitted twice, on data that differ in the held-out part alone, and stopped before its first
step: what it has learnt of the data by then (scalers, vocabularies, rates), its first weights and all batches
of two passes must be the same, to the bit. That the held-out part did differ is looked at too.
"""

import dataclasses
import hashlib
import json

import numpy as np
import pandas as pd
import pytest

import gatewise as gw
from gatewise import training
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.classification.labels import stratified_split

SMALL = {"hidden_size": 4, "epochs": 2, "batch_size": 4, "progress": False}
COUNT, FRACTION, SEED = 40, 0.25, 3


class StoppedError(Exception):
    pass


def digest(*things):
    """Of all arrays, texts and numbers in batches of any kind."""
    found = hashlib.sha256()

    def add(thing):
        if isinstance(thing, np.ndarray):
            found.update(
                repr((thing.shape, thing.dtype.str)).encode() + np.ascontiguousarray(thing).tobytes()
            )
        elif isinstance(thing, dict):
            add(list(thing.items()))
        elif isinstance(thing, list | tuple):
            found.update(f"{len(thing)}[".encode())
            for each in thing:
                add(each)
        elif dataclasses.is_dataclass(thing):
            add([getattr(thing, field.name) for field in dataclasses.fields(thing)])
        else:
            found.update(repr(thing).encode())

    add(things)
    return found.hexdigest()


@pytest.fixture
def before_the_first_step(monkeypatch):
    """Fits, and returns what was learnt of the data, what is to be learnt from, and what is measured on."""
    caught = []

    class Stopped(training.Loop):
        def run(self):
            caught.append(self)
            raise StoppedError

    monkeypatch.setattr(training, "Loop", Stopped)

    def fit(model, *data, **options):
        with pytest.raises(StoppedError):
            model.fit(*data, **options)
        learner = caught.pop().learner
        network = learner.network
        passes = [digest(batch) for epoch in range(2) for batch in learner.batches(epoch, 0)]
        rest = [value for name, value in vars(network).items() if name.endswith("_rates")]
        known = json.dumps(model._vocabulary(), default=str, sort_keys=True)
        learnt = {
            "vocabulary": known,
            "weights": digest(network.parameters.vector, rest),
            "batches": passes,
        }
        examples = learner.validation
        if hasattr(examples, "lengths"):
            examples = examples.batch(np.arange(len(examples.lengths)))
        return learnt, digest(examples if isinstance(examples, tuple) else list(examples))

    return fit


def assert_nothing_leaks(fit, make, one, other):
    learnt, measured = fit(make(), *one)
    learnt_of_other, measured_of_other = fit(make(), *other)
    assert measured != measured_of_other, "the held-out parts are the same, and nothing was tested"
    assert learnt == learnt_of_other


def held_out_of_permutation():
    return stream(SEED, Purpose.HELD_OUT).permutation(COUNT)[: round(COUNT * FRACTION)]


# Classification ---------------------------------------------------------------------------------------------


def classifier(**options):
    return lambda: gw.SequenceClassifier(validation_fraction=FRACTION, seed=SEED, **{**SMALL, **options})


LABELS = np.arange(COUNT) % 2


def held_out_of_classes():
    return stratified_split(LABELS, FRACTION, stream(SEED, Purpose.HELD_OUT))[1]


@pytest.mark.parametrize("missing", [False, True])
def test_a_classifiers_scaler_learns_from_its_training_part(before_the_first_step, missing):
    x = np.random.default_rng(0).normal(size=(COUNT, 6, 3))
    other = x.copy()
    other[held_out_of_classes()] = 1e3 + 50 * other[held_out_of_classes()]
    if missing:  # each as a list of sequences of their own lengths
        x, other = ([each[: 3 + k % 4] for k, each in enumerate(values)] for values in (x, other))
    assert_nothing_leaks(before_the_first_step, classifier(), (x, LABELS), (other, LABELS))


def test_a_classifiers_words_are_those_of_its_training_part(before_the_first_step):
    texts = [f"a {'good' if label else 'bad'} film w{k % 7}" for k, label in enumerate(LABELS)]
    other = list(texts)
    for k in held_out_of_classes():
        other[k] = f"only here n{k} and here m{k}"
    make = classifier(embedding_size=3)
    assert_nothing_leaks(before_the_first_step, make, (texts, LABELS), (other, LABELS))


def test_a_classifiers_weights_of_classes_are_those_of_its_training_part(before_the_first_step):
    x = np.random.default_rng(1).normal(size=(COUNT, 5, 2))
    held = x[:10] + 1
    make = classifier(class_weight="balanced")
    one, other = (held, np.arange(10) % 2), (held * 9, (np.arange(10) > 7).astype(int))
    learnt, measured = before_the_first_step(make(), x, LABELS, validation=one)
    learnt_of_other, measured_of_other = before_the_first_step(make(), x, LABELS, validation=other)
    assert measured != measured_of_other
    assert learnt == learnt_of_other


# Tagging ----------------------------------------------------------------------------------------------------


def test_a_taggers_words_characters_and_rates_are_those_of_its_training_part(before_the_first_step):
    sentences = [["Ann", f"w{k % 5}", "ran"] for k in range(COUNT)]
    tags = [["PER", "O", "O"]] * COUNT
    other = [list(each) for each in sentences]
    for k in held_out_of_permutation():
        other[k] = [f"Zoë{k}", "ßß", "ran", "ran", "ran"][:3]

    def make():
        return gw.SequenceTagger(
            validation_fraction=FRACTION,
            seed=SEED,
            embedding_size=3,
            char_embedding_size=2,
            char_hidden_size=2,
            word_dropout=0.3,
            **SMALL,
        )

    assert_nothing_leaks(before_the_first_step, make, (sentences, tags), (other, tags))


def test_a_validation_of_its_own_teaches_a_tagger_nothing(before_the_first_step):
    sentences, tags = [["Ann", f"w{k % 5}"] for k in range(COUNT)], [["PER", "O"]] * COUNT

    def fit(words):
        model = gw.SequenceTagger(embedding_size=3, char_embedding_size=2, char_hidden_size=2, **SMALL)
        return before_the_first_step(model, sentences, tags, validation=([words] * 3, [["O", "PER"]] * 3))

    (learnt, measured), (learnt_of_other, measured_of_other) = fit(["w1", "Ann"]), fit(["Übel", "x#"])
    assert measured != measured_of_other
    assert learnt == learnt_of_other


# Translation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["word", "bpe"])
@pytest.mark.parametrize("shared", [False, True])
def test_a_translators_symbols_are_those_of_its_training_part(before_the_first_step, level, shared):
    if level == "bpe":
        pytest.importorskip("tokenizers")
    pairs = [(f"dog{k % 4} runs fast", f"Hund{k % 4} rennt schnell") for k in range(COUNT)]
    other = list(pairs)
    for k in held_out_of_permutation():
        other[k] = (f"zebra{k} jumps jumps", f"Zebra{k} springt springt")

    def make():
        return gw.Translator(
            level=level,
            shared_vocabulary=shared,
            vocab_size=280 if level == "bpe" else None,
            embedding_size=3,
            validation_fraction=FRACTION,
            seed=SEED,
            **SMALL,
        )

    assert_nothing_leaks(before_the_first_step, make, (pairs,), (other,))


# Language ---------------------------------------------------------------------------------------------------

TEXT = "the cat sat on the mat; a dog ran to the cat. " * 20


def language(level):
    return gw.LanguageModel(
        level,
        embedding_size=3,
        window=8,
        vocab_size=270 if level == "bpe" else None,
        validation_fraction=FRACTION,
        seed=SEED,
        **SMALL,
    )


def test_the_end_of_a_text_teaches_its_symbols_and_nothing_else(before_the_first_step):
    """Its symbols are learnt, as ``fit`` says; with the same ones in another order all is the same."""
    head, tail = TEXT[: len(TEXT) * 3 // 4], TEXT[len(TEXT) * 3 // 4 :]
    assert_nothing_leaks(
        before_the_first_step, lambda: language("char"), (head + tail,), (head + tail[::-1],)
    )


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
def test_a_validation_of_its_own_teaches_a_language_model_nothing(before_the_first_step, level):
    if level == "bpe":
        pytest.importorskip("tokenizers")
    fits = [
        before_the_first_step(language(level), TEXT, validation=other)
        for other in (TEXT[:200], "ÄÖ q#! " * 30)
    ]
    (learnt, measured), (learnt_of_other, measured_of_other) = fits
    assert measured != measured_of_other
    assert learnt == learnt_of_other


# Forecasting ------------------------------------------------------------------------------------------------

DAYS, HORIZON = 120, 5
LEARNT = DAYS - max(HORIZON, round(DAYS * FRACTION))


def shops():
    time = np.arange(DAYS)
    parts = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2024-01-01", periods=DAYS, freq="D"),
                "y": level * (3 + np.sin(time * 2 * np.pi / 7)),
                "price": np.cos(time / 5),
                "visits": np.sin(time / 3) + level,
                "kind": name,
            }
        )
        for name, level in (("north", 1.0), ("south", 20.0))
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("column", ["y", "price", "visits"])
@pytest.mark.parametrize("options", [{}, {"scaling": "mean"}, {"strategy": "recursive"}], ids=str)
def test_a_forecasters_scales_and_means_are_those_of_its_training_part(
    before_the_first_step, column, options
):
    frame, other = shops(), shops()
    held = other.groupby("unique_id").cumcount() >= LEARNT
    other.loc[held, column] = 100 + 30 * other.loc[held, column]
    known = {"known": ("price",), "static": ("kind",)}
    if "strategy" not in options:
        known["past"] = ("visits",)
    elif column == "visits":
        frame, other = (each.assign(price=each["visits"]) for each in (frame, other))
    frame, other = (each if "past" in known else each.drop(columns="visits") for each in (frame, other))

    def make():
        return gw.Forecaster(
            horizon=HORIZON,
            season_length=7,
            context_length=14,
            steps_per_epoch=4,
            validation_fraction=FRACTION,
            seed=SEED,
            **known,
            **options,
            **SMALL,
        )

    assert_nothing_leaks(before_the_first_step, make, (frame,), (other,))


# The digest itself ------------------------------------------------------------------------------------------


def test_a_digest_sees_values_shapes_types_and_order():
    zeros = np.zeros((2, 3))
    things = [
        zeros,
        zeros.T,
        zeros.astype(np.float32),
        zeros + 1,
        [zeros, 1],
        [1, zeros],
        {"a": zeros},
        "a",
        ["a"],
    ]
    assert len({digest(each) for each in things}) == len(things)
    assert digest(zeros) == digest(zeros.copy())
