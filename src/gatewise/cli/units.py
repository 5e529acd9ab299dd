"""Unit search and the meaning of units on the command line, for machines and as lines for people.

The lines are plain text, in which nothing is left that steers a terminal; rich must not read them as markup.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gatewise.cli.console import printable
from gatewise.cli.models import kinds_told
from gatewise.data import TextSource, tokenize
from gatewise.data.frames import Table
from gatewise.data.table_files import read_file
from gatewise.errors import ArgumentError, DataError
from gatewise.magnify import UnitIndex, index_units, meanings, rank_by_cost
from gatewise.magnify.readers import tokens_of
from gatewise.tasks import Forecaster, LanguageModel

__all__ = ["Corpus", "Report", "meanings_report", "parse_range", "read_corpus", "search_report"]

Report = tuple[dict[str, Any], list[str]]

_AROUND = {"char": 24, "bpe": 8, "word": 6}
"""Tokens shown on either side of a place."""

_SIGNS = {"\n": "⏎", "\t": "⇥"}

_PRICED = 20_000
"""Characters of a corpus over which the cost of units is measured."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a model has read at length.

    Attributes:
        layer: whose units are kept; negative ones count from the top.
        index: what they hold at each step.
        name: of a text's file.
        text: the text itself; empty for a series.
        unknown: tokens that the model does not know.
        kept: whether it is the last context that a forecaster has kept of its training.
    """

    layer: int
    index: UnitIndex
    name: str | None = None
    text: str = ""
    unknown: int = 0
    kept: bool = False


def read_corpus(
    model: LanguageModel | Forecaster, corpus: Path | Table | None = None, layer: int = -1
) -> Corpus:
    """Let a model read a corpus, once for all that is asked of it.

    Args:
        model: a language model or a forecaster.
        corpus: for a language model a text file in UTF-8, in which there may be symbols that it does not
            know; for a forecaster the rows of one series or a file of them, or None for what it kept of that
            of its training.
        layer: negative ones count from the top.

    Raises:
        ArgumentError: the model is of another kind, or has no such layer; the corpus is missing, or has
            several series.
        DataError: the corpus cannot be read.
    """
    if not isinstance(model, LanguageModel):
        table = read_file(corpus) if isinstance(corpus, Path) else corpus
        return Corpus(layer, index_units(model, table, layer), kept=corpus is None)
    if not isinstance(corpus, Path):
        raise ArgumentError("--corpus is missing; expected a text file for the language model to read.")
    source = TextSource(corpus)
    tokenized = tokenize(source, model.tokenizer_)
    if not len(tokenized.tokens):
        raise DataError(f"text file {source.name} has white space only; expected a text.")
    text = source.read()
    return Corpus(layer, index_units(model, text, layer), str(corpus), text, tokenized.unknown)


def parse_range(text: str) -> tuple[int, int]:
    """The first token of a range as "8:14", and the one behind its last.

    Raises:
        ArgumentError: it is no range.
    """
    match = re.fullmatch(r"([0-9]{1,15}):([0-9]{1,15})", text)
    start, stop = (int(match[1]), int(match[2])) if match else (0, 0)
    if start >= stop:
        raise ArgumentError(
            f"--mark={text!r}; expected a range of tokens, START:STOP as in 8:14, counted from 0, where STOP "
            "is the token behind the last one."
        )
    return start, stop


def search_report(
    model: Any,
    text: str,
    mark: tuple[int, int],
    corpus: Corpus | None = None,
    layer: int = -1,
    most: int = 10,
    threshold: float = 0.3,
) -> Report:
    """The units that are on in a range of a text and off around it, and the places where else they are on.

    Args:
        model: a language model.
        text: of the user; the model must know all its symbols.
        mark: first token of the range, and the one behind its last.
        corpus: of the same layer, in which the places are sought; where omitted, they are in the text.
        layer: negative ones count from the top.
        most: places to give.
        threshold: a unit is on above it; in (0, 1).

    Raises:
        ArgumentError: the model is no language model, or has no such layer; the range is not inside the
            text; most or threshold is out of range.
        DataError: the text has symbols that the model does not know.
    """
    if not isinstance(model, LanguageModel):
        raise ArgumentError(f"--mark needs a language model; this is {kinds_told(type(model))}.")
    tokens, _ = tokens_of(model, text)
    start, stop = mark
    if not 0 <= start < stop <= len(tokens):
        raise ArgumentError(
            f"--mark={start}:{stop}, but --text has {len(tokens)} tokens; expected a range inside "
            f"0:{len(tokens)}."
        )
    read = index_units(model, text, layer)
    units = read.units_on(start, stop, threshold=threshold)
    besides = None if corpus else range(start, stop)
    sought = corpus or Corpus(layer, read)
    where = sought.index
    places = where.places(units, stop - start, threshold=threshold, most=most, besides=besides)
    around = _AROUND[model.level]
    facts = {
        "mark": {"start": start, "stop": stop, **_in_context(read, start, stop, around)},
        "layer": _from_one(model, layer),
        "threshold": threshold,
        "units": list(units),
        "corpus": sought.name,
        "tokens": len(where.values),
        "unknown": sought.unknown,
        "places": [
            {**asdict(place), **_in_context(where, place.start, place.stop, around)} for place in places
        ],
    }
    return facts, _search_lines(facts)


def _in_context(index: UnitIndex, start: int, stop: int, around: int) -> dict[str, str]:
    """A range, and what stands on its two sides."""
    return {
        "before": index.text(max(0, start - around), start),
        "text": index.text(start, stop),
        "after": index.text(stop, stop + around),
    }


def _search_lines(facts: dict[str, Any]) -> list[str]:
    mark, units, places = facts["mark"], facts["units"], facts["places"]
    lines = [f"marked: {_marked(mark)}"]
    if not units:
        return [
            *lines,
            f"No unit of layer {facts['layer']} is on throughout the marked tokens and off on both sides of "
            f"them. Another range may help, or a lower threshold than {facts['threshold']}.",
        ]
    lines.append(f"on there and off around it, in layer {facts['layer']}: units {', '.join(map(str, units))}")
    name = "the text" if facts["corpus"] is None else repr(facts["corpus"])
    size = f"{name} ({facts['tokens']:,} tokens, {facts['unknown']:,} of them unknown to the model)"
    if not places:
        return [
            *lines,
            f"They are on together nowhere else in {size}. A longer text may help, given with --corpus, "
            f"another range, or a lower threshold than {facts['threshold']}.",
        ]
    lines += [f"places in {size}, the likest first:", f"{'tokens':>21}  score"]
    for place in places:
        tokens = f"{place['start']}:{place['stop']}"
        lines.append(f"{tokens:>21}  {place['score']:>5.2f}  {_marked(place)}")
    return lines


def _marked(place: dict[str, Any]) -> str:
    """A range in its context, on one line."""
    return f"{_shown(place['before'])}»{_shown(place['text'])}«{_shown(place['after'])}"


def _shown(text: str) -> str:
    """A text on one line, a sign for each symbol that would end the line or steer the terminal."""
    return printable(text, _SIGNS)


def meanings_report(model: LanguageModel | Forecaster, corpus: Corpus) -> Report:
    """The units that follow simple features of a corpus, and of a text what their absence costs.

    Args:
        model: that has read it.
        corpus: of ``read_corpus``.

    Raises:
        ArgumentError: the corpus is too short.
    """
    found = [asdict(each) for each in meanings(corpus.index)]
    facts: dict[str, Any] = {
        "layer": _from_one(model, corpus.layer),
        "steps": len(corpus.index.values),
        "unknown": corpus.unknown,
        "features": list(corpus.index.features()),
    }
    if not isinstance(model, LanguageModel):
        facts["meanings"] = found
        return facts, _meaning_lines(facts, _series_notes(model, corpus))
    units = sorted({each["unit"] for each in found})
    costs = dict(rank_by_cost(model, corpus.text[:_PRICED], corpus.layer, units))
    facts["meanings"] = [{**each, "cost": costs[each["unit"]]} for each in found]
    return facts, _meaning_lines(facts, [f"costs: over the first {_PRICED:,} characters"] if units else [])


def _meaning_lines(facts: dict[str, Any], notes: list[str]) -> list[str]:
    unknown = f", {facts['unknown']:,} of them unknown to the model" if facts["unknown"] else ""
    lines = [f"{facts['steps']:,} steps read{unknown}"]
    if not facts["meanings"]:
        compared = ", ".join(facts["features"])
        lines.append(
            f"No unit of layer {facts['layer']} follows any of these on their second half: {compared}."
        )
        return lines + notes
    lines.append(
        f"units of layer {facts['layer']} by what they follow; the correlation on the second half of the "
        "steps, and on the first, on which they were sought:"
    )
    for each in facts["meanings"]:
        line = f"{each['unit']:>6}  {each['feature']:<22}{each['held_out']:>+6.2f}{each['sought']:>+7.2f}"
        if "cost" in each:
            line += f"   absent it costs {each['cost']:+.4f} nats a token"
        lines.append(line)
    return lines + notes


def _series_notes(model: Forecaster, corpus: Corpus) -> list[str]:
    """What is to be known of units that follow a series."""
    notes = []
    if corpus.kept:
        notes.append(
            "Only the last context of the training was read; a file with the whole series says more."
        )
    if corpus.index.times is None:
        notes.append("The steps have no dates, and so nothing of the calendar was compared.")
    if told := model.setup_.cycles:
        notes.append(f"The forecaster is told the time of the {' and the '.join(told)}, whatever the series.")
    return notes


def _from_one(model: LanguageModel | Forecaster, layer: int) -> int:
    """A layer as people count it."""
    return layer % model.network_.recurrent.num_layers + 1
