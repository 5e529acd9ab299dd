"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import numpy as np

from gatewise.kernels import cpu_quota, usable_cores


def machine() -> str:
    """Processor, cores and versions, for the head of a table."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    quota = cpu_quota()
    limit = "no CPU quota" if quota is None else f"a CPU quota of {quota:g}"
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"{model}, {usable_cores()} cores, {limit}, {versions}"


class Watch:
    """How many processors this process, and all others together, keep busy from now on."""

    def __init__(self) -> None:
        self._start, self._own, self._all = time.perf_counter(), time.process_time(), _busy_seconds()

    def read(self) -> tuple[float, float]:
        """Processors that this process and the others have kept busy on average; 0 others where unknown."""
        own, everybody = time.process_time() - self._own, _busy_seconds() - self._all
        wall = time.perf_counter() - self._start
        return own / wall, max(0.0, everybody - own) / wall


def _busy_seconds() -> float:
    """What all processors have worked since the machine started, for its host too; 0 off Linux."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _waiting, irq, softirq, steal = map(int, stat.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
