"""How well classes were told apart: accuracy, and for each class precision, recall and F1."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import numpy as np

from gatewise.tasks.scores import ratio
from gatewise.tasks.verdict import Compared, Verdict
from gatewise.types import Array, IntArray

__all__ = ["ClassReport", "Report", "judge", "report", "unmeasured"]


_NAMED = 5
"""Classes that a note names."""


class ClassReport(TypedDict):
    """One class: shares in [0, 1], and counts."""

    label: Any
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted_as: list[int]


class Report(TypedDict):
    """All that is measured of a classifier."""

    loss: float
    accuracy: float
    baseline_accuracy: float
    sequences: int
    count: int
    classes: list[ClassReport]
    notes: NotRequired[list[str]]


def report(probabilities: Array, targets: IntArray, classes: Array) -> Report:
    """Measure predictions against what is true.

    A class that is never predicted has no precision, and one that does not occur neither recall nor F1.

    Args:
        probabilities: (N, K).
        targets: (N,) numbers of the classes.
        classes: (K,) labels.
    """
    predicted = probabilities.argmax(axis=1)
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    right = np.diag(confusion)
    support, chosen = confusion.sum(axis=1), confusion.sum(axis=0)
    picked = np.maximum(probabilities[np.arange(len(targets)), targets], np.finfo(np.float64).tiny)
    found: Report = {
        "loss": float(-np.log(picked).mean()),
        "accuracy": float(right.sum() / len(targets)),
        "baseline_accuracy": float(support.max() / len(targets)),
        "sequences": len(targets),
        "count": len(targets),
        "classes": [
            {
                "label": label,
                "precision": ratio(right[k], chosen[k]),
                "recall": ratio(right[k], support[k]),
                "f1": ratio(2 * right[k], support[k] + chosen[k]) if support[k] else None,
                "support": int(support[k]),
                "predicted_as": confusion[k].tolist(),
            }
            for k, label in enumerate(classes.tolist())
        ],
    }
    if notes := _notes(classes, support, chosen):
        found["notes"] = notes
    return found


def _notes(classes: Array, support: IntArray, chosen: IntArray) -> list[str]:
    """Why a score is None, and that the accuracy of one class alone is no feat."""
    notes = []
    if np.count_nonzero(support) == 1:
        [label] = classes[support > 0].tolist()
        notes.append(
            f"all sequences are of class {label!r}; the accuracy says nothing of telling classes apart"
        )
    if (support == 0).any():
        notes.append(
            f"no recall and no F1 of classes without a sequence here: {_named(classes[support == 0])}"
        )
    never = classes[(chosen == 0) & (support > 0)]
    if len(never):
        notes.append(f"no precision of classes that are never predicted: {_named(never)}")
    return notes


def _named(labels: Array) -> str:
    """Some labels by name."""
    return ", ".join(map(repr, labels[:_NAMED].tolist())) + ", ..." * (len(labels) > _NAMED)


def unmeasured(classes: Array, learnt: IntArray, targets: IntArray) -> list[str]:
    """A note on the classes that the part held out has no sequence of; none where nothing is held out.

    Args:
        classes: (K,) labels.
        learnt: (N,) numbers of the classes of what is learnt from.
        targets: (M,) the same of what is held out.
    """
    missing = np.setdiff1d(learnt, targets)
    if len(missing) == 0 or len(targets) == 0:
        return []
    names, count = _named(classes[missing]), len(np.unique(learnt))
    return [
        f"no sequence of {len(missing)} of the {count} classes is held out ({names}): what is "
        "measured says nothing of them; give validation=, or more sequences of theirs"
    ]


def judge(
    probabilities: Array, targets: IntArray, learnt: IntArray, classes: Array, *, weighted: bool
) -> Verdict:
    """Compare with saying always the class that is most frequent in training.

    Its loss is that of the classes' shares in training, one added to each count.

    Args:
        probabilities: (M, K) of what was held out.
        targets: (M,) the numbers of its classes.
        learnt: (N,) the same of what was learnt from.
        classes: (K,) labels.
        weighted: whether classes counted by ``class_weight``: then F1 decides, the mean over the classes that
            occur, and else the accuracy.
    """
    counts = 1 + np.bincount(learnt, minlength=len(classes))
    constant = np.broadcast_to(counts / counts.sum(), probabilities.shape)
    compared = []
    for name, each in (("classifier", probabilities), ("most frequent class", constant)):
        found = report(each, targets, classes)
        f1 = [one["f1"] or 0.0 for one in found["classes"] if one["support"]]
        measures = {"accuracy": found["accuracy"], "f1": float(np.mean(f1)), "loss": found["loss"]}
        compared.append(Compared(name, measures))
    count = len(targets)
    data = f"{count:,} sequence{'s' * (count > 1)} held out, by which the weights were chosen"
    return Verdict(data, "f1" if weighted else "accuracy", compared[0], compared[1:])
