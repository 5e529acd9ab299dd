"""Files are known by their content and then by their name, and texts are not taken for anything else."""

from __future__ import annotations

import gzip
import io

import pytest

from gatewise.data import TextSource, read_labelled_texts, read_pairs, read_tagged, read_texts, read_ts
from gatewise.data.file_kinds import file_kind, refuse_other_kinds, suffix_of, told_of
from gatewise.data.lines import decoded_lines
from gatewise.data.table_files import read_file
from gatewise.errors import DataError
from tests.data.kinds import BINARY, KINDS, MARKED, series_lines

READERS = {
    "text": (TextSource, set(MARKED) | {"conll", "conllu"}),
    "labelled": (read_labelled_texts, set()),
    "texts": (read_texts, set()),
    "pairs": (read_pairs, {"parquet"}),
    "tagged": (read_tagged, {"conll", "conllu"}),
    "ts": (read_ts, {"ts"}),
    "table": (read_file, {"parquet", "numbers"}),
}


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="data.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


@pytest.mark.parametrize("name", ["data.txt", "data", "data.csv", "data.html"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_content_says_what_a_file_is(kind, name, write):
    told, content = KINDS[kind]
    for data in (content, gzip.compress(content)):
        found = file_kind(write(data, name))
        assert found is not None
        if kind not in ("excel", "word", "npz", "torch", "keras", "zip") or data is content:
            assert found.name == kind
            assert told in found.told


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_says_what_it_was_given(reader, kind, write):
    read, takes = READERS[reader]
    told, content = KINDS[kind]
    if kind in takes:
        return
    path = write(content)
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(repr(str(path)))
    assert told in message
    assert "codec" not in message
    assert "byte 0x" not in message


@pytest.mark.parametrize("kind", BINARY)
def test_a_stream_of_another_kind_is_told_by_its_first_line(kind):
    told, content = BINARY[kind]
    if kind in ("excel", "word", "npz", "torch", "keras"):
        told = "a zip archive"
    if kind in ("tar", "binary", "sound"):
        return
    with pytest.raises(DataError, match=f"standard input is .*{told}"):
        list(decoded_lines(io.BytesIO(content), "standard input"))


@pytest.mark.parametrize(
    "text",
    [
        "good 4 5 6\nbad 1 2 3\n",  # whole numbers between spaces may be words
        "1 555 1234\n0 555 4321\n",
        "5\t1234567\n1\t7654321\n",
        "1\t0.5\t0.6\n0\ta fine film\n1\t0.7\t0.8\n",
        "1 0.5\n0 0.7\n",
        "5 3.5 of 5 stars\n1 1.5 of 5 stars\n",
        "PAR1 is a gene\nBZh is none\n",
        "ORC of the north\n",
        "[Music] and so on\n[1] a footnote\n",
        "{curly} braces\nin a text\n",
        "@somebody said so\n@data is a name too\n",
        "a < b and <html> inside\n",
        "X Y\nZ A\n\nB C\nD E\n",
        "good\n\nbad\n\n",
        "12,5\n13,7\n",
        "word,1,2\nother,3\n",
        "% a comment\nin TeX\n",
        "-DOC- a text\n",
        "# a heading\nand a text\n",
        "# 1 2.5 3\nand a text\n",
        "good 3:16 is a verse\nbad 2:4 is another\n",
        "1,234 visitors came\n5,678 went\n",
        "- good: a film\n- bad: a book\n",
    ],
)
def test_texts_stay_texts(text, write):
    path = write(text)
    assert file_kind(path) is None
    refuse_other_kinds(path, "texts")
    assert TextSource(path).read() == text
    assert read_texts(path) == [line.strip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(
    "text",
    ["60,62,64,65\n60,64,62,60\n", "1\t2\t3\n2\t3\t4\n", "the 1 2 3\nof 3 4 5\n", "a,0.5,0.25\nb,0.5,1.5\n"],
    ids=["a melody", "few columns", "spaces", "words with two numbers"],
)
def test_numbers_that_may_be_words_can_be_learnt_as_words(text, write):
    assert TextSource(write(text)).read() == text


@pytest.mark.parametrize(
    "text",
    [
        series_lines(),
        series_lines(","),
        series_lines("  ", "{}.0000000e+00".format, "{:.7e}".format),
        series_lines(";"),
        series_lines("\t", "class{}".format),
        series_lines("\t", value=lambda number: str(round(number * 10))),
        "label," + ",".join(f"t{k}" for k in range(8)) + "\n" + series_lines(","),
        series_lines().replace("0.", "NaN0", 1),
        "# made by NumPy\n" + series_lines(" "),
        series_lines(",").replace("\n2", "\n% a pause\n2"),
        series_lines("\t", "class {} of two".format),
    ],
    ids=[
        *("tabs", "commas", "spaces", "semicolons", "words", "whole", "a header", "a fault"),
        *("a comment above", "comments between", "labels with spaces"),
    ],
)
def test_tables_of_numbers_are_no_texts(text, write):
    path = write(text)
    assert file_kind(path).name == "numbers"
    for read in (TextSource, read_tagged, read_pairs):
        with pytest.raises(DataError, match=r"is a table of numbers; expected .* gatewise train classify"):
            read(path)


@pytest.mark.parametrize("between", [";", "\t", " "], ids=repr)
@pytest.mark.parametrize("head", ["", "label;" + ";".join("abcdefgh") + "\n"], ids=["", "a header"])
def test_decimal_commas_are_told(head, between, write):
    """As spreadsheets write them in most of Europe."""
    rows = series_lines(between, value=lambda number: f"{number:.3f}".replace(".", ","))
    if head and between == " ":
        return
    assert file_kind(write(head.replace(";", between) + rows)).name == "commas"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.json", b"not quite { JSON", "json"),
        ("a.html.gz", b"a page that begins otherwise", "html"),
        ("a.conllu", b"# a comment alone\n", "conllu"),
        ("a.yaml", b"- label: good\n  text: a film\n", "yaml"),
        ("a.YML.gz", b"- label: good\n  text: a film\n", "yaml"),
        ("a.xlsx", b"\xe9\xe9 broken", "excel"),
        ("a.xlsx", b"plain text", None),
        ("a.mat", b"a text on mats", None),
        ("a.csv", b"label,text\n", "csv"),
        ("a.csv", b"a text without one\n", None),
        ("a.ts", b"const a = 1;\n", None),
        ("a.json", b"", None),
        ("a.txt.gz", b"\x1f\x8bbroken", None),
    ],
)
def test_then_the_name(name, content, kind, write):
    found = file_kind(write(content, name))
    assert (found and found.name) == kind


def test_the_end_of_a_name():
    assert [suffix_of(name) for name in ("a.CSV", "a.tsv.gz", "a", "b.gz")] == [".csv", ".tsv", "", ""]


def test_what_is_no_model_is_told(write):
    assert told_of(write("a text")) == "a text file"
    assert told_of(write(KINDS["npz"][1])).startswith("a NumPy archive")
    assert told_of(write(KINDS["model"][1])) is None
    assert told_of(write(b"\xe9\xe8")) is None


def test_only_the_beginning_is_looked_at(write):
    """A letter or a line that is cut off there makes no binary file and no text of a table."""
    assert file_kind(write("é" * 200_000)) is None
    assert file_kind(write("1\t0.5\t0.25\n" * 20_000)).name == "numbers"
