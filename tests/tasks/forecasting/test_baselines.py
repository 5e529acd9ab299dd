"""Baselines by hand, and from every place of a series against a slow reading of its past."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.tasks.forecasting.baselines import Baselines

NAN = np.nan


def after(past, horizon, season):
    """From the end of a series."""
    found = Baselines(np.array(past, dtype=float), season).at(np.array([len(past)]), horizon)
    return {name: rows[0] for name, rows in found.items()}


def test_baselines_by_hand():
    found = after([1, 2, 3, 4, 6], 5, 3)
    assert list(found) == ["naive", "seasonal naive", "drift"]
    np.testing.assert_array_equal(found["naive"], [6] * 5)
    np.testing.assert_array_equal(found["seasonal naive"], [3, 4, 6, 3, 4])
    np.testing.assert_allclose(found["drift"], 6 + 1.25 * np.arange(1, 6))


def test_baselines_carry_forward_what_is_missing():
    found = after([NAN, 2.0, NAN, 4, NAN], 4, 2)
    np.testing.assert_array_equal(found["naive"], [4] * 4)
    np.testing.assert_array_equal(found["seasonal naive"], [4, 4, 4, 4])
    np.testing.assert_allclose(found["drift"], 4 + 0.5 * np.arange(1, 5))


def test_without_a_season_there_is_no_seasonal_baseline():
    assert list(after([1, 2], 3, 1)) == ["naive", "drift"]


def test_one_value_is_enough():
    for values in after([7], 3, 12).values():
        np.testing.assert_array_equal(values, [7] * 3)


def test_seasonal_naive_repeats_what_was_last_seen_at_each_step_of_the_season():
    found = after([9, 1, 2, 3, 4, NAN, 6, 7, 8.0], 6, 4)["seasonal naive"]
    np.testing.assert_array_equal(found, [1, 6, 7, 8, 1, 6])
    np.testing.assert_array_equal(after([NAN, 5.0], 3, 4)["seasonal naive"], [5, 5, 5])


@pytest.mark.parametrize("season", [1, 2, 5, 24, 100])
@pytest.mark.parametrize("missing", [0.0, 0.3, 0.9])
def test_each_place_knows_its_own_past_alone(season, missing):
    rng = np.random.default_rng(season)
    values = np.where(rng.uniform(size=80) < missing, NAN, rng.normal(size=80))
    values[0] = 1.5
    positions = np.arange(1, 81)
    found = Baselines(values, season).at(positions, 7)
    for row, position in enumerate(positions):
        past = values[:position]
        last = past[~np.isnan(past)][-1]
        for step in range(7):
            same = [past[t] for t in range(position) if (position + step - t) % season == 0]
            same = [value for value in same if not np.isnan(value)]
            expected = same[-1] if same else last
            assert found.get("seasonal naive", found["naive"])[row, step] == (
                expected if season > 1 else last
            )
            slope = (last - past[0]) / max(1, position - 1)
            assert found["drift"][row, step] == pytest.approx(last + slope * (step + 1))
        np.testing.assert_array_equal(found["naive"][row], last)
