"""How well classes were told apart: accuracy, and for each class precision, recall and F1."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np

from gatewise.tasks.verdict import Compared, Verdict
from gatewise.types import Array, IntArray

__all__ = ["ClassReport", "Report", "judge", "report", "unmeasured"]


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
    baseline_accuracy: float
    sequences: int
    count: int
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
        "baseline_accuracy": float(support.max() / len(targets)),
        "sequences": len(targets),
        "count": len(targets),
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
    names = ", ".join(map(repr, classes[missing[:_NAMED]].tolist())) + ", ..." * (len(missing) > _NAMED)
    count = len(np.unique(learnt))
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
        f1 = [one["f1"] for one in found["classes"] if one["support"]]
        measures = {"accuracy": found["accuracy"], "f1": float(np.mean(f1)), "loss": found["loss"]}
        compared.append(Compared(name, measures))
    count = len(targets)
    data = f"{count:,} sequence{'s' * (count > 1)} held out, by which the weights were chosen"
    return Verdict(data, "f1" if weighted else "accuracy", compared[0], compared[1:])
