"""The kernels' settings, for the tests that force them."""

import pytest

from gatewise.kernels import set_target, set_threads


@pytest.fixture
def one_thread():
    """Calls run in one thread; the choice of target and threads is free again afterwards."""
    set_threads(1)
    yield
    set_target(None)
    set_threads(None)
