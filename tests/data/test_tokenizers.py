"""Encoding and decoding undo each other, vocabularies keep what is frequent, and stored ones are checked."""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatewise.data import (
    TOKENIZERS,
    CharTokenizer,
    SubwordTokenizer,
    TextSource,
    WordTokenizer,
    decode_stream,
    tokenize,
)
from gatewise.errors import DataError, MissingExtraError
from tests.data.texts import LEVELS, learn, use_chunks

any_text = st.text(st.characters(exclude_categories=()))


def encode(tokenizer, text):
    return np.concatenate([*tokenizer.encode([text]), np.zeros(0, np.int32)]).tolist()


@pytest.fixture(scope="module")
def sample(real_text):
    return real_text[:6000] + " Zażółć gęślą jaźń. 😀👩‍👩‍👧 naïve café"


@pytest.fixture(scope="module")
def subwords(sample):
    return learn("bpe", TextSource(sample), 400)


# Characters.


@given(any_text)
def test_characters_decode_to_the_text_they_were_learnt_from(text):
    """Any text, with zero bytes and lone surrogates."""
    tokenizer = CharTokenizer.learn([text])
    assert tokenizer.decode(encode(tokenizer, text)) == text
    assert tokenizer.vocabulary_size == len(set(text)) + 1


@given(any_text, any_text)
def test_characters_outside_the_vocabulary_are_unknown_and_the_others_are_not(learnt, text):
    tokenizer = CharTokenizer.learn([learnt])
    assert tokenizer.unknown == 0
    assert [token == 0 for token in encode(tokenizer, text)] == [each not in learnt for each in text]


@given(st.text("abcdefg", min_size=1), st.integers(2, 9))
def test_the_most_frequent_characters_are_kept(text, vocab_size):
    tokenizer = CharTokenizer.learn([text], vocab_size)
    assert tokenizer.vocabulary_size == min(vocab_size, len(set(text)) + 1)
    counts = Counter(text)
    dropped = set(text) - set(tokenizer.characters)
    assert min(counts[each] for each in tokenizer.characters) >= max(
        (counts[each] for each in dropped), default=0
    )


@given(any_text)
@example("\ud800 \udc00")
def test_a_character_vocabulary_survives_json(text):
    """Among them texts with both halves of a surrogate pair, which JSON would join to one character."""
    tokenizer = CharTokenizer.learn([text])
    again = CharTokenizer.from_json(json.loads(json.dumps(tokenizer.to_json())))
    assert again.vocabulary_size == tokenizer.vocabulary_size
    assert encode(again, text) == encode(tokenizer, text)


# Words.

words = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1).filter(
    lambda word: word.split() == [word] and word not in ("<unk>", "<eos>")
)
lines = st.lists(st.lists(words, max_size=5), min_size=1, max_size=5)


@given(lines)
def test_words_decode_to_the_text_with_single_spaces(lines):
    text = "\n".join(" ".join(line) for line in lines)
    tokenizer = WordTokenizer.learn([text])
    assert tokenizer.decode(encode(tokenizer, text)) == text
    spread = "\n".join("\t  ".join(["", *line, ""]) for line in lines)
    assert tokenizer.decode(encode(tokenizer, spread)) == text
    assert tokenizer.vocabulary_size == len({word for line in lines for word in line}) + 2


def test_words_and_ends_of_lines_as_the_penn_treebank_is_read():
    tokenizer = WordTokenizer.learn([" the cat <unk> \n the dog sat \n"])
    assert tokenizer.words == ["the", "cat", "dog", "sat"]
    assert encode(tokenizer, " the cat <unk> \n the mouse sat \n") == [2, 3, 0, 1, 2, 0, 5, 1]
    assert tokenizer.decode([2, 3, 0, 1, 2, 0, 5, 1]) == "the cat <unk>\nthe <unk> sat\n"


@given(st.text("abcdefg ", min_size=1), st.integers(2, 9))
def test_the_most_frequent_words_are_kept(text, vocab_size):
    tokenizer = WordTokenizer.learn([text], vocab_size)
    counts = Counter(text.split())
    assert tokenizer.vocabulary_size == min(vocab_size, len(counts) + 2)
    kept = [counts[word] for word in tokenizer.words]
    assert kept == sorted(counts.values(), reverse=True)[: len(kept)]


@given(lines)
def test_a_word_vocabulary_survives_json(lines):
    tokenizer = WordTokenizer.learn(["\n".join(" ".join(line) for line in lines)])
    again = WordTokenizer.from_json(json.loads(json.dumps(tokenizer.to_json())))
    assert again.words == tokenizer.words


