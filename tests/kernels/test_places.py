"""Each rank of a region has a core of its own, among those on which the calling thread may run."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import gatewise
from gatewise.kernels import set_threads
from gatewise.nn import LSTM
from tests.kernels.cases import NATIVE

pytestmark = [
    pytest.mark.skipif(not NATIVE, reason="the native module is not here"),
    pytest.mark.skipif(
        not hasattr(os, "sched_setaffinity"), reason="threads cannot be placed on this system"
    ),
]
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
needs_two = pytest.mark.skipif(len(CORES) < 2, reason="needs two cores")
TRIES = 100
"""The system moves threads as it likes where others want the cores too; so most of the times count."""


@pytest.fixture(autouse=True)
def as_it_is_without_tests(crowd):
    from gatewise.kernels import _native

    _native.let_ranks_crowd(False)
    yield
    os.sched_setaffinity(0, CORES)
    set_threads(None)


def cores_of_ranks(threads):
    from gatewise.kernels import _native

    return _native.cores_of_ranks(threads)


def masks():
    """Where each thread of this process may run."""
    threads = [int(task.name) for task in Path("/proc/self/task").iterdir()]
    return {thread: os.sched_getaffinity(thread) for thread in threads}


def share_apart(threads, pause=0.0):
    """How often of some times all ranks were on cores of their own."""
    apart = 0
    for _ in range(TRIES):
        cores = cores_of_ranks(threads)
        assert len(cores) == threads
        assert set(cores) <= os.sched_getaffinity(0)
        apart += len(set(cores)) == threads
        time.sleep(pause)
    return apart / TRIES


@needs_two
@pytest.mark.parametrize("pause", [0.0, 0.001], ids=["awake", "asleep"])
@pytest.mark.parametrize("threads", sorted({2, len(CORES)}))
def test_ranks_are_on_cores_of_their_own(threads, pause):
    assert share_apart(threads, pause) > 0.5


@needs_two
def test_more_threads_than_cores_make_a_rank_for_each_core():
    assert len(cores_of_ranks(len(CORES) + 3)) == len(CORES)
    assert len(cores_of_ranks(1024)) == min(len(CORES), 1024)
    assert cores_of_ranks(1)[0] in CORES


@needs_two
def test_a_thread_that_may_run_on_one_core_works_alone():
    for core in CORES[:2]:
        os.sched_setaffinity(0, {core})
        assert cores_of_ranks(8) == [core]
    os.sched_setaffinity(0, CORES)
    assert len(cores_of_ranks(2)) == 2


@needs_two
def test_nobody_stays_bound_to_a_core():
    before = masks()
    for pause in (0.0, 0.001):
        share_apart(2, pause)
    after = masks()
    assert {thread: after[thread] for thread in before} == before
    assert all(mask == set(CORES) for thread, mask in after.items() if thread not in before)


def run_script(script):
    """Runs a script in a process of its own, which has one worker."""
    code = """
        import os, time
        from gatewise.kernels import _native

        def others():
            return sorted(int(name) for name in os.listdir("/proc/self/task") if int(name) != os.getpid())

        def apart(tries=100):
            found = [_native.cores_of_ranks(2) for _ in range(tries)]
            return sum(len(set(cores)) == 2 for cores in found) / tries

        cores = sorted(os.sched_getaffinity(0))
        known = others()
        _native.cores_of_ranks(2)
        [worker] = [thread for thread in others() if thread not in known]
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(gatewise.__file__).parents[1]),
        "OPENBLAS_NUM_THREADS": "1",
    }
    code = textwrap.dedent(code) + textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


@needs_two
def test_a_worker_that_was_left_beside_its_caller_goes():
    run_script("""
        for _ in range(5):
            os.sched_setaffinity(0, cores[:1])
            os.sched_setaffinity(worker, cores[:1])
            time.sleep(0.002)
            os.sched_setaffinity(0, cores)
            os.sched_setaffinity(worker, cores)
            assert apart(20) > 0.5
    """)


@needs_two
def test_a_worker_that_somebody_binds_stays_bound():
    run_script("""
        for core in cores[:2]:
            os.sched_setaffinity(worker, {core})
            for pause in (0, 0, 0.002, 0.002, 0.002):
                assert _native.cores_of_ranks(2)[1] == core
                time.sleep(pause)
            assert os.sched_getaffinity(worker) == {core}
        os.sched_setaffinity(worker, cores)
        assert apart() > 0.5
        assert os.sched_getaffinity(worker) == set(cores)
    """)


@pytest.mark.skipif(len(CORES) < 3, reason="needs three cores")
def test_workers_follow_their_caller():
    run_script("""
        for chosen in (cores[1:], cores[:2], cores[-2:], cores):
            os.sched_setaffinity(0, chosen)
            for _ in range(20):
                assert set(_native.cores_of_ranks(2)) <= set(chosen)
            assert os.sched_getaffinity(worker) == os.sched_getaffinity(0) == set(chosen)
    """)


@needs_two
def test_python_threads_of_which_one_may_run_on_one_core():
    run_script("""
        import threading

        found = {}

        def bound():
            os.sched_setaffinity(0, cores[:1])
            found["bound"] = [_native.cores_of_ranks(2) for _ in range(200)]

        def free():
            found["free"] = [_native.cores_of_ranks(2) for _ in range(200)]

        threads = [threading.Thread(target=work) for work in (bound, free, free)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found["bound"] == [cores[:1]] * 200
        assert all(len(each) in (1, 2) for each in found["free"])
        assert apart() > 0.5
        assert os.sched_getaffinity(worker) == os.sched_getaffinity(0) == set(cores)
    """)


@needs_two
def test_a_child_places_workers_of_its_own():
    run_script("""
        import warnings

        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            os._exit(0 if apart() > 0.5 and len(others()) > 0 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert apart() > 0.5
    """)


@needs_two
def test_a_pass_has_the_same_bits_wherever_it_may_run():
    x = np.random.default_rng(0).standard_normal((30, 9, 20)).astype(np.float32)
    layer = LSTM(20, 150, seed=1)

    def outcome():
        layer.zero_gradients()
        y, _, cache = layer.forward(x)
        dx, _ = layer.backward(np.ones_like(y), cache)
        stream = layer.stream(9)
        stepped = [stream.step(each).copy() for each in x]
        return b"".join(each.tobytes() for each in (y, dx, layer.gradients.vector, *stepped))

    set_threads(1)
    expected = outcome()
    set_threads(8)
    for allowed in (CORES, CORES[:1], CORES[-1:], CORES[:2], CORES):
        os.sched_setaffinity(0, allowed)
        assert outcome() == expected


@needs_two
def test_a_stream_goes_on_where_its_thread_may_run_on_fewer_cores():
    x = np.random.default_rng(0).standard_normal((40, 1, 30)).astype(np.float32)
    layer = LSTM(30, 300, seed=1)
    set_threads(1)
    alone = layer.stream()
    expected = [alone.step(each).copy() for each in x]
    set_threads(len(CORES))
    stream = layer.stream()
    for step, each in enumerate(x):
        os.sched_setaffinity(0, CORES[:1] if step % 3 else CORES)
        assert np.array_equal(stream.step(each), expected[step])
