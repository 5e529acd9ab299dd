"""Is the native module here, and what can it do on this processor?"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

__all__ = ["NativeStatus", "native_status"]

_MODULE = "gatewise.kernels._native"
_NOT_BUILT = (
    "the native module was not built when gatewise was installed, which needs GCC or Clang; "
    "install one of them, then run pip install --force-reinstall --no-cache-dir on gatewise again"
)


@dataclass(frozen=True, slots=True)
class NativeStatus:
    """What is known of the native module in this process.

    Attributes:
        available: Whether the native module is loaded and may be used.
        reason: Why it is not available; None if it is.
        build: `compiler`, `compiler_version`, `build_type` and `targets` (the instruction sets that code was
            compiled for, separated by spaces); empty if not available.
        cpu_features: The instruction sets that matter here and that processor and operating system offer,
            narrowest first; empty if not available.
    """

    available: bool
    reason: str | None = None
    build: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    cpu_features: tuple[str, ...] = ()


@cache
def native_status() -> NativeStatus:
    """Load the native module, once a process, and report on it. Never raises.

    The environment variable `GATEWISE_NATIVE` is read at the first call: `0` leaves the native module alone,
    `1` or nothing uses it where it is here.

    Returns:
        The same object at every call.

    Example:
        >>> status = native_status()
        >>> status.available or "native" in status.reason
        True
    """
    switch = os.environ.get("GATEWISE_NATIVE", "")
    if switch == "0":
        return NativeStatus(False, "the native module is switched off by GATEWISE_NATIVE=0")
    if switch not in ("", "1"):
        return NativeStatus(
            False,
            f"the native module is left alone because GATEWISE_NATIVE={switch!r} is not understood; "
            "set it to 0 (off) or 1 (on), or unset it (on)",
        )
    try:
        import gatewise.kernels._native as native

        build = MappingProxyType({name: str(value) for name, value in native.build_info().items()})
        features = tuple(name for name, present in native.cpu_features().items() if present)
    except ModuleNotFoundError as error:
        return NativeStatus(False, _NOT_BUILT if error.name == _MODULE else _broken(error))
    except Exception as error:  # whatever a broken binary raises, NumPy still works
        return NativeStatus(False, _broken(error))
    return NativeStatus(True, None, build, features)


def _broken(error: Exception) -> str:
    return f"the native module is here but does not load: {type(error).__name__}: {error}"
