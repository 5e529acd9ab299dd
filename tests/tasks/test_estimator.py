"""Estimators follow scikit-learn's conventions."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import LanguageModel, load
from gatewise.errors import ArgumentError


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
