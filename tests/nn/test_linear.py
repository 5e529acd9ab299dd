"""Linear: y = x Wᵀ + b over the last axis, and its gradients."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import Linear
from tests.ops.gradients import assert_gradients


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3)], ids=["one row", "batch", "sequence"])
def test_value_and_gradients(shape, bias):
    rng = np.random.default_rng(0)
    layer = Linear(3, 2, bias=bias, dtype=np.float64)
    layer.parameters.vector[...] = rng.normal(size=layer.parameters.vector.size)
    x, dy = rng.normal(size=shape), rng.normal(size=(*shape[:-1], 2))
    y, cache = layer.forward(x)
    added = layer.parameters["bias"] if bias else 0
    np.testing.assert_allclose(
        y, np.einsum("...d,kd->...k", x, layer.parameters["weight"]) + added, atol=1e-14
    )
    assert np.array_equal(layer(x), y)

    dx = layer.backward(dy, cache)
    pairs = {name: (view, layer.gradients[name]) for name, view in layer.parameters.items()}
    assert_gradients(lambda: float(np.sum(layer(x) * dy)), pairs | {"x": (x, dx)})


def test_gradients_add_up():
    layer = Linear(3, 2, dtype=np.float64)
    x, dy = np.random.default_rng(1).normal(size=(5, 3)), np.random.default_rng(2).normal(size=(5, 2))
    for _ in range(2):
        layer.backward(dy, layer.forward(x)[1])
    np.testing.assert_allclose(layer.gradients["weight"], 2 * dy.T @ x, rtol=1e-13)
    np.testing.assert_allclose(layer.gradients["bias"], 2 * dy.sum(axis=0), rtol=1e-13)


def test_no_rows_give_no_rows():
    layer = Linear(3, 2)
    y, cache = layer.forward(np.empty((0, 3), dtype=np.float32))
    assert y.shape == (0, 2)
    assert layer.backward(y, cache).shape == (0, 3)
    assert not layer.gradients.vector.any()


def test_the_bias_starts_at_zero_and_weights_within_the_scale():
    layer = Linear(100, 50)
    assert not layer.parameters["bias"].any()
    assert 0.099 < np.abs(layer.parameters["weight"]).max() <= 0.1  # 1/√100
    assert 0.0198 < np.abs(Linear(100, 50, init_scale=0.02).parameters["weight"]).max() <= 0.02


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Linear(0, 2), "Linear: input_size=0; expected a whole number of at least 1"),
        (lambda: Linear(3, 2.0), "Linear: output_size=2.0; expected a whole number"),
        (lambda: Linear(3, True), "Linear: output_size=True; expected a whole number"),
        (lambda: Linear(3, 2, dtype=np.int32), "Linear: dtype=.*int32.*; expected float32 or float64"),
        (
            lambda: Linear(3, 2)(np.zeros((5, 4), dtype=np.float32)),
            r"Linear: x has shape \(5, 4\); expected a last axis of 3",
        ),
        (
            lambda: Linear(3, 2)(np.zeros((5, 3))),
            "Linear: x has dtype float64; this layer computes in float32",
        ),
        (lambda: Linear(3, 2)([1.0, 2.0, 3.0]), "Linear: x has type list; this layer computes in float32"),
    ],
    ids=["zero size", "float size", "bool size", "int32", "shape", "dtype", "list"],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()
