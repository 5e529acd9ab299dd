"""Tags of raw texts stand where their words stand, and what is not sure enough is not said."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import SequenceTagger
from gatewise.data import split_words
from gatewise.errors import ArgumentError, NotFittedError
from gatewise.tasks.tagging.answers import tags_and_confidences, withheld
from gatewise.tasks.tagging.spans import spans

SMALL = {
    "hidden_size": 8,
    "embedding_size": 8,
    "char_embedding_size": 4,
    "char_hidden_size": 4,
    "batch_size": 8,
    "epochs": 40,
    "learning_rate": 1e-2,
    "progress": False,
}
WORDS = [["in", "New", "York", "."], ["Ann", "Lee", "isn", "'t", "here"], ["at", "Rome", ",", "Bob"]] * 12
NAMES = [["O", "B-LOC", "I-LOC", "O"], ["B-PER", "I-PER", "O", "O", "O"], ["O", "B-LOC", "O", "B-PER"]] * 12
KINDS = [["P", "N", "N", "."], ["N", "N", "V", "V", "A"], ["P", "N", ",", "N"]] * 12
TEXTS = ["Ann Lee isn't in  Rome.", "", "\tBob: New York, 'New' Ann", "   ", "é"]


@pytest.fixture(scope="module", params=["names", "names, softmax", "kinds"])
def model(request):
    tags = KINDS if request.param == "kinds" else NAMES
    return SequenceTagger(**SMALL, crf=request.param == "names").fit(WORDS, tags)


def test_words_of_texts_have_the_tags_of_their_words(model):
    answers = model.predict_texts(TEXTS)
    words = [split_words(text) for text in TEXTS]
    assert [[tuple(each[:3]) for each in answer] for answer in answers] == [
        list(map(tuple, w)) for w in words
    ]
    tags = model.predict([[word.text for word in each] for each in words])
    assert [[each.tag for each in answer] for answer in answers] == tags
    assert answers[1] == answers[3] == []
    for text, answer in zip(TEXTS, answers, strict=True):
        for each in answer:
            assert text[each.start : each.stop] == each.word
            assert 0 <= each.confidence <= 1
    assert model.predict_texts([]) == []
    assert model.predict_texts(tuple(TEXTS)) == model.predict_texts(np.array(TEXTS)) == answers


def test_a_span_is_as_sure_as_the_least_sure_of_its_words(model):
    sentences = [*WORDS[:3], ["Rome", "Lee", "York", "Ann", "x"], [], ["York", "New"]]
    answers = tags_and_confidences(model.network_, model.vocabulary_, sentences)
    of_spans, found = "O" in model.tags_, 0
    for (tags, sure), rows, predicted in zip(
        answers, model.predict_proba(sentences), model.predict(sentences), strict=True
    ):
        assert tags == predicted
        expected = [rows[t, model.tags_.index(tag)] for t, tag in enumerate(tags)]
        for span in spans(tags) if of_spans else []:
            expected[span.start : span.stop] = [min(expected[span.start : span.stop])] * (
                span.stop - span.start
            )
            found += span.stop - span.start > 1
        np.testing.assert_allclose(sure, expected, rtol=1e-5)
    assert found or not of_spans


def test_what_is_less_sure_than_asked_for_is_not_said(model):
    sentences = [*WORDS[:3], ["Rome", "Lee", "York", "Ann", "x"], []]
    answers = tags_and_confidences(model.network_, model.vocabulary_, sentences)
    plain, nothing = model.predict(sentences), "O" if "O" in model.tags_ else ""
    levels = sorted({each for _, sure in answers for each in sure})
    for level in (0, *levels[:: len(levels) // 5], 1):
        tags = model.predict(sentences, min_confidence=level)
        for given, before, (_, sure) in zip(tags, plain, answers, strict=True):
            expected = [tag if each >= level else nothing for tag, each in zip(before, sure, strict=True)]
            assert given == expected
            if nothing == "O":
                assert set(spans(given)) <= set(spans(before)), "no half of a span is left"
    assert model.predict(sentences, min_confidence=0) == plain
    assert model.predict(sentences, min_confidence=None) == plain
    texts = [" ".join(words) for words in sentences]
    answer = model.predict_texts(texts, min_confidence=levels[-1])
    assert [[each.tag for each in words] for words in answer] == [
        [each.tag if each.confidence >= levels[-1] else nothing for each in words]
        for words in model.predict_texts(texts)
    ]


def test_nothing_is_o_only_among_tags_of_spans():
    tags, sure = ["B-X", "O", "B-Y"], [0.4, 0.3, 0.9]
    assert withheld(tags, sure, 0.5, ["B-X", "O", "B-Y"]) == ["O", "O", "B-Y"]
    assert withheld(["N", "O"], [0.4, 0.9], 0.5, ["N", "O"]) == ["", "O"]
    assert withheld(["B-X", "I-X"], [0.4, 0.4], 0.5, ["B-X", "I-X"]) == ["O", "O"]
    assert withheld(tags, sure, 0, tags) == tags


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan"), "0.5", True])
def test_what_is_no_probability_is_refused(value, model):
    for call, given in ((model.predict, [["a"]]), (model.predict_texts, ["a"])):
        with pytest.raises(ArgumentError, match=r"^min_confidence=.*; expected a .*number"):
            call(given, min_confidence=value)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("Ann saw Rome.", "texts has type str; expected a list of str, one a sentence"),
        (None, "texts has type NoneType"),
        ({"Ann saw": 1}, "texts has type dict"),
        (["Ann", 3], r"texts\[1\] has type int; expected a str"),
        ([["Ann"]], r"texts\[0\] has type list; .* split into words already are for predict"),
        (["a", "\ud800"], r"texts\[1\] has a lone surrogate"),
    ],
)
def test_what_are_no_texts_is_refused(texts, message, model):
    with pytest.raises(ArgumentError, match=message):
        model.predict_texts(texts)


def test_who_gives_texts_for_words_is_told_where_they_go(model):
    for call in (model.predict, model.predict_proba):
        with pytest.raises(ArgumentError, match=r"gatewise.data.split_words .* predict_texts takes it whole"):
            call(["Ann saw Rome."])
    with pytest.raises(NotFittedError, match="SequenceTagger is not fitted"):
        SequenceTagger().predict_texts(["Ann"])
