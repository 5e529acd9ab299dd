"""Pairs of texts from one file or two, and from lists; every error says where the text stands."""

import gzip
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data import Pairs, read_lines, read_pairs
from gatewise.data.pairs import as_pairs, check_text
from gatewise.errors import ArgumentError, DataError

PAIRS = [("two dogs", "zwei Hunde"), ("a żółw", "eine Schildkröte")]


@pytest.fixture
def write(tmp_path):
    """Writes text or bytes into a file, compressed if its name says so, and returns its path."""

    def write(content, name="pairs.tsv"):
        path = tmp_path / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def side(pairs, number):
    return "".join(f"{pair[number]}\n" for pair in pairs)


COLUMNS = "".join("\t".join(pair) + "\n" for pair in PAIRS)

VARIANTS = pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "  \n"),
    ],
    ids=["as it should be", "no last line end", "Windows line ends", "byte order mark", "spaces at the end"],
)


@VARIANTS
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_file_of_two_columns(ending, change, write):
    path = write(change(COLUMNS), f"pairs.tsv{ending}")
    for given_path in (path, str(path)):
        pairs = read_pairs(given_path)
        assert list(pairs) == PAIRS
        assert pairs.where(1, 0) == pairs.where(1, 1) == f"{str(path)!r}, line 2"


@VARIANTS
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_two_aligned_files(ending, change, write):
    source = write(change(side(PAIRS, 0)), f"pairs.en{ending}")
    target = write(side(PAIRS, 1), "pairs.de")
    pairs = read_pairs(source, str(target))
    assert list(pairs) == PAIRS
    assert pairs.where(0, 0) == f"{str(source)!r}, line 1"
    assert pairs.where(1, 1) == f"{str(target)!r}, line 2"
    assert pairs.name(0) == f"the sources in {str(source)!r}"
    assert pairs[1:].name(1) == f"the targets in {str(target)!r}"
    assert [as_pairs("pairs", PAIRS).name(number) for number in (0, 1)] == ["the sources", "the targets"]
    assert read_lines(source) == [pair[0] for pair in PAIRS]


TEXTS = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1))
def test_what_is_written_is_read(pairs):
    with tempfile.TemporaryDirectory() as folder:
        columns, source, target = (Path(folder) / name for name in ("p.tsv", "p.en", "p.de"))
        columns.write_text("\n".join(map("\t".join, pairs)), encoding="utf-8", newline="\n")
        source.write_text(side(pairs, 0), encoding="utf-8", newline="\n")
        target.write_text(side(pairs, 1), encoding="utf-8", newline="\n")
        expected = [(first.strip(), second.strip()) for first, second in pairs]
        assert list(read_pairs(columns)) == list(read_pairs(source, target)) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty; expected a file with a source, a tab and a target on each line"),
        ("a\tb\n\nc\td\n", "line 2 is empty; leave it out"),
        ("a\tb\n  \t \n", "line 2 is empty; leave it out"),
        ("a\tb\n\n", "line 2 is empty; leave it out"),
        (
            "a\tb\nc d\n",
            "line 2: 1 column between tabs; expected 2, a source and its target. Put a tab between",
        ),
        ("a\tb\tc\n", "line 1: 3 columns between tabs; expected 2"),
        ("a\t\tc\n", "line 1: 3 columns between tabs; expected 2"),
        ("a\tb\n\tb\n", "line 2: the source is empty; leave the line out"),
        ("a\tb\na\t\n", "line 2: the target is empty; leave the line out"),
        ("a\tb\na\t \n", "line 2: the target is empty; leave the line out"),
        ("a\tb\n \tb\n", "line 2: the source is empty; leave the line out"),
        ("a\tb\nc\td\t\n", "line 2: 3 columns between tabs; expected 2"),
        ("a\tb\n\tc\td\n", "line 2: 3 columns between tabs; expected 2"),
        (b"a\tb\nc\t\0\n", "line 2 has a zero byte, so this is a binary file"),
        ("a\tb\ncafé\tb\n".encode("cp1252"), "line 2: byte 0xe9 is not UTF-8. Expected UTF-8 text; convert"),
    ],
)
def test_what_is_wrong_in_two_columns_is_told_with_file_and_line(content, message, write):
    path = write(content)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_pairs(path)
    assert str(caught.value).startswith(repr(str(path)))
    assert ".." not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("deu.txt", "Go.\tGeh.\nHi.\tHallo!\tCC-BY 2.0 (France) tatoeba.org #538123\n", "cut -f1,2 {}"),
        ("deu.txt.gz", "Go.\tGeh.\nGo.\tGeh.\tCC-BY\n", "gzip -dc {} | cut -f1,2"),
        ("links.tsv", "1276\tGo.\t77\tGeh.\n", "cut -f2,4 {}"),
        ("my pairs.tsv", "Go.\tGeh.\t\n", "cut -f1,2 {}"),
        ("four.tsv", "a\tb\tc\td\n", "cut -f1,2 {}"),
    ],
)
def test_of_more_columns_it_is_said_how_to_keep_two(name, content, advice, write):
    """As of Tatoeba's files, whose attribution is no reason to look for another file of targets."""
    path = write(content, name)
    with pytest.raises(
        DataError, match=r"columns between tabs; expected 2, a source and its target\. Keep"
    ) as caught:
        read_pairs(path)
    quoted = f"'{path}'" if " " in name else str(path)
    assert str(caught.value).endswith(f"with: {advice.format(quoted)}")
    assert "own" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "target", "named", "message"),
    [
        ("a\n", "", "de", "is empty; expected a file with a text on each line"),
        ("", "b\n", "en", "is empty; expected a file with a text on each line"),
        ("a\n\nb\n", "a\nb\nc\n", "en", "line 2 is empty; leave it out, with its other half where that"),
        ("a\nb\n", "a\n \t\n", "de", "line 2 is empty; leave it out"),
        (b"a\n", "ü\n".encode("cp1252"), "de", "line 1: byte 0xfc is not UTF-8"),
        ("a\n", "\0\n", "de", "line 1 has a zero byte"),
        ("a\nb\nc\n", "a\nb\n", "en", "has 3 lines and "),
        ("a\n", "a\n" * 1500, "en", "has 1 lines and "),
    ],
)
def test_what_is_wrong_in_two_files_is_told_with_file_and_line(source, target, named, message, write):
    paths = {"en": write(source, "p.en"), "de": write(target, "p.de")}
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_pairs(paths["en"], paths["de"])
    assert str(caught.value).startswith(repr(str(paths[named])))


