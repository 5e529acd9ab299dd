"""Classifiers of sequences on the command line: training, labelling a file, and measuring on one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gatewise.cli.console import JsonOption, say
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.train import (
    SAMPLE_STEPS,
    MagnifyOption,
    OutputOption,
    RestartOption,
    ResumeOption,
    run_training,
    sample_text,
)
from gatewise.data.labelled import read_labelled_texts, read_texts
from gatewise.data.ts_files import read_ts
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks import SequenceClassifier

__all__ = ["evaluate", "predict", "train"]

_Read = TypeVar("_Read")


@with_hyperparameters(SequenceClassifier, leave_out=("class_weight",))
def train(
    data: Annotated[
        Path,
        typer.Argument(
            help="Series in a .ts file; or texts: a .csv or .tsv table with the columns label and text, or a "
            "label, a tab or a space, and a text on each line."
        ),
    ],
    output: OutputOption,
    validation: Annotated[
        Path | None, typer.Option(help="File to measure on, instead of a part of DATA drawn at random.")
    ] = None,
    class_weight: Annotated[
        str,
        typer.Option(help="balanced; or weights by label, 1 for those left out.", metavar="LABEL=NUMBER,..."),
    ] = "none",
    resume: ResumeOption = False,
    restart: RestartOption = False,
    magnify: MagnifyOption = None,
    as_json: JsonOption = False,
    **hyperparameters: Any,
) -> None:
    """Learn to label series or texts.

    A checkpoint is kept beside the model while training runs; --resume goes on from it to the very bits
    of a run without a stop.
    """
    X, y = _read(data)
    measured = None if validation is None else _read(validation)
    weights = _class_weight(class_weight)
    model = SequenceClassifier(**hyperparameters, class_weight=weights, progress=False)
    run_training(
        model,
        lambda checkpoint, tell: model.fit(
            X, y, validation=measured, checkpoint=checkpoint, resume=resume, listeners=[tell]
        ),
        output,
        resume=resume,
        restart=restart,
        as_json=as_json,
        next_step=f"measure it: gatewise evaluate {output} FILE",
        magnify=magnify,
        sample=lambda: sample_text(X[0], model.level) if isinstance(X[0], str) else X[0][:SAMPLE_STEPS],
        report=lambda: None if as_json else _tell_classes(y),
    )


def _tell_classes(y: Sequence[Any]) -> None:
    """How many sequences there are of each class."""
    counts = Counter(y)
    most = ", ".join(f"{label} ({count})" for label, count in counts.most_common(5))
    more = ", ..." if len(counts) > 5 else ""
    say(f"{len(y):,} sequences of {len(counts)} classes: {most}{more}")


def predict(model: SequenceClassifier, data: Path | None) -> dict[str, list[Any]]:
    """The label of each sequence of a file, and the probability of each class."""
    if data is None:
        raise ArgumentError("DATA is missing: a classifier needs a file of series or texts.")
    classes = model.classes_.tolist()
    if _is_ts(data):
        X: list[Any] = read_ts(data).X
    else:
        X = _by_column(read_texts, data)
        labels = set(map(str, classes))
        if not _is_table(data) and all(_first_column(text) in labels for text in X):
            raise DataError(
                f"{str(data)!r}: every line begins with a label, which would be read as part of its text. "
                "To measure on it: gatewise evaluate. To label it all the same, give texts alone, or a .csv "
                "file with the column text."
            )
    probabilities = model.predict_proba(X)
    labels_found = model.classes_[probabilities.argmax(axis=1)].tolist()
    columns = {f"p({label})": probabilities[:, k].tolist() for k, label in enumerate(classes)}
    return {"row": list(range(1, len(X) + 1)), "label": labels_found, **columns}


def evaluate(model: SequenceClassifier, data: Path) -> tuple[dict[str, Any], list[str]]:
    """The measurements for machines, and the same as lines for people."""
    result = model.evaluate(*_read(data))
    labels = [str(each["label"]) for each in result["classes"]]
    width = max(5, *map(len, labels))
    counts = max(len(str(result["sequences"])), *map(len, labels))
    lines = [
        f"accuracy   {result['accuracy']:.4f}",
        f"loss       {result['loss']:.4f} nats a sequence",
        f"sequences  {result['sequences']:,}",
        "",
        f"{'class':<{width}}  precision  recall      F1  predicted as "
        + "  ".join(f"{each:>{counts}}" for each in labels),
    ]
    for label, each in zip(labels, result["classes"], strict=True):
        predicted = "  ".join(f"{count:>{counts}}" for count in each["predicted_as"])
        lines.append(
            f"{label:<{width}}  {each['precision']:9.4f}  {each['recall']:.4f}  {each['f1']:.4f}  "
            f"{'':<12} {predicted}"
        )
    return dict(result), lines


def _read(path: Path) -> tuple[list[Any], list[str]]:
    """Sequences with labels."""
    if not _is_ts(path):
        return _by_column(read_labelled_texts, path)
    X, y = read_ts(path)
    if y is None:
        raise DataError(
            f"{str(path)!r} has no labels; expected a .ts file with @classLabel true and the classes."
        )
    return X, y


def _first_column(line: str) -> str:
    """What would be the label in a file of labelled texts."""
    return line.partition("\t" if "\t" in line else " ")[0].strip()


def _by_column(read: Callable[[Path], _Read], path: Path) -> _Read:
    """What a reader makes of a file; of tables only the columns text and label can be read here."""
    try:
        return read(path)
    except ArgumentError as error:
        told = re.sub(r"^(text|label)_column=('\w+'), but ", r"a column \2 is needed, but ", str(error))
        raise ArgumentError(told) from None


def _is_ts(path: Path) -> bool:
    return path.suffix.lower() == ".ts"


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in (".csv", ".tsv")


def _class_weight(text: str) -> Any:
    """The option's value as the estimator takes it."""
    if text in ("none", "balanced"):
        return None if text == "none" else text
    weights = {}
    for part in text.split(","):
        label, equals, number = part.rpartition("=")
        try:
            weights[label] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            raise ArgumentError(
                f"--class-weight={text}: {part!r} is no weight; expected none, balanced, or LABEL=NUMBER,..."
            )
    return weights
