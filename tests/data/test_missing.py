"""What stands for no value, in every library."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise.data.columns import as_array
from gatewise.data.missing import is_blank, is_missing

MISSING = [None, float("nan"), np.float32("nan"), np.datetime64("NaT"), np.timedelta64("NaT")]
MISSING += [pd.NA, pd.NaT, Decimal("NaN"), complex("nan")]


@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_missing(value):
    assert is_missing(value)
    assert not is_blank(value)


@pytest.mark.parametrize(
    "value", [0, "", "NA", False, np.datetime64("2026"), dt.date(2026, 1, 1), [], Decimal(1)]
)
def test_not_missing(value):
    assert not is_missing(value)


@pytest.mark.parametrize("word", ["", " ", "NA", "nan", "NaT"])
def test_words_by_which_files_say_it(word):
    assert is_blank(word)
    assert not is_blank(f"{word}x")


COLUMNS = {
    "pandas' strings": pd.Series(["a", None, "b"], dtype="string"),
    "pandas' categories": pd.Series(["a", None, "b"], dtype="category"),
    "pandas' categories of numbers": pd.Series([3, None, 5], dtype="category"),
    "pandas' integers": pd.Series([3, None, 5], dtype="Int64"),
    "polars' strings": pl.Series(["a", None, "b"]),
    "polars' categories": pl.Series(["a", None, "b"], dtype=pl.Categorical),
    "polars' Enum": pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "a", "unused"])),
    "Arrow's strings": pa.chunked_array([["a", None], ["b"]]),
    "Arrow's dictionary": pa.chunked_array([["a", None], ["b"]]).dictionary_encode(),
    "Arrow's dictionary, not chunked": pa.array(["a", None, "b"]).dictionary_encode(),
    "Arrow's dictionary of numbers": pa.chunked_array([[3, None, 5]]).dictionary_encode(),
    "Arrow's dictionary of dates": pa.chunked_array(
        [[dt.date(2026, 1, 1), None, dt.date(2026, 1, 2)]]
    ).dictionary_encode(),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_a_column_as_an_array_misses_what_it_missed(column):
    found = as_array(column)
    assert [is_missing(value) for value in found.tolist()] == [False, True, False]
    expected = column.to_pylist() if hasattr(column, "to_pylist") else column.to_list()
    assert found.tolist()[::2] == expected[::2]
