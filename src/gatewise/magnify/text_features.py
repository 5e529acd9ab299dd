"""Simple features of a text, with which units can be compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["FEATURES", "text_features"]

FEATURES = (
    "inside quotes",
    "inside brackets",
    "position in the line",
    "position in the word",
    "position in the text",
    "digit",
    "capital",
    "white space",
    "punctuation",
    "end of the line",
)
"""The names of what ``text_features`` finds."""

_OPENING, _CLOSING = "([{", ")]}"
_QUOTES = {'"': '"', "\N{LEFT DOUBLE QUOTATION MARK}": "\N{RIGHT DOUBLE QUOTATION MARK}"}


def text_features(labels: Sequence[str], between: str = "") -> dict[str, npt.NDArray[np.float32]]:
    """The features of a text behind each of its N tokens by name, (N, 1) each.

    A token has those of its last character. Quotes are " and “ ”; an end of line closes what is open, for a
    quote that was forgotten would turn all that follows inside out. Positions are counted in characters.

    Args:
        labels: the tokens' texts.
        between: what stands between two tokens.
    """
    rows: list[tuple[float, ...]] = []
    closing, depth, in_line, in_word, place = "", 0, 0, 0, 0
    for label in labels:
        for symbol in between + label if rows else label:
            place += 1
            if symbol == "\n":
                closing, depth, in_line = "", 0, 0
            else:
                in_line += 1
            in_word = in_word + 1 if symbol.isalnum() else 0
            if not closing:
                closing = _QUOTES.get(symbol, "")
            elif symbol == closing:
                closing = ""
            depth = max(0, depth + (symbol in _OPENING) - (symbol in _CLOSING))
        last = label[-1:]
        row = (
            bool(closing),
            depth > 0,
            in_line,
            in_word,
            place,
            last.isdigit(),
            last.isupper(),
            last.isspace(),
            bool(last) and not last.isalnum() and not last.isspace(),
            last == "\n",
        )
        rows.append(row)
    columns = np.array(rows, np.float32).reshape(len(labels), len(FEATURES))
    return {name: columns[:, k : k + 1] for k, name in enumerate(FEATURES)}
