"""Texts become tokens and come back as they were, at every level, on one side or both."""

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gatewise.data import Pairs
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks.translation.vocabulary import LEVELS, Side, TranslationVocabulary


def written(side, tokens, symbols=None):
    """The text of tokens, or of other symbols in their place."""
    return side.join(side.own_symbols(tokens) if symbols is None else symbols, list(tokens))


def learn(level, texts, vocab_size=None, min_count=1):
    """A side; the test is skipped where its tokenizer's library is missing."""
    if level == "bpe":
        pytest.importorskip("tokenizers")
    return Side.learn("source", texts, level, vocab_size, min_count)


def through_json(vocabulary, level):
    return TranslationVocabulary.from_json(json.loads(json.dumps(vocabulary.to_json())), level)


TEXTS = [
    "3.5",
    "don't",
    "(a)",
    "...",
    "a - b",
    "a -b- c",
    'he said: "no!" (twice), and left.',
    "„Zażółć gęślą jaźń”, «voilà»…",
    "cafe\u0301 e\u0301t\u0302e\u0301",
    "\u0301 alone",
    "😀😀 👩\u200d👩\u200d👧 ok😀",
    "snake_case _x_ __",
    "<unk> <eos> </s>",
    "50% of $3,000.00 is 1/2·½",
    "ελληνικά हिन्दी 日本語。",
    "a\u00a0b\u2003c",
    "  spaces   and\ttabs \n and lines ",
]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_back(text, level):
    side = learn(level, TEXTS)
    expected = " ".join(text.split()) if level == "word" else text.strip()
    tokens = side.encode(text)
    assert written(side, tokens) == expected
    assert side.unknown not in tokens.tolist()
    assert 0 <= tokens.min() <= tokens.max() < side.end == side.size - 1


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
ODD_TEXT = st.lists(st.sampled_from([*"ab.,'-_()\"1é\u0301😀 ", "\u0947", "don't", "\n"])).map("".join)


@pytest.mark.parametrize("level", LEVELS)
@given(text=ANY_TEXT | ODD_TEXT.filter(str.strip))
def test_any_text_comes_back(level, text):
    assume("￭" not in text)
    side = learn(level, [text])
    tokens = side.encode(text).tolist()
    assert written(side, tokens) == (" ".join(text.split()) if level == "word" else text.strip())
    assert side.unknown not in tokens
    assert len(side.symbols(text, np.array(tokens))) == len(tokens) > 0


@pytest.mark.parametrize("text", ["￭", "a ￭ b", "a ￭b", "￭b", "a￭b", "￭￭ ￭", "a ￭￭ b￭"])
def test_the_mark_itself_may_stand_in_a_text(text):
    side = learn("word", [text])
    assert written(side, side.encode(text)) == text


def test_words_are_not_cut_where_a_script_writes_vowels_as_marks():
    """Devanagari's vowel signs and the virama are letters of the word, though Unicode calls them marks."""
    side = learn("word", ["हिन्दी cafe\u0301s"])
    assert sorted(side.tokenizer.words) == sorted(["हिन्दी", "cafe\u0301s"])


def test_punctuation_is_the_same_symbol_wherever_it_stands():
    side = learn("word", ["(yes). yes, (no)."])
    assert side.symbols("(no). (no)", side.encode("(no). (no)")) == [
        *("(", "￭no", "￭)", "￭."),
        *("(", "￭no", "￭)"),
    ]
    assert side.encode("(no).")[:3].tolist() == side.encode("(no)").tolist()


def test_every_text_of_subwords_begins_as_if_after_a_space():
    side = learn("bpe", ["the dog and the dog and the dog"] * 3)
    assert side.encode("dog").tolist() == side.encode("the dog")[-1:].tolist()
    assert side.encode("  dog ").tolist() == side.encode("dog").tolist()


# Unknown words


def test_unknown_words_are_one_token_each_and_can_be_replaced():
    side = learn("word", ["the cat, the dog"])
    text = "the żółw, the xyz!"
    tokens = side.encode(text)
    assert tokens.tolist().count(side.unknown) == 3
    symbols = side.symbols(text, tokens)
    assert symbols == ["the", "żółw", "￭,", "the", "xyz", "￭!"]
    assert written(side, tokens) == "the <unk>, the <unk> <unk>"
    assert written(side, tokens, symbols) == text
    assert written(side, [side.unknown], ["￭!"]) == "!"


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("in Oklahoma", "to", "Oklahoma"),
        ("l'Oklahoma", "in", "Oklahoma"),
        ("l'Oklahoma", "￭'", "￭Oklahoma"),
        ("l'Oklahoma", None, "Oklahoma"),
        ("„Oklahoma“", "“", "￭Oklahoma"),
        ("„Oklahoma“", "the", "Oklahoma"),
        ("in Oklahoma", "￭“", "Oklahoma"),
        ("in Oklahoma", "(", "￭Oklahoma"),
        ("(Oklahoma)", "￭,", "Oklahoma"),
    ],
)
def test_a_copied_word_is_joined_as_it_is_where_it_comes_to_stand(text, before, expected):
    side = learn("word", ["l' in ( „ “ )"])
    symbols = side.symbols(text, side.encode(text))
    [chosen] = [index for index, symbol in enumerate(symbols) if symbol.endswith("Oklahoma")]
    assert side.copied(symbols, chosen, before) == expected


