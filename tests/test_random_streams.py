"""Every random number comes from a stream that has a name, and no two streams of a training are the same."""

import ast
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import gatewise as gw
from gatewise import random_streams
from gatewise.random_streams import Purpose, generator, stream

SOURCE = Path(gw.__file__).parent
MAKERS = {"default_rng", "SeedSequence", "RandomState", "PCG64", "MT19937", "Philox", "SFC64", "seed"}
SEEDS = (0, 1, 3, 2**40)


def made_in(tree):
    """The calls in a module that make a generator, or draw from NumPy's or Python's own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in (
            "np.random",
            "numpy.random",
            "random",
        ):
            if node.attr != "Generator":
                yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module in ("numpy.random", "random"):
            yield f"from {node.module}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in MAKERS:
            yield ast.unparse(node.func)


def test_generators_are_made_in_one_place():
    found = {
        str(path.relative_to(SOURCE)): made
        for path in SOURCE.rglob("*.py")
        if (made := sorted(made_in(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert set(found) == {"random_streams.py"}


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\nnp.random.default_rng([1, 2])",
        "from numpy.random import default_rng\ndefault_rng(3)",
        "import numpy as np\nnp.random.seed(0)",
        "import random\nrandom.shuffle(x)",
        "def f(seed):\n    return numpy.random.Generator(numpy.random.PCG64(seed))",
    ],
)
def test_another_place_is_found(text):
    assert list(made_in(ast.parse(text)))


def first(rng):
    return tuple(rng.integers(0, 2**63, 2).tolist())


def test_no_purpose_draws_what_another_draws():
    """The streams of the lab stand for themselves, and so do those of the estimators."""
    for of_lab in (False, True):
        purposes = [each for each in Purpose if each.name.startswith("LAB_") is of_lab]
        drawn = {
            (purpose, seed, numbers): first(stream(seed, purpose, *numbers))
            for purpose in purposes
            for seed in SEEDS
            for numbers in ((), (1,), (2,), (3,), (2, 1))
            if not (of_lab and numbers and purpose in random_streams._KEPT)
            and purpose not in no_numbers(numbers)
        }
        assert len(set(drawn.values())) == len(drawn)
        assert len(drawn) >= 40


def no_numbers(numbers):
    """What is drawn once has no numbers after its name."""
    return {Purpose.TEXT, Purpose.FUTURES} if numbers else set()


def test_the_streams_of_before_that_did_coincide():
    """First weights and the windows of pass 0; dropout and pass 1; the held-out part and pass 3."""
    for seed in SEEDS:
        weights, noise = stream(seed, Purpose.WEIGHTS), stream(seed, Purpose.NOISE)
        held_out, plain = stream(seed, Purpose.HELD_OUT), np.random.default_rng(seed)
        passes = [stream(seed, Purpose.WINDOWS, epoch) for epoch in range(5)]
        drawn = [first(each) for each in (weights, noise, held_out, plain, *passes)]
        assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_stream_again_is_the_same(seed):
    for purpose in Purpose:
        assert first(stream(seed, purpose, 4)) == first(stream(seed, purpose, 4))
        assert first(stream(seed, purpose, 4)) != first(stream(seed + 1, purpose, 4))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_old_files_and_records_were_drawn_with_stays(seed):
    for purpose, words in [
        (Purpose.TEXT, [seed]),
        (Purpose.FUTURES, [seed, 3]),
        (Purpose.LAB_WEIGHTS, [seed, 0]),
        (Purpose.LAB_DATA, [seed, 1]),
        (Purpose.LAB_TESTS, [seed, 2]),
        (Purpose.LAB_EXAMS, [seed, 3]),
        (Purpose.LAB_STRINGS, [seed, 7]),
    ]:
        assert first(stream(seed, purpose)) == first(np.random.default_rng(words))
    assert first(generator(seed)) == first(np.random.default_rng(seed))


def test_the_numbers_of_a_version_stay():
    """Whoever changes them raises STREAMS_VERSION, or checkpoints go on with other draws in silence."""
    assert random_streams.STREAMS_VERSION == 2
    assert first(stream(5, Purpose.WEIGHTS, 1))[0] == 1999201262619116465
    assert first(stream(5, Purpose.ORDER, 1))[0] == 5304798236469523642
    assert first(stream(5, Purpose.GAPS, 1))[0] == 5165150221512070177


def test_a_generator_is_taken_as_it_is():
    rng = np.random.default_rng(0)
    assert generator(rng) is rng


SMALL = {"hidden_size": 4, "epochs": 3, "batch_size": 4, "progress": False, "dropout": 0.2}


def language():
    model = gw.LanguageModel(
        embedding_size=4, window=8, variable_window=True, validation_fraction=0.2, **SMALL
    ).fit("the cat sat on the mat; a dog ran. " * 20)
    model.generate("the ", max_tokens=20, seed=0)


def forecasting():
    steps = np.arange(120)
    model = gw.Forecaster(
        horizon=4, context_length=12, steps_per_epoch=4, strategy="recursive", num_samples=5, season_length=6,
        **SMALL,
    )  # fmt: skip
    model.fit({"ds": steps, "y": np.sin(steps)}).predict()


def classification():
    x = np.random.default_rng(0).normal(size=(40, 6, 2)).astype(np.float32)
    gw.SequenceClassifier(recurrent_dropout=0.1, validation_fraction=0.2, **SMALL).fit(x, np.arange(40) % 2)


def tagging():
    gw.SequenceTagger(
        embedding_size=4, char_embedding_size=3, char_hidden_size=3, validation_fraction=0.2, **SMALL
    ).fit([["Ann", "ran"], ["the", "dog"]] * 15, [["P", "O"], ["O", "O"]] * 15)


def translation():
    pairs = [("two dogs run", "zwei Hunde laufen"), ("a dog runs", "ein Hund läuft")] * 15
    gw.Translator(embedding_size=4, validation_fraction=0.2, scheduled_sampling=0.2, **SMALL).fit(pairs)


TRAININGS = {
    language: {"WEIGHTS", "NOISE", "WINDOWS", "TEXT"},
    forecasting: {"WEIGHTS", "NOISE", "ORDER", "GAPS", "FUTURES"},
    classification: {"WEIGHTS", "NOISE", "ORDER", "HELD_OUT"},
    tagging: {"WEIGHTS", "NOISE", "ORDER", "HELD_OUT"},
    translation: {"WEIGHTS", "NOISE", "ORDER", "HELD_OUT"},
}


@pytest.mark.parametrize("train", TRAININGS, ids=lambda train: train.__name__)
def test_no_two_streams_of_an_estimator_coincide(train, monkeypatch):
    """All that it opens, from the first weights to what it draws when it is asked, with one seed."""
    opened, make = {}, random_streams._opened

    def noting(sequence):
        key = (tuple(np.atleast_1d(sequence.entropy).tolist()), sequence.spawn_key)
        opened[key] = tuple(sequence.generate_state(8).tolist())
        return make(sequence)

    monkeypatch.setattr(random_streams, "_opened", noting)
    train()
    of_purpose = {name: {key for key in opened if belongs(key, Purpose[name])} for name in TRAININGS[train]}
    assert all(of_purpose.values())
    assert set().union(*of_purpose.values()) == set(opened)  # and nothing without a name
    for one, other in combinations(of_purpose, 2):
        assert not of_purpose[one] & of_purpose[other]
    assert len(set(opened.values())) == len(opened)


def belongs(key, purpose):
    """Whether a stream, as it was opened, is one of this purpose."""
    entropy, spawned = key
    if purpose in random_streams._KEPT:
        return not spawned and entropy == (0, *random_streams._KEPT[purpose])
    return spawned[:4] == random_streams._words(purpose)


def test_a_checkpoint_of_other_draws_is_refused(tmp_path):
    text, path = "the cat sat on the mat. " * 20, tmp_path / "c.safetensors"
    model = gw.LanguageModel(hidden_size=4, embedding_size=4, window=8, epochs=2, progress=False)
    model.fit(text, checkpoint=path)
    tensors, metadata = gw.storage.read_tensors(path).tensors, dict(gw.storage.read_tensors(path).metadata)
    for version in (None, 1, 3):
        training = dict(metadata["training"])
        del training["random_streams"]
        training |= {} if version is None else {"random_streams": version}
        gw.storage.write_tensors(path, {**metadata, "training": training}, tensors)
        with pytest.raises(gw.errors.ArgumentError, match="drew other random numbers from the same seed"):
            model.fit(text, checkpoint=path, resume=True)
    gw.storage.write_tensors(path, metadata, tensors)
    model.fit(text, checkpoint=path, resume=True)
