"""Names that pandas gives to steps of time, as names of our own."""

from __future__ import annotations

import re

__all__ = ["alias_of", "anchor_of"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_ALIAS = re.compile(r"(?P<count>\d*)(?P<name>[A-Za-z]+)(?:-(?P<anchor>[A-Z0-9]+))?")

_SPANS = {"D": "d", "B": "b", "H": "h", "T": "min", "S": "s", "L": "ms", "U": "us", "W": "w"}
_OF_MONTHS = {"M": "mo", "Q": "q", "A": "y", "Y": "y"}
_KINDS = {"": "-end", "E": "-end", "S": "@1"}
_BUSINESS = {"": "-bend", "E": "-bend", "S": "-bstart"}
_HOURS = "1h@mon-fri 09:00-16:00"


def alias_of(text: str) -> str:
    """Our own name of what pandas calls so, as "1q-end" for "QE-NOV"; any other text as it is.

    Which quarters or years they are is said by the data; ``anchor_of`` has what the name says of it.
    """
    found = _ALIAS.fullmatch(text)
    if found is None or (text.islower() and text != "bh"):
        return text
    count, name, anchor = found["count"] or "1", found["name"], found["anchor"]
    if name in ("bh", "BH") and count == "1" and anchor is None:
        return _HOURS
    if name == "W" and anchor in _DAYS:
        return f"{count}d@{anchor.lower()}"
    if name in _SPANS and anchor is None:
        return count + _SPANS[name]
    if (half := re.fullmatch(r"SM([ES]?)", name)) and count == "1" and (anchor or "15").isdecimal():
        day = anchor or "15"
        return f"1mo@1,{day}" if half[1] == "S" else f"1mo@{day},end"
    months = re.fullmatch(r"(B?)([MQAY])([ES]?)", name)
    anchored = anchor is None or (anchor in _MONTHS and months is not None and months[2] != "M")
    if months is None or not anchored:
        return text
    return count + _OF_MONTHS[months[2]] + (_BUSINESS if months[1] else _KINDS)[months[3]]


def anchor_of(text: str) -> int | None:
    """The month, 1 to 12, in which quarters or years of this name end or begin; None where it says none."""
    found = _ALIAS.fullmatch(text)
    if found is None or found["anchor"] not in _MONTHS or alias_of(text) == text:
        return None
    return _MONTHS.index(found["anchor"]) + 1
