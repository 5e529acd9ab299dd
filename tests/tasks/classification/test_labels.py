"""Labels of every type are kept as they are; what is no label is refused by its number."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise.data.sequences import as_texts
from gatewise.errors import ArgumentError, DataError, GatewiseError
from gatewise.tasks.classification.labels import (
    as_labels,
    class_weights,
    classes_from_json,
    classes_to_json,
    number_labels,
    stratified_split,
)

LABELS = {
    "str": np.array(["b", "a", "żółw"]),
    "objects": np.array(["b", "a", "c"], dtype=object),
    "int": np.array([3, -1, 7]),
    "int8": np.array([3, -1, 7], dtype=np.int8),
    "unsigned": np.array([3, 1, 7], dtype=np.uint16),
    "bool": np.array([True, False, True]),
    "float": np.array([2.0, 1.0, 5.0]),
    "float32": np.array([2.0, 1.0, 5.0], dtype=np.float32),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_classes_survive_json(labels):
    classes = np.unique(as_labels(labels, 3))
    again = classes_from_json(json.loads(json.dumps(classes_to_json(classes))))
    assert again.dtype == classes.dtype
    np.testing.assert_array_equal(again, classes)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y=None"),
        (["a", "b"], "y has 2 labels and there are 3 sequences"),
        ([["a"], ["b"], ["c"]], r"y has shape \(3, 1\).*y.ravel\(\)"),
        ("abc", r"y has shape \(\)"),
        ([["a"], ["b", "c"], "d"], "y has lists in it"),
        (["a", 1, "b"], r"y\[1\] is 1 of type int"),
        (["a", None, "b"], r"y\[1\] is None"),
        (np.array(["a", np.nan, "b"], dtype=object), r"y\[1\] is nan, which stands for a missing label"),
        ([1.0, np.nan, 2.0], "y holds nan"),
        ([1.0, 2.5, 2.0], "y holds 2.5, a continuous target"),
        ([1j, 2, 3], "y has dtype complex128"),
        (np.array(["2026-01-01"] * 3, dtype="datetime64[D]"), "y has dtype datetime64"),
    ],
    ids=repr,
)
def test_what_is_no_label_is_refused(y, message):
    with pytest.raises(ArgumentError, match=message):
        as_labels(y, 3)


def test_a_label_that_is_no_class():
    with pytest.raises(DataError, match=r"y\[1\] is 'c', which is no class .* expected one of 'a', 'b'"):
        number_labels(np.array(["a", "c"]), np.array(["a", "b"]), "y")


@pytest.mark.parametrize(
    ("y", "classes"), [(np.array(["1", "2"]), np.array([1, 2])), (np.array([1, 2]), np.array(["1", "2"]))]
)
def test_numbers_are_no_text(y, classes):
    with pytest.raises(DataError, match="no class of the training data"):
        number_labels(y, classes, "y")


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.5, 0.99])
def test_each_class_is_split_in_proportion(fraction):
    targets = np.repeat([0, 1, 2], [40, 20, 1])
    learnt, measured = stratified_split(targets, fraction, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(np.concatenate([learnt, measured])), np.arange(61))
    counts = np.bincount(targets[measured], minlength=3)
    assert counts.tolist() == [min(round(40 * fraction), 39), min(round(20 * fraction), 19), 0]


def test_class_weights():
    classes, targets = np.array(["a", "b", "c"]), np.array([0, 0, 0, 1, 1, 2])
    assert class_weights(None, classes, targets).tolist() == [1, 1, 1]
    balanced = class_weights("balanced", classes, targets)
    np.testing.assert_allclose(balanced * np.bincount(targets), 2)
    assert class_weights({"c": 5}, classes, targets).tolist() == [1, 1, 5]
    with pytest.raises(ArgumentError, match=r"class_weight has the label 'd', which is not in y"):
        class_weights({"d": 5}, classes, targets)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"type": "U"},
        {"type": "U", "labels": ["a"]},
        {"type": "U", "labels": ["b", "a"]},
        {"type": "U", "labels": ["a", "a"]},
        {"type": "U", "labels": ["a", 1]},
        {"type": "O", "labels": [["a"], ["b"]]},
        {"type": "U99999999", "labels": ["a", "b"]},
        {"type": "V8", "labels": ["a", "b"]},
        {"type": "int64", "labels": [True, False]},
        {"type": "int8", "labels": [1, 1000]},
        {"type": "float64", "labels": [1.0, float("nan")]},
        {"type": "nonsense", "labels": [1, 2]},
        {"type": ["i"], "labels": [1, 2]},
    ],
    ids=repr,
)
def test_classes_of_a_damaged_file_are_refused(value):
    with pytest.raises(GatewiseError, match="its classes"):
        classes_from_json(value)


@pytest.mark.parametrize(
    "labels",
    [
        pa.chunked_array([["a", None, "b"]]).dictionary_encode(),
        pa.array(["a", None, "b"]),
        pd.Series(["a", None, "b"], dtype="category"),
        pd.Series(["a", pd.NA, "b"], dtype="string"),
        pl.Series(["a", None, "b"], dtype=pl.Categorical),
    ],
    ids=["dictionary", "Arrow", "category", "string", "polars"],
)
def test_a_missing_label_of_a_column_is_named(labels):
    with pytest.raises(ArgumentError, match=r"y\[1\] is (None|nan|<NA>), which stands for a missing label"):
        as_labels(labels, 3)


def test_labels_kept_as_a_dictionary_are_what_they_say():
    column = pa.chunked_array([["b", "a", "b"]]).dictionary_encode()
    assert as_labels(column, 3).tolist() == ["b", "a", "b"]
    with pytest.raises(DataError, match=r"X\[1\] has type NoneType"):
        as_texts(pa.chunked_array([["a", None, "b"]]).dictionary_encode())


@pytest.mark.parametrize("targets", [[0, 0, 0, 1], [0, 2, 2, 2], [1, 1, 2, 1, 1]], ids=str)
def test_balanced_weights_count_the_classes_that_occur(targets):
    """One that only the model to begin with knew changes nothing for the others."""
    targets = np.array(targets)
    weights = class_weights("balanced", np.array(["a", "b", "c"]), targets)
    assert weights[targets].sum() == pytest.approx(len(targets))
    for one in np.unique(targets):
        assert weights[one] * (targets == one).sum() == pytest.approx(len(targets) / 2)
