"""Records: what a long run was, how it went and what it reached, kept where they can be read and repeated."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import date
from pathlib import Path
from typing import TextIO, TypeVar

from benchmarks._machine import Watch, machine
from gatewise.tasks import Estimator

FOLDER = Path(__file__).parent / "records"

Model = TypeVar("Model", bound=Estimator)


@contextmanager
def kept(name: str) -> Iterator[None]:
    """Keep what is printed as ``records/NAME.txt``, under command, date, commit and machine."""
    printed = io.StringIO()
    with redirect_stdout(_Both(sys.stdout, printed)):
        yield
    head = [f"python -m benchmarks {name}", f"{date.today()}, commit {_commit()}", machine()]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.txt").write_text("\n".join([*head, "", printed.getvalue()]), encoding="utf-8")


class _Both(io.TextIOBase):
    """Writes to two streams."""

    def __init__(self, *streams: TextIO) -> None:
        self._streams = streams

    def write(self, text: str) -> int:
        for stream in self._streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self._streams:
            stream.flush()


def _commit() -> str:
    """The commit that is checked out, and whether files differ from it; "unknown" outside of a checkout."""
    try:
        of, changed = (
            subprocess.run(
                ["git", *command], cwd=FOLDER.parent, capture_output=True, text=True, check=True
            ).stdout.strip()
            for command in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "-uno"])
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return of + " with changes" * bool(changed)


def run_and_keep(
    name: str, model: Model, fit: Callable[[Model], object], measure: Callable[[Model], Mapping[str, float]]
) -> None:
    """Train and measure, print what came out, and write ``records/NAME.json``.

    Args:
        name: of the benchmark that makes the run.
        model: with its hyperparameters.
        fit: trains it; its time is taken.
        measure: says what it reached, by name.
    """
    start, watch = time.perf_counter(), Watch()
    fit(model)
    minutes = (time.perf_counter() - start) / 60
    own, others = watch.read()
    measured = dict(measure(model))
    size = int(model.network_.parameters.vector.size)
    record = {
        "command": f"python -m benchmarks {name}",
        "date": str(date.today()),
        "commit": _commit(),
        "machine": machine(),
        "settings": model.get_params(),
        "parameters": size,
        "minutes": round(minutes, 2),
        "processors busy with other work": round(others, 2),
        "stopped_by": model.stopped_by_,
        "measured": measured,
        "curve": model.history_,
    }
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(machine())
    print(f"{size:,} parameters, {minutes:.1f} minutes, {model.stopped_by_}")
    print(f"processors busy: {own:.2f} with this, {others:.2f} with other work")
    width = max(map(len, measured))
    for what, value in measured.items():
        print(f"{what:<{width}}  {value:.4f}")
    print(f"kept in {path}")
