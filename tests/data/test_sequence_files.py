"""Series and texts are read from files of each kind, with the columns that were named, or refused."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from gatewise.data import read_series, read_ts
from gatewise.data.column_roles import SequenceColumns
from gatewise.data.sequence_files import read_sequences
from gatewise.errors import ArgumentError, DataError, GatewiseError
from tests.data.kinds import CLASSES, KINDS, SERIES, arff, series_lines, ts

NAMES = [f"t{k}" for k in range(8)]


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="a.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def named(*before, after=(), names=NAMES):
    """A table with a header: columns of words, the label and the steps."""
    head = ",".join([*(name for name, _ in before), "label", *names, *(name for name, _ in after)])
    rows = (
        ",".join([*(v[k] for _, v in before), CLASSES[k], *map(str, SERIES[k]), *(v[k] for _, v in after)])
        for k in range(24)
    )
    return head + "\n" + "\n".join(rows) + "\n"


def check(found, y=CLASSES):
    assert found.y == y
    np.testing.assert_allclose(np.stack(found.X), SERIES[..., None])


@pytest.mark.parametrize("pack", [str.encode, lambda text: gzip.compress(text.encode())])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tsv", series_lines()),
        ("a.csv", series_lines(",")),
        ("a.txt", series_lines(",")),
        ("a.txt", series_lines(";")),
        ("a", series_lines("  ", "  {}.0000000e+00".format, "{:.7e}".format)),
        ("a.csv", series_lines(", ")),
        ("a.txt", series_lines("\t", "{}.0".format)),
        ("a.txt", "# a, b\n#\n" + series_lines(" ", "{}.0e0".format)),
        ("a.tsv", series_lines().replace("\n2", "\n % a pause\n2")),
        ("a.csv", named()),
        ("a.txt", named()),
        ("a.csv", named(names=[str(k) for k in range(8)])),
        ("a.csv", named(names=[str(k) for k in range(1, 9)])),
        ("a.csv", named(("id", [f"s{k}" for k in range(24)]))),
        ("a.tsv", named().replace(",", "\t")),
        ("a.ts", ts()),
        ("a.txt", ts()),
        ("a.arff", arff()),
        ("a.txt", arff().replace("\n", "\r\n")),
    ],
    ids=str,
)
def test_series_of_every_form_are_the_same(name, text, pack, write):
    path = write(pack(text), name)
    check(read_sequences(path))
    check(read_series(path))


def test_labels_in_words_and_rows_of_unlike_length(write):
    text = "up,0.5,1.5,2\ndown,1,2\nup,3,4,5,6.5\n"
    found = read_series(write(text, "a.csv"))
    assert found.y == ["up", "down", "up"]
    assert [each[:, 0].tolist() for each in found.X] == [[0.5, 1.5, 2], [1, 2], [3, 4, 5, 6.5]]


@pytest.mark.parametrize("fill", ["NaN", "", "?", "nan"])
def test_what_is_missing_at_the_end_is_no_part_of_a_series(fill, write):
    text = f"1,0.5,1.5,{fill},{fill}\n2,1,2,3,4\n"
    assert [len(each) for each in read_series(write(text)).X] == [2, 4]
    text = f"label,a,b,c\n1,0.5,1.5,{fill}\n2,1,2,3\n"
    assert [len(each) for each in read_series(write(text, "a.csv")).X] == [2, 3]
    text = "@relation x\n@attribute a real\n@attribute b real\n@attribute c {1,2}\n@data\n0.5,?,1\n1,2,2\n"
    assert [len(each) for each in read_series(write(text)).X] == [1, 2]


def test_real_series_are_the_same_from_a_table(data_folder, write):
    """The archive has each data set in both forms."""
    X, y = read_ts(data_folder / "classification" / "ucr_uea" / "GunPoint_TRAIN.ts")
    rows = ["\t".join([label, *map(str, series[:, 0])]) for series, label in zip(X, y, strict=True)]
    found = read_series(write("\n".join(rows), "GunPoint_TRAIN.tsv"))
    assert found.y == y
    np.testing.assert_array_equal(np.stack(found.X), np.stack(X))


def test_series_of_several_channels_in_arff(write):
    text = (
        "@relation 'a'\n@attribute rel relational\n  @attribute t0 numeric\n  @attribute t1 numeric\n"
        "@end rel\n@attribute 'a class' {'left hand',right}\n@data\n"
        "'1,2.5\\n3,4','left hand'\n\"5,6,7\\n8,9,10\",right\n"
    )
    X, y = read_series(write(text))
    assert y == ["left hand", "right"]
    assert [each.tolist() for each in X] == [[[1, 3], [2.5, 4]], [[5, 8], [6, 9], [7, 10]]]


def test_columns_by_name(write):
    people = ("who", [f"s{k % 3}" for k in range(24)])
    sites = ("site", [str(k % 2) for k in range(24)])
    path = write(named(people, after=(sites,)), "a.csv")
    columns = SequenceColumns(id="who", keep=("site",))
    found = read_sequences(path, columns)
    check(found)
    assert list(found.carried) == ["who", "site"]
    assert found.carried["site"][:3] == ["0", "1", "0"]
    check(read_sequences(path, columns._replace(keep=("who,site",), id=None)))
    everything = read_sequences(path, columns._replace(keep=("site", "all")))
    assert list(everything.carried) == ["who", "label", *NAMES, "site"]
    by_site = read_sequences(path, SequenceColumns(label="site", id="who", keep=("label",)))
    assert by_site.y == list(sites[1])
    with pytest.raises(
        DataError, match=r"line 2: column 'who' is 's0'; expected a number. .* keep= or id_column="
    ):
        read_sequences(path)


@pytest.mark.parametrize("index", ["", "Unnamed: 0"])
def test_the_index_of_a_data_frame_is_no_step(index, write):
    found = read_sequences(write(named((index, [str(k) for k in range(24)])), "a.csv"))
    check(found)
    assert f"the column {index!r} of " in found.notes[0]
    texts = read_sequences(write(f"{index},label,text\n0,good,fine\n", "b.csv"))
    assert (texts.X, texts.notes) == (["fine"], [])


def test_columns_by_number(write):
    rows = [f"s{k}\t{CLASSES[k]}\t" + "\t".join(map(str, SERIES[k])) for k in range(24)]
    path = write("\n".join(rows), "a.tsv")
    check(read_sequences(path, SequenceColumns(id="1", label="2", header=False)))
    found = read_sequences(write(series_lines(), "a.tsv"), SequenceColumns(keep=("2",)))
    assert found.carried == {"2": [f"{value:.4f}" for value in SERIES[:, 0]]}
    np.testing.assert_allclose(np.stack(found.X)[..., 0], SERIES[:, 1:])
    for columns in (SequenceColumns(label="12"), SequenceColumns(label="t"), SequenceColumns(id="0")):
        with pytest.raises(
            ArgumentError, match=r"has no header, and 9 columns; expected a number from 1 to 9"
        ):
            read_sequences(path.with_name("a.tsv"), columns)


def test_texts_by_name_and_by_number(write):
    path = write('id,stars,review\n7,5,"fine, fine"\n8,1,dull\n', "a.csv")
    found = read_sequences(path, SequenceColumns(text="review", label="stars"))
    assert (found.X, found.y) == (["fine, fine", "dull"], ["5", "1"])
    assert found.carried == {"id": ["7", "8"]}
    path = write('"fine, fine";5\ndull, really;1\n', "a.csv")
    found = read_sequences(path, SequenceColumns(text="1", label="2", header=False))
    assert (found.X, found.y) == (["fine, fine", "dull, really"], ["5", "1"])
    assert read_sequences(path, SequenceColumns(header=False, label="2")).X == ["fine, fine", "dull, really"]
    path = write("5\tfine\n1\tdull\n", "a.tsv")
    found = read_sequences(path, SequenceColumns(header=False))
    assert (found.X, found.y) == (["fine", "dull"], ["5", "1"])


def test_texts_that_are_numbers_stay_texts_where_a_column_says_so(write):
    path = write("id,label,text\n1,0,2.5\n2,1,3.5\n", "a.csv")
    assert read_sequences(path).X == ["2.5", "3.5"]
    path = write("1 555 1234\n0 555 4321\n")
    assert read_sequences(path).X == ["555 1234", "555 4321"]
    assert read_sequences(write("1 0.5 0.25\n0 fine film\n")).X == ["0.5 0.25", "fine film"]


def test_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    columns = {"key": [3, 4], "label": [1, 0], "text": ["fine", None]}
    parquet.write_table(pyarrow.table(columns), path)
    found = read_sequences(path, SequenceColumns(id="key"), labels=False)
    assert (found.X, found.carried) == (["fine", ""], {"key": [3, 4]})
    with pytest.raises(DataError, match="row 2: column 'text' is empty; leave the line out"):
        read_sequences(path)
    numbers = {"label": ["a", "b"], "t0": [1, 2], "t1": [0.5, None]}
    parquet.write_table(pyarrow.table(numbers), path)
    found = read_series(path)
    assert [each[:, 0].tolist() for each in found.X] == [[1, 0.5], [2]]
    assert found.y == ["a", "b"]


def test_without_labels(write):
    """To predict; a first column of labels that are known is none of the steps, and that is told."""
    path = write(series_lines())
    found = read_sequences(path, labels=False, kind="series", classes={"1", "2"})
    np.testing.assert_allclose(np.stack(found.X)[..., 0], SERIES)
    assert "holds labels, which are not read" in found.notes[0]
    found = read_sequences(path, labels=False, kind="series", classes={"up", "down"})
    assert found.X[0].shape == (9, 1)
    assert found.notes == []
    found = read_sequences(
        path, SequenceColumns(label="none"), labels=False, kind="series", classes={"1", "2"}
    )
    assert found.X[0].shape == (9, 1)
    found = read_sequences(write("1 2 3\n4 5 6\n"), labels=False, kind="series")
    assert [each[:, 0].tolist() for each in found.X] == [[1, 2, 3], [4, 5, 6]]
    found = read_sequences(write(named(), "a.csv"), labels=False, kind="series")
    np.testing.assert_allclose(np.stack(found.X)[..., 0], SERIES)


def test_empty_texts_keep_their_rows(write):
    assert read_sequences(write("a\n\n b\n\n\n"), labels=False).X == ["a", "", "b"]
    path = write('label,text\n1,a\n0," "\n,b\n', "a.csv")
    assert read_sequences(path, labels=False).X == ["a", "", "b"]
    with pytest.raises(DataError, match="line 3: column 'text' is empty; leave the line out"):
        read_sequences(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.tsv",
            series_lines().replace("\t0.", "\tx", 1),
            r"line \d+: column \d+ is 'x\d*'; expected a number",
        ),
        ("a.txt", "1,0.5,NaN,2\n2,1,2,3\n", "line 1: column 3 is missing, and others follow"),
        ("a.txt", "1,0.5,1e999\n2,1,2\n", "line 1: column 3 is '1e999'; expected finite numbers"),
        ("a.csv", "label,a,b\n1,0.5,0.5\n,1,2\n", "line 3: column 'label' is empty"),
        (
            "a.csv",
            "class,0,1\nup,0.5,0.5\n",
            "a column 'label' is needed, but .* the columns class, 0, 1; rename one",
        ),
        ("a.csv", "label,a,b\n1,0.5,0.5\n2,x,2\n", "a column 'text' is needed|column 'a' is 'x'"),
        (
            "a.arff",
            "@relation x\n@attribute t string\n@data\na\n",
            "line 2: the attribute 't' of the type 'string'",
        ),
        (
            "a.arff",
            "@relation x\n@attribute d date\n@data\na\n",
            "of the type 'date'; expected numbers, classes",
        ),
        ("a.arff", "@relation x\n@attribute a real\n@data\n{0 1}\n", "line 4: a sparse row"),
        ("a.arff", "@relation x\n@attribute a real\n@data\n1,2\n", "line 4: 2 values; expected 1"),
        (
            "a.arff",
            "@relation x\n@attribute a real\n@attribute c {1,2}\n@data\n1,3\n",
            "line 5: '3' as 'c'; expected one of 1, 2",
        ),
        ("a.arff", "@relation x\n@attribute a real\n@data\n", "has no row after @data"),
        ("a.arff", "@relation x\n@attribute a real\n1,2\n", "line 3: '1,2' before @data"),
        (
            "a.arff",
            "@relation x\n@attribute a real\n@attribute a real\n@data\n",
            "the attribute 'a' a second time",
        ),
        ("a.arff", "@relation x\n@attribute a real\n@data\n1\n", "a column 'label' is needed"),
        (
            "a.arff",
            "@relation x\n@attribute a real\n@attribute c {1}\n@data\nx,1\n",
            "column 'a' is 'x'; expected a",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(name, text, message, write):
    with pytest.raises(GatewiseError, match=message) as caught:
        read_sequences(write(text, name))
    assert name in str(caught.value)


def test_what_numpy_saves_is_read_and_faults_are_told_by_their_line(write, tmp_path):
    path = tmp_path / "a.txt"
    np.savetxt(path, np.column_stack([np.array(CLASSES, float), SERIES]), header="label and\nsteps")
    check(read_series(path))
    check(read_sequences(path, labels=False, classes=["1", "2"])._replace(y=CLASSES))
    lines = path.read_text().splitlines()
    lines[4] = lines[4].rsplit(" ", 1)[0] + " x"
    with pytest.raises(DataError, match=r"line 5: column 9 is 'x'"):
        read_series(write("\n".join(lines)))


@pytest.mark.parametrize("between", [",", "\t", " "], ids=repr)
def test_series_side_by_side_have_no_labels(between, write):
    """As tables for forecasting have them, a column each: 24 numbers would be 24 classes."""
    text = "".join(between.join(map(str, row)) + "\n" for row in SERIES)
    path = write(text)
    with pytest.raises(DataError, match=r"line 1: column 1 is '0.1257', and most rows .* with --label"):
        read_series(path)
    assert len(set(read_series(path, label_column="1").y)) == 24, "who says so means it"
    assert read_series(path, label_column="none").X[0].shape == (8, 1)


def test_labels_may_be_fractions_where_they_come_again(write):
    path = write(series_lines(label="{}.5".format))
    check(read_series(path), [f"{each}.5" for each in CLASSES])


def test_labels_with_spaces_between_tabs(write):
    path = write(series_lines("\t", "class {} of two".format))
    check(read_series(path), [f"class {each} of two" for each in CLASSES])


OTHERS = ("html", "json", "commas", "sparse", "excel", "npy", "conll", "conllu", "tsf", "zip", "model")


@pytest.mark.parametrize("kind", OTHERS)
def test_other_kinds_are_refused(kind, write):
    told, content = KINDS[kind]
    for read in (read_sequences, read_series):
        with pytest.raises(DataError, match=told):
            read(write(content))


def test_columns_need_a_table(write):
    for columns, option in (
        (SequenceColumns(keep=("a",)), r"keep=\('a',\)"),
        (SequenceColumns(label="a"), "label_column='a'"),
        (SequenceColumns(header=False), "header=False"),
    ):
        with pytest.raises(ArgumentError, match=f"{option} is for tables; .*x.ts' has no columns"):
            read_sequences(write(ts(), "x.ts"), columns)
    with pytest.raises(DataError, match="holds texts; expected series of numbers"):
        read_series(write("1 fine film\n0 dull\n"))
    with pytest.raises(
        ArgumentError, match=r"keep='b', but .* has the columns label, text; expected one of them"
    ):
        read_sequences(write("label,text\n1,a\n", "a.csv"), SequenceColumns(keep=("b",)))
