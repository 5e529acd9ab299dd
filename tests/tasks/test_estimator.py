"""Estimators follow scikit-learn's conventions."""

from __future__ import annotations

import pytest

from gatewise import LanguageModel
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
