"""Saturation and half-life, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.magnify.gates import half_life, saturation


def test_shut_and_open_are_shares_of_the_time():
    gate = np.array([[0.05, 0.95], [0.099, 0.5], [0.1, 0.9], [0.5, 0.901]])
    shut, wide = saturation(gate)
    assert shut.tolist() == [0.5, 0]
    assert wide.tolist() == [0, 0.5]


@pytest.mark.parametrize(("f", "steps"), [(0.5, 1), (0.5**0.1, 10), (0.999, 692.8)])
def test_a_constant_gate_halves_the_cell_in_its_half_life(f, steps):
    (found,) = half_life(np.full((7, 1), f))
    assert found == pytest.approx(steps, rel=1e-4)
    assert f**found == pytest.approx(0.5)


def test_a_gate_that_changes_counts_by_what_is_left_in_the_end():
    forget = np.array([[0.9], [0.2], [0.7]])
    (found,) = half_life(forget)
    assert (0.9 * 0.2 * 0.7) ** (found / 3) == pytest.approx(0.5)


def test_shut_and_open_for_good():
    assert half_life(np.array([[0.0, 1.0], [0.5, 1.0]])).tolist() == [0, np.inf]
