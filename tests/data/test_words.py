"""Words of raw texts: what is one, and that each stands where it is said to stand."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data import split_words
from gatewise.errors import ArgumentError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ann saw Rome.", "Ann|saw|Rome|."),
        ("Don't, I can't; isn't it?", "Do|n't|,|I|ca|n't|;|is|n't|it|?"),
        ("It’s Ann's, we’ll don’t", "It|’s|Ann|'s|,|we|’ll|do|n’t"),
        ("I'd've the dogs' O'Neil's", "I|'d|'ve|the|dogs|'|O'Neil|'s"),
        ('"Yes", (he) said: [no]!', '"|Yes|"|,|(|he|)|said|:|[|no|]|!'),
        ("$3.50, 1,200.5 or 5%.", "$|3.50|,|1,200.5|or|5|%|."),
        ("at 10:30 on 12/03/2020, 1.000,50 €", "at|10:30|on|12/03/2020|,|1.000,50|€"),
        ("U.S. e.g. z.B. Mr. Smith", "U.S.|e.g.|z.B.|Mr.|Smith"),
        ("a well-known AT&T R2-D2 no -- wait...", "a|well-known|AT&T|R2-D2|no|--|wait|..."),
        ("see https://x.org/a?b=1, or (www.x.org).", "see|https://x.org/a?b=1|,|or|(|www.x.org|)|."),
        ("mail a.b+c@d-e.org!", "mail|a.b+c@d-e.org|!"),
        ("#tag @me snake_case 50/50 and/or", "#|tag|@|me|snake_case|50/50|and|/|or"),
        ("naïve café e\u0301te\u0301 straße", "naïve|café|e\u0301te\u0301|straße"),
        ("नमस्ते दुनिया।", "नमस्ते|दुनिया|।"),
        ("می\u200cخواهم 日本語、テキスト", "می\u200cخواهم|日本語|、|テキスト"),
        ("good 👍🏽 ❤️ 👩\u200d💻 🇩🇪!", "good|👍🏽|❤️|👩\u200d💻|🇩🇪|!"),
        ("a\tb\u00a0c\n\nd\r\ne", "a|b|c|d|e"),
        ("''quoted`` text''", "''|quoted|``|text|''"),
        ("I cannot, CANNOT; can not", "I|can|not|,|CAN|NOT|;|can|not"),
        ("Gonna wanna gotta go; gimme, lemme", "Gon|na|wan|na|got|ta|go|;|gim|me|,|lem|me"),
        ("'Tis ’twas d'ye more'n", "'T|is|’t|was|d'|ye|more|'n"),
        ("cannots scannot begonna it'tis wannabe", "cannots|scannot|begonna|it'tis|wannabe"),
        ("Inc. etc.", "Inc|.|etc|."),
        ("", ""),
        (" \t\n", ""),
    ],
)
def test_what_a_word_is(text, words):
    assert [word.text for word in split_words(text)] == [each for each in words.split("|") if each]


def test_words_that_are_split_already_stay_so():
    for words in (["do", "n't"], ["Ann", "'s"], ["U.S.", "$", "3.50", "..."], ["(", "Rome", ")", "."]):
        assert [word.text for word in split_words(" ".join(words))] == words


PIECES = [
    "a",
    "Z",
    "é",
    "e\u0301",
    "न्",
    "1",
    " ",
    "\n",
    "'",
    "’s",
    "n't",
    ".",
    ",",
    "http://",
    "@",
    "-",
    "_",
    "👍🏽",
    "\u200d",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=30))
def test_each_stands_in_the_text_and_only_white_space_between(text):
    last = 0
    for word in split_words(text):
        assert word.text == text[word.start : word.stop]
        assert not any(character.isspace() for character in word.text)
        assert word.start < word.stop
        assert not text[last : word.start].strip()
        last = word.stop
    assert not text[last:].strip()


@pytest.mark.parametrize("text", [None, b"Rome", ["Rome"], 3])
def test_what_is_no_text_is_refused(text):
    with pytest.raises(ArgumentError, match=f"text has type {type(text).__name__}; expected a str"):
        split_words(text)


def test_words_of_the_english_web_treebank(data_folder):
    """Against those that people have marked; the figure that the docstring gives."""
    right = found = wanted = 0
    for part in ("dev", "test"):
        path = data_folder / "tagging" / "ud_english_ewt" / f"en_ewt-ud-{part}.conllu.gz"
        for sentence in gzip.decompress(path.read_bytes()).decode("utf-8").strip().split("\n\n"):
            lines = sentence.split("\n")
            [text] = [line.removeprefix("# text = ") for line in lines if line.startswith("# text = ")]
            fields = [line.split("\t") for line in lines if not line.startswith("#")]
            marked, place = set(), 0
            for word in (each[1] for each in fields if each[0].isdigit()):
                place = text.index(word, place) + len(word)
                marked.add((place - len(word), place))
            ours = {(word.start, word.stop) for word in split_words(text)}
            right, found, wanted = right + len(ours & marked), found + len(ours), wanted + len(marked)
    assert round(200 * right / (found + wanted), 1) == 97.6
