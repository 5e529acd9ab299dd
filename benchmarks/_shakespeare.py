"""Tiny Shakespeare, split as everybody splits it: the first 90 % to learn, the last 10 % to measure on."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def texts() -> tuple[str, str]:
    """Training and validation text."""
    folder = os.environ.get("GATEWISE_DATA")
    path = Path(folder or ".") / "text" / "tinyshakespeare.txt"
    if not path.is_file():
        sys.exit(f"{path} is missing: set GATEWISE_DATA to the folder that holds text/tinyshakespeare.txt")
    text = path.read_text()
    cut = round(0.9 * len(text))
    return text[:cut], text[cut:]
