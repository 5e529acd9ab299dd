"""Translators on the command line: training, translating line by line, and measuring."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import numpy as np
import typer

from gatewise.cli.columns import NoHeaderOption, SourceOption, TargetOption, beside, rows_told
from gatewise.cli.console import JsonOption, figure, note, print_json, say
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.standard_input import STANDARD_INPUT, standard_input_lines
from gatewise.cli.train import (
    InitOption,
    MagnifyOption,
    OutputOption,
    RestartOption,
    ResumeOption,
    run_training,
)
from gatewise.cli.wording import renamed
from gatewise.data.column_roles import NO_LABELS, ColumnRoles, SequenceColumns
from gatewise.data.file_columns import taken
from gatewise.data.lines import numbered_lines
from gatewise.data.pairs import (
    PairColumns,
    Pairs,
    column_of,
    cut,
    is_pair_table,
    pair_cells,
    read_pairs,
)
from gatewise.errors import ArgumentError, DataError, MissingExtraError
from gatewise.tasks import Translation, Translator
from gatewise.tasks.translation.search import encoded_source

__all__ = ["SEARCH", "evaluate", "is_table", "predict", "stream", "train"]

SEARCH = ("length_penalty", "coverage_penalty", "max_tokens", "copy_unknown")
"""Arguments of ``Translator.translate`` that are options of more than one command."""

_AT_ONCE = 64
"""Lines of a file read before the first are written."""


@with_hyperparameters(Translator)
def train(
    data: Annotated[
        Path,
        typer.Argument(
            help="File with a source, a tab and a target on each line; or of sources, one a line; or a .csv "
            "or Parquet table."
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
    source_column: SourceOption = None,
    target_column: TargetOption = None,
    no_header: NoHeaderOption = False,
    init: InitOption = None,
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
    columns = PairColumns(source_column, target_column, header=not no_header)
    learnt, measured = _pairs(data, target, columns), None
    if validation is not None:
        with renamed(target="validation_target"):
            measured = _pairs(validation, validation_target, columns)
    model = Translator(**hyperparameters, progress=False)
    run_training(
        model,
        lambda checkpoint, tell: model.fit(
            learnt, validation=measured, init=init, checkpoint=checkpoint, resume=resume, listeners=[tell]
        ),
        output,
        resume=resume,
        restart=restart,
        as_json=as_json,
        next_step=f"translate a file, line by line: gatewise predict {output} FILE",
        magnify=magnify,
        sample=lambda: learnt[0],
    )


def _pairs(source: Path, target: Path | None, columns: PairColumns | None = None) -> Pairs:
    """The pairs of one file or two."""
    named = columns or PairColumns()
    if target is not None and named != PairColumns():
        raise ArgumentError(
            f"columns are named, and {str(target)!r} has the targets; expected one table, or two files of "
            "lines."
        )
    if named.id or named.keep:
        raise ArgumentError("--id and --keep are for predict; leave them out.")
    return read_pairs(
        source, target, source_column=named.source, target_column=named.target, header=named.header
    )


def is_table(data: Path | None, columns: PairColumns | None = None, **_: Any) -> bool:
    """Whether the answer for a file is a table, as the file is."""
    return data is not None and is_pair_table(data, columns)


def stream(
    model: Translator,
    data: Path | None,
    *,
    as_json: bool,
    attention: bool = False,
    columns: PairColumns | None = None,
    **search: Any,
) -> None:
    """Translate line by line and write what comes of it: of a file some lines at a time, else each alone."""
    if columns is not None:
        raise ArgumentError(
            "--source-column, --id, --keep and --no-header need DATA, a table; it is missing."
        )
    at_once = _AT_ONCE if data is not None or _is_file(sys.stdin) else 1
    for number, text, translations in _translated(model, _lines(model, data), at_once, **search):
        for rank, each in enumerate(translations, start=1):
            if as_json:
                print_json(_row(number, rank, text, each) | (_looked(each) if attention else {}))
                continue
            before = [str(number), str(rank)] if search.get("n_best", 1) > 1 else []
            after = [_pharaoh(each)] if attention else []
            say("\t".join([*before, "" if each is None else each.text, *after]))


def predict(
    model: Translator,
    data: Path | None,
    *,
    attention: bool = False,
    as_json: bool = False,
    columns: PairColumns | None = None,
    **search: Any,
) -> dict[str, list[Any]]:
    """The translations of a file's lines, and their scores; of a table its id and what is kept of it too."""
    carried: dict[str, list[Any]] = {}
    if data is not None and is_pair_table(data, columns):
        named = columns or PairColumns()
        cells = pair_cells(data, named)
        numbers = list(cells.lines or range(1, cells.rows + 1))
        lines = list(zip(numbers, column_of(cells, named, 0), strict=True))
        for number, source in lines:
            if source:
                encoded_source(model.vocabulary_, source, f"{cells.name}, line {number}")
        others = SequenceColumns(label=NO_LABELS, id=named.id, keep=named.keep, header=named.header)
        carried = ColumnRoles(cells, others, labels=False).carried()
    else:
        lines = list(_lines(model, data))
    rows, of_lines = [], []
    for place, (number, text, translations) in enumerate(_translated(model, lines, len(lines), **search)):
        for rank, each in enumerate(translations, start=1):
            rows.append(_row(number, rank, text, each) | (_looked(each, as_json) if attention else {}))
            of_lines.append(place)
    answer = {name: [row[name] for row in rows] for name in rows[0]}
    kept = {name: taken(values, of_lines) for name, values in carried.items()}
    before = {name: answer.pop(name) for name in ("line", "rank")}
    return {**before, **beside(kept, [*before, *answer]), **answer}


