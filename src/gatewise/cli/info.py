"""``gatewise info``: what is installed, and which path a configuration takes."""

from __future__ import annotations

import platform
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import gatewise
from gatewise.cli.console import JsonOption, print_json, say
from gatewise.kernels import cpu_quota, get_target, get_threads, native_status, targets, usable_cores
from gatewise.nn import LSTM, RNN, Recurrent
from gatewise.tasks import Translator, load

__all__ = ["info"]

_EXTRAS = {
    "bleu": "sacrebleu",
    "bpe": "tokenizers",
    "parquet": "pyarrow",
    "plot": "plotly",
    "pictures": "choreographer",
    "report": "jinja2",
    "lab": "sklearn",
}


_CONFIGURATIONS: dict[str, tuple[type[LSTM] | type[RNN], dict[str, Any]]] = {
    "LSTM": (LSTM, {}),
    "LSTM, stacked, bidirectional": (LSTM, {"num_layers": 2, "bidirectional": True}),
    "LSTM, peepholes, no tanh on the way out": (LSTM, {"peephole": True, "output_tanh": False}),
    "LSTM, no tanh on the way in": (LSTM, {"candidate_tanh": False}),
    "LSTM, recurrent dropout, zoneout": (
        LSTM,
        {"recurrent_dropout": 0.1, "zoneout_hidden": 0.1, "zoneout_cell": 0.1},
    ),
    "LSTM, peepholes and zoneout of the cell state": (LSTM, {"peephole": True, "zoneout_cell": 0.1}),
    "LSTM, float64": (LSTM, {"dtype": np.float64}),
    "RNN, tanh": (RNN, {}),
    "RNN, sigmoid": (RNN, {"activation": "sigmoid"}),
    "RNN, rectifier": (RNN, {"activation": "relu"}),
    "RNN, float64": (RNN, {"dtype": np.float64}),
}
"""What ``--explain`` tells about. Ragged lengths, resets and initial states take the same path as without."""


def info(
    model: Annotated[Path | None, typer.Argument(help="With --explain: a model file to tell about.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell which path each configuration, or MODEL, takes.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show versions, the native module, the processor and the extras; or what runs where."""
    facts = _paths(model) if explain or model is not None else _facts()
    if as_json:
        print_json({name.replace(" ", "_"): value for name, value in facts.items()})
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        say(f"{name:<{width}}  {value}")


def _paths(model: Path | None) -> dict[str, str]:
    """Which path each configuration takes, or the one of a model."""
    if model is not None:
        loaded = load(model)
        if isinstance(loaded, Translator):
            encoder, decoder = loaded.network_.encoder, loaded.network_.decoder.recurrent
            return {
                f"encoder: {_described(encoder)}": _path(encoder),
                f"decoder: {_described(decoder)}": "NumPy: each step needs what attention made of the last",
            }
        network: Recurrent = loaded.network_.recurrent
        return {_described(network): _path(network)}
    return {name: _path(make(1, 1, **options)) for name, (make, options) in _CONFIGURATIONS.items()}


def _described(layer: Recurrent) -> str:
    return f"{type(layer).__name__}, {layer.size_label}, {layer.dtype}"


def _path(layer: Recurrent) -> str:
    reason = layer.why_not_native()
    return f"native kernel, {get_target()}" if reason is None else f"NumPy reference: {reason}"


def _facts() -> dict[str, str]:
    status = native_status()
    facts = {
        "gatewise": gatewise.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(),
        "processor": platform.machine(),
        "cpu features": ", ".join(status.cpu_features) or "unknown (no native module)",
        "usable cores": f"{usable_cores()}, {_quota()}",
        "native module": _describe(status.build) if status.available else f"not available: {status.reason}",
        "float32 runs on": f"{get_target()} (of {', '.join(targets())}), up to {get_threads()} threads",
        "float64 runs on": "numpy",
    }
    facts |= {
        f"extra [{extra}]": "installed"
        if find_spec(module)
        else f"not installed: pip install 'gatewise[{extra}]'"
        for extra, module in _EXTRAS.items()
    }
    return facts


def _quota() -> str:
    quota = cpu_quota()
    return "without a CPU quota" if quota is None else f"with a CPU quota of {quota:g}"


def _blas() -> str:
    """The library that NumPy multiplies matrices with."""
    config: Any = np.show_config(mode="dicts")
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _describe(build: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in build.items())
