"""Commands with places for their files, and what the one line of an error must say."""

from __future__ import annotations

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
