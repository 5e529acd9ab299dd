"""How well classes were told apart: accuracy, and for each class precision, recall and F1."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import numpy as np

from gatewise.tasks.scores import ratio
from gatewise.types import Array, IntArray

__all__ = ["ClassReport", "Report", "report", "unmeasured"]


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
    sequences: int
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
        "sequences": len(targets),
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


def unmeasured(classes: Array, targets: IntArray) -> list[str]:
    """A note on the classes that the part held out has no sequence of; none where nothing is held out.

    Args:
        classes: (K,) labels.
        targets: (N,) numbers of the classes of what is held out.
    """
    missing = np.setdiff1d(np.arange(len(classes)), targets)
    if len(missing) == 0 or len(targets) == 0:
        return []
    names = _named(classes[missing])
    return [
        f"no sequence of {len(missing)} of the {len(classes)} classes is held out ({names}): what is "
        "measured says nothing of them; give validation=, or more sequences of theirs"
    ]
