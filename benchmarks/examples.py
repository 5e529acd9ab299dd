"""What the examples and ``gatewise demo`` reach, and how long they take."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._data import data_file
from benchmarks._machine import machine

EXAMPLES = ("activity_recognition", "sentence_sentiment", "spoken_digits", "music")


def main() -> None:
    """Run each as a user does, and print what it says on standard output."""
    print(machine())
    folder = Path(__file__).parents[1] / "examples"
    data = data_file("audio").parent
    run("gatewise demo", [sys.executable, "-m", "gatewise", "demo"])
    for name in EXAMPLES:
        run(f"examples/{name}.py", [sys.executable, str(folder / f"{name}.py"), str(data)])


def run(name: str, command: list[str]) -> None:
    """Run a command in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
        print(f"\n== {name}: {time.perf_counter() - start:.0f} seconds\n\n{done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    main()
