"""Tagged sentences are read as they stand, or refused with file and line."""

from __future__ import annotations

import gzip
import re
import tempfile
from pathlib import Path

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


@pytest.mark.parametrize("name", ["a.conllu", "a.conllu.gz", "A.CONLLU"])
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


def test_the_other_column_of_conllu(write):
    path = write(CONLLU.replace("ADP\t_", "ADP\tTO"), "a.conllu")
    assert read_conllu(path, "xpos").tags == [["VBP", "RB", "VB", "TO", "NNP"], ["NN", "#"]]


COLUMNS = [["New York", "is", "big"], ["Yes"]], [["B-LOC", "O", "O"], ["O"]]


@pytest.mark.parametrize(
    "content",
    [
        "New York\tB-LOC\nis\tO\nbig\tO\n\nYes\tO\n",
        "New York\tB-LOC\nis O\nbig   O\n\n\n  \nYes\tO",
        "-DOCSTART-\tO\nNew York\tB-LOC\nis\tO\nbig\tO\n-DOCSTART- -X- -X- O\nYes\tO\n",
    ],
    ids=["tabs", "some spaces", "documents"],
)
def test_two_columns(content, write):
    for name in ("a.txt", "a.tsv.gz"):
        path = write(content, name)
        assert read_tagged(path) == read_columns(path) == COLUMNS
        assert read_words(path) == COLUMNS[0]


def test_words_may_come_without_tags(write):
    assert read_words(write("one\ntwo\n\nthree\n")) == [["one", "two"], ["three"]]
    assert read_words(write("1\tgo" + "\t_" * 8, "a.conllu")) == [["go"]]


LINE = "1\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.conllu", LINE + "2\tgo\tVERB\n", "line 2: 3 columns between tabs; expected the 10 of CoNLL-U"),
        ("a.conllu", "go VERB\n", "line 1: 1 columns between tabs; expected the 10"),
        ("a.conllu", "# x\n" + LINE.replace("1", "one", 1), "line 2: the first column is 'one'; expected a"),
        ("a.conllu", LINE.replace("\tgo", "\t", 1), "line 1: the second column, the word, is empty"),
        ("a.conllu", LINE + LINE.replace("VERB", "_"), "line 2: the word 'go' has no upos tag; tag every"),
        ("a.conllu", "# nothing\n\n", "has no sentence in it; expected words"),
        ("a.txt", "go VB\ngo to VB\n", "line 2: 3 columns; expected 2, a word and its tag"),
        ("a.txt", "go VB\n\nto\n", "line 3: 1 columns; expected 2, a word and its tag"),
        ("a.txt", "go\t\n", "line 1: the columns are 'go' and ''; expected a word and its tag"),
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


def test_files_that_cannot_be_read(tmp_path, write):
    with pytest.raises(DataError, match=r"no\.conllu' does not exist; expected a file of sentences"):
        read_tagged(tmp_path / "no.conllu")
    with pytest.raises(DataError, match="is not a regular file"):
        read_words(tmp_path)
    plain, cut = tmp_path / "plain.gz", tmp_path / "cut.gz"
    plain.write_text("go VB\n")
    cut.write_bytes(write("go VB\n" * 999, "whole.gz").read_bytes()[:-20])
    for path in (plain, cut):
        with pytest.raises(DataError, match="is no whole gzip file"):
            read_tagged(path)


def test_an_unknown_column_is_refused(write):
    with pytest.raises(ArgumentError, match="column='deprel'; expected one of upos, xpos"):
        read_conllu(write(CONLLU, "a.conllu"), "deprel")


def test_names_say_what_is_conllu():
    assert is_conllu("a.conllu")
    assert is_conllu(Path("x/b.ConllU.gz"))
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
