"""Clipping: how far a gradient may reach, and what a gradient that is not finite does."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.optim import clip_by_norm, clip_by_value, gradient_norm

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


@DTYPES
def test_the_norm_is_euclidean(dtype):
    assert gradient_norm(np.array([3, 0, -4], dtype)) == 5
    assert gradient_norm(np.zeros(0, dtype)) == 0


def test_the_norm_of_a_float32_vector_neither_overflows_nor_loses_digits():
    assert gradient_norm(np.full(4, 1e30, dtype=np.float32)) == pytest.approx(2e30, rel=1e-7)
    many = np.full(1_000_000, 1e-3, dtype=np.float32)
    assert gradient_norm(many) == pytest.approx(float(many[0]) * 1000, rel=1e-12)


@DTYPES
def test_a_long_gradient_is_shortened_and_keeps_its_direction(dtype):
    gradient = np.random.default_rng(0).normal(size=50).astype(dtype)
    before, norm = gradient.copy(), gradient_norm(gradient)
    assert clip_by_norm(gradient, 0.25) == norm
    np.testing.assert_allclose(gradient, before * (0.25 / norm), rtol=2 * np.finfo(dtype).eps)
    assert gradient_norm(gradient) == pytest.approx(0.25, rel=1e-6)
    assert gradient.dtype == dtype


def test_a_short_gradient_keeps_its_bits():
    gradient = np.random.default_rng(1).normal(size=50)
    before = gradient.copy()
    assert clip_by_norm(gradient, 1e3) == gradient_norm(before)
    clip_by_value(gradient, 1e3)
    assert np.array_equal(gradient, before)


def test_a_gradient_of_zeros_has_nothing_to_clip():
    gradient = np.zeros(3)
    assert clip_by_norm(gradient, 0.5) == 0
    assert not gradient.any()


def test_by_value_each_element_is_cut_for_itself():
    gradient = np.array([-3.0, -0.5, 0.0, 0.5, 3.0, np.inf, -np.inf])
    clip_by_value(gradient, 0.5)
    assert gradient.tolist() == [-0.5, -0.5, 0.0, 0.5, 0.5, 0.5, -0.5]


def test_by_value_nan_stays_to_be_seen():
    gradient = np.array([np.nan, 2.0])
    clip_by_value(gradient, 1.0)
    assert np.isnan(gradient[0])
    assert gradient[1] == 1


@DTYPES
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan], ids=["inf", "-inf", "nan"])
def test_a_gradient_that_is_not_finite_is_told_by_its_norm_without_a_warning(bad, dtype):
    gradient = np.array([1.0, bad, 2.0], dtype)
    assert not np.isfinite(gradient_norm(gradient))
    assert not np.isfinite(clip_by_norm(gradient, 1.0))


@pytest.mark.parametrize("limit", [-1.0, np.nan], ids=["negative", "nan"])
@pytest.mark.parametrize(
    ("clip", "name"), [(clip_by_norm, "max_norm"), (clip_by_value, "limit")], ids=["by norm", "by value"]
)
def test_a_limit_that_cannot_be_is_refused(clip, name, limit):
    # A negative norm would turn the gradient round: ascent instead of descent.
    gradient = np.array([3.0, 4.0])
    with pytest.raises(ArgumentError, match=f"{name}={limit}; expected"):
        clip(gradient, limit)
    assert gradient.tolist() == [3.0, 4.0]
