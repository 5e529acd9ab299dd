"""``gatewise info``: what is installed and what runs where."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from typing import Any

import numpy as np

import gatewise
from gatewise.cli.console import JsonOption, print_json, say
from gatewise.kernels import get_target, get_threads, native_status, targets

__all__ = ["info"]

_EXTRAS = {"bpe": "tokenizers"}


def info(as_json: JsonOption = False) -> None:
    """Show versions, the native module, the processor and the extras."""
    status = native_status()
    facts = {
        "gatewise": gatewise.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(),
        "processor": platform.machine(),
        "cpu features": ", ".join(status.cpu_features) or "unknown (no native module)",
        "native module": _describe(status.build) if status.available else f"not available: {status.reason}",
        "LSTM steps run on": f"{get_target()} (of {', '.join(targets())}), up to {get_threads()} threads",
        "RNN, float64 run on": "numpy",
    }
    facts |= {
        f"extra [{extra}]": "installed"
        if find_spec(module)
        else f"not installed: pip install 'gatewise[{extra}]'"
        for extra, module in _EXTRAS.items()
    }
    if as_json:
        print_json({name.replace(" ", "_"): value for name, value in facts.items()})
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"{name:<{width}}  {value}")


def _blas() -> str:
    """The library that NumPy multiplies matrices with."""
    config: Any = np.show_config(mode="dicts")
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _describe(build: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in build.items())
