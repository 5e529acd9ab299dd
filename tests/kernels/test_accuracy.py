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


SUBNORMAL = np.array([1, 2, 3, 0x3FFFFF, 0x7FFFFE, 0x7FFFFF, 0x800000], np.uint32).view(np.float32)
HUGE = np.array([1e10, 1e30, np.finfo(np.float32).max], dtype=np.float32)


@pytest.mark.parametrize("target", NATIVE)
def test_numbers_below_the_normal_range(target):
    for x in (SUBNORMAL, -SUBNORMAL):
        np.testing.assert_array_equal(compute(target, "tanh", x), x)
        np.testing.assert_array_equal(compute(target, "exp", x), np.ones_like(x))
        np.testing.assert_array_equal(compute(target, "sigmoid", x), np.full_like(x, 0.5))


@pytest.mark.parametrize("target", NATIVE)
def test_numbers_far_beyond_where_the_functions_bend(target):
    for name, below, above in (("exp", 0.0, np.inf), ("sigmoid", 0.0, 1.0), ("tanh", -1.0, 1.0)):
        np.testing.assert_array_equal(compute(target, name, HUGE), np.full_like(HUGE, above))
        np.testing.assert_array_equal(compute(target, name, -HUGE), np.full_like(HUGE, below))


@pytest.mark.parametrize("target", NATIVE)
def test_results_below_the_normal_range_keep_their_digits(target):
    """e^x and sigma(x) go down to zero in steps of the smallest number there is, not at a stroke."""
    x = np.linspace(-104.5, -87, 20_001, dtype=np.float32)
    for name in ("exp", "sigmoid"):
        found, truth = compute(target, name, x), TRUTH[name](x.astype(np.float64))
        smallest = np.float64(SUBNORMAL[0])
        assert (
            np.abs(found - truth) <= np.maximum(LIMIT * np.spacing(truth.astype(np.float32)), smallest)
        ).all()
        assert (np.diff(found) >= 0).all()
        assert found[0] == 0
        assert 0 < found[x > -103].min() < np.finfo(np.float32).tiny


@pytest.mark.parametrize("target", NATIVE)
def test_where_exp_leaves_the_range(target):
    """The last number whose exponential is finite, and its neighbours."""
    last = np.float32(np.log(np.float64(np.finfo(np.float32).max)))
    last = last if np.exp(np.float64(last)) <= np.finfo(np.float32).max else np.nextafter(last, np.float32(0))
    steps = last + np.spacing(last) * np.arange(-50, 51, dtype=np.float32)
    found = compute(target, "exp", steps)
    np.testing.assert_array_equal(np.isinf(found), np.arange(-50, 51) > 0)


@pytest.mark.parametrize("target", NATIVE)
def test_bounds_and_symmetry_hold_exactly(target):
    x = all_exponents()
    tanh, sigmoid = compute(target, "tanh", x), compute(target, "sigmoid", x)
    assert np.abs(tanh).max() == 1
    assert sigmoid.min() >= 0
    assert sigmoid.max() == 1
    np.testing.assert_array_equal(compute(target, "tanh", -x), -tanh)


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("name", TRUTH)
def test_a_number_does_not_depend_on_its_neighbours(name, target):
    """Neither on those in the same vector nor on its place in it."""
    x = np.random.default_rng(1).normal(scale=5, size=40).astype(np.float32)
    together = compute(target, name, x)
    alone = [compute(target, name, x[k : k + 1])[0] for k in range(len(x))]
    np.testing.assert_array_equal(together, np.array(alone))
    x[::3] = np.array([np.nan, np.inf, -np.inf, 1e38, 0, -0.0, 1e-45], np.float32)[np.arange(14) % 7]
    others = np.arange(40) % 3 != 0
    np.testing.assert_array_equal(compute(target, name, x)[others], together[others])


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("name", TRUTH)
@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 8, 15, 16, 17, 33])
def test_any_number_of_elements(count, name, target):
    from gatewise.kernels import _native

    x = np.linspace(-3, 3, count + 5, dtype=np.float32)
    y = np.full(count + 5, 99, dtype=np.float32)
    _native.elementwise(target, name, x[:count], y[:count])
    np.testing.assert_allclose(y[:count], TRUTH[name](x[:count].astype(np.float64)), rtol=1e-6)
    assert (y[count:] == 99).all(), "written beyond the end"
