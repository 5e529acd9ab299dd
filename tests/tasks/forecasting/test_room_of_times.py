"""Times of an answer that the type of the column could not hold are refused before training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise.errors import DataError
from tests.tasks.forecasting.problems import quick, wave

COUNT = 40
VALUES = wave(COUNT)
DAYS = np.datetime64("2026-01-01", "D") + np.arange(COUNT)

SECONDS = np.datetime64("2026-01-01", "s") + np.arange(COUNT)


def model(**changes):
    return quick(horizon=3, epochs=1, steps_per_epoch=2, context_length=8, **changes)


def until(day, unit="us"):
    return (np.datetime64(day, "D") - np.arange(COUNT)[::-1]).astype(f"M8[{unit}]")


NANOSECONDS = {
    "dict": lambda times: {"ds": times, "y": VALUES},
    "pandas": lambda times: pd.DataFrame({"ds": times, "y": VALUES}),
    "pandas with a zone": lambda times: pd.DataFrame({"ds": times, "y": VALUES}).assign(
        ds=lambda frame: frame["ds"].dt.tz_localize("UTC")
    ),
    "polars": lambda times: pl.DataFrame({"ds": times, "y": VALUES}),
    "pyarrow": lambda times: pa.table({"ds": pa.array(times), "y": VALUES}),
}


@pytest.mark.parametrize("made", NANOSECONDS.values(), ids=NANOSECONDS)
def test_nanoseconds_end_in_2262(made):
    with pytest.raises(DataError, match=r"'ds'.* reach 2262-04-14.* up to 2262-04-11.*microseconds"):
        model().fit(made(until("2262-04-11", "ns")))
    found = model().fit(made(until("2262-04-08", "ns"))).predict()["ds"]
    assert str(np.asarray(found)[-1])[:10] == "2262-04-11"


YEAR_9999 = {
    "dict": lambda times: {"ds": times, "y": VALUES},
    "texts": lambda times: {"ds": np.datetime_as_string(times, "D"), "y": VALUES},
    "pandas": lambda times: pd.DataFrame({"ds": times.astype("M8[s]"), "y": VALUES}),
    "polars": lambda times: pl.DataFrame({"ds": times, "y": VALUES}),
    "dates of pyarrow": lambda times: pa.table({"ds": pa.array(times.astype("M8[D]")), "y": VALUES}),
}


@pytest.mark.parametrize("made", YEAR_9999.values(), ids=YEAR_9999)
def test_dates_end_in_9999(made):
    with pytest.raises(DataError, match=r"'ds'.* reach 10000-01-02.* up to 9999-12-31.*Forecast fewer"):
        model().fit(made(until("9999-12-30")))
    made_later = made(until("9999-12-30"))
    fitted = model().fit(made(until("9999-12-20")))
    with pytest.raises(DataError, match="reach 10000-01-02"):
        fitted.predict(made_later)
    assert len(fitted.anomalies(made_later)["ds"]) == COUNT


BETWEEN = {
    "dates of polars": (pl.DataFrame({"ds": pl.Series(DAYS), "y": VALUES}), "12h", "whole days"),
    "dates of pyarrow": (pa.table({"ds": pa.array(DAYS), "y": VALUES}), "6h", "whole days"),
    "days of NumPy": ({"ds": DAYS, "y": VALUES}, "8h", "whole days"),
    "texts of days": ({"ds": DAYS.astype(str), "y": VALUES}, "12h", "whole days"),
    "seconds": (
        pd.DataFrame({"ds": pd.Series(SECONDS), "y": VALUES}),
        "500ms",
        "whole seconds",
    ),
}


@pytest.mark.parametrize(("data", "freq", "unit"), BETWEEN.values(), ids=BETWEEN)
def test_steps_between_two_times_of_the_type(data, freq, unit):
    first = data[:9] if not isinstance(data, dict) else {name: each[:9] for name, each in data.items()}
    with pytest.raises(DataError, match=rf"'ds'.*{unit}, between which its steps of {freq}.*freq="):
        model(freq=freq, strict=True).fit(first)


def test_steps_that_are_whole_in_the_type():
    assert model(freq="24h").fit({"ds": DAYS, "y": VALUES}).predict()["ds"][0] == np.datetime64("2026-02-10")