def test_unequal_numbers_of_lines_are_told_of_both_files(write):
    source, target = write("a\nb\n", "p.en"), write("a\n" * 1500, "p.de")
    with pytest.raises(DataError) as caught:
        read_pairs(source, target)
    assert f"{str(source)!r} has 2 lines and {str(target)!r} has 1,500; expected as many" in str(caught.value)


def test_files_that_cannot_be_read(tmp_path, write):
    good = write("a\n", "good.en")
    for paths in ((tmp_path / "no.tsv",), (tmp_path / "no.tsv", good), (good, tmp_path / "no.tsv")):
        with pytest.raises(DataError, match=r"no\.tsv' does not exist; expected a file with"):
            read_pairs(*paths)
    with pytest.raises(DataError, match="is not a regular file"):
        read_pairs(tmp_path)
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"a\tb\n" * 99)[:-9])
    with pytest.raises(DataError, match="is no whole gzip file"):
        read_pairs(cut)


def test_lines_that_bring_their_ends_mean_the_same():
    for end in ("\n", "\r\n", "\r"):
        sources, targets = ([text + end for text in texts] for texts in zip(*PAIRS, strict=True))
        assert list(Pairs(sources, targets)) == PAIRS
        assert list(as_pairs("pairs", zip(sources, targets, strict=True))) == PAIRS


def test_a_part_has_the_texts_of_the_whole():
    assert list(Pairs(["a\n\n"], ["b"])[:1]) == [("a\n", "b")], "one end is taken off, once"


# Where a text stands


def test_parts_still_know_their_lines(write):
    path = write("".join(f"a{n}\tb{n}\n" for n in range(1, 10)))
    pairs = read_pairs(path)
    assert (len(pairs), pairs[3], pairs[-1]) == (9, ("a4", "b4"), ("a9", "b9"))
    part = pairs[2:8:2]
    assert isinstance(part, Pairs)
    assert list(part) == [("a3", "b3"), ("a5", "b5"), ("a7", "b7")]
    assert part.where(2, 0) == f"{str(path)!r}, line 7"
    assert part[::-1].where(0, 1) == f"{str(path)!r}, line 7"
    taken = pairs.take([8, 0])
    assert list(taken) == [("a9", "b9"), ("a1", "b1")]
    assert [taken.where(n, 0) for n in (0, 1)] == [f"{str(path)!r}, line {n}" for n in (9, 1)]
    with pytest.raises(IndexError):
        pairs[9]