def _translated(
    model: Translator, lines: Iterable[tuple[int, str]], at_once: int, **search: Any
) -> Iterator[tuple[int, str, Sequence[Translation | None]]]:
    """Each line with its number and its translations; an empty one has none, and that is told in the end."""
    empty, waiting = [], iter(lines)
    while batch := list(islice(waiting, at_once)):
        filled = [text for _, text in batch if text]
        found = iter(model.translations(filled, **search) if filled else [])
        for number, text in batch:
            if not text:
                empty.append(number)
            yield number, text, next(found) if text else [None]
    if empty:
        what = (
            "1 line is empty, and so is its translation"
            if len(empty) == 1
            else (f"{len(empty):,} lines are empty, and so are their translations")
        )
        note(f"{what}: line {rows_told(empty)}")


def _row(number: int, rank: int, text: str, translation: Translation | None) -> dict[str, Any]:
    return {
        "line": number,
        "rank": rank,
        "source": text,
        "target": None if translation is None else translation.text,
        "score": None if translation is None else translation.score,
    }


def _looked(translation: Translation | None, whole: bool = True) -> dict[str, Any]:
    """Where the writing of each symbol looked; whole, or as one can read it in a cell of a table."""
    if translation is None:
        empty: Any = [] if whole else ""
        looked: dict[str, Any] = {"source_symbols": empty, "target_symbols": empty, "alignment": ""}
        return {**looked, "attention": []} if whole else looked
    symbols = {"source": translation.source_symbols, "target": translation.target_symbols}
    looked = {
        f"{side}_symbols": list(each) if whole else " ".join(symbol.replace(" ", "␣") for symbol in each)
        for side, each in symbols.items()
    }
    looked["alignment"] = _pharaoh(translation)
    if whole:
        looked["attention"] = translation.attention.astype(np.float64).round(6).tolist()
    return looked


def _pharaoh(translation: Translation | None) -> str:
    """Which symbol of the source each that is written looked at most, in the format of Pharaoh."""
    if translation is None:
        return ""
    return " ".join(f"{source}-{target}" for source, target in translation.alignment)


def _lines(model: Translator, data: Path | None) -> Iterator[tuple[int, str]]:
    """The lines to translate with their numbers; of pairs, as the first line shows, the sources."""
    name, number = STANDARD_INPUT if data is None else repr(str(data)), 0
    if data is None:
        numbered = standard_input_lines()
    else:
        numbered = numbered_lines(data, "a file with a text on each line")
    of_pairs: bool | None = None
    for number, line in numbered:
        columns = line.split("\t")
        if not line.strip():
            yield number, ""
            continue
        if of_pairs is None:
            of_pairs = len(columns) > 1
        if of_pairs and len(columns) != 2:
            found = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
            raise DataError(
                f"{name}, line {number}: {found} between tabs; expected 2, a source and its target, in "
                f"each line or in none. Give the sources alone, as with: {cut(data or Path('FILE'), '1')}"
            )
        source = (columns[0] if of_pairs else line).strip()
        if source:
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
    columns: PairColumns | None = None,
    **search: Any,
) -> tuple[dict[str, Any], list[str]]:
    """The measurements for machines, and the same as lines for people."""
    pairs = _pairs(data, target, columns)
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
