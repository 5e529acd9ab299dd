"""exp, σ and tanh of the kernels lie within 4 ULP of the truth, over the whole range and at its ends."""

import numpy as np
import pytest

from gatewise.kernels import targets

NATIVE = [name for name in targets() if name != "numpy"]
pytestmark = pytest.mark.skipif(not NATIVE, reason="the native module is not here")

TRUTH = {"exp": np.exp, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh}
LIMIT = 4.0


def compute(target, name, x):
    from gatewise.kernels import _native

    y = np.empty_like(x)
    _native.elementwise(target, name, x, y)
    return y


def all_exponents():
    """A thousand mantissas for each exponent of float32 and each sign, and the range that matters densely."""
    mantissas = np.random.default_rng(0).integers(0, 2**23, (255, 1000), dtype=np.uint32)
    positive = (mantissas | (np.arange(255, dtype=np.uint32)[:, None] << 23)).view(np.float32).ravel()
    return np.concatenate([positive, -positive, np.linspace(-110, 110, 600_001, dtype=np.float32)])


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("name", TRUTH)
def test_within_four_ulp_everywhere(target, name):
    x = all_exponents()
    with np.errstate(over="ignore", under="ignore"):
        truth = TRUTH[name](x.astype(np.float64))
        nearest = truth.astype(np.float32)
    found = compute(target, name, x)
    finite = np.isfinite(nearest)
    np.testing.assert_array_equal(found[~finite], nearest[~finite])
    ulp = np.spacing(np.abs(nearest[finite])).astype(np.float64)
    error = np.abs(found[finite] - truth[finite]) / ulp
    assert error.max() <= LIMIT, f"{error.max():.2f} ULP at x = {x[finite][error.argmax()]!r}"


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exp", [0.0, np.inf, 1.0, 1.0, np.nan]),
        ("sigmoid", [0.0, 1.0, 0.5, 0.5, np.nan]),
        ("tanh", [-1.0, 1.0, 0.0, -0.0, np.nan]),
    ],
)
def test_special_values(target, name, expected):
    found = compute(target, name, np.array([-np.inf, np.inf, 0.0, -0.0, np.nan], dtype=np.float32))
    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float32))
    if name == "tanh":
        assert np.signbit(found[3]), "tanh(-0) is -0"


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("count", [1, 3, 4, 7, 8, 15, 16, 17, 33])
def test_any_number_of_elements(target, count):
    x = np.linspace(-3, 3, count, dtype=np.float32)
    np.testing.assert_allclose(compute(target, "tanh", x), np.tanh(x), rtol=1e-6)
