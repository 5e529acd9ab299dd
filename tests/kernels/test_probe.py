"""The probe of the native module: present, switched off, not built, broken."""

import os
import platform
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest

import gatewise.kernels
from gatewise.kernels import NativeStatus, native_status

NATIVE = "gatewise.kernels._native"


class Obstacle(MetaPathFinder):
    """Stands in front of every other finder and raises `error` for the native module."""

    def __init__(self, error):
        self.error = error

    def find_spec(self, fullname, path=None, target=None):
        if fullname == NATIVE:
            raise self.error


@pytest.fixture(autouse=True)
def fresh_probe(monkeypatch):
    monkeypatch.delenv("GATEWISE_NATIVE", raising=False)
    native_status.cache_clear()
    yield
    native_status.cache_clear()


@pytest.fixture
def native():
    return pytest.importorskip(NATIVE, reason="gatewise was installed without its native module")


def status_with_obstacle(monkeypatch, error):
    monkeypatch.delitem(sys.modules, NATIVE, raising=False)
    monkeypatch.delattr(gatewise.kernels, "_native", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Obstacle(error), *sys.meta_path])
    return native_status()


def status_in_new_process(switch):
    code = (
        "import sys; from gatewise.kernels import native_status; s = native_status(); "
        f"print(s.available, {NATIVE!r} in sys.modules, s.reason, s.cpu_features, sep='|')"
    )
    environment = {**os.environ, "GATEWISE_NATIVE": switch}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip().split("|")


def test_the_status_is_probed_once():
    assert native_status() is native_status()


def test_available_and_reason_exclude_each_other():
    status = native_status()
    assert status.available is (status.reason is None)


def test_with_the_native_module_the_status_tells_how_it_was_built(native):
    status = native_status()
    assert status.available
    assert dict(status.build) == native.build_info()
    assert set(status.build) == {"compiler", "compiler_version", "build_type", "targets"}
    assert all(status.build.values())
    assert status.build["targets"].split()[0] == "baseline"


def test_with_the_native_module_the_features_are_those_detected(native):
    detected = native.cpu_features()
    assert native_status().cpu_features == tuple(name for name in detected if detected[name])


def test_the_status_cannot_be_changed():
    status = native_status()
    with pytest.raises(AttributeError):
        status.available = True
    with pytest.raises(TypeError):
        status.build["compiler"] = "other"


def test_the_switch_keeps_the_native_module_out_of_the_process():
    available, loaded, reason, features = status_in_new_process("0")
    assert (available, loaded, features) == ("False", "False", "()")
    assert "GATEWISE_NATIVE=0" in reason


def test_a_switch_that_is_not_understood_is_named():
    available, loaded, reason, _ = status_in_new_process("maybe")
    assert (available, loaded) == ("False", "False")
    assert "GATEWISE_NATIVE='maybe'" in reason


def test_the_switch_set_to_one_is_the_default(monkeypatch):
    default = native_status()
    native_status.cache_clear()
    monkeypatch.setenv("GATEWISE_NATIVE", "1")
    assert native_status() == default


def test_a_module_that_was_never_built_is_explained(monkeypatch):
    error = ModuleNotFoundError(f"No module named {NATIVE!r}", name=NATIVE)
    status = status_with_obstacle(monkeypatch, error)
    assert status == NativeStatus(False, status.reason)
    assert "was not built" in status.reason


@pytest.mark.parametrize(
    "error",
    [
        ImportError("undefined symbol: _ZN8gatewise"),
        ModuleNotFoundError("No module named 'other'", name="other"),
        OSError("wrong architecture"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_module_is_reported_and_not_raised(monkeypatch, error):
    status = status_with_obstacle(monkeypatch, error)
    assert status == NativeStatus(False, status.reason)
    assert type(error).__name__ in status.reason
    assert str(error) in status.reason


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs Linux's account of the processor")
def test_features_agree_with_the_kernels_account(native):
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = next(line for line in lines if line.startswith(("flags", "Features"))).split()
    detected = native.cpu_features()
    assert detected == {name: {"neon": "asimd"}.get(name, name) in flags for name in detected}


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="an x86-64 list")
def test_every_feature_that_matters_is_asked_for(native):
    detected = native.cpu_features()
    wide = ["avx512f", "avx512bw", "avx512vl", "avx512dq", "avx512_bf16"]
    assert list(detected) == ["sse2", "fma", "avx2", *wide]
    assert detected["sse2"]  # part of the base architecture
