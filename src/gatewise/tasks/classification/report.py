"""How well classes were told apart: accuracy, and for each class precision, recall and F1."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np

from gatewise.types import Array, IntArray

__all__ = ["ClassReport", "Report", "report", "unmeasured"]


_NAMED = 5
"""Classes that a note names."""


class ClassReport(TypedDict):
    """One class: shares in [0, 1], and counts."""

    label: Any
    precision: float
    recall: float
    f1: float
    support: int
    predicted_as: list[int]


class Report(TypedDict):
    """All that is measured of a classifier."""

    loss: float
    accuracy: float
    sequences: int
    classes: list[ClassReport]


def report(probabilities: Array, targets: IntArray, classes: Array) -> Report:
    """Measure predictions against what is true.

    A class that is never predicted has precision 0, one that does not occur recall 0.

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
    precision, recall = right / np.maximum(chosen, 1), right / np.maximum(support, 1)
    f1 = 2 * right / np.maximum(support + chosen, 1)
    picked = np.maximum(probabilities[np.arange(len(targets)), targets], np.finfo(np.float64).tiny)
    return {
        "loss": float(-np.log(picked).mean()),
        "accuracy": float(right.sum() / len(targets)),
        "sequences": len(targets),
        "classes": [
            {
                "label": label,
                "precision": float(precision[k]),
                "recall": float(recall[k]),
                "f1": float(f1[k]),
                "support": int(support[k]),
                "predicted_as": confusion[k].tolist(),
            }
            for k, label in enumerate(classes.tolist())
        ],
    }


def unmeasured(classes: Array, targets: IntArray) -> list[str]:
    """A note on the classes that the part held out has no sequence of; none where nothing is held out.

    Args:
        classes: (K,) labels.
        targets: (N,) numbers of the classes of what is held out.
    """
    missing = np.setdiff1d(np.arange(len(classes)), targets)
    if len(missing) == 0 or len(targets) == 0:
        return []
    names = ", ".join(map(repr, classes[missing[:_NAMED]].tolist())) + ", ..." * (len(missing) > _NAMED)
    return [
        f"no sequence of {len(missing)} of the {len(classes)} classes is held out ({names}): what is "
        "measured says nothing of them; give validation=, or more sequences of theirs"
    ]
