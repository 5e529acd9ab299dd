"""Integers with a missing value among them stay integers."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatewise.data.frames import Table
from gatewise.data.table_files import read_file

LONG = [1234567890123456789, None, 1234567890123456787]
FRAMES = {
    "pandas": lambda values: pd.DataFrame({"id": pd.array(values, dtype="Int64")}),
    "pandas of pyarrow": lambda values: pd.DataFrame({"id": pd.array(values, dtype="int64[pyarrow]")}),
    "polars": lambda values: pl.DataFrame({"id": values}),
    "pyarrow": lambda values: pa.table({"id": values}),
}


@pytest.mark.parametrize("values", [LONG, [1, None, 2], [None, 0, -3]], ids=str)
@pytest.mark.parametrize("frame", FRAMES)
def test_they_are_written_as_they_were(frame, values):
    written = Table.of(FRAMES[frame](values)).written("id")
    assert [None if each in (None, "") else int(each) for each in written] == values
    assert not any("." in str(each) for each in written)


def test_those_of_a_file_too(tmp_path):
    pq.write_table(pa.table({"id": LONG}), tmp_path / "ids.parquet")
    assert list(map(str, read_file(tmp_path / "ids.parquet").written("id")))[::2] == list(map(str, LONG[::2]))
