"""Lines come with their numbers, and what is wrong with a file is told with the line."""

import gzip
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data.lines import decoded_lines, numbered_lines, without_end
from gatewise.errors import DataError


@pytest.fixture
def write(tmp_path):
    """Writes bytes into a file, compressed if its name says so, and returns its path."""

    def write(content, name="a.txt"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
        return path

    return write


def read(path):
    return list(numbered_lines(path, "a list of words"))


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "A.GZ"])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"one", ["one"]),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"one\rtwo\r", ["one", "two"]),
        (b"one\r\n\rtwo\r\r\nx\n", ["one", "", "two", "", "x"]),
        (b"a\x0bb\x0cc\x1cd\x1ee\n", ["a\x0bb\x0cc\x1cd\x1ee"]),
        (b"\xef\xbb\xbfone\ntwo", ["one", "two"]),
        (b"one\n\n \n", ["one", "", " "]),
        (b" two\t\n", [" two\t"]),
        ("żółw\u2028\x85x\n".encode(), ["żółw\u2028\x85x"]),
        ("one\n\ufefftwo".encode(), ["one", "\ufefftwo"]),
    ],
    ids=[
        "nothing",
        "an empty line",
        "no line end",
        "lines",
        "Windows line ends",
        "old Macintosh line ends",
        "line ends of all kinds",
        "separators of ASCII",
        "byte order mark",
        "empty lines",
        "white space",
        "separators of Unicode",
        "a mark within",
    ],
)
def test_lines_are_numbered_from_one(name, content, lines, write):
    path = write(content, name)
    assert read(path) == read(str(path)) == list(enumerate(lines, start=1))


@given(st.text(st.sampled_from("ab \n\r\x0b\x0c\x1c\x1e\x85\u2028")))
def test_lines_end_where_pythons_own_reading_of_text_ends_them(text):
    expected = [without_end(line) for line in io.StringIO(text, newline=None)]
    assert [line for _, line in decoded_lines(io.BytesIO(text.encode()), "a file")] == expected


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("a\n", "a"),
        ("a\r\n", "a"),
        ("a\r", "a"),
        ("a", "a"),
        ("a\n\n", "a\n"),
        ("a\x85", "a\x85"),
        (" \t\n", " \t"),
    ],
)
def test_one_end_is_taken_off(line, bare):
    assert without_end(line) == bare


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"one\nt\0wo\n", "line 2 has a zero byte, so this is a binary file. Expected UTF-8 text."),
        ("a.txt", b"\0", "line 1 has a zero byte"),
        ("a.txt", b"one\rtwo\rcaf\xe9\r", "line 3: byte 0xe9 is not UTF-8"),
        ("a.txt", b"one\ncaf\xe9\n", "line 2: byte 0xe9 is not UTF-8. Expected UTF-8 text; convert it"),
        ("a.txt", b"\xef\xbb\xbfcaf\xe9\n", "line 1: byte 0xe9 is not UTF-8"),
        (
            "a.txt",
            "one".encode("utf-16"),
            " is text in UTF-16; expected a list of words. Convert it to UTF-8",
        ),
        ("a.txt", b"one\ncaf\xc3", "line 2: byte 0xc3 is not UTF-8"),
        ("a.gz", b"one\ncaf\xe9\n", "line 2: byte 0xe9 is not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(name, content, message, write):
    path = write(content, name)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read(path)
    assert str(caught.value).startswith(repr(str(path)))


def test_the_lines_before_the_wrong_one_are_handed_on(write):
    lines = numbered_lines(write(b"one\n\xe9\n"), "words")
    assert next(lines) == (1, "one")
    with pytest.raises(DataError, match="line 2"):
        next(lines)


def test_files_that_cannot_be_read(tmp_path, write):
    with pytest.raises(DataError, match=r"no\.txt' does not exist; expected a list of words\."):
        read(tmp_path / "no.txt")
    with pytest.raises(DataError, match=r"is not a regular file; expected a list of words\."):
        read(tmp_path)
    cut = tmp_path / "cut.gz"
    cut.write_bytes(write(b"one\n" * 999, "whole.gz").read_bytes()[:-20])
    with pytest.raises(DataError, match=r"is no whole gzip file .*; fetch it again, or pack it anew"):
        read(cut)


@pytest.mark.parametrize("name", ["a.txt", "a.gz", "a.conllu"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_content_says_whether_it_is_packed(name, pack, tmp_path):
    path = tmp_path / name
    path.write_bytes(pack(b"one\ntwo\n"))
    assert [line for _, line in numbered_lines(path, "words", ("conllu",))] == ["one", "two"]
