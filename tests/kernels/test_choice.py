"""Which kernel runs, and in how many threads, can be read and forced."""

import os

import pytest

import gatewise.kernels.choice as choice
import gatewise.kernels.cores as cores
from gatewise.errors import ArgumentError
from gatewise.kernels import get_target, get_threads, set_target, set_threads, targets, usable_cores


@pytest.fixture(autouse=True)
def free_choice(monkeypatch):
    monkeypatch.delenv("GATEWISE_TARGET", raising=False)
    monkeypatch.delenv("GATEWISE_NUM_THREADS", raising=False)
    yield
    set_target(None)
    set_threads(None)


def test_the_widest_target_is_the_default():
    assert targets()[0] == "numpy"
    assert get_target() == targets()[-1]


@pytest.mark.parametrize("name", targets())
def test_each_target_can_be_forced_and_set_free(name, monkeypatch):
    set_target(name)
    assert get_target() == name
    set_target(None)
    monkeypatch.setenv("GATEWISE_TARGET", name)
    assert get_target() == name


def test_a_target_that_does_not_run_here_is_refused(monkeypatch):
    with pytest.raises(ArgumentError, match="target='avx9'; expected one of numpy"):
        set_target("avx9")
    monkeypatch.setenv("GATEWISE_TARGET", "avx9")
    with pytest.raises(ArgumentError, match="GATEWISE_TARGET='avx9'; expected one of numpy"):
        get_target()


def test_there_are_never_more_threads_than_may_be_set(monkeypatch):
    monkeypatch.setattr(choice, "usable_cores", lambda: 5000)
    assert get_threads() == 1024


def test_without_the_native_module_there_is_only_numpy(monkeypatch):
    monkeypatch.setattr(choice, "_native_targets", tuple)
    assert targets() == ("numpy",)
    assert get_target() == "numpy"


def test_threads_are_the_usable_cores_unless_set(monkeypatch):
    monkeypatch.setattr(cores, "cpu_quota", lambda: None)
    if hasattr(os, "sched_getaffinity"):
        assert get_threads() == usable_cores() == len(os.sched_getaffinity(0))
    monkeypatch.setattr(cores, "cpu_quota", lambda: 1.0)
    assert get_threads() == 1
    monkeypatch.setenv("GATEWISE_NUM_THREADS", "3")
    assert get_threads() == 3
    set_threads(5)
    assert get_threads() == 5


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", 10**6])
def test_a_number_of_threads_that_cannot_be_is_refused(count):
    with pytest.raises(ArgumentError, match=r"threads=.*; expected a whole number from 1 to 1024"):
        set_threads(count)


@pytest.mark.parametrize("text", ["0", "many", "-2", "1.5"])
def test_an_environment_that_cannot_be_is_refused(text, monkeypatch):
    monkeypatch.setenv("GATEWISE_NUM_THREADS", text)
    with pytest.raises(ArgumentError, match="GATEWISE_NUM_THREADS="):
        get_threads()
