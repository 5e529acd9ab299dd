"""What a translator refuses: pairs, texts and options that cannot be, each by its name or its place."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest

from gatewise import Translator
from gatewise.data import read_pairs
from gatewise.errors import ArgumentError, DataError, NotFittedError
from tests.tasks.translation.problems import TINY


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("a b", "pairs has type str; expected a list of (source, target), or read_pairs of a file"),
        (["ab"], "pairs[0] is 'ab'; expected (source, target)"),
        ([("a", "b"), ("a", "")], "pairs[1][1] is ''; expected a text with something in it"),
        ([("a", 3)], "pairs[0][1] has type int; expected a str"),
        ([], "pairs is empty; at least one is needed"),
    ],
)
def test_what_are_no_pairs_is_refused(pairs, message, tiny):
    for call in (Translator(**TINY).fit, tiny.evaluate, tiny.score):
        with pytest.raises((ArgumentError, DataError), match=re.escape(message)):
            call(pairs)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a b", "texts has type str; expected a list of str"),
        (None, "texts has type NoneType; expected a list of str"),
        (["a", ""], "texts[1] is ''; expected a text with something in it"),
        ([" \n"], r"texts[0] is ' \n'; expected a text with something in it"),
        (["a", 3], "texts[1] has type int; expected a str"),
        (["\ud800"], r"texts[0] is '\ud800'; expected a str that UTF-8 can write"),
    ],
)
def test_what_are_no_texts_is_refused(texts, message, tiny):
    for call in (tiny.translate, tiny.translations):
        with pytest.raises(ArgumentError, match=re.escape(message)):
            call(texts)


@pytest.mark.parametrize("texts", ["ab", None, 5, ["a", ""]])
def test_what_is_no_stream_of_texts_is_refused(texts, tiny):
    with pytest.raises(ArgumentError, match="texts"):
        list(tiny.translate_stream(texts))


def test_what_cannot_be_aligned_is_refused(tiny):
    for source, target, named in (
        ("a", "", "target"),
        ("", "a", "source"),
        (["a"], "a", "source"),
        ("a", None, "target"),
    ):
        with pytest.raises(ArgumentError, match=f"^{named} .*; expected a "):
            tiny.align(source, target)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"beam_size": 0}, "beam_size=0; expected a whole number of at least 1"),
        ({"beam_size": 1.5}, "beam_size=1.5; expected a whole number"),
        ({"n_best": 0}, "n_best=0; expected a whole number of at least 1"),
        ({"n_best": 5}, "n_best=5, but beam_size=4 hypotheses are kept; expected at most as many"),
        ({"length_penalty": -1}, "length_penalty=-1; expected a number of at least 0"),
        ({"length_penalty": np.nan}, "length_penalty=nan; expected a finite number"),
        ({"length_penalty": 1000}, "length_penalty=1000; expected a number of at least 0 and at most 10"),
        ({"coverage_penalty": -0.1}, "coverage_penalty=-0.1; expected a number of at least 0"),
        ({"max_tokens": 0}, "max_tokens=0; expected a whole number of at least 1, or None"),
        ({"copy_unknown": "yes"}, "copy_unknown='yes'; expected True or False"),
        ({"batch_size": 0}, "batch_size=0; expected a whole number of at least 1"),
    ],
    ids=str,
)
def test_options_of_the_search_that_cannot_work_are_refused(option, message, tiny):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        tiny.translations(["a b"], **option)
    if "n_best" not in option:
        with pytest.raises(ArgumentError, match=re.escape(message)):
            tiny.evaluate([("a", "b")], **option)
        with pytest.raises(ArgumentError, match=re.escape(message)):
            next(tiny.translate_stream(["a b"], **option))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", "syllable"),
        ("hidden_size", 0),
        ("hidden_size", 15),
        ("num_layers", 1.5),
        ("embedding_size", "8"),
        ("cell", "gru"),
        ("attention", "cosine"),
        ("input_feeding", 1),
        ("shared_vocabulary", None),
        ("tie_weights", "yes"),
        ("vocab_size", 2),
        ("min_count", 0),
        ("max_length", 0),
        ("dropout", 1),
        ("label_smoothing", 1.0),
        ("scheduled_sampling", 1.1),
        ("scheduled_sampling", -0.1),
        ("validation_fraction", 1.0),
        ("learning_rate", 0),
        ("schedule", "steps"),
        ("time_limit", 0),
        ("progress", "yes"),
    ],
)
def test_hyperparameters_that_cannot_work_are_refused(name, value):
    with pytest.raises(ArgumentError, match=f"^{name}="):
        Translator(**{**TINY, name: value}).fit([("a", "b")])


def test_hyperparameters_that_do_not_go_together_are_refused():
    with pytest.raises(ArgumentError, match="hidden_size=15; expected an even number"):
        Translator(hidden_size=15).fit([("a", "b")])
    with pytest.raises(ArgumentError, match="tie_weights=True with embedding_size=4 and hidden_size=8"):
        Translator(**TINY, tie_weights=True).fit([("a", "b")])
    with pytest.raises(ArgumentError, match=r"hidden_size=\d+, num_layers=1, embedding_size=4 need more mem"):
        Translator(**{**TINY, "hidden_size": 10**8}).fit([("a", "b")])


def test_too_few_subwords_are_refused():
    pytest.importorskip("tokenizers")
    with pytest.raises(ArgumentError, match="vocab_size=100; level='bpe' needs at least 256"):
        Translator(**TINY, level="bpe", vocab_size=100).fit([("a", "b")])


def test_too_few_pairs_are_refused():
    with pytest.raises(DataError, match=r"of 1 pairs validation_fraction=0.9 leaves none to learn from"):
        Translator(**TINY, validation_fraction=0.9).fit([("a", "b")])


def test_a_vocabulary_without_words_is_refused():
    pairs = [("a b", "x x"), ("c d", "x y")]
    with pytest.raises(DataError, match=r"no word of the source.* is seen min_count=2 times"):
        Translator(**{**TINY, "min_count": 2}).fit(pairs)
    with pytest.raises(DataError, match=r"no word of the target.* is seen min_count=4 times"):
        Translator(**{**TINY, "min_count": 4}).fit([("a a a a", "x x x")])


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("fraction", [0.0, 0.3])
def test_a_text_that_is_too_long_is_named(fraction, side, tmp_path):
    """By its number among the pairs that were given, whichever of them are kept to measure on."""
    pairs = [["a b", "b a"] for _ in range(30)]
    pairs[17][side] = "a " * 40
    learner = Translator(**TINY, max_length=30, validation_fraction=fraction)
    with pytest.raises(DataError) as caught:
        learner.fit(pairs)
    assert str(caught.value).startswith(f"pairs[17][{side}] has 40 tokens, more than max_length=30: 'a a a")

    path = tmp_path / "pairs.tsv"
    path.write_text("".join("\t".join(pair).strip() + "\n" for pair in pairs), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        learner.fit(read_pairs(path))
    assert str(caught.value).startswith(f"{str(path)!r}, line 18 has 40 tokens")


def test_a_text_of_the_validation_that_is_too_long_is_named():
    with pytest.raises(DataError) as caught:
        Translator(**TINY).fit([("a", "b")] * 3, validation=[("a", "b"), ("a", "b " * 101)])
    assert str(caught.value).startswith("validation[1][1] has 101 tokens, more than max_length=100")


def test_a_text_just_short_enough_is_taken():
    learner = Translator(**TINY, max_length=5).fit([("a b c d e", "a b c d e")] * 3)
    assert np.isfinite(learner.score([("a " * 50, "b " * 50)])), "to be measured on longer ones will do"


@pytest.mark.parametrize("side", [0, 1])
def test_very_long_texts_are_not_measured_either(side, tiny, tmp_path):
    pairs = [["a", "b"] for _ in range(5)]
    pairs[3][side] = "a " * 1001
    path = tmp_path / "pairs.tsv"
    path.write_text("".join("\t".join(pair).strip() + "\n" for pair in pairs), encoding="utf-8")
    for measure in (tiny.evaluate, tiny.score):
        with pytest.raises(DataError, match=re.escape(f"pairs[3][{side}] has 1,001 tokens, more than 1,000")):
            measure(pairs)
        with pytest.raises(DataError, match=re.escape(f"{str(path)!r}, line 4 has 1,001 tokens")):
            measure(read_pairs(path))
    with pytest.raises(DataError, match=re.escape(f"pairs[0][{side}] has 1,001 tokens")):
        tiny.align(*pairs[3])


def test_before_fit_there_is_nothing_to_translate_with():
    for call in (
        lambda learner: learner.translate(["a"]),
        lambda learner: learner.translations(["a"]),
        lambda learner: next(learner.translate_stream(["a"])),
        lambda learner: learner.align("a", "b"),
        lambda learner: learner.evaluate([("a", "b")]),
        lambda learner: learner.score([("a", "b")]),
        lambda learner: learner.save("m.safetensors"),
    ):
        with pytest.raises(NotFittedError, match="Translator is not fitted"):
            call(Translator())


def test_what_was_learnt_before_stays_where_fit_refuses(tiny):
    learner = pickle.loads(pickle.dumps(tiny))
    expected = learner.translate(["a b"])
    with pytest.raises(DataError):
        learner.set_params(max_length=1).fit([("a b", "a b")])
    assert learner.translate(["a b"]) == expected
