"""One small table, and the same as a frame of each library."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

HOURS = np.datetime64("2024-03-30T22:00", "us") + np.arange(6) * np.timedelta64(1, "h")
VALUES = np.array([1.5, 2, np.nan, 4, 5, -6])
ZONE = "Europe/Berlin"  # whose clocks go forward within these hours


def columns(ids=("a", "b") * 3, times=HOURS):
    return {"id": np.array(ids, dtype=object if isinstance(ids[0], str) else None), "ds": times, "y": VALUES}


def in_pandas(data):
    return pd.DataFrame(data)


def in_polars(data):
    return pl.DataFrame({name: list(v) if v.dtype == object else v for name, v in data.items()})


def in_pyarrow(data):
    return pa.table({name: pa.array(v) for name, v in data.items()})


def zoned(maker):
    if maker is in_pandas:
        frame = in_pandas(columns())
        return frame.assign(ds=frame["ds"].dt.tz_localize("UTC").dt.tz_convert(ZONE))
    if maker is in_polars:
        utc = pl.col("ds").dt.replace_time_zone("UTC")
        return in_polars(columns()).with_columns(utc.dt.convert_time_zone(ZONE))
    frame = in_pyarrow(columns())
    zoned = pa.array(HOURS).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", ZONE))
    return frame.set_column(1, "ds", zoned)
