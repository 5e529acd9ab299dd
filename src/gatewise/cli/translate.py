"""Translators on the command line: training, translating line by line, and measuring."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import numpy as np
import typer

from gatewise.cli.console import JsonOption, figure, say
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.standard_input import STANDARD_INPUT, standard_input_lines
from gatewise.cli.train import MagnifyOption, OutputOption, RestartOption, ResumeOption, run_training
from gatewise.cli.wording import renamed
from gatewise.data.lines import numbered_lines
from gatewise.data.pairs import cut, read_pairs
from gatewise.errors import ArgumentError, DataError, MissingExtraError
from gatewise.tasks import Translation, Translator
from gatewise.tasks.translation.search import encoded_source

__all__ = ["SEARCH", "evaluate", "predict", "stream", "train"]

SEARCH = ("length_penalty", "coverage_penalty", "max_tokens", "copy_unknown")
"""Arguments of ``Translator.translate`` that are options of more than one command."""

_AT_ONCE = 64
"""Lines of a file read before the first are written."""


@with_hyperparameters(Translator)
def train(
    data: Annotated[
        Path,
        typer.Argument(
            help="File with a source, a tab and a target on each line; or of sources, one a line."
        ),
    ],
    output: OutputOption,
    target: Annotated[
        Path | None,
        typer.Argument(help="Their targets, line for line, where DATA has none.", show_default="none"),
    ] = None,
    validation: Annotated[
        Path | None, typer.Option(help="File to measure on, instead of a part of DATA drawn at random.")
    ] = None,
    validation_target: Annotated[
        Path | None, typer.Option(help="Its targets, where it has none.", show_default="none")
    ] = None,
    resume: ResumeOption = False,
    restart: RestartOption = False,
    magnify: MagnifyOption = None,
    as_json: JsonOption = False,
    **hyperparameters: Any,
) -> None:
    """Learn to turn one text into another, from pairs of both. Files may be compressed, .gz.

    A checkpoint is kept beside the model while training runs; --resume goes on from it to the very bits
    of a run without a stop.
    """
    if validation is None and validation_target is not None:
        raise ArgumentError(
            "--validation-target is given without --validation, the sources that belong to it."
        )
    learnt, measured = read_pairs(data, target), None
    if validation is not None:
        with renamed(target="validation_target"):
            measured = read_pairs(validation, validation_target)
    model = Translator(**hyperparameters, progress=False)
    run_training(
        model,
        lambda checkpoint, tell: model.fit(
            learnt, validation=measured, checkpoint=checkpoint, resume=resume, listeners=[tell]
        ),
        output,
        resume=resume,
        restart=restart,
        as_json=as_json,
        next_step=f"translate a file, line by line: gatewise predict {output} FILE",
        magnify=magnify,
        sample=lambda: learnt[0],
    )


def stream(
    model: Translator, data: Path | None, *, as_json: bool, attention: bool = False, **search: Any
) -> None:
    """Translate line by line and write what comes of it: of a file some lines at a time, else each alone."""
    lines = _lines(model, data)
    at_once = _AT_ONCE if data is not None or _is_file(sys.stdin) else 1
    while batch := list(islice(lines, at_once)):
        found = model.translations([text for _, text in batch], **search)
        for (number, text), translations in zip(batch, found, strict=True):
            for rank, each in enumerate(translations, start=1):
                if as_json:
                    say(json.dumps(_row(number, rank, text, each) | (_looked(each) if attention else {})))
                    continue
                columns = [str(number), str(rank)] if search.get("n_best", 1) > 1 else []
                columns += [each.text, _pharaoh(each)] if attention else [each.text]
                say("\t".join(columns))


def predict(
    model: Translator,
    data: Path | None,
    *,
    attention: bool = False,
    as_json: bool = False,
    **search: Any,
) -> dict[str, list[Any]]:
    """The translations of a file's lines, and their scores."""
    lines = list(_lines(model, data))
    found = model.translations([text for _, text in lines], **search)
    rows = [
        _row(number, rank, text, each) | (_looked(each, as_json) if attention else {})
        for (number, text), translations in zip(lines, found, strict=True)
        for rank, each in enumerate(translations, start=1)
    ]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _row(number: int, rank: int, text: str, translation: Translation) -> dict[str, Any]:
    return {
        "line": number,
        "rank": rank,
        "source": text,
        "target": translation.text,
        "score": translation.score,
    }


def _looked(translation: Translation, whole: bool = True) -> dict[str, Any]:
    """Where the writing of each symbol looked; whole, or as one can read it in a cell of a table."""
    symbols = {"source": translation.source_symbols, "target": translation.target_symbols}
    looked: dict[str, Any] = {
        f"{side}_symbols": list(each) if whole else " ".join(symbol.replace(" ", "␣") for symbol in each)
        for side, each in symbols.items()
    }
    looked["alignment"] = _pharaoh(translation)
    if whole:
        looked["attention"] = translation.attention.astype(np.float64).round(6).tolist()
    return looked


def _pharaoh(translation: Translation) -> str:
    """Which symbol of the source each that is written looked at most, in the format of Pharaoh."""
    return " ".join(f"{source}-{target}" for source, target in translation.alignment)


def _lines(model: Translator, data: Path | None) -> Iterator[tuple[int, str]]:
    """The lines to translate with their numbers; of pairs, as the first line shows, the sources."""
    name, number = STANDARD_INPUT if data is None else repr(str(data)), 0
    if data is None:
        numbered = standard_input_lines()
    else:
        numbered = numbered_lines(data, "a file with a text on each line")
    of_pairs = False
    for number, line in numbered:
        if not line.strip():
            raise DataError(f"{name}, line {number} is empty; leave it out.")
        columns = line.split("\t")
        if number == 1:
            of_pairs = len(columns) > 1
        if of_pairs and len(columns) != 2:
            found = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
            raise DataError(
                f"{name}, line {number}: {found} between tabs; expected 2, a source and its target, in "
                f"each line or in none. Give the sources alone, as with: {cut(data or Path('FILE'), '1')}"
            )
        source = (columns[0] if of_pairs else line).strip()
        if not source:
            raise DataError(f"{name}, line {number}: the source is empty; leave the line out.")
        encoded_source(model.vocabulary_, source, f"{name}, line {number}")
        yield number, source
    if not number:
        raise DataError(f"{name} is empty; expected a text on each line.")


def evaluate(
    model: Translator,
    data: Path,
    *,
    target: Path | None = None,
    target_language: str | None = None,
    **search: Any,
) -> tuple[dict[str, Any], list[str]]:
    """The measurements for machines, and the same as lines for people."""
    pairs = read_pairs(data, target)
    try:
        result = model.evaluate(pairs, target_language=target_language, **search)
        compared = [f"BLEU        {figure(result['bleu'], '.2f')}", f"chrF        {result['chrf']:.2f}"]
    except MissingExtraError:
        if target_language is not None:
            raise
        result = model.evaluate(pairs, bleu=False, **search)
        compared = ["BLEU, chrF  not without sacrebleu: pip install 'gatewise[bleu]'"]
    lines = [
        *compared,
        f"exact       {result['exact']:.4f}",
        f"loss        {result['loss']:.4f} nats a token",
        f"perplexity  {figure(result['perplexity'], '.2f')}",
        f"tokens      {result['tokens']:,}, {result['unknown']:,} of them unknown to the model",
    ]
    return result, lines


def _is_file(stream: TextIO | None) -> bool:
    """Whether all of it is there already, and nobody waits for an answer before going on."""
    try:
        return stream is not None and stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return False
