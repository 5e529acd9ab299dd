"""A layer as the native module takes it, for the tests to change, and how it refuses."""

import numpy as np
import pytest

from gatewise.kernels import NativeLayer
from tests.kernels.cases import NATIVE

needs_native = pytest.mark.skipif(not NATIVE, reason="the native module is not here")

T, B, D, H, V = 4, 3, 2, 5, 6

# As the native module refuses: by the type, or by the shape or a value.
REFUSED = (TypeError, ValueError, RuntimeError)


def floats(*shape):
    return np.full(shape, 0.1, np.float32)


def layer(cell="lstm", **changes):
    width = (4 if cell == "lstm" else 1) * H
    peephole = floats(3, H) if cell == "lstm" else None
    good = NativeLayer(
        cell, 1, floats(T, B, D), None, floats(width, D), floats(width, H), floats(width), peephole
    )
    return good._replace(**changes)
