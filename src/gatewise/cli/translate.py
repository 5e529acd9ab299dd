"""Translators on the command line: training, translating line by line, and measuring."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from gatewise.cli.console import JsonOption, print_json, say
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.train import MagnifyOption, OutputOption, RestartOption, ResumeOption, run_training
from gatewise.data.lines import decoded_lines, numbered_lines
from gatewise.data.pairs import Pairs, cut, read_pairs
from gatewise.errors import ArgumentError, DataError, MissingExtraError
from gatewise.tasks import Translation, Translator
from gatewise.tasks.translation.search import encoded_source

__all__ = ["evaluate", "predict", "stream", "train"]

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
    learnt = _pairs(data, target, "TARGET")
    measured = None
    if validation is not None:
        measured = _pairs(validation, validation_target, "--validation-target FILE")
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


def _pairs(source: Path, target: Path | None, option: str) -> Pairs:
    """The pairs of one file or two; ``option`` is where a command takes the second."""
    try:
        return read_pairs(source, target)
    except DataError as error:
        raise DataError(
            str(error).replace("give both files", f"give that of the targets too, as {option}")
        ) from None


def stream(model: Translator, data: Path | None, *, as_json: bool, **search: Any) -> None:
    """Translate line by line and write what comes of it: of a file some lines at a time, else each alone."""
    lines = _lines(model, data)
    at_once = _AT_ONCE if data is not None or _is_file(sys.stdin.buffer) else 1
    while batch := list(islice(lines, at_once)):
        found = model.translations([text for _, text in batch], **search)
        for (number, text), translations in zip(batch, found, strict=True):
            for rank, each in enumerate(translations, start=1):
                if as_json:
                    print_json(_row(number, rank, text, each))
                else:
                    say(f"{number}\t{rank}\t{each.text}" if search.get("n_best", 1) > 1 else each.text)


def predict(model: Translator, data: Path | None, **search: Any) -> dict[str, list[Any]]:
    """The translations of a file's lines, and their scores."""
    lines = list(_lines(model, data))
    found = model.translations([text for _, text in lines], **search)
    rows = [
        _row(number, rank, text, each)
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


def _lines(model: Translator, data: Path | None) -> Iterator[tuple[int, str]]:
    """The lines to translate with their numbers; of pairs, as the first line shows, the sources."""
    name, number = "standard input" if data is None else repr(str(data)), 0
    if data is None:
        numbered = decoded_lines(sys.stdin.buffer, name)
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
    model: Translator, data: Path, *, target: Path | None = None, **search: Any
) -> tuple[dict[str, Any], list[str]]:
    """The measurements for machines, and the same as lines for people."""
    pairs = _pairs(data, target, "TARGET")
    try:
        result = model.evaluate(pairs, **search)
        compared = [f"BLEU        {result['bleu']:.2f}", f"chrF        {result['chrf']:.2f}"]
    except MissingExtraError:
        result = model.evaluate(pairs, bleu=False, **search)
        compared = ["BLEU, chrF  not without sacrebleu: pip install 'gatewise[bleu]'"]
    lines = [
        *compared,
        f"exact       {result['exact']:.4f}",
        f"loss        {result['loss']:.4f} nats a token",
        f"perplexity  {result['perplexity']:.2f}",
        f"tokens      {result['tokens']:,}, {result['unknown']:,} of them unknown to the model",
    ]
    return result, lines


def _is_file(stream: BinaryIO) -> bool:
    """Whether all of it is there already, and nobody waits for an answer before going on."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return False
