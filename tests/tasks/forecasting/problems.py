"""Small series and quick forecasters for the tests of forecasting."""

from __future__ import annotations

import numpy as np

from gatewise import Forecaster

DAY = np.timedelta64(1, "D")
START = np.datetime64("2024-01-01", "us")
QUICK = {
    "horizon": 6,
    "season_length": 12,
    "context_length": 24,
    "hidden_size": 8,
    "epochs": 2,
    "steps_per_epoch": 10,
    "batch_size": 16,
}


def quick(**changes):
    return Forecaster(**{**QUICK, "progress": False, **changes})


def wave(count=120, seed=0):
    """A season of twelve steps with a little noise."""
    noise = np.random.default_rng(seed).normal(size=count)
    return 5 + np.sin(np.arange(count) * np.pi / 6) + 0.1 * noise


def words(*values):
    return np.array(values, dtype=object)


def panel():
    """Daily series "b" and "a" of different size and length, with a covariate of each kind."""
    rng = np.random.default_rng(1)
    return {
        "unique_id": words(*["b"] * 120, *["a"] * 100),
        "ds": np.concatenate([START + np.arange(120) * DAY, START + np.arange(7, 107) * DAY]),
        "y": np.concatenate([wave(), 30 * wave(100, 2)]),
        "price": rng.normal(size=220),
        "rain": rng.normal(size=220),
        "region": words(*["north"] * 120, *["south"] * 100),
    }


def following(price=0.5):
    """The six days after each of the two series, as ``predict`` wants them for ``known=("price",)``."""
    return {
        "unique_id": words(*["b"] * 6, *["a"] * 6),
        "ds": np.concatenate([START + np.arange(120, 126) * DAY, START + np.arange(107, 113) * DAY]),
        "price": np.full(12, price),
    }


def assert_same_columns(one, other):
    assert list(one) == list(other)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)
