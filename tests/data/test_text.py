"""A text may come as a path, a string or lines; it is the same text, or it is refused in words."""

from __future__ import annotations

import codecs
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data import TextSource
from gatewise.errors import ArgumentError, DataError
from tests.data.texts import use_chunks

STORY = "Once upon a time\nżółw i 😀\n\nwent out.\n"


@pytest.fixture
def write(tmp_path):
    """Writes bytes into a file and returns its path."""

    def write(content, name="book.txt"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    "make",
    [Path, str, lambda path: path.read_text("utf-8"), lambda path: path.read_text("utf-8").split("\n")],
    ids=["Path", "str that names a file", "text", "lines"],
)
def test_each_kind_of_source_gives_the_same_text(make, write):
    assert TextSource(make(write(STORY.encode()))).read() == STORY


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + STORY.encode(),
        STORY.encode().replace(b"\n", b"\r\n"),
        STORY.encode().replace(b"\n", b"\r"),
    ],
    ids=["byte order mark", "Windows line ends", "old Macintosh line ends"],
)
def test_marks_and_line_ends_of_other_systems_do_not_show(content, write):
    assert TextSource(write(content)).read() == STORY


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "content",
    [STORY.encode(), codecs.BOM_UTF8 + STORY.encode().replace(b"\n", b"\r\n")],
    ids=["plain", "mark and line ends"],
)
def test_chunks_are_of_the_size_asked_for_and_join_to_the_text(size, content, write, monkeypatch):
    use_chunks(monkeypatch, size)
    for source in (TextSource(write(content)), TextSource(STORY), TextSource(STORY.split("\n"))):
        chunks = list(source.chunks())
        assert "".join(chunks) == STORY
        assert max(map(len, chunks)) <= size
        assert list(source.chunks()) == chunks, "a source can be read again"


@given(st.lists(st.text().filter(lambda line: not line.endswith(("\n", "\r"))), min_size=1))
def test_lines_are_joined_by_newlines_with_their_ends_or_without(lines):
    if any(lines):
        for end in ("", "\n", "\r\n", "\r"):
            assert TextSource([line + end for line in lines]).read() == "\n".join(lines)


def test_what_readlines_gives_is_the_text(write):
    path = write("a\x0bb\u2028c\x85\n\n d \nlast".encode())
    with path.open(encoding="utf-8") as file:
        lines = file.readlines()
    assert TextSource(lines).read() == TextSource(path).read() == "a\x0bb\u2028c\x85\n\n d \nlast"
    assert TextSource(["one\n", "two", "three\r\n"]).read() == "one\ntwo\nthree"
    assert TextSource(["a paragraph\n\n", "another\n"]).read() == "a paragraph\n\nanother"


def test_lines_that_are_ends_alone_are_an_empty_text():
    with pytest.raises(DataError, match="the text is empty"):
        TextSource(["\n", "\r\n"])


@given(
    st.text(min_size=1).filter(
        lambda text: not (os.path.lexists(text.replace("\0", "\n")) or re.fullmatch(r"\S+\.\w+", text))
    )
)
def test_any_other_string_is_the_text_itself(text):
    assert TextSource(text).read() == text


@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        (b"caf\xe9", 1, "e9"),
        (b"one\ntwo\nthr\xe9e\nfour\n", 3, "e9"),
        (b"one\r\ntwo \x80", 2, "80"),
        (b"one\ncut in the middle of a letter \xc5", 2, "c5"),
        (b"one\nlatin \xe9\ntoo late \xff\n", 2, "e9"),
        (codecs.BOM_UTF8 + b"one\ntwo\n\xc3(", 3, "c3"),
        (b"one\rtwo\r\xe9", 3, "e9"),
        (b"a surrogate\n\xed\xa0\x80\n", 2, "ed"),
        (b"x" * 3_000_000 + b"\n" * 70 + b"\xfe", 71, "fe"),
    ],
    ids=[
        "first",
        "third",
        "Windows",
        "cut off",
        "two",
        "after a mark",
        "Macintosh",
        "surrogate",
        "far",
    ],
)
def test_bytes_that_are_not_utf8_are_refused_with_their_line(content, line, byte, write):
    path = write(content)
    with pytest.raises(DataError) as caught:
        TextSource(path).read()
    message = str(caught.value)
    assert message.startswith(f"{str(path)!r}, line {line}: byte 0x{byte} is not UTF-8. ")
    assert "iconv -f" in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; expected a text"),
        (b"text, then \0 a zero byte", "is a binary file: it contains zero bytes. Expected UTF-8"),
        (b"x" * 2_000_000 + b"\0", "is a binary file: it contains zero bytes. Expected UTF-8"),
        ("to be".encode("utf-16-le"), "is a binary file: it contains zero bytes. Expected UTF-8"),
    ],
    ids=["empty", "zero byte", "zero byte far in", "UTF-16 without a mark"],
)
@pytest.mark.parametrize("kind", [Path, str], ids=["Path", "str"])
def test_files_that_are_no_text_are_refused_by_name(content, message, kind, write):
    path = write(content)
    with pytest.raises(DataError) as caught:
        TextSource(kind(path)).read()
    assert repr(str(path)) in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_file_is_refused_by_name(tmp_path):
    path = tmp_path / "nowhere.txt"
    with pytest.raises(DataError) as caught:
        TextSource(path)
    assert str(caught.value) == f"text file {str(path)!r} does not exist; check the path."


@pytest.mark.parametrize("path", ["nowhere/book.txt", "othr.txt", "data.v2"])
def test_a_mistyped_path_is_not_taken_for_a_text(path):
    """Measured as a text, it would give a number that looks like a result."""
    with pytest.raises(DataError, match="does not exist; check the path"):
        TextSource(path)


@pytest.mark.parametrize("text", ["and/or", "The end.", "3.14", "Mr. X", "a.b c"])
def test_a_short_text_is_not_taken_for_a_path(text):
    assert TextSource(text).read() == text


@pytest.mark.parametrize("kind", [Path, str], ids=["Path", "str"])
def test_a_folder_is_refused(kind, tmp_path):
    with pytest.raises(DataError, match="is a folder or a device; expected a text file"):
        TextSource(kind(tmp_path))


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")
def test_a_device_and_a_pipe_are_refused_without_reading_them(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        with pytest.raises(DataError, match="is a folder or a device"):
            TextSource(path)


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000], ids=["too long a name", "too long a path"])
def test_a_path_that_no_file_system_takes_is_refused(name):
    with pytest.raises(DataError, match=r"xxx|x/x"):
        TextSource(Path(name))


@pytest.mark.parametrize("text", ["", [], ["", ""], ()], ids=["string", "no lines", "empty lines", "tuple"])
def test_an_empty_text_is_refused(text):
    with pytest.raises(DataError, match="the text is empty; expected a path, a str or a list"):
        TextSource(text)


@pytest.mark.parametrize(
    "text", [None, 42, b"bytes", ["one", 2], {"a": "b"}, iter([])], ids=lambda value: type(value).__name__
)
def test_anything_else_is_refused_with_its_type(text):
    with pytest.raises(
        ArgumentError, match=f"text has type {type(text).__name__}; expected a path, a str, or"
    ):
        TextSource(text)


def test_a_file_that_vanishes_is_a_data_error(write):
    path = write(b"here, and gone")
    source = TextSource(path)
    path.unlink()
    with pytest.raises(DataError, match=r"book\.txt' cannot be read: No such file"):
        source.read()
