"""What the commands print, and how they fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

__all__ = ["JsonOption", "fail", "print_json", "say"]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def say(text: str = "") -> None:
    """A line of the result, on standard output."""
    print(text, flush=True)


def print_json(value: Mapping[str, Any]) -> None:
    """A result on one line of JSON."""
    say(json.dumps(value, ensure_ascii=False))


def fail(message: str) -> None:
    """One line on standard error."""
    print(f"gatewise: error: {' '.join(message.split())}", file=sys.stderr, flush=True)
