"""Taggers on the command line: training, tagging a file, and measuring on one."""

from __future__ import annotations

import shlex
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli.console import JsonOption, figure, note, printable
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.standard_input import standard_input_lines
from gatewise.cli.train import (
    SAMPLE_STEPS,
    InitOption,
    MagnifyOption,
    OutputOption,
    RestartOption,
    ResumeOption,
    run_training,
)
from gatewise.data.lines import decoded_lines
from gatewise.data.tagged import TaggedSentences, read_tagged
from gatewise.data.word_tables import read_word_table
from gatewise.data.words import Word, split_words
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks import SequenceTagger
from gatewise.tasks.checks import check_number
from gatewise.tasks.tagging.answers import tags_and_confidences

__all__ = ["evaluate", "predict", "train"]


@with_hyperparameters(SequenceTagger)
def train(
    data: Annotated[
        Path,
        typer.Argument(
            help="CoNLL-U file (.conllu), or a word and its tags on each line, in columns, and an empty line "
            "after each sentence; .gz is unpacked."
        ),
    ],
    output: OutputOption,
    validation: Annotated[
        Path | None, typer.Option(help="File to measure on, instead of a part of DATA drawn at random.")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            help="Which column of tags to learn: its number from 1, or last; of CoNLL-U also its name, as "
            "xpos.",
            metavar="NAME or NUMBER",
            show_default="upos of CoNLL-U, else last",
        ),
    ] = None,
    init: InitOption = None,
    resume: ResumeOption = False,
    restart: RestartOption = False,
    magnify: MagnifyOption = None,
    as_json: JsonOption = False,
    **hyperparameters: Any,
) -> None:
    """Learn to tag the words of sentences.

    A checkpoint is kept beside the model while training runs; --resume goes on from it to the very bits
    of a run without a stop.
    """
    learnt = read_tagged(data, column)
    measured = None if validation is None else read_tagged(validation, column)
    model = SequenceTagger(**hyperparameters, progress=False)
    run_training(
        model,
        lambda checkpoint, tell: model.fit(
            *learnt, validation=measured, init=init, checkpoint=checkpoint, resume=resume, listeners=[tell]
        ),
        output,
        resume=resume,
        restart=restart,
        as_json=as_json,
        next_step=f"tag a file: gatewise predict {output} {data}",
        magnify=magnify,
        sample=lambda: learnt[0][0][:SAMPLE_STEPS],
    )


def predict(
    model: SequenceTagger,
    data: Path | None,
    *,
    text: str | None = None,
    min_confidence: float | None = None,
) -> dict[str, list[Any]]:
    """The tag of each word, with the numbers of its sentence and of itself in it, from 1.

    Words are those of a file; or of raw sentences, one a line, of ``text`` or standard input, with the
    characters of the line that they are, from 0. With ``min_confidence`` the table says how sure a tag is.
    """
    if text is not None and data is not None:
        raise ArgumentError(f"--text and DATA={str(data)!r} are both given; expected one of the two.")
    check_number("min_confidence", min_confidence, low=0, high=1, optional=True)
    if data is None:
        words = [split_words(line) for line in _raw_sentences(text)]
        _note_empty(words)
        sentences = [[word.text for word in each] for each in words]
    else:
        sentences = _sentences(model, data)
    table: dict[str, list[Any]] = {
        "sentence": [number for number, each in enumerate(sentences, start=1) for _ in each],
        "position": [position for each in sentences for position in range(1, len(each) + 1)],
        "word": [word for each in sentences for word in each],
    }
    if data is None:
        table["start"] = [word.start for each in words for word in each]
        table["stop"] = [word.stop for each in words for word in each]
    predicted = model.predict(sentences, min_confidence=min_confidence)
    table["tag"] = [tag for each in predicted for tag in each]
    if min_confidence is not None:
        answers = tags_and_confidences(model.network_, model.vocabulary_, sentences)
        table["confidence"] = [sure for _, each in answers for sure in each]
    return table


