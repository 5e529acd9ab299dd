"""The judge of every backward pass: central differences in float64."""

import numpy as np

from gatewise.ops import numerical_gradient, relative_error

TOLERANCE = 1e-6
STEP = 1e-5  # of what two points get wrong no more than a part in a hundred million is left


def assert_gradients(loss, pairs):
    """Hold each analytic gradient against the differences of `loss()`.

    `pairs` maps a name to (array that `loss` reads, its analytic gradient). A gradient of nothing but zeros
    would prove nothing, so it fails too.
    """
    for name, (array, analytic) in pairs.items():
        numeric = numerical_gradient(loss, array, STEP, points=2)
        assert analytic.shape == array.shape, name
        assert np.abs(numeric).max() > 1e-3, f"{name}: the loss does not depend on it"
        error = relative_error(analytic, numeric)
        assert error < TOLERANCE, f"{name}: relative error {error:.1e}"
