"""The values that came in are handed back as they came: integers, narrow floats, and what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.tasks.forecasting.problems import quick

COUNT = 40
DAYS = np.datetime64("2026-01-01", "us") + np.arange(COUNT) * np.timedelta64(1, "D")
WHOLE = [day % 7 for day in range(COUNT)]
GAPS = [None if day % 9 == 4 else value for day, value in enumerate(WHOLE)]


def model():
    return quick(horizon=3, epochs=1, steps_per_epoch=2, context_length=8)


FRAMES = {
    "integers of NumPy": {"ds": DAYS, "y": np.array(WHOLE, np.int16)},
    "floats of NumPy": {"ds": DAYS, "y": np.array(WHOLE, np.float32)},
    "integers of pandas": pd.DataFrame({"ds": DAYS, "y": np.array(WHOLE)}),
    "integers of pandas that may be missing": pd.DataFrame({"ds": DAYS, "y": pd.array(GAPS, "Int64")}),
    "integers of pyarrow in pandas": pd.DataFrame({"ds": DAYS, "y": pd.array(GAPS, "int16[pyarrow]")}),
    "integers of polars": pl.DataFrame({"ds": DAYS, "y": pl.Series(GAPS, dtype=pl.UInt8)}),
    "floats of polars": pl.DataFrame({"ds": DAYS, "y": pl.Series(GAPS, dtype=pl.Float32)}),
    "128 bits of polars": pl.DataFrame({"ds": DAYS, "y": pl.Series(GAPS, dtype=pl.Int128)}),
    "integers of pyarrow": pa.table({"ds": DAYS, "y": pa.array(GAPS, pa.int32())}),
    "floats of pyarrow": pa.table({"ds": DAYS, "y": pa.array(GAPS, pa.float64())}),
}


def listed(values):
    return values.to_pylist() if isinstance(values, pa.ChunkedArray) else list(values)


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_they_keep_their_type_and_their_gaps(frame):
    scored, tested = model().fit(frame).anomalies(frame)["y"], model().backtest(frame, windows=4, step=3)["y"]
    for found, expected in ((scored, listed(frame["y"])), (tested, listed(frame["y"])[-12:])):
        assert getattr(found, "dtype", None) == getattr(frame["y"], "dtype", None)
        assert getattr(found, "type", None) == getattr(frame["y"], "type", None)
        assert [value for value in listed(found) if not pd.isna(value)] == [
            value for value in expected if not pd.isna(value)
        ]
        assert [value is None or value is pd.NA for value in listed(found)] == [
            value is None or value is pd.NA for value in expected
        ]


@pytest.mark.parametrize("make", [dict, pd.DataFrame], ids=["dict", "pandas"])
def test_integers_with_a_row_left_out_are_floats_in_numpy(make):
    keep = np.arange(COUNT) != 20
    found = model().fit(data := make({"ds": DAYS[keep], "y": np.array(WHOLE)[keep]})).anomalies(data)["y"]
    assert found.dtype == np.float64
    assert np.flatnonzero(np.isnan(found)).tolist() == [20]


def test_integers_of_many_digits_are_not_made_up():
    large = np.array(WHOLE) * 2**55 + 1
    found = model().fit(data := {"ds": DAYS, "y": large}).anomalies(data)["y"]
    assert found.dtype == np.float64


@pytest.mark.parametrize(
    "values", [list(map(str, WHOLE)), [value > 3 for value in WHOLE]], ids=["texts", "bools"]
)
def test_what_is_read_as_numbers_comes_back_as_numbers(values):
    found = model().fit(frame := pl.DataFrame({"ds": DAYS, "y": values})).anomalies(frame)["y"]
    assert found.to_list() == [float(value) for value in (values if isinstance(values[0], bool) else WHOLE)]
