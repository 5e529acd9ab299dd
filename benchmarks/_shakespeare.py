"""Tiny Shakespeare, split as everybody splits it: the first 90 % to learn, the last 10 % to measure on."""

from __future__ import annotations

from benchmarks._data import data_file


def texts() -> tuple[str, str]:
    """Training and validation text."""
    text = data_file("text", "tinyshakespeare.txt").read_text()
    cut = round(0.9 * len(text))
    return text[:cut], text[cut:]
