"""The kernels' settings, for the tests that force them."""

import pytest

from gatewise.kernels import set_target, set_threads


@pytest.fixture
def free_choice():
    """The choice of target and threads is free again afterwards."""
    yield
    set_target(None)
    set_threads(None)
