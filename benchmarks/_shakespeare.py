"""Tiny Shakespeare, split as everybody splits it: the first 90 % to learn, the last 10 % to measure on."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import numpy as np


def texts() -> tuple[str, str]:
    """Training and validation text."""
    folder = os.environ.get("GATEWISE_DATA")
    path = Path(folder or ".") / "text" / "tinyshakespeare.txt"
    if not path.is_file():
        sys.exit(f"{path} is missing: set GATEWISE_DATA to the folder that holds text/tinyshakespeare.txt")
    text = path.read_text()
    cut = round(0.9 * len(text))
    return text[:cut], text[cut:]


def machine() -> str:
    """What the figures were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, Python {platform.python_version()}, NumPy {np.__version__}"
