"""Model files of earlier versions are read, and answer what they answered when they were written."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError, CheckpointWarning
from gatewise.random_streams import STREAMS_VERSION
from gatewise.storage import read_tensors, write_tensors
from gatewise.tasks import Estimator

pytest.importorskip("pandas")

from tests.goldens import model_cases

FILES = sorted(model_cases.FOLDER.glob("*/*.safetensors"))
TASKS = {name for name, subclass in Estimator._by_task.items() if subclass.__module__.startswith("gatewise.")}


def assert_alike(found, expected):
    """The same values of the same kinds, numbers but for rounding."""
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        found, expected = list(found.values()), list(expected.values())
    if isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_alike(one, other)
    elif isinstance(expected, float):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    else:
        assert found == expected
        assert isinstance(found, type(expected))


def test_there_is_a_file_of_every_task_and_kind():
    folders = {path.parent for path in FILES}
    assert {folder.name for folder in folders} >= {"0.1.0"}
    for folder in folders:
        assert set(json.loads((folder / model_cases.ANSWERS).read_text("utf-8"))) == {
            path.stem for path in FILES if path.parent == folder
        }
    models = [path for path in FILES if path.stem not in ("snapshots", "language-subwords", "checkpoint")]
    assert {gw.load(path).task for path in models} == TASKS


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_it_answers_as_it_did(path):
    if path.stem == "language-subwords":
        pytest.importorskip("tokenizers")
    expected = json.loads((path.parent / model_cases.ANSWERS).read_text("utf-8"))[path.stem]
    # A checkpoint is no finished model, and says so; nothing else does.
    warned = pytest.warns(CheckpointWarning) if path.stem == "checkpoint" else nullcontext()
    with warned:
        model = model_cases.load(path.stem, path)
    assert_alike(model_cases.CASES[path.stem].ask(model), expected)


def test_training_goes_on_from_a_checkpoint(tmp_path):
    """One of a version that drew other numbers from the same seed is refused; as a model it can be read."""
    whole = model_cases.language().fit(model_cases.TEXT).evaluate(model_cases.OTHER_TEXT)["loss"]
    model_cases.train_until_stopped(tmp_path / "of_now.safetensors")
    old = [path for path in FILES if path.stem == "checkpoint"]
    for path in [*old, tmp_path / "of_now.safetensors"]:
        with pytest.warns(CheckpointWarning, match="safetensors' is the checkpoint of a training"):
            half = gw.load(path).evaluate(model_cases.OTHER_TEXT)["loss"]
        shutil.copy(path, tmp_path / "checkpoint.safetensors")
        resumed = model_cases.language()
        given = {"checkpoint": tmp_path / "checkpoint.safetensors", "resume": True}
        if read_tensors(path).metadata["training"].get("random_streams", 1) != STREAMS_VERSION:
            with pytest.raises(ArgumentError, match="another version of gatewise, which drew other random"):
                resumed.fit(model_cases.TEXT, **given)
            continue
        resumed.fit(model_cases.TEXT, **given)
        found = resumed.evaluate(model_cases.OTHER_TEXT)["loss"]
        assert abs(found - whole) < 0.01 * abs(half - whole)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_what_was_read_is_written_the_same_ten_times(path, tmp_path):
    """And once more after it was read again. A checkpoint is written with all that going on needs."""
    if path.stem == "language-subwords":
        pytest.importorskip("tokenizers")
    file = read_tensors(path)
    written = set()
    for number in range(10):
        write_tensors(tmp_path / f"{number}.safetensors", *file)
        written.add((tmp_path / f"{number}.safetensors").read_bytes())
        file = read_tensors(tmp_path / f"{number}.safetensors")
    assert len(written) == 1
    if path.stem not in ("snapshots", "checkpoint"):
        model = gw.load(path)
        saved = set()
        for _ in range(10):
            model.save(tmp_path / "m.safetensors")
            saved.add((tmp_path / "m.safetensors").read_bytes())
            model = gw.load(tmp_path / "m.safetensors")
        assert len(saved) == 1
