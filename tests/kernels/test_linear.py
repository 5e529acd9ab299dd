"""The linear layer in every target's kernel, around the borders of its tiles and blocks."""

import itertools

import numpy as np
import pytest

from gatewise import kernels
from gatewise.kernels import set_target, set_threads, targets
from gatewise.nn import Linear

NATIVE = [name for name in targets() if name != "numpy"]
pytestmark = pytest.mark.skipif(not NATIVE, reason="the native module is not here")
EACH = pytest.mark.parametrize("target", NATIVE)

# (N, D, K): each size alone on both sides of a border, and all of them odd together.
SIZES = [
    *((rows, 19, 21) for rows in (1, 2, 3, 4, 5, 6, 7, 12, 13, 95, 96, 97, 383, 384, 385, 800)),
    *((9, inputs, 21) for inputs in (1, 2, 3, 4, 8, 15, 16, 17, 64, 65, 383, 384, 385, 1000)),
    *((9, 19, outputs) for outputs in (1, 2, 4, 8, 15, 16, 17, 64, 65, 95, 97, 257, 500, 1100)),
    *itertools.product([3, 401], [1, 130], [1, 385]),
    (40, 400, 1025),
]


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)
    set_threads(None)


def problem(rows, inputs, outputs):
    """x, weight, bias, dy, and gradients in which something stands already."""
    rng = np.random.default_rng([rows, inputs, outputs])
    shapes = ((rows, inputs), (outputs, inputs), (outputs,), (rows, outputs), (outputs, inputs), (outputs,))
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def assert_close(found, expected, terms):
    """Equal but for the rounding of a sum of so many terms of size 1."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=4e-7 * (terms + 8))


@EACH
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_values_and_gradients_agree_with_float64(target, sizes):
    set_target(target)
    rows, inputs, outputs = sizes
    x, weight, bias, dy, dweight, dbias = problem(*sizes)
    wide = [array.astype(np.float64) for array in (x, weight, bias, dy, dweight, dbias)]
    assert_close(kernels.linear_forward(x, weight, bias), wide[0] @ wide[1].T + wide[2], inputs)
    assert_close(kernels.linear_forward(x, weight, None), wide[0] @ wide[1].T, inputs)
    assert_close(kernels.linear_backward(x, weight, dy, dweight, dbias), wide[3] @ wide[1], outputs)
    assert_close(dweight, wide[4] + wide[3].T @ wide[0], rows)
    assert_close(dbias, wide[5] + wide[3].sum(axis=0), rows)


@EACH
@pytest.mark.parametrize("sizes", [(1, 400, 2003), (4, 300, 1000), (37, 200, 501), (1003, 60, 65)], ids=str)
def test_the_bits_do_not_depend_on_the_threads(target, sizes):
    set_target(target)
    found = []
    for count in (1, 2, 3, 8):
        set_threads(count)
        x, weight, bias, dy, dweight, dbias = problem(*sizes)
        y = kernels.linear_forward(x, weight, bias)
        found.append([y, kernels.linear_backward(x, weight, dy, dweight, dbias), dweight, dbias])
    for other in found[1:]:
        for one, another in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(another, one)


@EACH
def test_a_row_does_not_depend_on_its_neighbours(target):
    set_target(target)
    x, weight, bias, *_ = problem(23, 50, 70)
    together = kernels.linear_forward(x, weight, bias)
    for rows in (1, 3, 5, 11):
        for first in range(0, 23 - rows, rows):
            alone = kernels.linear_forward(x[first : first + rows], weight, bias)
            np.testing.assert_allclose(alone, together[first : first + rows], rtol=0, atol=1e-5)


@EACH
def test_what_is_not_finite_stays_in_its_row_and_column(target):
    set_target(target)
    for rows in (3, 20):
        x, weight, bias, *_ = problem(rows, 30, 40)
        x[1, 7], weight[5, 29] = np.nan, np.inf
        bad = ~np.isfinite(kernels.linear_forward(x, weight, bias))
        expected = np.zeros_like(bad)
        expected[1], expected[:, 5] = True, True
        np.testing.assert_array_equal(bad, expected)


@EACH
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_the_layer_gives_what_it_gives_in_numpy(target, bias):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((5, 4, 12)).astype(np.float32)[::-1, :, ::2]  # as it comes from another layer
    dy = rng.standard_normal((4, 5, 9)).astype(np.float32).transpose(1, 0, 2)
    found = []
    for name in ("numpy", target):
        set_target(name)
        layer = Linear(6, 9, bias=bias, seed=1)
        y, cache = layer.forward(x)
        found.append([y, layer.backward(dy, cache), layer.gradients.vector])
    for one, other in zip(*found, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-5)


@EACH
def test_no_rows_give_no_rows(target):
    set_target(target)
    layer = Linear(3, 2)
    y, cache = layer.forward(np.empty((0, 3), np.float32))
    assert y.shape == (0, 2)
    assert layer.backward(y, cache).shape == (0, 3)
    assert not layer.gradients.vector.any()


def test_float64_stays_on_numpy():
    found = []
    for name in ("numpy", NATIVE[-1]):
        set_target(name)
        layer = Linear(30, 20, seed=2, dtype=np.float64)
        found.append(layer(np.random.default_rng(0).standard_normal((9, 30))))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("place", "name"),
    [(0, "x"), (2, "bias"), (3, "dy"), (4, "dweight"), (5, "dbias")],
    ids=lambda each: str(each),
)
def test_what_does_not_fit_never_reaches_the_kernel(place, name):
    arrays = problem(3, 4, 5)
    arrays[place] = np.ascontiguousarray(arrays[place][..., :-1])
    x, weight, bias, dy, dweight, dbias = arrays
    forward = name in ("x", "bias")
    call = kernels.linear_forward if forward else kernels.linear_backward
    with pytest.raises(ValueError, match=f"^{name} does not fit"):
        call(x, weight, *([bias] if forward else [dy, dweight, dbias]))
