"""Lines of numbers: series written as a table without a header, and how they are told from texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = [
    "between",
    "fields_of",
    "is_comment",
    "is_missing_number",
    "is_number",
    "looks_like_series",
    "looks_like_words",
    "looks_sparse",
    "with_points",
]

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_MISSING = ("", "?", "na", "nan", "+nan", "-nan")
_MANY = 5
"""Values a line on the average, from which a few that are no numbers are faults and not words."""
_FEW = 0.1
"""How many of all may be such faults."""
_WIDE = 5
"""Values a line from which they are no words with tags or pairs, even without a decimal point."""
_SPARSE = re.compile(r"\S+(\s+qid:\d+)?(\s+\d+:[-+\d.eE]+)+\s*(#.*)?")
"""A label, and numbers behind their places, as LIBSVM and SVMlight write them."""
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")


def is_number(text: str) -> bool:
    """Whether a field is a number as files write it; Python would also take 1_000, and words as infinity."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_missing_number(text: str) -> bool:
    """Whether a field says that its number is missing."""
    return text.strip().lower() in _MISSING


def between(line: str) -> str | None:
    """What stands between the fields of a line: a tab, a semicolon or a comma; None for white space."""
    return next((each for each in "\t;," if each in line), None)


def fields_of(line: str, delimiter: str | None) -> list[str]:
    """The fields of a line."""
    return line.split() if delimiter is None else [each.strip() for each in line.split(delimiter)]


def is_comment(line: str) -> bool:
    """Whether a line among series is none of them: NumPy writes such above a table, behind #."""
    return line.lstrip().startswith(("#", "%"))


def looks_sparse(lines: Sequence[str]) -> bool:
    """Whether lines, none of them blank, have but the numbers that are not 0, each behind its place."""
    lines = [line for line in lines if not is_comment(line)]
    return bool(lines) and all(map(_SPARSE.fullmatch, lines))


def with_points(line: str) -> str:
    """A line with points in place of decimal commas."""
    return _DECIMAL_COMMA.sub(".", line)


def looks_like_series(lines: Sequence[str]) -> bool:
    """Whether these are series, each behind its label, as the UCR archive writes them.

    All fields but the first are numbers or say that one is missing, two or more in every line; of long lines
    a few may be something else. Between spaces, where a text of whole numbers looks the same, one of the
    numbers has a decimal point or an exponent. So a file with words in some of its lines is none. A label
    has spaces in it only between tabs and before many numbers. Comments are passed over.

    Args:
        lines: without their ends; none is blank.
    """
    lines = [line for line in lines if not is_comment(line)]
    delimiter = between(lines[0]) if lines else None
    total = faults = 0
    decimal = delimiter is not None
    for line in lines:
        label, *values = fields_of(line, delimiter)
        words = len(label.split())
        if len(values) < 2 or words == 0 or (words > 1 and (delimiter != "\t" or len(values) < _WIDE)):
            return False
        numbers = [value for value in values if is_number(value)]
        decimal = decimal or any(_is_decimal(value) for value in numbers)
        if not numbers:
            return False
        total += len(values)
        faults += sum(not is_missing_number(value) for value in values) - len(numbers)
    return decimal and (not faults or (faults <= _FEW * total and total >= _MANY * len(lines)))


def looks_like_words(lines: Sequence[str]) -> bool:
    """Whether lines that look like series may be meant as words all the same.

    So may whole numbers, as the pitches of a melody; a table with decimals, or a wide one between tabs, is no
    text, no words with tags, and no pairs.
    """
    lines = [line for line in lines if not is_comment(line)]
    delimiter = between(lines[0])
    fields = [fields_of(line, delimiter) for line in lines]
    wide = all(len(each) > _WIDE for each in fields)
    if wide and delimiter == "\t":
        return False
    decimal = any(_is_decimal(value) for each in fields for value in each)
    return not (decimal and (wide or all(is_number(each[0]) for each in fields)))


def _is_decimal(text: str) -> bool:
    return is_number(text) and not text.lstrip("+-").isdigit()
