"""Records: what a long run was, how it went and what it reached, kept where they can be read and repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks._machine import machine
from gatewise import LanguageModel

FOLDER = Path(__file__).parent / "records"


def keep(name: str, model: LanguageModel, minutes: float, measured: Mapping[str, float]) -> Path:
    """Write ``records/NAME.json``.

    Args:
        name: of the benchmark that makes the run.
        model: fitted.
        minutes: of training.
        measured: what it reached, by name.
    """
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    record = {
        "command": f"python -m benchmarks {name}",
        "machine": machine(),
        "settings": model.get_params(),
        "parameters": int(model.network_.parameters.vector.size),
        "minutes": round(minutes, 2),
        "stopped_by": model.stopped_by_,
        "measured": dict(measured),
        "curve": model.history_,
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path
