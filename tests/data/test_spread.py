"""What never changes is told by its numbers: whatever their size, their kind and how many there are."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data.spread import never_changes, spread, to_norm_one

CONSTANTS = [14.62, 0.1, -1 / 3, 1e8 + 0.1, -123456.789, 1e-8 / 3, 1e-300, 1e300, 0.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 3, 1000, 99_991])
def test_of_a_column_that_never_changes_the_spread_is_1_and_the_mean_is_its_number(count, dtype):
    with np.errstate(over="ignore"):
        numbers = np.nan_to_num(np.array(CONSTANTS).astype(dtype))
    columns = np.tile(numbers, (count, 1))
    mean, width = spread(columns)
    np.testing.assert_array_equal(mean, numbers)
    np.testing.assert_array_equal(width, 1)
    np.testing.assert_array_equal(to_norm_one(columns), 0)


def test_some_of_these_columns_deviate_by_rounding():
    """Else the test above would show nothing."""
    assert (np.tile(CONSTANTS, (1000, 1))[:, :5].std(axis=0) > 0).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("number", [14.62, 1e8, -1e-8, 1e-30])
def test_one_number_that_differs_in_its_last_bit_is_a_change(number, dtype):
    column = np.full((1000, 1), number, dtype)
    column[500] = np.nextafter(column[500], dtype(np.inf))
    assert not never_changes(column).any()
    _, width = spread(column)
    by_hand = float(column[500, 0] - column[0, 0]) * np.sqrt(1e-3 * (1 - 1e-3))
    # The mean itself is rounded, to half a bit of a number that large.
    assert 0.5 * by_hand < width[0] < 100 * by_hand


def test_numbers_so_small_that_their_squares_vanish_have_a_spread():
    column = np.array([[1e-200], [3e-200]])
    assert column.std() == 0
    _, width = spread(column)
    assert 0 < width[0] <= 2e-200


def test_what_changes_has_the_mean_and_deviation_of_numpy():
    columns = np.random.default_rng(0).normal(3, [1, 5, 1e-4], (200, 3))
    mean, width = spread(columns)
    np.testing.assert_array_equal(mean, columns.mean(axis=0))
    np.testing.assert_array_equal(width, columns.std(axis=0))


def test_columns_of_mean_0_and_norm_1():
    columns = np.random.default_rng(1).normal(7, 2, (50, 3)).astype(np.float32)
    scaled = to_norm_one(columns)
    np.testing.assert_allclose(scaled.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.square(scaled).sum(axis=0), 1)


def test_numbers_too_large_are_not_finite_and_say_nothing():
    mean, width = spread(np.array([[1.5e308], [1e308]]))
    assert not np.isfinite([mean, width]).all()
