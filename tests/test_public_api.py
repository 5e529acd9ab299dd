"""No public name goes, and none takes other arguments, unless somebody means it; new ones may come."""

from __future__ import annotations

import json

from tests.goldens.public_api import FILE, surface


def changes(before, now, where=""):
    """What stood there and does not any more, or reads otherwise."""
    if not isinstance(before, dict):
        return [] if before == now else [f"{where}: {before} became {now}"]
    if not isinstance(now, dict):
        return [f"{where} became {now}"]
    gone = [f"{where}.{name} is gone" for name in before if name not in now]
    return gone + [
        change
        for name, value in before.items()
        if name in now
        for change in changes(value, now[name], f"{where}.{name}".strip("."))
    ]


def test_the_public_names_are_what_they_were():
    assert changes(json.loads(FILE.read_text(encoding="utf-8")), surface()) == []


def test_a_change_is_found():
    before = {"room": {"f": ["x", "y=1"], "C": {"arguments": [], "members": {"m": ["self"], "a": "value"}}}}
    now = {"room": {"f": ["x", "y=2"], "C": {"arguments": [], "members": {"a": "value", "new": []}}}}
    assert changes(before, now) == ["room.f: ['x', 'y=1'] became ['x', 'y=2']", "room.C.members.m is gone"]
    assert changes(before, before | {"other": {}}) == []
