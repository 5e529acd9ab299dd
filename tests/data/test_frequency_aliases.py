"""Steps by the names of pandas are the steps of pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gatewise.data.frequency import Frequency
from gatewise.data.frequency_aliases import alias_of, anchor_of
from gatewise.errors import ArgumentError

OFFSETS = (
    "D 2D B 3B h 6h min 15min s ms us W W-SUN W-WED 2W-MON ME 2ME MS QE QE-NOV "
    "QS QS-OCT 2QS YE YE-JUN YS YS-APR BME BMS BQE BQE-NOV BQS BYE BYE-JUN BYS SME SMS SME-10 SMS-20 bh "
)


@pytest.mark.parametrize("name", OFFSETS.split())
def test_steps_are_those_of_pandas(name):
    expected = np.asarray(pd.date_range("2023-02-15", periods=40, freq=name)).astype("M8[us]")
    frequency = Frequency.parse(name)
    np.testing.assert_array_equal(frequency.times(expected[0], np.arange(40)), expected)
    positions, on_grid = frequency.positions(expected[0], expected)
    np.testing.assert_array_equal(positions, np.arange(40))
    assert on_grid.all()
    assert Frequency.parse(str(frequency)) == frequency


@pytest.mark.parametrize(
    ("old", "new"),
    [("M", "ME"), ("Q-NOV", "QE-NOV"), ("A", "YE"), ("AS", "YS"), ("BM", "BME"), ("H", "h"), ("T", "min")],
)
def test_old_names(old, new):
    assert Frequency.parse(old) == Frequency.parse(new)


@pytest.mark.parametrize(
    "name", ["C", "N", "W-XXX", "QE-MON", "WOM-2MON", "LWOM-FRI", "ME-JAN", "2SME", "D-SUN"]
)
def test_what_has_no_such_step(name):
    with pytest.raises(ArgumentError, match=f"freq='{name}'; expected"):
        Frequency.parse(name)


def test_names_of_our_own_stay():
    for name in ("1h", "1mo-end", "2b", "1d@sun-thu", "bstart", "0.5"):
        assert alias_of(name) == name
    assert [anchor_of(name) for name in ("QE-NOV", "YS-APR", "QE", "W-MON", "1q")] == [
        11,
        4,
        None,
        None,
        None,
    ]
