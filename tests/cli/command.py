"""The ``gatewise`` command, in a process of its own as users run it, or in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from gatewise.cli import main

GATEWISE = [sys.executable, "-m", "gatewise"]

# A small model, and tokens enough for a few hundred quick steps.
TINY = {"hidden_size": 8, "num_layers": 1, "embedding_size": 8, "window": 16, "batch_size": 4}


def options(**values):
    """Hyperparameters as the command line has them."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]


def gatewise(*arguments, before=GATEWISE, **settings):
    """Run the command to its end; standard output and error are captured as text."""
    settings = {"capture_output": True, "text": True, "timeout": 120, "check": False, **settings}
    return subprocess.run([*before, *map(str, arguments)], env=environment(), **settings)


def outputs(capsys, *arguments):
    """Standard output and error of a command that succeeds."""
    assert main([*map(str, arguments)]) == 0
    return capsys.readouterr()


def json_lines(text):
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


def environment():
    """Whatever the terminal that runs the tests is like, the command sees none."""
    hidden = ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "PYTHONIOENCODING")
    return {name: value for name, value in os.environ.items() if name not in hidden} | {"TERM": "dumb"}
