"""Tables of words know their columns; what is read of them is tested in test_tagged."""

from __future__ import annotations

import pytest

from gatewise.data.word_tables import read_word_table
from gatewise.errors import DataError


@pytest.fixture
def table(tmp_path):
    """Writes a file and reads it."""

    def table(content, name="a.txt", **options):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return read_word_table(path, **options)

    return table


CONLLU = "1\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n2\tto\tto\tADP\tIN\t_\t1\tdep\t_\t_\n"


@pytest.mark.parametrize(
    ("known", "column"),
    [
        ({"VERB", "ADP"}, 4),
        ({"VB", "IN", "root"}, 5),
        ({"VERB", "IN"}, 4),
        ({"root", "dep", "VB"}, 8),
        ({"_"}, None),
        ({"go to"}, None),
        (set(), None),
    ],
)
def test_the_column_of_certain_tags(known, column, table):
    assert table(CONLLU, "a.conllu").column_of(known) == column


def test_without_names_the_last_of_two_as_good_columns_is_taken(table):
    assert table("go X Y\nto Z Y\n").column_of({"X", "Y", "Z"}) == 3
    assert table("go X Y\nto Z Y\n").column_of({"X", "Z"}) == 2
    assert table("go\nto\n").column_of({"go"}) is None, "words are no tags"


def test_what_the_file_is_may_be_said(table):
    assert table(CONLLU, conllu=True).width == 10
    assert table("a b\n", "a.conllu", conllu=False).words() == [["a"]]
    plus = "# global.columns = FORM X\na\tb\n"
    assert table(plus).names == ("FORM", "X")
    assert table(plus, conllu=True).tags("x") == [["b"]]
    with pytest.raises(DataError, match="line 2: a tab, but line 1 has 5 columns and no tab"):
        table(plus, conllu=False)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("1\tgo\tVB\n2\tnow\tRB\n\n1\tgo\tVB\n2\tto\tTO\n", "cut -f2- FILE"),
        ("1 go VB\n2 to TO\n1 no DT\n2 x X\n\n1 so RB\n", "cut -d ' ' -f2- FILE"),
        ("\n".join("\t".join([str(k), "w", *"____________"]) for k in (1, 2, 3)), "cut -f2- FILE"),
    ],
    ids=["tabs", "spaces, run together", "fourteen columns, as CoNLL 2009 has them"],
)
def test_numbers_of_words_are_not_taken_for_words(text, cut, table):
    with pytest.raises(DataError) as caught:
        table(text)
    message = str(caught.value)
    assert "line 1: the first column numbers the words, 1, 2 and so on; expected the words there" in message
    assert message.endswith(f"leave the column out, as with: {cut}")


@pytest.mark.parametrize(
    "text", ["1 X\n2 X\n4 X\n", "1 X\n\n1 X\n", "2 X\n3 X\n4 X\n", "0 X\n1 X\n2 X\n", "1\n2\n3\n"]
)
def test_numbers_may_be_words(text, table):
    words = [[line.split()[0] for line in each.splitlines()] for each in text.split("\n\n")]
    assert table(text).words() == words
