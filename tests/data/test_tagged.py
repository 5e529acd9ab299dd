"""Tagged sentences are read as they stand, or refused with file and line."""

from __future__ import annotations

import gzip
import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data import read_columns, read_conllu, read_tagged, read_words
from gatewise.data.tagged import is_conllu, tagged_digest
from gatewise.errors import ArgumentError, DataError

CONLLU = """\
# newdoc id = one
# text = Don't go to New York .
1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tDo\tdo\tAUX\tVBP\t_\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_
3\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_
3.1\tgone\tgo\tVERB\tVBN\t_\t_\t_\t_\t_
4\tto\tto\tADP\t_\t_\t5\tcase\t_\t_
5\tNew York\tNew York\tPROPN\tNNP\t_\t3\tobl\t_\t_

# text = żółw #
0.1\tempty\t_\t_\t_\t_\t_\t_\t_\t_
1\tżółw\tżółw\tNOUN\tNN\t_\t0\troot\t_\t_
2\t#\t#\tSYM\t#\t_\t1\tdep\t_\t_

"""
SENTENCES = [["Do", "n't", "go", "to", "New York"], ["żółw", "#"]]
UPOS = [["AUX", "PART", "VERB", "ADP", "PROPN"], ["NOUN", "SYM"]]


@pytest.fixture
def write(tmp_path):
    """Writes text or bytes into a file, compressed if its name says so, and returns its path."""

    def write(content, name="tags.txt"):
        path = tmp_path / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


WORDS = st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1)
TAGGED = st.lists(st.lists(st.tuples(WORDS, WORDS), min_size=1), min_size=1)


@given(TAGGED)
def test_what_is_written_is_read(tagged):
    with tempfile.TemporaryDirectory() as folder:
        columns, treebank = Path(folder) / "a.txt", Path(folder) / "a.conllu"
        columns.write_text(
            "\n\n".join("\n".join(map("\t".join, rows)) for rows in tagged), encoding="utf-8", newline="\n"
        )
        lines = (
            "".join(f"{n}\t{word}\t_\t{tag}x" + "\t_" * 6 + "\n" for n, (word, tag) in enumerate(rows, 1))
            for rows in tagged
        )
        treebank.write_text("\n".join(lines), encoding="utf-8", newline="\n")
        words = [[word for word, _ in rows] for rows in tagged]
        assert read_tagged(columns) == (words, [[tag for _, tag in rows] for rows in tagged])
        assert read_tagged(treebank) == (words, [[f"{tag}x" for _, tag in rows] for rows in tagged])


@pytest.mark.parametrize("name", ["a.conllu", "a.conllu.gz", "A.CONLLU", "a.txt", "a", "a.conll", "a.tsv.gz"])
@pytest.mark.parametrize(
    "content",
    [CONLLU, CONLLU.rstrip("\n"), "\n\n" + CONLLU.replace("\n", "\r\n"), "\ufeff" + CONLLU],
    ids=["as it should be", "cut short at the end", "Windows line ends", "byte order mark"],
)
def test_conllu(name, content, write):
    path = write(content, name)
    assert read_tagged(path) == (SENTENCES, UPOS)
    assert read_tagged(str(path)) == read_conllu(path) == (SENTENCES, UPOS)
    assert read_words(path) == SENTENCES


XPOS = [["VBP", "RB", "VB", "TO", "NNP"], ["NN", "#"]]
DEPREL = [["aux", "advmod", "root", "case", "obl"], ["root", "dep"]]


@pytest.mark.parametrize(
    ("column", "tags"),
    [
        ("xpos", XPOS),
        ("XPOS", XPOS),
        (5, XPOS),
        ("5", XPOS),
        (np.int64(5), XPOS),
        ("deprel", DEPREL),
        (8, DEPREL),
        ("feats", [["_"] * 5, ["_"] * 2]),
        ("last", [["_"] * 5, ["_"] * 2]),
        ("lemma", [["do", "not", "go", "to", "New York"], ["żółw", "#"]]),
    ],
    ids=repr,
)
def test_the_other_columns_of_conllu(column, tags, write):
    path = write(CONLLU.replace("ADP\t_", "ADP\tTO"), "a.conllu")
    assert read_conllu(path, column) == read_tagged(path, column) == (SENTENCES, tags)