# Subwords.


@settings(max_examples=200)
@given(text=st.text())
def test_subwords_decode_to_any_text(text, subwords):
    """A byte-level vocabulary leaves nothing out, even what was not in the text it was learnt from."""
    assert subwords.decode(encode(subwords, text)) == text
    assert subwords.unknown is None


def test_subwords_are_as_many_as_asked_for(sample, subwords):
    assert subwords.vocabulary_size == 400
    assert learn("bpe", TextSource(sample), 300).vocabulary_size == 300
    assert max(encode(subwords, sample)) < 400
    assert len(encode(subwords, sample)) < 0.7 * len(sample), "frequent pairs are merged"


def test_fewer_subwords_than_bytes_cannot_be_had_in_silence(sample):
    """There are 256 bytes: either the tokenizer keeps to the size, or it refuses it."""
    pytest.importorskip("tokenizers")
    size = 0
    try:
        size = SubwordTokenizer.learn([sample], 10).vocabulary_size
    except ValueError as error:
        message = str(error)
    assert size <= 10
    assert size or "256" in message


def test_a_subword_vocabulary_survives_json(sample, subwords):
    again = SubwordTokenizer.from_json(json.loads(json.dumps(subwords.to_json())))
    assert again.vocabulary_size == subwords.vocabulary_size
    assert encode(again, sample) == encode(subwords, sample)


@pytest.mark.parametrize("text", ["\ud800", "a \udcff b"], ids=["high", "low"])
def test_half_a_surrogate_pair_is_no_text_for_subwords(text, subwords):
    """It has no UTF-8. On the command line it stands for a byte that is not UTF-8."""
    with pytest.raises(DataError, match="UTF-8"):
        encode(subwords, text)
    with pytest.raises(DataError, match="UTF-8"):
        SubwordTokenizer.learn([text], 300)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    for use in (lambda: SubwordTokenizer.learn(["text"]), lambda: SubwordTokenizer.from_json("{}")):
        with pytest.raises(MissingExtraError, match=r"pip install 'gatewise\[bpe\]'"):
            use()


def unfit(name, change):
    return pytest.param(change, id=name)


@pytest.mark.parametrize(
    "change",
    [
        unfit("two tokens of one symbol", lambda t: t["tokens"].append(t["tokens"][0])),
        unfit("a byte missing", lambda t: t["tokens"].remove("T")),
        unfit("a token that is no symbol", lambda t: t["tokens"].append(5_000_000)),
        unfit("a token that is half a surrogate pair", lambda t: t["tokens"].append("\ud800")),
        unfit("merges of unknown symbols", lambda t: t["merges"].append(["zz", "qq"])),
        unfit("a merge to an unknown symbol", lambda t: t["merges"].append(["~", "~"])),
        unfit("a merge of three", lambda t: t["merges"].append(["a", "b", "c"])),
        unfit("a merge of numbers", lambda t: t["merges"].append([1, 2])),
        unfit("no merges", lambda t: t.pop("merges")),
        unfit("more than tokens and merges", lambda t: t.update(normalizer={"type": "Precompiled"})),
    ],
)
def test_a_subword_vocabulary_that_learning_does_not_make_is_refused(change, subwords):
    value = json.loads(json.dumps(subwords.to_json()))
    change(value)
    with pytest.raises(DataError, match="subword vocabulary"):
        SubwordTokenizer.from_json(value)


# All of them.


