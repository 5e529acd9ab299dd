"""Where the benchmarks find their data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["data_file"]


def data_file(*parts: str) -> Path:
    """A file under GATEWISE_DATA."""
    path = Path(os.environ.get("GATEWISE_DATA") or ".").joinpath(*parts)
    if not path.exists():
        sys.exit(f"{path} is missing: set GATEWISE_DATA to the folder that holds {parts[0]}")
    return path