def test_parts_of_a_list_still_know_their_numbers():
    pairs = as_pairs("pairs", [(f"a{n}", f"b{n}") for n in range(9)])
    assert pairs.where(4, 1) == "pairs[4][1]"
    assert pairs[2:].where(0, 0) == "pairs[2][0]"
    assert pairs.take([8, 0])[1:].where(0, 1) == "pairs[0][1]"


def test_pairs_are_called_what_the_argument_is_called():
    assert as_pairs("validation", PAIRS).where(1, 0) == "validation[1][0]"


# Lists


@pytest.mark.parametrize("kind", [list, tuple, iter, lambda pairs: [list(pair) for pair in pairs]])
def test_any_sequence_of_two_texts_will_do(kind):
    pairs = as_pairs("pairs", kind(PAIRS))
    assert list(pairs) == PAIRS
    assert (pairs.sources, pairs.targets) == tuple(map(list, zip(*PAIRS, strict=True)))
    assert as_pairs("pairs", pairs) is pairs


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a b", "pairs has type str; expected a list of (source, target), or read_pairs of a file."),
        (b"a b", "pairs has type bytes; expected a list"),
        (None, "pairs has type NoneType; expected a list"),
        (5, "pairs has type int; expected a list"),
        (Path("a.tsv"), "pairs has type PosixPath; expected a list of (source, target), or read_pairs of a"),
        (["ab"], "pairs[0] is 'ab'; expected (source, target), two str."),
        ({"a": "b"}, "pairs[0] is 'a'; expected (source, target), two str."),
        ([("a", "b"), ("a",)], "pairs[1] is ('a',); expected (source, target), two str."),
        ([("a", "b", "c")], "pairs[0] is ('a', 'b', 'c'); expected (source, target)"),
        ([None], "pairs[0] is None; expected (source, target)"),
        ([("a", "b"), ("a", None)], "pairs[1][1] has type NoneType; expected a str."),
        ([(3, "b")], "pairs[0][0] has type int; expected a str."),
        ([(b"a", "b")], "pairs[0][0] has type bytes; expected a str."),
        ([("a", "b"), ("", "b")], "pairs[1][0] is ''; expected a text with something in it."),
        ([("a", " \t\n")], r"pairs[0][1] is ' \t\n'; expected a text with something in it."),
        ([("a", "\ud800")], r"pairs[0][1] is '\ud800'; expected a str that UTF-8 can write."),
    ],
)
def test_what_are_no_pairs_is_refused_with_its_place(value, message):
    with pytest.raises(ArgumentError) as caught:
        as_pairs("pairs", value)
    assert str(caught.value).startswith(message.replace("PosixPath", type(Path()).__name__))


def test_a_long_value_is_cut_short_in_the_message():
    with pytest.raises(ArgumentError) as caught:
        as_pairs("pairs", [["x" * 10_000] * 3])
    assert len(str(caught.value)) < 200


def test_a_text_is_checked():
    check_text("texts[0]", " b ")
    with pytest.raises(ArgumentError, match=re.escape("texts[2] has type float; expected a str")):
        check_text("texts[2]", 1.5)


def test_pairs_of_ones_own_are_checked():
    with pytest.raises(ArgumentError, match="there are 2 sources and 1 targets; expected as many"):
        Pairs(["a", "b"], ["x"])
    with pytest.raises(ArgumentError, match=re.escape("pairs[1][0] has type int; expected a str")):
        Pairs(["a", 3], ["x", "y"])


def test_in_two_files_a_tab_is_white_space(tmp_path):
    """As in line 7,366 of the German captions of Multi30k."""
    source, target = tmp_path / "a.en", tmp_path / "a.de"
    source.write_text("one\ntwo\tdogs\n", encoding="utf-8")
    target.write_text("eins\nzwei Hunde\n", encoding="utf-8")
    assert list(read_pairs(source, target)) == [("one", "eins"), ("two\tdogs", "zwei Hunde")]


@pytest.mark.parametrize("both", ["sources", "targets"])
def test_a_file_that_has_both_columns_is_not_read_as_one(both, tmp_path):
    table, other = tmp_path / "pairs.tsv", tmp_path / "other"
    table.write_text("one\teins\ntwo\tzwei\n", encoding="utf-8")
    other.write_text("1\n2\n", encoding="utf-8")
    files = (table, other) if both == "sources" else (other, table)
    with pytest.raises(DataError, match=r"pairs.tsv' has a tab in each line.*leave '.*other' out"):
        read_pairs(*files)
