"""Names of steps against the times that they are said of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gatewise.data.grids import common_frequency
from gatewise.errors import ArgumentError


def common(times, freq):
    return common_frequency({"a": np.asarray(times).astype("M8[us]")}, freq, "when", "the data")


@pytest.mark.parametrize(
    ("freq", "named"), [("QE-NOV", "QE-DEC"), ("QS-FEB", "QS-JAN"), ("YE-JUN", "YE-DEC"), ("YS-APR", "YS")]
)
def test_quarters_and_years_of_another_anchor_are_refused(freq, named):
    times = pd.date_range("2000-01-01", periods=20, freq=freq)
    assert str(common(times, freq)[0])
    if named == "YS":  # says nothing of the month
        common(times, named)
        return
    with pytest.raises(ArgumentError, match=f"freq='{named}', but series 'a' of the data has the time 20"):
        common(times, named)


def test_months_from_a_late_day_are_told_by_its_number():
    days = [f"2024-{m:02}-{29 if m == 2 else 30}" for m in range(1, 13)]
    frequency, _ = common(np.array(days, "M8[us]"), "1mo")
    assert str(frequency) == "1mo@30"
    assert frequency.times(np.datetime64("2025-02-28", "us"), np.array([1])) == [np.datetime64("2025-03-30")]


@pytest.mark.parametrize(
    ("times", "freq", "absent"),
    [
        (pd.date_range("2024-01-01", periods=60, freq="B"), "1d", "Saturdays, Sundays"),
        (pd.date_range("2024-01-01", periods=60, freq="bh"), "1h", "Saturdays, Sundays, 00:00, 01:00"),
        (
            pd.date_range("2024-01-01", periods=60, freq=pd.offsets.CDay(weekmask="Mon Tue Thu")),
            "1d",
            "Wednesdays, F",
        ),
    ],
)
def test_a_named_step_over_what_never_comes_is_noted(times, freq, absent):
    _, notes = common(times, freq)
    assert f"no time in column 'when' is on {absent}" in notes[0]
    assert "name the times that come with freq=" in notes[0]
