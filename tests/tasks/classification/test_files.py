"""A classifier comes back from its file as it was saved, and goes on from a checkpoint to the bit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import gatewise as gw
from gatewise import load
from gatewise.errors import ArgumentError
from tests.tasks.classification.problems import MOODS, TEXTS, small, waves


def test_a_model_says_the_same_in_another_process(model, tmp_path):
    X, _ = waves(20, seed=7)
    path, arrays = tmp_path / "m.safetensors", tmp_path / "x.npz"
    model.save(path)
    np.savez(arrays, *X)
    code = (
        "import sys, numpy as np, gatewise as gw;"
        "X = list(np.load(sys.argv[2]).values());"
        "np.save(sys.argv[3], gw.load(sys.argv[1]).predict_proba(X))"
    )
    out = tmp_path / "p.npy"
    subprocess.run([sys.executable, "-c", code, path, arrays, out], check=True)
    np.testing.assert_array_equal(np.load(out), model.predict_proba(X))


@pytest.mark.parametrize("weights", [None, "balanced", {"good": 2, "bad": 0.5}], ids=str)
@pytest.mark.parametrize("pooling", ["max", "attention"])
def test_saving_and_loading_is_the_identity(weights, pooling, tmp_path):
    made = small(epochs=2, class_weight=weights, pooling=pooling, embedding_size=4).fit(TEXTS * 3, MOODS * 3)
    made.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.get_params() == made.get_params()
    assert again.n_features_in_ is None
    np.testing.assert_array_equal(again.predict_proba(TEXTS), made.predict_proba(TEXTS))


@pytest.mark.parametrize("label", [1, True, np.int64(1), 1.0], ids=repr)
def test_weights_keep_the_type_of_their_labels(label, tmp_path):
    X, y = np.random.default_rng(0).normal(size=(10, 3)), np.arange(10) % 2
    made = small(epochs=1, class_weight={label: np.float32(2)}).fit(X, y)
    made.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors").class_weight
    assert again == {label: 2}
    assert type(next(iter(again))) is type(label.item() if isinstance(label, np.generic) else label)


def test_columns_are_remembered_by_the_file(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(10, 3)), np.arange(10) % 2
    small(epochs=1).fit(X, y).save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.n_features_in_ == 3
    with pytest.raises(ArgumentError, match=r"X has 2 features, but SequenceClassifier is expecting 3"):
        again.predict(X[:, :2])
    assert again.predict(X[:, :2, None]).shape == (10,)


def test_going_on_from_a_checkpoint_gives_the_same_bits(series, tmp_path):
    settings = {"dropout": 0.3, "recurrent_dropout": 0.1, "epochs": 4, "class_weight": {"slow": 2.0}}
    whole = small(**settings).fit(*series)
    checkpoint = tmp_path / "c.safetensors"
    small(**settings, time_limit=1e-9).fit(*series, checkpoint=checkpoint)
    rest = small(**settings).fit(*series, checkpoint=checkpoint, resume=True)
    np.testing.assert_array_equal(rest.network_.parameters.vector, whole.network_.parameters.vector)
    X, y = series
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        small(**settings).fit(X[1:], y[1:], checkpoint=checkpoint, resume=True)


def test_a_network_that_the_file_does_not_hold_is_not_made(model, tmp_path):
    import json

    from gatewise.storage import read_tensors, write_tensors

    path = tmp_path / "m.safetensors"
    model.save(path)
    file = read_tensors(path)
    huge = {**file.metadata["config"], "hidden_size": 10**9}
    scaled = json.loads(json.dumps(file.metadata["vocabulary"]))
    scaled["input"]["scale"][0] = 0.0
    for changed, message in (
        ({"config": huge}, "its config needs at least"),
        ({"vocabulary": None}, "what its classes and its inputs are"),
        ({"vocabulary": scaled}, "the scales above 0"),
        ({"config": {**file.metadata["config"], "class_weight": [["slow"]]}}, "expected pairs"),
        ({"config": {**file.metadata["config"], "class_weight": [[[], 1]]}}, "expected pairs"),
    ):
        metadata = {name: file.metadata[name] for name in ("task", "config", "vocabulary")}
        write_tensors(path, {**metadata, **changed}, file.tensors)
        with pytest.raises(gw.errors.ModelFileError, match=message):
            load(path)
