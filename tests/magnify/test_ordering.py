"""Orders of units, found where they were planted."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError
from gatewise.magnify.ordering import ORDERS, order_units

T = 200


def arrays(c, **gates):
    rng = np.random.default_rng(9)
    shape = c.shape
    return {"c": c} | {gate: gates.get(gate, rng.uniform(0.2, 0.8, shape)) for gate in "ifo"}


def test_the_busiest_first():
    c = np.random.default_rng(0).normal(size=(T, 4)) * [0.1, 0.5, 0.01, 0.3]
    assert order_units(arrays(c), "activity").tolist() == [1, 3, 0, 2]


@pytest.mark.parametrize("by", ["activity", "similarity"])
def test_units_that_never_move_stay_in_their_order(by):
    """Each by a deviation of rounding, if that were asked."""
    memory = np.tile([0.1, 0.7, 1 / 3, 0.9, 0.0], (1001, 1))
    assert order_units({"h": memory}, by).tolist() == [0, 1, 2, 3, 4]


def test_the_most_saturated_first():
    c = np.zeros((T, 3))
    f = np.full((T, 3), 0.5)
    f[: T // 2, 2] = 0.95
    f[: T // 4, 0] = 0.05
    assert order_units(arrays(c, f=f), "saturation").tolist() == [2, 0, 1]


@pytest.mark.parametrize("gate", ["i", "f", "o"])
def test_each_gate_that_is_shut_or_open_counts(gate):
    values = np.full((T, 3), 0.5)
    values[: T // 2, 1], values[: T // 4, 2] = 0.02, 0.98
    gates = arrays(np.zeros((T, 3)), f=np.full((T, 3), 0.5)) | {gate: values}
    assert order_units(gates, "saturation").tolist() == [1, 2, 0]


def test_like_stands_with_like():
    """Three waves, each in four units of another size, shuffled."""
    rng = np.random.default_rng(1)
    t = np.arange(T)[:, None]
    waves = np.concatenate([np.sin(2 * np.pi * t / period) for period in (50, 23, 11)], axis=1)
    kind = rng.permutation(np.repeat([0, 1, 2], 4))
    c = waves[:, kind] * rng.uniform(0.1, 0.3, 12) + rng.normal(0, 0.003, (T, 12))
    found = kind[order_units(arrays(c), "similarity")]
    changes = int((found != np.roll(found, 1)).sum())
    assert changes == 3, "around the circle, each kind stands together"


def test_units_that_never_move_stay_where_they_are():
    assert order_units(arrays(np.zeros((T, 4))), "similarity").tolist() == [0, 1, 2, 3]
    assert order_units(arrays(np.ones((1, 3))), "similarity").tolist() == [0, 1, 2]


@pytest.mark.parametrize("by", ORDERS)
@pytest.mark.parametrize("layer", [gw.nn.LSTM(2, 7, seed=0), gw.nn.RNN(2, 7, seed=0)], ids=["lstm", "rnn"])
def test_every_order_has_every_unit_once(by, layer):
    inside = gw.magnify(layer, np.random.default_rng(2).normal(size=(30, 2)))
    assert sorted(inside.layer().order(by)) == list(range(7))


def test_an_order_that_is_not_there():
    with pytest.raises(ArgumentError, match="by='beauty'; expected one of number, activity"):
        order_units(arrays(np.zeros((T, 2))), "beauty")