PLUS = """\
# global.columns = ID FORM UPOS NER:IOB
# sent_id = one
1-2\tDon't\t_\t_
1\tDo\tAUX\tO
2\tn't\tPART\tO

1\tNew York\tPROPN\tB-LOC
"""


@pytest.mark.parametrize("name", ["a.conllup", "a.conllup.gz", "a.conllu", "a.cupt", "a.txt"])
def test_conllu_plus_is_read_by_the_columns_it_names(name, write):
    path = write(PLUS, name)
    sentences = [["Do", "n't"], ["New York"]]
    assert read_words(path) == sentences
    assert read_tagged(path) == read_conllu(path) == (sentences, [["AUX", "PART"], ["PROPN"]])
    for column in ("ner:iob", "NER:IOB", 4, -1, "last"):
        assert read_tagged(path, column) == (sentences, [["O", "O"], ["B-LOC"]])


def test_conllu_plus_in_another_order_and_without_numbers(write):
    path = write("# global.columns = NER FORM\n# text = go\nO\tgo\n\nB-LOC\tRome\nO\tis\n", "a.conllup")
    assert (
        read_tagged(path, "ner")
        == read_tagged(path, 1)
        == ([["go"], ["Rome", "is"]], [["O"], ["B-LOC", "O"]])
    )
    assert read_words(write("# global.columns = ID FORM\n1\tgo\n2\tto\n", "b.conllup")) == [["go", "to"]]


COLUMNS = [["New York", "is", "big"], ["Yes"]], [["B-LOC", "O", "O"], ["O"]]


@pytest.mark.parametrize(
    "content",
    [
        "New York\tB-LOC\nis\tO\nbig\tO\n\nYes\tO\n",
        "New York\tB-LOC\nis\tO\nbig\tO\n\n\n  \nYes\tO",
        "-DOCSTART-\tO\nNew York\tB-LOC\nis\tO\nbig\tO\n-DOCSTART- -X- -X- O\nYes\tO\n",
    ],
    ids=["tabs", "empty lines", "documents"],
)
def test_two_columns(content, write):
    for name in ("a.txt", "a.tsv.gz"):
        path = write(content, name)
        assert read_tagged(path) == read_columns(path) == COLUMNS
        assert read_words(path) == COLUMNS[0]


@pytest.mark.parametrize("between", [" ", "   ", "\t"], ids=repr)
def test_four_columns_as_of_conll_2003(between, write):
    rows = [
        "-DOCSTART- -X- -X- O\n",
        "\n",
        "U.N. NNP I-NP I-ORG\n",
        "official NN I-NP O\n",
        "\n",
        ". . O O\n",
    ]
    path = write("".join(rows).replace(" ", between), "eng.testa")
    words = [["U.N.", "official"], ["."]]
    assert read_words(path) == words
    for column in (None, 4, "4", -1, "-1", "last"):
        assert read_tagged(path, column) == read_columns(path, column) == (words, [["I-ORG", "O"], ["O"]])
    assert read_tagged(path, 2) == (words, [["NNP", "NN"], ["."]])
    assert read_tagged(path, "3").tags == [["I-NP", "I-NP"], ["O"]]


def test_of_two_columns_the_names_of_tags_mean_the_second(write):
    path = write("go VB\n")
    assert (
        read_tagged(path, "upos") == read_tagged(path, "xpos") == read_tagged(path, 2) == ([["go"]], [["VB"]])
    )


def test_spaces_alone_are_between_columns(write):
    path = write("New\xa0York B-LOC\n a\x0bb\u2028c  O \n")
    assert read_tagged(path) == ([["New\xa0York", "a\x0bb\u2028c"]], [["B-LOC", "O"]])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_line_ends_of_all_systems(end, write):
    assert read_tagged(write(f"a X{end}b Y{end}{end}c Z{end}")) == ([["a", "b"], ["c"]], [["X", "Y"], ["Z"]])
    assert read_tagged(write(CONLLU.replace("\n", end), "a.conllu")) == (SENTENCES, UPOS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("one\ntwo NN\n", "line 2: 2 columns between spaces; expected 1, as in line 1: give every line the"),
        ("\none\n\ntwo\tNN\n", "line 4: a tab, but line 2 has 1 column and no tab; expected the same"),
        ("New York\none\n", "line 2: 1 column between spaces; expected 2, as in line 1"),
        ("one\tNN\ntwo\n", "line 2: 1 column between tabs; expected 2, as in line 1"),
        ("one\tNN\ntwo NN\n", "line 2: 1 column between tabs; expected 2, as in line 1"),
        ("one NN\ntwo\tNN\n", "line 2: a tab, but line 1 has 2 columns and no tab"),
        ("a b c d\n\na b d\n", "line 3: 3 columns between spaces; expected 4, as in line 1"),
    ],
)
def test_columns_are_those_of_the_file_not_of_the_line(content, message, write):
    path = write(content)
    for read in (read_words, read_tagged, read_columns):
        with pytest.raises(DataError, match=re.escape(message)) as caught:
            read(path)
        assert str(caught.value).startswith(repr(str(path)))


