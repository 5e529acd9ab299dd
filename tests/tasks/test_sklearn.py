"""scikit-learn takes the classifier: its own checks, pipelines, cross-validation and grid search."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import NotFittedError

pytest.importorskip("sklearn")

from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError as TheirNotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

PAGE = Path(__file__).parents[2] / "docs" / "sklearn.md"
QUICK = {"hidden_size": 16, "epochs": 30, "batch_size": 16, "dropout": 0.0, "learning_rate": 0.01}


def quick(**changes):
    return gw.SequenceClassifier(**{**QUICK, "progress": False, **changes})


def expected_failures():
    """The checks that the documentation lists, with the reasons."""
    if not PAGE.is_file():
        return {}
    return dict(re.findall(r"^\| `(check_\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def checks():
    # It does without scikit-learn, and so without its base class.
    with pytest.warns(UserWarning, match="does not inherit from"):
        yield from estimator_checks_generator(quick())


def name_of(check):
    return getattr(check, "func", check).__name__


CHECKS = list(checks())


@pytest.mark.filterwarnings("ignore:.*does not inherit from:UserWarning")
@pytest.mark.parametrize(
    ("estimator", "check"), CHECKS, ids=[f"{k}-{name_of(check)}" for k, (_, check) in enumerate(CHECKS)]
)
def test_check_estimator(estimator, check):
    if name_of(check) in expected_failures():
        with pytest.raises((AssertionError, ValueError)):
            check(estimator)
    else:
        check(estimator)


@pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not here")
def test_the_list_of_what_does_not_apply_names_checks():
    assert expected_failures()
    assert set(expected_failures()) <= {name_of(check) for _, check in CHECKS}


@pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not here")
def test_the_code_on_the_page_runs(capsys):
    [block] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile(block, PAGE.name, "exec"), {})
    assert float(capsys.readouterr().out) > 0.9


@pytest.fixture(scope="module")
def waves():
    """Slow and fast waves, (60, 25)."""
    rng = np.random.default_rng(0)
    phase, speed = rng.uniform(0, 6, (60, 1)), np.where(np.arange(60) % 2, 0.3, 0.9)[:, None]
    return np.sin(phase + speed * np.arange(25)), np.where(np.arange(60) % 2, "slow", "fast")


def test_it_is_a_classifier_that_can_be_cloned():
    weights = {"slow": 2.0}
    given = quick(pooling="mean", class_weight=weights)
    assert is_classifier(given)
    again = clone(given)
    assert again is not given
    assert again.get_params() == given.get_params()


@pytest.mark.parametrize("shape", ["(N, T)", "(N, T, D)", "list", "texts"])
def test_cross_validation(shape, waves):
    X, y = waves
    if shape == "(N, T, D)":
        X = np.stack([X, -X], axis=-1)
    elif shape == "list":
        X = [series[: 20 + k % 6] for k, series in enumerate(X)]
    elif shape == "texts":
        X = [f"the {word} wave {k}" for k, word in enumerate(y)]
    scores = cross_val_score(quick(), X, y, cv=3)
    assert scores.mean() > 0.9


def test_a_pipeline(waves):
    X, y = waves
    pipeline = make_pipeline(StandardScaler(), FunctionTransformer(np.negative), quick()).fit(X[:40], y[:40])
    assert pipeline.score(X[40:], y[40:]) > 0.9
    assert pipeline.predict_proba(X[:3]).shape == (3, 2)
    np.testing.assert_array_equal(pipeline.classes_, ["fast", "slow"])


def test_grid_search(waves):
    search = GridSearchCV(quick(), {"pooling": ["max", "last"], "hidden_size": [4, 16]}, cv=2).fit(*waves)
    assert search.best_score_ > 0.9
    assert search.best_estimator_.get_params() == quick(**search.best_params_).get_params()


def test_workers_take_a_trained_model(waves):
    """They are handed its arrays in files that are mapped for reading only."""
    joblib = pytest.importorskip("joblib")
    model = quick(hidden_size=200, epochs=1).fit(*waves)
    assert model.network_.parameters.vector.nbytes > 1e6
    [proba] = joblib.Parallel(n_jobs=2)([joblib.delayed(model.predict_proba)(waves[0])])
    np.testing.assert_allclose(proba, model.predict_proba(waves[0]), rtol=1e-5)


def test_probabilities_across_folds_and_a_pickle(waves):
    X, y = waves
    proba = cross_val_predict(quick(), X, y, cv=3, method="predict_proba")
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    model = quick(epochs=1).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_before_fit_the_error_is_ours_and_theirs():
    for theirs in (NotFittedError, TheirNotFittedError):
        with pytest.raises(theirs, match="call fit first"):
            quick().predict([[1.0]])


def test_features_are_the_columns_of_an_array(waves):
    X, y = waves
    assert quick(epochs=1).fit(X, y).n_features_in_ == 25
    assert quick(epochs=1).fit(np.stack([X, X], axis=-1), y).n_features_in_ == 2
    assert quick(epochs=1).fit([f"{word} wave" for word in y], y).n_features_in_ is None
