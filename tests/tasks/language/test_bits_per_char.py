"""Bits a character: worked by hand at each level of tokens, and none where a text has lost words."""

from __future__ import annotations

import math

import pytest

from gatewise import LanguageModel

TINY = {
    "hidden_size": 4,
    "num_layers": 1,
    "embedding_size": 4,
    "window": 4,
    "batch_size": 2,
    "epochs": 1,
    "validation_fraction": 0,
    "progress": False,
}
LINE = "a cat sat on the mat\n"


def fitted(level, text=LINE * 20, **changes):
    return LanguageModel(level, **{**TINY, **changes}).fit(text)


@pytest.mark.parametrize(
    ("text", "tokens", "characters"),
    [
        ("the cat sat\n", 12, 12),
        ("the cat sat", 11, 11),
        ("a\n\n  a", 6, 6),
    ],
)
def test_by_characters_each_is_a_token(text, tokens, characters):
    result = fitted("char").evaluate(text)
    assert result["tokens"] == tokens - 1, "all but the first are predicted"
    assert result["bits_per_char"] == pytest.approx(result["loss"] / math.log(2) * tokens / characters)


@pytest.mark.parametrize(
    ("text", "tokens", "characters"),
    [
        ("the cat sat\n", 4, 3 + 1 + 3 + 1 + 3 + 1),
        ("the cat sat", 3, 3 + 1 + 3 + 1 + 3),
        ("the cat\n\nsat\n", 6, 3 + 1 + 3 + 1 + 1 + 3 + 1),
        (" the   cat \n\tsat\r\n", 5, 3 + 1 + 3 + 1 + 3 + 1),
    ],
    ids=["line", "no end", "empty line", "more white space"],
)
def test_by_words_what_separates_them_counts_once(text, tokens, characters):
    result = fitted("word").evaluate(text)
    assert result["tokens"] == tokens - 1
    assert result["bits_per_char"] == pytest.approx(result["loss"] / math.log(2) * tokens / characters)


def test_white_space_that_no_token_tells_makes_no_word_model_better():
    model = fitted("word")
    plain, wide = model.evaluate("the cat sat on\n" * 3), model.evaluate("the    cat  sat on   \n" * 3)
    assert wide["bits_per_char"] == plain["bits_per_char"]


def test_the_characters_of_a_long_text_of_words_are_counted_part_by_part(monkeypatch):
    model = fitted("word")
    text = "the cat\nsat\n\non the mat a cat\n" * 5
    whole = model.evaluate(text)["bits_per_char"]
    for part in (1, 2, 3, 7):
        monkeypatch.setattr("gatewise.tasks.language.evaluation._PART", part)
        assert model.evaluate(text)["bits_per_char"] == whole


def test_by_subwords_each_character_counts():
    pytest.importorskip("tokenizers")
    model, text = fitted("bpe"), "the cat  sät\n"
    result = model.evaluate(text)
    [tokens] = model.tokenizer_.encode([text])
    assert result["tokens"] == len(tokens) - 1
    assert result["bits_per_char"] == pytest.approx(result["loss"] / math.log(2) * len(tokens) / 13)


@pytest.mark.parametrize(
    ("level", "text", "unknown"),
    [("word", "the dog sat on the mat\n", 1), ("char", "the dog sat\n", 2), ("word", "dogs dig\n", 2)],
)
def test_there_are_none_where_a_token_is_unknown(level, text, unknown):
    result = fitted(level).evaluate(text)
    assert result["unknown"] == unknown
    assert result["bits_per_char"] is None


def test_a_model_that_knows_few_words_has_none_to_boast_of():
    few, all_of_them = fitted("word", vocab_size=5), fitted("word")
    assert few.evaluate(LINE)["bits_per_char"] is None
    assert all_of_them.evaluate(LINE)["bits_per_char"] > 0


def test_there_may_be_unknown_ones_elsewhere():
    """What counts is the text that is measured, not what the vocabulary lacks of the training."""
    assert fitted("word", vocab_size=5).evaluate("a cat a cat a\n")["bits_per_char"] is not None