def test_unknown_characters_are_shown_as_they_stand():
    side = learn("char", ["abc"])
    tokens = side.encode("aż")
    assert tokens.tolist()[1] == side.unknown
    assert side.symbols("aż", tokens) == ["a", "ż"]


def test_no_byte_is_unknown_to_subwords():
    side = learn("bpe", ["abc"])
    assert side.unknown is None
    assert written(side, side.encode("żółw 😀")) == "żółw 😀"


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_has_no_tokens(level):
    side = learn(level, ["abc"])
    assert written(side, []) == ""


# What is kept


def test_rare_words_are_left_out():
    texts = ["a b c", "a b", "a"]
    assert learn("word", texts, min_count=2).tokenizer.words == ["a", "b"]
    assert learn("word", texts, min_count=3).tokenizer.words == ["a"]
    assert learn("word", texts, vocab_size=3, min_count=2).tokenizer.words == ["a"]
    assert learn("word", texts, vocab_size=100, min_count=2).tokenizer.words == ["a", "b"]
    assert learn("char", ["aab"], min_count=2).encode("b").tolist() != [0], "of words alone"


def test_a_vocabulary_without_words_is_refused():
    with pytest.raises(DataError, match=r"no word of source is seen min_count=2 times.*; lower min_count"):
        learn("word", ["a b", "c d"], min_count=2)
    options = {"vocab_size": None, "min_count": 2}
    files = Pairs(["a a"], ["b c"], ("p.en", "p.de"), [1])
    with pytest.raises(DataError, match=r"no word of the targets in 'p\.de' is seen"):
        TranslationVocabulary.learn(files, "word", shared=False, **options)
    with pytest.raises(DataError, match=r"of the sources in 'p\.en' and the targets in 'p\.de' is"):
        TranslationVocabulary.learn(
            Pairs(["a"], ["b"], ("p.en", "p.de"), [1]), "word", shared=True, **options
        )


def test_the_most_frequent_characters_are_kept():
    side = learn("char", ["aab"] * 3, vocab_size=3)
    assert side.encode("ab").tolist().count(side.unknown) == 0


def test_too_few_subwords_are_refused():
    with pytest.raises(ArgumentError, match="vocab_size=100; level='bpe' needs at least 256"):
        learn("bpe", ["abc"], vocab_size=100)
    assert learn("bpe", ["the dog " * 20], vocab_size=258).tokenizer.vocabulary_size == 258


# Both sides

SOURCES, TARGETS = ["the dog.", "the cat"], ["der Hund.", "the cat"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("shared", [False, True])
def test_both_sides_come_back_from_json(shared, level):
    if level == "bpe":
        pytest.importorskip("tokenizers")
    vocabulary = TranslationVocabulary.learn(
        Pairs(SOURCES, TARGETS), level, shared=shared, vocab_size=None, min_count=1
    )
    again = through_json(vocabulary, level)
    assert again.shared == vocabulary.shared == shared
    assert (again.source is again.target) == shared
    for name, text in (("source", "the dog. żółw"), ("target", "der cat.żółw")):
        side, other = getattr(vocabulary, name), getattr(again, name)
        assert side.size == other.size
        assert (side.end, side.unknown) == (other.end, other.unknown)
        np.testing.assert_array_equal(side.encode(text), other.encode(text))
    assert json.dumps(again.to_json()) == json.dumps(vocabulary.to_json())


def test_shared_symbols_are_counted_together():
    options = {"vocab_size": None, "min_count": 2}
    shared = TranslationVocabulary.learn(Pairs(["a b"], ["b c c"]), "word", shared=True, **options)
    assert shared.source.tokenizer.words == ["b", "c"]
    apart = TranslationVocabulary.learn(Pairs(["a a b"], ["b c c"]), "word", shared=False, **options)
    assert (apart.source.tokenizer.words, apart.target.tokenizer.words) == (["a"], ["c"])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "has not a source side"),
        ([], "has not a source side"),
        ({}, "has not a source side"),
        ({"target": ["a"]}, "has not a source side"),
        ({"source": ["a"], "target": ["b"], "third": []}, "has not a source side"),
        ({"source": "ab"}, "is not a list of distinct words"),
        ({"source": ["a", "a"]}, "is not a list of distinct words"),
        ({"source": ["a"], "target": [1]}, "is not a list of distinct words"),
        ({"source": ["a"], "target": None}, "is not a list of distinct words"),
        ({"source": ["<unk>"]}, "is not a list of distinct words"),
    ],
)
def test_what_is_no_vocabulary_is_refused(value, message):
    with pytest.raises(DataError, match=message):
        TranslationVocabulary.from_json(value, "word")
