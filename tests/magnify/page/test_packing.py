"""Packed arrays: half a scale is the most that is lost, whatever the values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gatewise.errors import ArgumentError
from gatewise.magnify.page.packing import pack


def unpacked(packed):
    return (packed.numbers * packed.scale[:, None]).T


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 4)),
        elements=st.floats(-1000, 1000, width=32, allow_subnormal=False),
    ),
    st.sampled_from([1, 2]),
)
def test_half_a_scale_is_the_most_that_is_lost(values, size):
    packed = pack(values, size=size)
    assert packed.numbers.shape == values.T.shape
    assert packed.numbers.dtype.itemsize == size
    lost = np.abs(unpacked(packed) - values)
    assert (lost <= 0.5001 * packed.scale).all()


def test_each_unit_has_its_own_scale():
    """A unit a million times as large as its neighbour takes nothing from it."""
    values = np.array([[1e-3, 1e3], [5e-4, 2e2]], np.float32)
    np.testing.assert_allclose(unpacked(pack(values)), values, rtol=1e-2)


@pytest.mark.parametrize(
    ("values", "size", "kind"),
    [([[0.0], [1.0]], 1, "uint8"), ([[-0.1], [1.0]], 1, "int8"), ([[-5.0], [5.0]], 2, "int16")],
)
def test_a_sign_is_kept_where_there_is_one(values, size, kind):
    packed = pack(np.array(values), size=size)
    assert packed.numbers.dtype == kind
    assert abs(int(packed.numbers[0, -1])) == np.iinfo(kind).max


def test_nothing_but_zeros():
    packed = pack(np.zeros((3, 2)))
    assert packed.scale.tolist() == [1, 1]
    assert not packed.numbers.any()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value):
    with pytest.raises(ArgumentError, match="states are not all finite"):
        pack(np.array([[value]]))
