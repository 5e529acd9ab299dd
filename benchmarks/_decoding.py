"""``python -m benchmarks._decoding MODEL SOURCES``: sentences a second by beam search, on one core.

It runs in a process of its own, for the libraries that multiply read how many threads to use when they are
loaded.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from gatewise import Translator, load
from gatewise.data import read_lines

TURNS = 5


def sentences_a_second(model: Translator, sources: Sequence[str]) -> float:
    """The median of some turns over all sources, beam 4, on one core."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(saved := Path(folder, "model.safetensors"))
        lines = Path(folder, "sources.txt")
        lines.write_text("\n".join(sources) + "\n", encoding="utf-8")
        threads = {"GATEWISE_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks._decoding", str(saved), str(lines)],
            env=os.environ | threads,
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


def main() -> None:
    """Print the figure alone."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    model, sources = load(sys.argv[1]), read_lines(sys.argv[2])
    model.translate(sources[:64])
    rates = []
    for _ in range(TURNS):
        start = time.perf_counter()
        model.translate(sources, beam_size=4)
        rates.append(len(sources) / (time.perf_counter() - start))
    print(statistics.median(rates))


if __name__ == "__main__":
    main()
