"""Commands with places for their files, and what the one line of an error must say."""

from __future__ import annotations

import re
from functools import cache

import typer

from gatewise.cli.app import app
from tests.cli.command import TINY, options

SMALL = options(**TINY, epochs=1)

TRAIN = ["train", "text", "IN/good.txt", "-o", "OUT/m.safetensors", *SMALL]


def filled_in(arguments, inputs, output):
    return [each.replace("IN/", f"{inputs}/").replace("OUT/", f"{output}/") for each in arguments]


def check_line(err, named, remedy, inputs, output):
    assert err.startswith("gatewise: error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    [named] = filled_in([named], inputs, output)
    assert named in err
    assert remedy in err


KEYWORD = re.compile(r"(?<![\w-])\w+=(?!=)")
STRING = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


@cache
def root():
    return typer.main.get_command(app)


def commands(path=(), command=None):
    command = root() if command is None else command
    below = getattr(command, "commands", None)
    if not below:
        return [path]
    return [each for name, one in below.items() for each in commands((*path, name), one)]