def test_words_may_come_without_tags(write):
    assert read_words(write("one\t\ntwo\t\n")) == [["one", "two"]]
    assert read_words(write("one\ntwo\n\nthree\n")) == [["one", "two"], ["three"]]
    assert read_words(write("1\tgo" + "\t_" * 8, "a.conllu")) == [["go"]]


LINE = "1\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.conllu", LINE + "2\tgo\tVERB\n", "line 2: 3 columns between tabs; expected the 10 of CoNLL-U"),
        ("a.conllu", "go VERB\n", "line 1: 1 column between tabs; expected the 10"),
        (
            "a.conllu",
            "# x\n" + LINE.replace("1", "one", 1),
            "line 2: the ID is 'one'; expected a word's number",
        ),
        ("a.conllu", LINE.replace("\tgo", "\t", 1), "line 1: column 2, the word, is empty"),
        (
            "a.conllu",
            LINE + LINE.replace("VERB", "_").replace("1", "2", 1),
            "line 2: the word 'go' has no tag in column upos; tag every word, or read another",
        ),
        ("a.conllu", "# nothing\n\n", "has no sentence in it; expected words"),
        ("a.conllup", LINE, "line 1: it names no columns; expected # global.columns = ID FORM UPOS"),
        (
            "a.conllup",
            "# global.columns = ID UPOS\n1\tX\n",
            "line 1: it names the columns ID UPOS; expected FORM",
        ),
        (
            "a.conllup",
            "# global.columns = FORM X x\n1\tX\n",
            "line 1: it names the columns FORM X x; expected FORM",
        ),
        ("a.conllup", PLUS + "2\tx\n", "line 8: 2 columns between tabs; expected the 4 that line 1 names"),
        (
            "a.conllup",
            "# global.columns = ID FORM\n1\tgo\n",
            "line 2: 2 columns, and no tags; expected a word and",
        ),
        (
            "a.txt",
            LINE + "x\n",
            "line 1: 10 columns, the first a word's number, as in CoNLL-U; name the file .conllu.",
        ),
        (
            "a.txt",
            "# sent_id = 1\n" + LINE + "# sent_id = 2\n" + LINE,
            "line 4: the word's number is 1 after 1, so a new sentence begins",
        ),
        ("a.txt", "go\nto\n", "line 1: 1 column, and no tags; expected a word and its tags"),
        ("a.txt", "go VB\ngo to VB\n", "line 2: 3 columns between spaces; expected 2, as in line 1"),
        ("a.txt", "go VB\n\nto\n", "line 3: 1 column between spaces; expected 2, as in line 1"),
        ("a.txt", "go\tVB\nto\t\n", "line 2: the word 'to' has no tag in column 2; tag every word"),
        ("a.txt", "go\tVB\n\tVB\n", "line 2: the first column, the word, is empty; expected a word"),
        ("a.txt", "", "has no sentence in it"),
        ("a.txt", "go VB\n-DOCSTART-x\n\0 b\n", "line 3 has a zero byte, so this is a binary file"),
        ("a.txt", b"go VB\ncaf\xe9 NN\n", "line 2: byte 0xe9 is not UTF-8. Expected UTF-8 text; convert it"),
        ("a.txt.gz", b"go VB\ncaf\xe9 NN\n", "line 2: byte 0xe9 is not UTF-8. Expected UTF-8 text"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(name, content, message, write):
    path = write(content, name)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_tagged(path)
    assert str(caught.value).startswith(repr(str(path)))
    assert ".." not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path, write):
    with pytest.raises(DataError, match=r"no\.conllu' does not exist; expected a file of sentences"):
        read_tagged(tmp_path / "no.conllu")
    with pytest.raises(DataError, match="is not a regular file"):
        read_words(tmp_path)
    cut = tmp_path / "cut.gz"
    cut.write_bytes(write("go VB\n" * 999, "whole.gz").read_bytes()[:-20])
    with pytest.raises(DataError, match="is no whole gzip file"):
        read_tagged(cut)


