"""Labels of a classification: checked, numbered, split, weighed, and kept in a model file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gatewise.data.columns import as_array
from gatewise.data.lines import without_end
from gatewise.data.missing import is_missing
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks.checks import check_number
from gatewise.types import Array, IntArray

__all__ = [
    "as_labels",
    "check_class_weight",
    "class_weight_from_json",
    "class_weight_to_json",
    "class_weights",
    "classes_from_json",
    "classes_to_json",
    "likeliest",
    "number_labels",
    "stratified_split",
]

_TYPES = {"b": bool, "i": int, "u": int, "f": float, "U": str, "O": str}
"""Python's type of a label for the kinds of arrays that may hold labels."""


def as_labels(y: Any, count: int, name: str = "y") -> Array:
    """Labels (N,), one for each sequence.

    Args:
        y: str, bool or whole numbers; a line end that a str brings, as those of ``readlines`` do, is no part
            of it.
        count: N.
        name: what error messages call it.

    Raises:
        ArgumentError: it is no 1-D array of labels, or not as long as X.
    """
    if y is None:
        raise ArgumentError(f"{name}=None: fit requires y to be passed, but the target y is None.")
    try:
        labels = as_array(y)
    except ValueError:  # lists of unlike length in each other
        raise ArgumentError(f"{name} has lists in it; expected one label for each sequence.") from None
    if labels.ndim != 1:
        raise ArgumentError(
            f"{name} has shape {labels.shape}; expected (N,), one label for each sequence. A column (N, 1) "
            f"becomes that with {name}.ravel()."
        )
    if labels.dtype.kind == "T":  # NumPy's strings of any length
        labels = labels.astype(np.str_)
    if len(labels) != count:
        raise ArgumentError(
            f"{name} has {len(labels)} labels and there are {count} sequences; expected one label for each. "
            "Check that both come from the same rows."
        )
    _check_types(y, labels, name)
    return _without_ends(labels) if labels.dtype.kind in "UO" else labels


def _without_ends(labels: Array) -> Array:
    """Labels of str, as lines bring them."""
    given = labels.tolist()
    bare = list(map(without_end, given))
    return labels if bare == given else np.array(bare, object if labels.dtype.kind == "O" else np.str_)


def _check_types(y: Any, labels: Array, name: str) -> None:
    """Refuse labels that are missing, continuous, or of mixed types."""
    kind = labels.dtype.kind
    if kind not in _TYPES:
        raise ArgumentError(f"{name} has dtype {labels.dtype}; expected str, bool or whole numbers.")
    given = labels.tolist() if kind == "O" else y if kind == "U" and isinstance(y, (list, tuple)) else ()
    for index, label in enumerate(given):
        if is_missing(label):
            raise ArgumentError(
                f"{name}[{index}] is {label!r:.60}, which stands for a missing label; expected one for each "
                "sequence. Leave the sequence out, or say what it is."
            )
        if not isinstance(label, str):
            raise ArgumentError(
                f"Unknown label type: {name}[{index}] is {label!r:.60} of type {type(label).__name__}, among "
                "others of another type; expected all str, or an array of one number type."
            )
    if kind == "f" and not (np.isfinite(labels) & (labels == np.floor(labels))).all():
        found = labels[~(np.isfinite(labels) & (labels == np.floor(labels)))][0]
        raise ArgumentError(
            f"{name} holds {found}, a continuous target or a missing one; expected labels of classes: "
            "str, bool or whole numbers."
        )


def number_labels(labels: Array, classes: Array, name: str) -> IntArray:
    """The number of each label among the sorted classes.

    Raises:
        DataError: a label is none of the classes.
    """
    known = np.isin(labels, classes)
    if not known.all():
        index = int(np.argmin(known))
        raise DataError(
            f"{name}[{index}] is {labels.tolist()[index]!r:.60}, which is no class of the training data; "
            f"expected one of {', '.join(map(repr, classes.tolist()))}."
        )
    return np.searchsorted(classes, labels)


