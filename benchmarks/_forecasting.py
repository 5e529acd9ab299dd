"""Real series for the forecasting benchmarks."""

from __future__ import annotations

import csv

import numpy as np

from benchmarks._data import data_file

__all__ = ["etth1", "m4_hourly"]


def m4_hourly() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The 414 series of M4 hourly as a long table, and the 48 values that follow each."""
    series = {}
    for row in _rows("m4_hourly", "Hourly-train.csv"):
        series[row[0]] = np.array([float(cell) for cell in row[1:] if cell])
    following = {
        row[0]: [float(cell) for cell in row[1:] if cell] for row in _rows("m4_hourly", "Hourly-test.csv")
    }
    table = {
        "unique_id": np.repeat(
            np.array(list(series), dtype=object), [len(values) for values in series.values()]
        ),
        "ds": np.concatenate([np.arange(len(values)) for values in series.values()]),
        "y": np.concatenate(list(series.values())),
    }
    return table, np.array([following[name] for name in series])


def etth1(columns: list[str], learnt: int = 8640, last: int = 14_400) -> dict[str, np.ndarray]:
    """Columns of ETTh1 up to the end of its test part, z-scored by its training part, as a long table."""
    path = data_file("forecasting", "ETTh1.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))[:last]
    times = np.array([row["date"] for row in rows], dtype="M8[us]")
    values = np.array([[float(row[name]) for row in rows] for name in columns])
    scaled = (values - values[:, :learnt].mean(axis=1, keepdims=True)) / values[:, :learnt].std(
        axis=1, keepdims=True
    )
    ids = np.repeat(np.array(columns, dtype=object), last)
    return {"unique_id": ids, "ds": np.tile(times, len(columns)), "y": scaled.ravel(), "variable": ids}


def _rows(*parts: str) -> list[list[str]]:
    with data_file("forecasting", *parts).open(newline="") as file:
        return list(csv.reader(file))[1:]
