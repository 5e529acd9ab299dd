"""The judge of every backward pass: five-point central differences in float64."""

import numpy as np

from gatewise.ops import numerical_gradient, relative_error

TOLERANCE = 1e-6
STEP = 1e-4  # small enough that no sample point crosses the rectifier's kink with the seeds used here


def assert_gradients(loss, pairs):
    """Hold each analytic gradient against the differences of `loss()`.

    `pairs` maps a name to (array that `loss` reads, its analytic gradient). A gradient of nothing but zeros
    would prove nothing, so it fails too.
    """
    for name, (array, analytic) in pairs.items():
        numeric = numerical_gradient(loss, array, STEP)
        assert analytic.shape == array.shape, name
        assert np.abs(numeric).max() > 1e-3, f"{name}: the loss does not depend on it"
        error = relative_error(analytic, numeric)
        assert error < TOLERANCE, f"{name}: relative error {error:.1e}"