def stratified_split(
    targets: IntArray, fraction: float, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Indices to learn from and to measure on, with each class in both in proportion.

    Args:
        targets: (N,), the numbers of the classes.
        fraction: to measure on; a class of few examples gives none, and none gives all of its own.
        rng: where the choice comes from.
    """
    held_out = []
    for target in np.unique(targets):
        members = rng.permutation(np.flatnonzero(targets == target))
        held_out.append(members[: min(round(len(members) * fraction), len(members) - 1)])
    measured: IntArray = np.sort(np.concatenate(held_out))
    return np.setdiff1d(np.arange(len(targets)), measured), measured


def class_weights(setting: Any, classes: Array, targets: IntArray) -> Array:
    """The weight of each class (K,), float32.

    Args:
        setting: None for 1 each, "balanced" for N / (K * its examples) (King and Zeng 2001), or weights by
            label, 1 for a label that is left out.
        classes: (K,) labels.
        targets: (N,) of the training examples.

    Raises:
        ArgumentError: a label is none of the classes.
    """
    weights = np.ones(len(classes), dtype=np.float32)
    if isinstance(setting, Mapping):
        places = {label: place for place, label in enumerate(classes.tolist())}
        for label, weight in setting.items():
            if label not in places:
                raise ArgumentError(
                    f"class_weight has the label {label!r}, which is not in y; "
                    f"expected some of {', '.join(map(repr, places))}."
                )
            weights[places[label]] = weight
    elif setting == "balanced":
        counts = np.bincount(targets, minlength=len(classes))  # 0 of a class that another model knew
        weights[...] = len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return weights


def check_class_weight(setting: Any) -> None:
    """Refuse what ``class_weights`` cannot take, but for labels, which only the data know.

    Raises:
        ArgumentError: it is neither None, "balanced" nor numbers above 0 by label.
    """
    if isinstance(setting, Mapping):
        for label, weight in setting.items():
            check_number(f"class_weight[{label!r}]", weight, low=0, open_low=True)
    elif setting is not None and not (isinstance(setting, str) and setting == "balanced"):
        raise ArgumentError(
            f"class_weight={setting!r}; expected None, 'balanced', or a dict of weights by label."
        )


def class_weight_to_json(setting: Any) -> Any:
    """The setting for a model file: a dict as pairs, for JSON's objects would make every label a str."""
    if not isinstance(setting, Mapping):
        return setting
    return [[_plain(label), _plain(weight)] for label, weight in setting.items()]


def class_weight_from_json(value: Any) -> Any:
    """The setting of a model file.

    Raises:
        DataError: there are pairs, but not of labels and weights.
    """
    if not isinstance(value, list):
        return value
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], (str, int, float)):
            raise DataError(f"its class_weight has {pair!r:.60}; expected pairs of label and weight")
    return dict(value)


def classes_to_json(classes: Array) -> dict[str, Any]:
    """Labels for a model file."""
    name = classes.dtype.name if classes.dtype.kind in "biuf" else classes.dtype.kind
    return {"type": name, "labels": classes.tolist()}


def classes_from_json(value: Any) -> Array:
    """The classes of a model file.

    Raises:
        DataError: the value is not what ``classes_to_json`` gives.
    """
    fields = value if isinstance(value, dict) and value.keys() == {"type", "labels"} else {}
    kind, labels = fields.get("type"), fields.get("labels")
    try:
        dtype = np.dtype(kind) if isinstance(kind, str) else None
    except TypeError:
        dtype = None
    if dtype is None or dtype.kind not in _TYPES or (kind not in ("U", "O") and dtype.name != kind):
        raise DataError(f"its classes are of type {kind!r:.60}; expected labels as gatewise writes them")
    expected = _TYPES[dtype.kind]
    if not isinstance(labels, list) or len(labels) < 2 or any(type(each) is not expected for each in labels):
        raise DataError(f"its classes are not a list of two or more of type {expected.__name__}")
    try:
        classes = np.array(labels, dtype=dtype)
    except (OverflowError, ValueError) as error:
        raise DataError(f"its classes do not fit into {dtype} ({error})") from error
    if len(np.unique(classes)) != len(classes) or not np.array_equal(np.sort(classes), classes):
        raise DataError("its classes are not distinct and sorted")
    return classes


def likeliest(probabilities: Array, classes: Array, least: float) -> Array:
    """The likeliest class of each sequence, None where it is not likely enough.

    Args:
        probabilities: (N, K).
        classes: (K,).
        least: probability that a class must have.

    Returns:
        (N,) of Python objects.
    """
    found: Array = classes[probabilities.argmax(axis=1)].astype(object)
    found[probabilities.max(axis=1) < least] = None
    return found


def _plain(value: Any) -> Any:
    """A NumPy number as Python's."""
    return value.item() if isinstance(value, np.generic) else value
