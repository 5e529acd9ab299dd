"""The report: one HTML page with all that it needs, which draws what the magnifier found.

The numbers are in the page as they were computed; its scripts, beside this file, only draw them. Arrays
and plotly.js are deflated and written in base64, which browsers of 2023 and later can undo by themselves.
"""

from __future__ import annotations

import base64
import html
import zlib
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gatewise.charts import plotly_script
from gatewise.errors import ArgumentError, GatewiseError, MissingExtraError
from gatewise.magnify.inspection import Inspection
from gatewise.magnify.page.moment import Moment, moment, rounded
from gatewise.magnify.page.standing import standing_facts
from gatewise.pictures import PICTURES_SCRIPT
from gatewise.storage import check_writable, write_bytes
from gatewise.version import __version__

__all__ = ["Start", "framed", "page", "report", "sequence_facts", "write_page"]

_SCRIPTS = ("data.js", "figures.js", "report.js")

_MOST_STEPS = 5_000
_MOST_QUESTIONS = 6
_LEDGER_ENTRIES = 600_000
"""Of so many the page keeps the ledgers, where nobody has chosen: four bytes each."""


class Start(NamedTuple):
    """What a page begins with; see ``Magnification.save``."""

    layer: int = -1
    reverse: bool = False
    unit: int | None = None
    mark: tuple[int, int] | None = None


def report(
    inside: Inspection,
    questions: Sequence[int] | int | None = None,
    corpus: Any = None,
    start: Start = Start(),  # noqa: B008 (it cannot be changed)
) -> str:
    """The page about a sequence; arguments and errors are those of ``Magnification.save``."""
    count = len(inside.labels)
    if count > _MOST_STEPS:
        raise ArgumentError(
            f"save: the sequence has {count:,} steps; expected at most {_MOST_STEPS:,} for a page. Magnify a "
            "part of it, or take the numbers with to_frame(), or on the command line with -o FILE.csv."
        )
    if isinstance(questions, int):
        questions = [questions]
    if questions is not None and not len(questions):
        raise ArgumentError("save: questions is empty; expected at least one step, or None.")
    asked = ledgers = sorted({inside.reading.ask(step).step for step in questions or ()})
    if questions is None:
        first = inside.reading.first_question
        asked = np.linspace(first, count - 1, min(_MOST_QUESTIONS, count - first), dtype=int).tolist()
        ledgers = asked[-max(1, _LEDGER_ENTRIES // _entries(inside)) :]
    view = inside.layer(start.layer, reverse=start.reverse)
    first, behind = checked_range(start.mark, count)
    title, *summary = inside.summary().split("\n")
    return page(
        [moment(inside, "as it is now", questions=asked, ledgers=ledgers)],
        title=title,
        summary=summary,
        facts={
            **sequence_facts(inside),
            **standing_facts(inside, view, corpus),
            "start": {
                "layer": inside.layers.index(view),
                "unit": view.unit(start.unit),
                "from": first,
                "to": behind - 1,
            },
        },
    )


def sequence_facts(inside: Inspection) -> dict[str, Any]:
    """Of the sequence itself, whatever the weights."""
    values = inside.reading.values
    return {
        "start": {"layer": inside.layers.index(inside.layer(-1))},
        "title": inside.title,
        "labels": list(inside.labels),
        "kind": inside.reading.kind,
        "values": None if values is None else rounded(values.T),
        "axes": inside.reading.axes._asdict(),
    }


def checked_range(mark: tuple[int, int] | None, count: int) -> tuple[int, int]:
    """A range of steps, the last one where there is none.

    Raises:
        ArgumentError: it is empty, or not inside the sequence.
    """
    start, stop = (count - 1, count) if mark is None else mark
    if not 0 <= start < stop <= count:
        raise ArgumentError(
            f"mark={mark}; expected 0 <= start < stop <= {count}, a range inside the sequence."
        )
    return start, stop


def write_page(path: str | Path, make: Callable[[], str]) -> None:
    """Write a page, after finding out whether it can be; errors are those of ``Magnification.save``."""
    if Path(path).suffix.lower() != ".html":
        raise ArgumentError(f"save: path={str(path)!r}; expected a name that ends in .html.")
    check_writable(path)
    write_bytes(path, make().encode())


def framed(make: Callable[[], str]) -> str | None:
    """A page in a frame of its own, for notebooks; None where it cannot be made."""
    try:
        text = html.escape(make())
    except GatewiseError:  # the extra is missing, or the sequence too long: notebooks show the repr then
        return None
    return f'<iframe srcdoc="{text}" style="width: 100%; height: 48rem; border: 0" title="gatewise"></iframe>'


def _entries(inside: Inspection) -> int:
    """Of the ledgers after one step."""
    return sum(view.arrays["h"].size for view in inside.layers)


def page(moments: Sequence[Moment], *, title: str, summary: Sequence[str], facts: Mapping[str, Any]) -> str:
    """A whole HTML page.

    Args:
        moments: in the order of training, the last one as the network is now.
        title: of the sequence.
        summary: lines to open with.
        facts: labels, kind and values of the sequence, and what its units stand for.

    Raises:
        MissingExtraError: jinja2 or plotly is not installed.
    """
    try:
        from jinja2 import Environment
    except ImportError as error:
        raise MissingExtraError(
            "the report needs jinja2 and plotly; install them with: pip install 'gatewise[report]'"
        ) from error
    layouts = [_layout(moment.arrays) for moment in moments]
    environment = Environment(autoescape=True)
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}  # and not sorted by name
    return environment.from_string(_part("report.html.j2")).render(
        version=__version__,
        title=title,
        summary=summary,
        style=_part("report.css"),
        script="\n".join([PICTURES_SCRIPT, *map(_part, _SCRIPTS)]),
        plotly=_deflated(plotly_script().encode()),
        facts={
            **facts,
            "moments": [
                {**moment.facts, "packed": layout}
                for moment, (layout, _) in zip(moments, layouts, strict=True)
            ],
        },
        blobs=[_deflated(content) for _, content in layouts],
    )


def _layout(arrays: Mapping[str, npt.NDArray[np.integer]]) -> tuple[dict[str, Any], bytes]:
    """Where each array stands in their joined bytes, and these."""
    where, parts, offset = {}, [], 0
    for name, values in arrays.items():
        kind = values.dtype.newbyteorder("<")
        parts.append(values.astype(kind, order="C").tobytes())
        where[name] = {"kind": kind.str, "shape": values.shape, "offset": offset}
        offset += len(parts[-1])
    return where, b"".join(parts)


def _deflated(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def _part(name: str) -> str:
    return files("gatewise.magnify.page").joinpath(name).read_text(encoding="utf-8")
