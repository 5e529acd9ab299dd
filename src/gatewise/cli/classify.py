"""Classifiers of sequences on the command line: training, labelling a file, and measuring on one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.cli.columns import (
    IdOption,
    KeepOption,
    LabelOption,
    NoHeaderOption,
    TextOption,
    beside,
    rows_told,
    sequence_columns,
)
from gatewise.cli.console import JsonOption, figure, note, say
from gatewise.cli.hyperparameters import with_hyperparameters
from gatewise.cli.train import (
    SAMPLE_STEPS,
    InitOption,
    MagnifyOption,
    OutputOption,
    RestartOption,
    ResumeOption,
    run_training,
    sample_text,
)
from gatewise.data.column_roles import SequenceColumns
from gatewise.data.labelled import is_table
from gatewise.data.sequence_files import Sequences, read_sequences
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks import SequenceClassifier
from gatewise.tasks.checks import check_number
from gatewise.tasks.classification.labels import likeliest

__all__ = ["evaluate", "predict", "read_for", "train"]


@with_hyperparameters(SequenceClassifier, leave_out=("class_weight",))
def train(
    data: Annotated[
        Path,
        typer.Argument(
            help="Series in a .ts or ARFF file, or in a table with a label and numbers in each row; or "
            "texts: a .csv, .tsv or Parquet table with the columns label and text, or a label, a tab or a "
            "space, and a text on each line."
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
    text_column: TextOption = None,
    label_column: LabelOption = None,
    id_column: IdOption = None,
    keep: KeepOption = None,
    no_header: NoHeaderOption = False,
    init: InitOption = None,
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
    columns = sequence_columns(text_column, label_column, id_column, keep, no_header)
    X, y = _labelled(read_sequences(data, columns))
    kind = "texts" if isinstance(X[0], str) else "series"
    measured = None if validation is None else _labelled(read_sequences(validation, columns, kind=kind))
    weights = _class_weight(class_weight)
    model = SequenceClassifier(**hyperparameters, class_weight=weights, progress=False)
    run_training(
        model,
        lambda checkpoint, tell: model.fit(
            X, y, validation=measured, init=init, checkpoint=checkpoint, resume=resume, listeners=[tell]
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


def predict(
    model: SequenceClassifier,
    data: Path | None,
    *,
    columns: SequenceColumns | None = None,
    min_confidence: float | None = None,
) -> dict[str, list[Any]]:
    """The label of each sequence of a file, and the probability of each class.

    Args:
        model: the classifier.
        data: the file.
        columns: of a table; the id and those to keep are in the answer too.
        min_confidence: the least probability of a label; a prediction below it has none. An empty text has
            none either.
    """
    if data is None:
        raise ArgumentError("DATA is missing: a classifier needs a file of series or texts.")
    check_number("min_confidence", min_confidence, low=0, high=1, optional=True)
    classes = model.classes_.tolist()
    known = set(map(str, classes))
    found = read_for(model, data, columns, labels=False)
    of_lines = isinstance(found.X[0], str) and not (found.carried or columns or is_table(data))
    if of_lines and all(_first_column(text) in known for text in found.X if text):
        raise DataError(
            f"{str(data)!r}: every line begins with a label, which would be read as part of its text. "
            "To measure on it: gatewise evaluate. To label it all the same, give texts alone, or a .csv "
            "file with the column text."
        )
    there = [row for row, sequence in enumerate(found.X) if not isinstance(sequence, str) or sequence]
    labels: list[Any] = [None] * len(found.X)
    shares: list[list[float | None]] = [[None] * len(found.X) for _ in classes]
    if there:
        probabilities = model.predict_proba([found.X[row] for row in there])
        answers = likeliest(probabilities, model.classes_, min_confidence or 0).tolist()
        for row, label, likely in zip(there, answers, probabilities, strict=True):
            labels[row] = label
            for share, value in zip(shares, likely.tolist(), strict=True):
                share[row] = value
    for each in found.notes:
        note(each)
    if empty := sorted(set(range(len(found.X))) - set(there)):
        note(
            f"{len(empty):,} of {len(found.X):,} texts are empty, and so are their labels: row "
            f"{rows_told([row + 1 for row in empty])}"
        )
    if unsure := sum(labels[row] is None for row in there):
        note(
            f"{unsure:,} of {len(found.X):,} labels are left empty, for they are less sure than "
            f"{min_confidence:g}"
        )
    answer = {"label": labels, **{f"p({label})": share for label, share in zip(classes, shares, strict=True)}}
    return {"row": list(range(1, len(found.X) + 1)), **beside(found.carried, ["row", *answer]), **answer}


def evaluate(
    model: SequenceClassifier, data: Path, *, columns: SequenceColumns | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The measurements for machines, and the same as lines for people."""
    X, y = _labelled(read_for(model, data, columns))
    written = {str(label): label for label in model.classes_.tolist()}
    for label in y:
        if label not in written:
            raise DataError(
                f"{str(data)!r} has the label {label!r:.60}, which is no class of the training data; "
                f"expected one of {', '.join(written)}."
            )
    result = model.evaluate(X, [written[label] for label in y])
    labels = [str(each["label"]) for each in result["classes"]]
    width = max(5, *map(len, labels))
    counts = max(len(str(result["sequences"])), *map(len, labels))
    lines = [
        f"accuracy   {result['accuracy']:.4f}",
        f"loss       {result['loss']:.4f} nats a sequence",
        f"sequences  {result['sequences']:,}",
        f"baseline   {result['baseline_accuracy']:.4f} accuracy of the class that is most frequent here",
        "",
        f"{'class':<{width}}  precision  recall      F1  predicted as "
        + "  ".join(f"{each:>{counts}}" for each in labels),
    ]
    for label, each in zip(labels, result["classes"], strict=True):
        predicted = "  ".join(f"{count:>{counts}}" for count in each["predicted_as"])
        precision, recall, f1 = (figure(each[name], ".4f") for name in ("precision", "recall", "f1"))
        lines.append(f"{label:<{width}}  {precision:>9}  {recall:>6}  {f1:>6}  {'':<12} {predicted}")
    return dict(result), lines


def read_for(
    model: SequenceClassifier, data: Path, columns: SequenceColumns | None = None, *, labels: bool = True
) -> Sequences:
    """The sequences of a file, of the kind that a model was trained on.

    Raises:
        DataError: they are of the other kind, or cannot be read.
    """
    kind = "texts" if model.n_features_in_ is None else "series"
    classes = set(map(str, model.classes_.tolist()))
    found = read_sequences(data, columns, labels=labels, kind=kind, classes=classes)
    if isinstance(found.X[0], str) is not (kind == "texts"):
        held = "series of numbers" if kind == "texts" else "texts"
        raise DataError(f"{str(data)!r} holds {held}; expected {kind}, on which the model was trained.")
    return found


def _labelled(found: Sequences) -> tuple[list[Any], list[str]]:
    """The sequences and their labels, which were asked for."""
    for each in found.notes:
        note(each)
    return found.X, found.y or []


def _first_column(line: str) -> str:
    """What would be the label in a file of labelled texts."""
    return line.partition("\t" if "\t" in line else " ")[0].strip()


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
