"""The kernels' settings, for the tests that force them."""

import pytest

from gatewise.kernels import native_status, set_target, set_threads


@pytest.fixture(autouse=True)
def crowd():
    """As many ranks as a test asks for, on machines of few cores too."""
    if not native_status().available:
        yield
        return
    from gatewise.kernels import _native

    _native.let_ranks_crowd(True)
    yield
    _native.let_ranks_crowd(False)


@pytest.fixture
def one_thread():
    """Calls run in one thread; the choice of target and threads is free again afterwards."""
    set_threads(1)
    yield
    set_target(None)
    set_threads(None)
