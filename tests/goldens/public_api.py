"""What gatewise hands out: names, arguments and their defaults, methods and attributes.

    python -m tests.goldens.public_api

writes down what the installed version has. Whoever changes or removes one of these names does so on purpose,
runs this, and says it in CHANGELOG.md.
"""

from __future__ import annotations

import inspect
import json
import typing
from importlib import import_module
from pathlib import Path

FILE = Path(__file__).parent / "public_api.json"
ROOMS = ["charts", "data", "errors", "kernels", "lab", "magnify", "nn", "ops", "optim", "storage", "tasks"]
ROOMS = ["gatewise", *(f"gatewise.{room}" for room in [*ROOMS, "training", "types"])]


def arguments(function):
    """As a call would write them; a star where those by name alone begin."""
    said = []
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.KEYWORD_ONLY and not any(text.startswith("*") for text in said):
            said.append("*")
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        default = getattr(each.default, "__name__", repr(each.default))
        said.append(stars + each.name + ("" if each.default is each.empty else f"={default}"))
    return f"({', '.join(said)})"


def described(value):
    """A public object in plain values; of a class the members that its bases outside gatewise have not."""
    if inspect.ismodule(value):
        return "module"
    if typing.get_origin(value) or not callable(value):
        return "value"
    if not inspect.isclass(value):
        return arguments(value)
    if issubclass(value, Exception):
        return f"an error, {' and '.join(base.__name__ for base in value.__bases__)}"
    foreign = {
        name for base in value.__mro__ if not base.__module__.startswith("gatewise") for name in vars(base)
    }
    members = [name for name in dir(value) if name == "__call__" or not name.startswith("_")]
    return {"": arguments(value)} | {
        name: described(getattr(value, name)) for name in members if name not in foreign
    }


def surface():
    """Of each room its names, and what they are."""
    rooms = {room: import_module(room) for room in ROOMS}
    return {
        room: {name: described(getattr(module, name)) for name in sorted(module.__all__)}
        for room, module in rooms.items()
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(surface(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
