"""Estimators follow scikit-learn's conventions."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator, load
from gatewise.errors import ArgumentError, CheckpointWarning

SMALL = {"hidden_size": 6, "epochs": 2, "batch_size": 8, "progress": False}


def test_arguments_are_stored_as_given():
    given = {"hidden_size": "not checked yet", "dropout": object()}
    model = LanguageModel(**given)
    assert all(model.get_params()[name] is value for name, value in given.items())


def test_params_make_an_equal_estimator():
    model = LanguageModel("word", 17, 3, dropout=0.4, time_limit=9)
    assert LanguageModel(**model.get_params()).get_params() == model.get_params()


def test_set_params_changes_and_returns_self():
    model = LanguageModel()
    assert model.set_params(hidden_size=5, seed=2) is model
    assert (model.hidden_size, model.seed) == (5, 2)


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(ArgumentError, match="no hyperparameter 'hiden_size'; it has level, hidden_size"):
        LanguageModel().set_params(hiden_size=5)


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(LanguageModel()) == "LanguageModel()"
    assert repr(LanguageModel("word", seed=3)) == "LanguageModel(level='word', seed=3)"


def test_numpy_numbers_are_hyperparameters_too(tmp_path):
    model = LanguageModel(
        hidden_size=np.int64(4), learning_rate=np.float32(0.01), num_layers=1, epochs=1, progress=False
    )
    model.fit("to be or not to be " * 50, checkpoint=tmp_path / "c.safetensors").save(
        tmp_path / "m.safetensors"
    )
    assert load(tmp_path / "m.safetensors").hidden_size == 4


def test_a_subclass_of_a_user_does_not_take_over_the_files(tmp_path):
    class Mine(LanguageModel):
        def __init__(self, flavour="sweet"):
            super().__init__()

    LanguageModel(hidden_size=4, epochs=1, progress=False).fit("to be or not to be " * 50).save(
        tmp_path / "m.safetensors"
    )
    assert type(load(tmp_path / "m.safetensors")) is LanguageModel


# Checkpoints are no finished models

ESTIMATORS = {
    "language": (lambda: LanguageModel(**SMALL, window=8), ("to be or not to be. " * 20,)),
    "forecast": (
        lambda: Forecaster(horizon=3, **SMALL, season_length=4, steps_per_epoch=4),
        (np.sin(np.arange(80.0)),),
    ),
    "classify": (
        lambda: SequenceClassifier(**SMALL),
        (np.random.default_rng(0).normal(size=(40, 6, 2)), ["one", "two"] * 20),
    ),
    "tag": (lambda: SequenceTagger(**SMALL), ([["a", "b"], ["b", "a"]] * 20, [["A", "B"], ["B", "A"]] * 20)),
    "translate": (
        lambda: Translator(**SMALL, min_count=1),
        ([("ein Hund", "a dog"), ("eine Katze", "a cat")] * 20,),
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_checkpoint_of_any_estimator_warns_of_itself_and_a_model_does_not(name, tmp_path):
    make, data = ESTIMATORS[name]
    checkpoint, path = tmp_path / "c.safetensors", tmp_path / "m.safetensors"
    model = make().fit(*data, checkpoint=checkpoint)
    model.save(path)
    with pytest.warns(CheckpointWarning) as warned:
        again = load(checkpoint)
    assert type(again) is type(model)
    [warning] = warned
    assert warning.filename == __file__, "it points to where the file was opened"
    said = str(warning.message)
    assert said.startswith(f"{str(checkpoint)!r} is the checkpoint of a training, not a finished model")
    assert f"fit(..., checkpoint={str(checkpoint)!r}, resume=True)" in said
    assert "--resume" in said
    load(path)  # warnings are errors here
    finished = make().fit(*data, checkpoint=checkpoint, resume=True)
    finished.save(path)
    load(path)
    np.testing.assert_array_equal(finished.network_.parameters.vector, model.network_.parameters.vector)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_equal_models_are_saved_in_equal_files(name, tmp_path):
    make, data = ESTIMATORS[name]
    checkpoint, path = tmp_path / "c.safetensors", tmp_path / "m.safetensors"
    saved, checkpoints = set(), set()
    for _ in range(2):
        checkpoint.unlink(missing_ok=True)
        model = make().fit(*data, checkpoint=checkpoint)
        checkpoints.add(checkpoint.read_bytes())
        for _ in range(5):
            model.save(path)
            saved.add(path.read_bytes())
            model = load(path)
    assert (len(saved), len(checkpoints)) == (1, 1)
