"""Tables in CSV and Parquet files are read as they are meant; what cannot be read is named with its line."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from pyarrow import parquet

from gatewise.data.columns import as_numbers, as_times
from gatewise.data.table_files import read_file
from gatewise.errors import DataError
from tests.data.frames import HOURS, ZONE, columns, in_pyarrow, zoned

CSV = 'when,"who, exactly",value\r\n2024-01-01,a,1\r\n\r\n2024-01-02,"b\nc",\r\n'


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode(),
        b"\xef\xbb\xbf" + CSV.encode(),
        gzip.compress(CSV.encode()),
        CSV.replace("\r", "").encode(),
    ],
    ids=["plain", "with a mark of byte order", "gz", "LF"],
)
@pytest.mark.parametrize("name", ["d.csv", "d.csv.gz", "d.txt"])
def test_csv(data, name, tmp_path):
    (tmp_path / name).write_bytes(data)
    table = read_file(tmp_path / name)
    assert list(table.columns) == ["when", "who, exactly", "value"]
    assert table.columns["when"].tolist() == ["2024-01-01", "2024-01-02"]
    assert table.columns["who, exactly"].tolist() == ["a", "b\nc"]
    assert table.name == repr(str(tmp_path / name))
    assert table.backend is None
    np.testing.assert_array_equal(as_numbers(table.columns["value"], "value", "x"), [1, np.nan])


@pytest.mark.parametrize("name", ["d.parquet", "d.pq", "d.PARQUET"])
def test_parquet(name, tmp_path):
    parquet.write_table(zoned(in_pyarrow), tmp_path / name)
    table = read_file(str(tmp_path / name))
    assert (table.backend, table.zones) == ("pyarrow", {"ds": ZONE})
    np.testing.assert_array_equal(as_times(table.columns["ds"], "ds", "x"), HOURS)
    assert table.columns["id"].tolist() == ["a", "b"] * 3


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_may_be_parted_by_commas_semicolons_or_tabs(delimiter, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(delimiter.join(row) for row in (("ds", "y"), ("1", "2"), ("2", "3"))))
    assert {name: v.tolist() for name, v in read_file(path).columns.items()} == {
        "ds": [1, 2],
        "y": [2, 3],
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", "30"], np.array([1, -2, 30])),
        (["1", "", "2.5"], np.array([1, np.nan, 2.5])),
        ([".5", "1e3", "-4."], np.array([0.5, 1000, -4])),
        (["007", "1"], np.array(["007", "1"])),
        (["1", "x"], np.array(["1", "x"])),
        (["", ""], np.array(["", ""])),
        (["1" * 30, "2"], np.array([float("1" * 30), 2])),
    ],
    ids=["whole", "missing", "forms", "leading zeros", "word", "empty", "long"],
)
def test_cells_are_numbers_where_all_of_them_are(cells, expected, tmp_path):
    """So that a table says the same as CSV, as Parquet and as a data frame."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a,b", *(f"{cell},x" for cell in cells)]))
    found = read_file(path).columns["a"]
    assert found.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty; expected a CSV or Parquet file"),
        (b"\n \n\n", "is empty; expected a CSV or Parquet file"),
        (b"a,a\n1,2\n", r"line 1: \['a', 'a'\] is no header; expected a different name"),
        (b"a,b\n", "has no rows below its header"),
        (b"a,b\n1,2\n\n3\n", "line 4: 1 cells; expected 2, as in the header"),
        (b'a,b\n"1\n2",2\n1,2,3\n', "line 4: 3 cells; expected 2"),
        (b"# made by a tool\na,b\n1,2\n", "line 1 is a comment; expected the names of the columns"),
        (b"#made,by\n# a tool\n", "line 2: 1 cells; expected 2"),
        (b"sep=;\na;b\n1;2\n", "line 1 is what tells Excel the delimiter"),
        ("a,b\nä,2\n".encode("latin-1"), "line 2: byte 0xe4 is not UTF-8"),
        (gzip.compress(b"a,b\n1,2\n" * 100)[:-12], "is no whole gzip file"),
    ],
    ids=[
        "empty",
        "blank",
        "same names",
        "no rows",
        "short row",
        "long row",
        "comment",
        "no comment",
        "sep=",
        "latin-1",
        "cut gz",
    ],
)
def test_files_that_cannot_be_read(data, message, tmp_path):
    path = tmp_path / "d.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message) as error:
        read_file(path)
    assert repr(str(path)) in str(error.value)


@pytest.mark.parametrize("kind", ["gz", "cell"])
def test_damaged_streams(kind, tmp_path):
    packed = bytearray(gzip.compress(b"".join(b"%d,2\n" % k for k in range(1000))))
    packed[20:30] = b"\xff" * 10
    path = tmp_path / "d.csv"
    path.write_bytes(bytes(packed) if kind == "gz" else b"a,b\n1," + b"9" * 200_000 + b"\n")
    with pytest.raises(DataError, match=r"d\.csv"):
        read_file(path)


def test_a_damaged_parquet_file(tmp_path):
    path = tmp_path / "d.parquet"
    parquet.write_table(in_pyarrow(columns()), path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"d\.parquet' is no intact Parquet file"):
        read_file(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(DataError, match=r"nope\.csv' does not exist; expected a CSV or Parquet file"):
        read_file(tmp_path / "nope.csv")
    with pytest.raises(DataError, match="is not a regular file"):
        read_file(tmp_path)
