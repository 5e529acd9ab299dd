"""Lines come with their numbers, and what is wrong with a file is told with the line."""

import gzip
import re

import pytest

from gatewise.data.lines import numbered_lines
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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"one\nt\0wo\n", "line 2 has a zero byte, so this is a binary file. Expected UTF-8 text."),
        ("a.txt", b"\0", "line 1 has a zero byte"),
        ("a.txt", b"one\ncaf\xe9\n", "line 2: byte 0xe9 is not UTF-8. Expected UTF-8 text; convert it"),
        ("a.txt", b"\xef\xbb\xbfcaf\xe9\n", "line 1: byte 0xe9 is not UTF-8"),
        ("a.txt", "one".encode("utf-16"), "line 1: byte 0xff is not UTF-8"),
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
    plain, cut = tmp_path / "plain.gz", tmp_path / "cut.gz"
    plain.write_bytes(b"one\n")
    cut.write_bytes(write(b"one\n" * 999, "whole.gz").read_bytes()[:-20])
    for path in (plain, cut):
        with pytest.raises(DataError, match=r"is no whole gzip file .*; fetch it again, or rename it"):
            read(path)
