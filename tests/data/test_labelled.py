"""Texts with labels are read from lines and tables, or refused with the line."""

from __future__ import annotations

import pytest

from gatewise.data import read_labelled_texts, read_texts
from gatewise.data.sequence_files import read_sequences
from gatewise.errors import ArgumentError, DataError, GatewiseError


@pytest.fixture
def write(tmp_path):
    def write_file(name, text, encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write_file


def test_a_label_and_a_text_on_each_line(write):
    path = write("x.txt", "1 a fine film \n\n0 dull ,\tvery dull\r\n-1  b\n")
    assert read_labelled_texts(path) == (["a fine film", "dull ,\tvery dull", "b"], ["1", "0", "-1"])


def test_between_tabs_labels_may_have_spaces(write):
    path = write("x.txt", "very good\ta fine film \n\nbad\tdull ,\tvery dull\r\n")
    assert read_labelled_texts(path) == (["a fine film", "dull ,\tvery dull"], ["very good", "bad"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_line_ends_of_all_systems(end, write):
    path = write("x.txt", f"1 a{end}{end}0 b{end}0{end}")
    with pytest.raises(DataError, match="line 4: '0' has no text"):
        read_labelled_texts(path)
    assert read_texts(path) == ["1 a", "0 b", "0"]
    assert read_labelled_texts(write("x.csv", f"label,text{end}1,a{end}0,b{end}")) == (["a", "b"], ["1", "0"])


def test_line_ends_of_unicode_end_no_line(write):
    assert read_labelled_texts(write("x.txt", "1 a\u2028b\x85c\n")).X == ["a\u2028b\x85c"]
    assert read_texts(write("x.txt", "a\x0bb\x1cc\nd\x0ce")) == ["a\x0bb\x1cc", "d\x0ce"]
    assert read_texts(write("x.csv", "text\na\x0bb\u2028c\n")) == ["a\x0bb\u2028c"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", 'id,label,text\n1,good,"a, b"\n\n2,bad,"c\nd"\n'),
        ("x.TSV", 'text\tlabel\n"a, b"\tgood\n"c\nd"\tbad\n'),
    ],
)
def test_tables(write, name, text):
    path = write(name, text, "utf-8-sig")
    assert read_labelled_texts(path) == (["a, b", "c\nd"], ["good", "bad"])
    assert read_texts(path) == ["a, b", "c\nd"]


@pytest.mark.parametrize("between", ["\t", ",", ";"])
@pytest.mark.parametrize("names", [("label", "text"), ("text", "label"), ("id", "label", "text")], ids=str)
def test_a_first_line_with_the_names_makes_a_table(between, names, write):
    row = {"label": "good", "text": "a fine film", "id": "7"}
    text = between.join(names) + "\n" + between.join(row[name] for name in names) + "\n"
    path = write("x.txt", text, "utf-8-sig")
    assert read_labelled_texts(path) == (["a fine film"], ["good"])
    assert read_texts(path) == ["a fine film"]
    assert read_sequences(path)[:2] == (["a fine film"], ["good"])
    label_of = read_labelled_texts(write("y.txt", "label text of all\nlabel\tother\n".replace("\t", " ")))
    assert label_of.y == ["label", "label"]


def test_columns_of_other_names(write):
    path = write("x.csv", "stars,review\n5,fine\n")
    assert read_labelled_texts(path, text_column="review", label_column="stars") == (["fine"], ["5"])
    with pytest.raises(
        ArgumentError, match=r"text_column='text', but .*x.csv' has the columns stars, review"
    ):
        read_labelled_texts(path)


def test_texts_alone(write):
    assert read_texts(write("x.txt", "a fine film\n\n dull\n")) == ["a fine film", "dull"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.txt", "1 a\n0\n", "line 2: '0' has no text; expected a label, a space and a text"),
        (
            "x.txt",
            "1 a\n\n0\tb c\n",
            r"line 3: '0\\tb c' has a tab behind its label, and line 1 a space; put",
        ),
        ("x.txt", "\n1\ta\n0 b\n", "line 3: '0 b' has no tab, and line 2 has one; put a tab between"),
        ("x.txt", "1\ta\n\tb\n", "line 2: 'b' has no label; expected a label, a tab and a text"),
        ("x.txt", "1\ta\n0\t \n", "line 2: '0' has no text; expected a label, a tab"),
        ("x.txt", "\n \n", "has blank lines only"),
        ("x.txt", "", "is empty"),
        ("x.csv", "label,text\n1,a\n0\n", "line 3: 1 cells; expected 2"),
        ("x.csv", "label,text\n1,a,b\n", "line 2: 3 cells; expected 2.*in quotes"),
        ("x.csv", "label,text\n1, \n", "line 2: column 'text' is empty"),
        ("x.csv", "label,text\n,a\n", "line 2: column 'label' is empty"),
        ("x.csv", "label,text\n", "has no rows below its header"),
        ("x.csv", 'label,text\n1,"a\n', "line 2: unexpected end of data"),
    ],
)
def test_what_cannot_be_read_is_refused(write, name, text, message):
    with pytest.raises(GatewiseError, match=message) as caught:
        read_labelled_texts(write(name, text))
    assert name in str(caught.value)
    assert ".." not in str(caught.value)


def test_another_encoding_is_refused_with_the_line(write):
    with pytest.raises(DataError, match=r"line 2: byte 0xe9 is not UTF-8"):
        read_labelled_texts(write("x.txt", "1 cafe\n0 café\n", "windows-1252"))


def test_a_real_file(data_folder):
    X, y = read_labelled_texts(data_folder / "classification" / "sst2" / "dev.txt")
    assert (len(X), y.count("0"), y.count("1")) == (872, 428, 444)