@pytest.mark.parametrize(
    ("level", "value"),
    [
        ("char", None),
        ("char", {"a": 1}),
        ("char", "abca"),
        ("word", None),
        ("word", "a b"),
        ("word", {"a": 0}),
        ("word", ["a", 1]),
        ("word", ["a", ["b"]]),
        ("word", ["a", "b", "a"]),
        ("word", ["<unk>"]),
        ("word", ["<eos>"]),
        ("bpe", None),
        ("bpe", ["a"]),
        ("bpe", ""),
        ("bpe", "{}"),
        ("bpe", {"tokens": None, "merges": []}),
        ("bpe", {"tokens": [], "merges": []}),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_stored_vocabulary_of_another_shape_is_refused(level, value):
    if level == "bpe":
        pytest.importorskip("tokenizers")
    with pytest.raises(DataError, match="vocabulary"):
        TOKENIZERS[level].from_json(value)


gaps = st.sampled_from([" ", "  ", "   ", "\n", "\n\n", "\t", " \t", "\xa0", "\r\n", ""])
spaced_texts = st.lists(
    st.tuples(st.sampled_from(["to", "be", "żółć", "😀", "it's", "1,000", "..."]), gaps)
).map(lambda pairs: "".join(itertools.chain.from_iterable(pairs)))


@pytest.mark.parametrize("level", LEVELS)
@settings(max_examples=60)
@given(text=spaced_texts, size=st.integers(1, 30))
def test_tokens_do_not_depend_on_the_chunks(level, text, size, subwords):
    with pytest.MonkeyPatch.context() as monkeypatch:
        tokenizer = subwords if level == "bpe" else TOKENIZERS[level].learn([text])
        whole = encode(tokenizer, text)
        use_chunks(monkeypatch, size)
        chunks = [text[start : start + size] for start in range(0, len(text), size)]
        found = list(tokenizer.encode(chunks))
        assert [int(token) for part in found for token in part] == whole
        if level != "bpe":
            assert type(tokenizer).learn(chunks).to_json() == tokenizer.to_json()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [13, 100, 1024])
def test_tokens_of_a_real_text_do_not_depend_on_the_chunks(level, size, sample, monkeypatch):
    whole = learn(level, TextSource(sample), 300)
    tokens = tokenize(TextSource(sample), whole).tokens
    use_chunks(monkeypatch, size)
    in_chunks = learn(level, TextSource(sample), 300)
    assert in_chunks.to_json() == whole.to_json()
    np.testing.assert_array_equal(tokenize(TextSource(sample), in_chunks).tokens, tokens)


def decode_all(tokenizer, tokens, context):
    """What the tokens add to the text of the context, decoded at once."""
    return tokenizer.decode([*context, *tokens])[len(tokenizer.decode(context)) :]


@pytest.mark.parametrize("level", LEVELS)
@given(data=st.data())
def test_pieces_join_to_the_whole(level, data, sample, subwords):
    """Any tokens, of which subwords may be bytes that make no character; the context is a text."""
    tokenizer = subwords if level == "bpe" else TOKENIZERS[level].learn([sample[-2000:]])
    context = encode(tokenizer, data.draw(st.sampled_from(["", "The", "Zażółć\n", "👧", "what is it "])))
    token = st.integers(0, tokenizer.vocabulary_size - 1)
    chunks = data.draw(st.lists(st.lists(token, min_size=1, max_size=4), max_size=8))
    pieces = list(decode_stream(tokenizer, iter(chunks), context))
    assert "".join(pieces) == decode_all(tokenizer, [token for chunk in chunks for token in chunk], context)
    assert len(pieces) <= len(chunks) + 1


def test_a_character_spread_over_tokens_comes_when_it_is_whole(subwords):
    tokens = encode(subwords, "a 🦀 z")
    assert sum("�" in subwords.decode([token]) for token in tokens) >= 2, (
        "no token stands for the whole of it"
    )
    pieces = list(decode_stream(subwords, [[token] for token in tokens]))
    assert "".join(pieces) == "a 🦀 z"
    assert sum("🦀" in piece for piece in pieces) == 1
    assert not any("�" in piece for piece in pieces)


def test_each_token_is_told_before_the_next_is_asked_for(sample):
    """A reader of a stream sees each word as it comes."""
    tokenizer = WordTokenizer.learn([sample])
    asked = []

    def tokens():
        for token in encode(tokenizer, sample)[:5]:
            asked.append(token)
            yield [token]

    for number, piece in enumerate(decode_stream(tokenizer, tokens()), start=1):
        assert piece
        assert len(asked) == number


def test_the_treebank_has_the_counts_of_the_literature(data_folder):
    """Tokens and types with the end of a line among them, as Mikolov et al. (2010) count them."""
    folder = data_folder / "text" / "ptb"
    train = TextSource(folder / "train.txt")
    tokenizer = WordTokenizer.learn(train.chunks())
    assert tokenizer.vocabulary_size == 10_000
    tokens = tokenize(train, tokenizer).tokens
    assert len(tokens) == 929_589
    assert np.count_nonzero(tokens == 1) == 42_068
    assert tokens.dtype == np.uint16
    for name, count in (("valid", 73_760), ("test", 82_430)):
        source = TextSource(folder / f"{name}.txt")
        text = tokenize(source, tokenizer)
        assert len(text.tokens) == count
        assert text.unknown == source.read().split().count("<unk>")


def test_a_small_vocabulary_has_a_token_for_each_symbol_and_no_other(sample):
    for level in ("char", "word"):
        tokenizer = learn(level, TextSource(sample), 20)
        tokens = tokenize(TextSource(sample), tokenizer).tokens
        assert set(np.unique(tokens)) == set(range(20)), level