@pytest.mark.parametrize("read", [read_words, read_tagged])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            LINE + LINE.replace("1", "2", 1) + LINE,
            "line 3: the word's number is 1 after 2, so a new sentence begins",
        ),
        (
            LINE + "# text = go\n1-2\tgo" + "\t_" * 8 + "\n" + LINE,
            "line 4: the word's number is 1 after 1, so a",
        ),
        (
            LINE + LINE.replace("1", "3", 1),
            "line 2: the word's number is 3 after 1; expected 2: put back the line",
        ),
        (
            LINE + "\n" + LINE.replace("1", "2", 1),
            "line 3: the word's number is 2 at the beginning of a sentence",
        ),
    ],
    ids=["no empty line", "a comment and a range between", "a line is missing", "the first is missing"],
)
def test_sentences_that_run_together_are_refused(read, content, message, write):
    path = write(content, "a.conllu")
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read(path)
    assert str(caught.value).startswith(repr(str(path)))


def test_sentences_without_numbers_that_run_together_show_by_a_comment(write):
    path = write("# global.columns = FORM UPOS\n# text = a\na\tX\n# text = b\nb\tY\n", "a.conllup")
    with pytest.raises(
        DataError, match="line 4: a comment inside of a sentence; put an empty line after each"
    ):
        read_tagged(path)


@pytest.mark.parametrize(
    "column", ["pos", "form", "id", 1, 2, 0, 11, -2, "11", "1.5", True, 1.5, ""], ids=repr
)
def test_an_unknown_column_is_refused_with_those_that_there_are(column, write):
    with pytest.raises(ArgumentError) as caught:
        read_conllu(write(CONLLU, "a.conllu"), column)
    assert str(caught.value).startswith(f"column={column!r}, but ")
    assert (
        "has 10 columns, ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC, the words in column 2; "
        in str(caught.value)
    )
    assert (
        "upos, xpos, lemma, feats, head, deprel, deps, misc; or a number, 3, 4, 5, 6, 7, 8, 9, 10, or -1 for"
        in str(caught.value)
    )


@pytest.mark.parametrize("column", ["upos", "ner", 1, 0, 5, -4, 2.0], ids=repr)
def test_without_names_columns_have_numbers(column, write):
    with pytest.raises(ArgumentError) as caught:
        read_tagged(write("U.N. NNP I-NP I-ORG\n"), column)
    assert str(caught.value).startswith(f"column={column!r}, but ")
    assert str(caught.value).endswith(
        "has 4 columns, the words in column 1; expected as column one of: 2, 3, 4, or -1 for the last."
    )


def test_names_are_asked_for_where_there_is_no_upos(write):
    path = write("# global.columns = ID FORM NER\n1\tgo\tO\n", "a.conllup")
    with pytest.raises(
        ArgumentError, match="has 3 columns, ID FORM NER, the words in column 2; expected as column"
    ):
        read_tagged(path)


def test_names_say_what_is_conllu():
    assert is_conllu("a.conllu")
    assert is_conllu(Path("x/b.ConllU.gz"))
    assert is_conllu("a.conllup")
    assert not is_conllu("conllu.txt")


def test_the_digest_knows_where_words_and_sentences_end():
    variants = [[["a", "b"]], [["ab"]], [["a"], ["b"]], [["b", "a"]], [["a", "b", ""]], [["a b"]]]
    digests = {tagged_digest(each) for each in variants} | {tagged_digest([["a"]], [["b"]])}
    assert len(digests) == len(variants) + 1
    assert tagged_digest([["a", "b"]]) == tagged_digest((("a", "b"),))


def test_the_english_treebank(data_folder):
    folder = data_folder / "tagging" / "ud_english_ewt"
    for name, sentences, words in (("dev", 2001, 25_147), ("test", 2077, 25_094)):
        found = read_tagged(folder / f"en_ewt-ud-{name}.conllu.gz")
        assert len(found.sentences) == len(found.tags) == sentences
        assert sum(map(len, found.sentences)) == sum(map(len, found.tags)) == words
        assert len({tag for tags in found.tags for tag in tags}) == 17
