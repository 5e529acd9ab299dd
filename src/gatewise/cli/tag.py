"""Taggers on the command line: training, tagging a file, and measuring on one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli.console import JsonOption
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.train import (
    SAMPLE_STEPS,
    InitOption,
    MagnifyOption,
    OutputOption,
    RestartOption,
    ResumeOption,
    run_training,
)
from gatewise.data.tagged import TaggedSentences, read_tagged, read_words
from gatewise.data.word_tables import read_word_table
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks import SequenceTagger

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
    learnt = _read(data, column)
    measured = None if validation is None else _read(validation, column)
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


def predict(model: SequenceTagger, data: Path | None) -> dict[str, list[Any]]:
    """The tag of each word of a file, with the numbers of its sentence and of itself in it, from 1."""
    if data is None:
        raise ArgumentError("DATA is missing: a tagger needs a file of sentences.")
    sentences = read_words(data)
    table: dict[str, list[Any]] = {"sentence": [], "position": [], "word": [], "tag": []}
    for number, (words, tags) in enumerate(zip(sentences, model.predict(sentences), strict=True), start=1):
        table["sentence"] += [number] * len(words)
        table["position"] += range(1, len(words) + 1)
        table["word"] += words
        table["tag"] += tags
    return table


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
            f"span F1        {result['span_f1']:.4f}",
            f"precision      {result['span_precision']:.4f}",
            f"recall         {result['span_recall']:.4f}",
        ]
    lines.append(f"words          {result['tokens']:,}, {result['unknown']:,} of them unknown to the model")
    return result, lines


def _read(data: Path, column: str | None) -> TaggedSentences:
    try:
        return read_tagged(data, column)
    except ArgumentError as error:
        told = str(error).replace(f"column={column!r}", f"--column={column}", 1)
        raise ArgumentError(told.replace("expected as column", "expected as --column", 1)) from None


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
