"""BLEU that could be nothing but 0 is none, with a reason; languages have their tokens; chrF holds beside."""

from __future__ import annotations

import sys

import pytest

from gatewise import Translator
from gatewise.errors import ArgumentError, MissingExtraError
from gatewise.tasks.translation.bleu import Metrics
from tests.tasks.translation.problems import SMALL

pytest.importorskip("sacrebleu")

CHINESE = ["我今天和朋友一起去学校上课。", "他昨天没有来参加我们的会议。"]


@pytest.mark.parametrize(
    ("expected", "why"),
    [
        (["Hund", "Katze"], "no target has 4 tokens in a row"),
        (["ein Hund", "die Katze läuft"], "no target has 4 tokens in a row"),
        (["狗", "我爱你"], "no target has 4 tokens in a row"),
        (CHINESE, "no spaces between their words"),
        (["今日は友達と学校へ行きました", "明日は雨が降るそうです"], "no spaces between their words"),
        (["ฉันไปโรงเรียนกับเพื่อน 4 , 5 , 6", "วันนี้อากาศดีมากจริงๆ"], "no spaces between their words"),
    ],
)
def test_a_perfect_translator_has_no_bare_bleu_of_0(expected, why):
    found = Metrics().compare(expected, expected)
    assert found.bleu is None
    assert found.chrf == pytest.approx(100)
    [note] = found.notes
    assert why in note
    wrong = Metrics().compare(["etwas ganz anderes als das"] * len(expected), expected)
    assert wrong.bleu is None, "a wrong one could have more than a perfect one"
    assert wrong.chrf < 10


def test_the_remedy_of_chinese_is_to_name_it():
    [note] = Metrics().compare(CHINESE, CHINESE).notes
    assert "target_language='zh'" in note
    [note] = Metrics("de").compare(CHINESE, CHINESE).notes
    assert "as target_language='de' has it" in note


@pytest.mark.parametrize(
    ("language", "tokenizer", "text"),
    [
        ("zh", "zh", CHINESE[0]),
        ("zh-TW", "zh", CHINESE[0]),
        ("yue", "zh", CHINESE[1]),
        ("th", "char", "วันนี้อากาศดีมากจริงๆ"),
        ("lao", "char", "ມື້ນີ້ອາກາດດີຫຼາຍ"),
        ("my", "char", "ဒီနေ့ရာသီဥတုကောင်းတယ်"),
        ("de", "13a", "Heute gehe ich in die Schule."),
        ("cs_CZ", "13a", "Dnes po obědě jdu do školy."),
    ],
)
def test_languages_have_tokens_of_their_own(language, tokenizer, text):
    metrics = Metrics(language)
    assert metrics.tokenizer == tokenizer
    perfect, half = metrics.compare([text], [text]), metrics.compare([text[: 2 * len(text) // 3]], [text])
    assert perfect.bleu == pytest.approx(100)
    assert 0 < half.bleu < 100
    assert perfect.notes == half.notes == []


def test_words_that_stand_apart_have_bleu_in_any_script():
    for text in ("我 今天 去 学校 。", "今日 は 学校 へ 行き ました", "나는 오늘 친구와 함께 학교에 갔다."):
        assert Metrics().compare([text], [text]).bleu == pytest.approx(100)


def test_words_that_are_all_wrong_have_a_bleu_of_0():
    """That of the model, and not of the texts."""
    found = Metrics().compare(["a b c d e"], ["v w x y z"])
    assert found.bleu == 0
    assert found.notes == []


def test_a_bleu_of_0_for_want_of_length_says_so():
    found = Metrics().compare(["a b c", "x"], ["a b c d e", "x y"])
    assert found.bleu == 0
    assert found.notes == ["BLEU is 0, for nothing that is written has 4 tokens in a row"]


@pytest.mark.parametrize("language", ["chinese", "DE", "", "z", "zh tw", 5])
def test_what_is_no_code_of_a_language_is_refused(language):
    with pytest.raises(ArgumentError, match=r"target_language=.*expected a code of ISO 639, as 'de', 'zh'"):
        Metrics(language)


@pytest.mark.parametrize(("language", "needed"), [("ja", "sacrebleu[ja]"), ("jpn", "sacrebleu[ja]")])
def test_a_language_whose_library_is_missing_says_what_brings_it(language, needed, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("sacrebleu.tokenizers.tokenizer_ja")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "MeCab", None)
    with pytest.raises(MissingExtraError) as error:
        Metrics(language)
    assert f"target_language={language!r}" in str(error.value)
    assert f"pip install '{needed}'" in str(error.value)


def test_japanese_and_korean_where_their_libraries_are():
    for language, library, text in (
        ("ja", "MeCab", "今日は友達と学校へ行きました"),
        ("ko", "mecab_ko", "나는 오늘 친구와 함께 학교에 갔다."),
    ):
        pytest.importorskip(library)
        assert Metrics(language).compare([text], [text]).bleu == pytest.approx(100)


def fitted(pairs, **changes):
    return Translator(**{**SMALL, "epochs": 40, "min_count": 1, "validation_fraction": 0, **changes}).fit(
        pairs
    )


def test_evaluate_of_single_words_and_of_chinese():
    words = [("dog", "Hund"), ("cat", "Katze"), ("cow", "Kuh")] * 8
    result = fitted(words).evaluate(words)
    assert result["exact"] == 1
    assert (result["bleu"], result["chrf"]) == (None, pytest.approx(100))
    assert "no target has 4 tokens" in result["notes"][0]

    chinese = list(zip(["today", "yesterday"], CHINESE, strict=True)) * 10
    model = fitted(chinese)
    assert model.translate(["today", "yesterday"]) == CHINESE
    assert model.evaluate(chinese)["bleu"] is None
    result = model.evaluate(chinese, target_language="zh")
    assert (result["bleu"], result["bleu_tokenizer"]) == (pytest.approx(100), "zh")
    assert "notes" not in result


def test_perplexity_of_what_the_model_does_not_know_is_none():
    model = fitted([("dog", "Hund"), ("cat", "Katze")] * 10, epochs=1)
    assert model.evaluate([("dog", "Hund")], bleu=False)["perplexity"] > 1
    result = model.evaluate([("dog", "perro negro"), ("cat", "gato")], bleu=False)
    assert result["perplexity"] is None
    assert result["unknown"] == 3
    assert "knows no symbol of the targets" in result["notes"][0]
    some = model.evaluate([("dog", "Hund perro negro")], bleu=False)
    assert some["perplexity"] > 1
    assert "2 of the 3 symbols of the targets are unknown" in some["notes"][0]