def _raw_sentences(text: str | None) -> list[str]:
    """The lines of a text; of standard input where there is none."""
    if text is not None:
        given = BytesIO(text.encode("utf-8", "surrogateescape"))
        return [line for _, line in decoded_lines(given, "--text")] or [""]
    lines = [line for _, line in standard_input_lines()]
    if not lines:
        raise DataError("standard input is empty; expected a sentence on each line, or a file as DATA.")
    return lines


def _note_empty(sentences: list[list[Word]]) -> None:
    """Say which sentences have no words, and so no rows."""
    empty = [number for number, words in enumerate(sentences, start=1) if not words]
    if empty:
        count = "1 sentence has" if len(empty) == 1 else f"{len(empty):,} sentences have"
        first = f"line {empty[0]}" if len(empty) == 1 else f"the first in line {empty[0]}"
        note(f"{count} no words, {first}: no row is of such a sentence")


def _sentences(model: SequenceTagger, data: Path) -> list[list[str]]:
    """The words of a file; raw sentences, which look like columns, are told apart where they can be."""
    advice = f"For raw sentences, one a line: gatewise predict MODEL < {shlex.quote(str(data))}"
    try:
        table = read_word_table(data)
    except DataError as error:
        raise DataError(f"{error} {advice}" if "between spaces" in str(error) else str(error)) from None
    if table.names is None and table.width > 1 and table.column_of(set(model.tags_)) is None:
        note(
            f"column 1 of the {table.width} of {str(data)!r} is read as words; no other has a tag of the "
            f"model's. {advice}"
        )
    return table.words()


def evaluate(model: SequenceTagger, data: Path) -> tuple[dict[str, Any], list[str]]:
    """The measurements for machines, and the same as lines for people."""
    result = model.evaluate(*_tags_of(model, data))
    loss = result["loss"]
    lines = [
        f"accuracy       {result['accuracy']:.4f}",
        f"baseline       {result['baseline_accuracy']:.4f} accuracy of the tag that is most frequent here",
        f"loss           {'none, for some tags are unknown' if loss is None else f'{loss:.4f} nats a word'}",
    ]
    if "unknown_accuracy" in result:
        lines.append(f"unknown words  {result['unknown_accuracy']:.4f}")
    if "span_f1" in result:
        lines += [
            f"span F1        {figure(result['span_f1'], '.4f')}",
            f"precision      {figure(result['span_precision'], '.4f')}",
            f"recall         {figure(result['span_recall'], '.4f')}",
        ]
    lines.append(f"words          {result['tokens']:,}, {result['unknown']:,} of them unknown to the model")
    lines += _table(result, "type", "span_macro_") if "types" in result else _table(result, "tag", "macro_")
    return result, lines


def _table(result: dict[str, Any], what: str, macro: str) -> list[str]:
    """Precision, recall and F1 of each type or tag, and their means, below an empty line."""
    measures = ("precision", "recall", "f1")
    mean = {what: "mean"} | {name: result[macro + name] for name in measures} | {"support": None}
    rows = [*result[f"{what}s"], mean]
    names = [printable(row[what], {}) or "-" for row in rows]
    width = max(map(len, (what, *names)))
    lines = ["", f"{what:<{width}}  precision  recall      F1  support"]
    for name, row in zip(names, rows, strict=True):
        support = "" if row["support"] is None else f"  {row['support']:7,}"
        shown = [figure(row[measure], ".4f") for measure in measures]
        lines.append(f"{name:<{width}}  {shown[0]:>9}  {shown[1]:>6}  {shown[2]:>6}{support}")
    return lines


def _tags_of(model: SequenceTagger, data: Path) -> TaggedSentences:
    """The sentences of a file with their tags, of the column with most of the model's."""
    table = read_word_table(data)
    column = table.column_of(set(model.tags_))
    if column is None:
        if table.width == 1:
            table.tags()  # says that there are none
        raise DataError(
            f"{str(data)!r}: no column has a tag of the model's, which are {', '.join(model.tags_)}; "
            "expected a file with such tags."
        )
    return TaggedSentences(table.words(), table.tags(column))
