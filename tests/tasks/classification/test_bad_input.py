"""What a classifier refuses: data, labels and hyperparameters that cannot be, each by its name."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import SequenceClassifier
from gatewise.errors import ArgumentError, DataError, GatewiseError, NotFittedError
from tests.tasks.classification.problems import MOODS, TEXTS, small


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1, 2], [3, 4]], ["a", "a"], "y has one class only, 'a', in 2 labels; expected at least two"),
        ([[1, 2], [3, 4]], ["a"], "y has 1 labels and there are 2 sequences; expected one label for each"),
        ([[1, 2], ["x", "y"]], ["a", "b"], r"X\[1\] has dtype <U1; expected numbers"),
        ([[1, 2], []], ["a", "b"], r"X\[1\] is an empty sequence"),
        ([[1, 2], [np.nan]], ["a", "b"], r"X\[1\] holds NaN at step 0; .* Fill"),
        ([np.zeros((2, 1)), np.zeros((2, 2))], ["a", "b"], r"X\[1\] has 2 features a step and X\[0\] has 1"),
        (["text", 5], ["a", "b"], r"X\[1\] has type int; expected a str"),
        (["text", ""], ["a", "b"], r"X\[1\] is an empty text"),
        ("text", ["a", "b"], r"X is one str; expected several: pass \[X\]"),
        ([[1e308], [-1e308]], ["a", "b"], "feature 0 of X is too large"),
    ],
)
def test_data_that_cannot_be_learnt(X, y, message):
    with pytest.raises(GatewiseError, match=message):
        small().fit(X, y)


def test_numbers_beyond_float32_are_refused_where_they_are_not_scaled():
    with pytest.raises(DataError, match="X holds numbers too large for float32; set standardize=True"):
        small(standardize=False).fit([[1e300], [1]], ["a", "b"])


def test_what_the_model_was_not_trained_on_is_refused(model):
    text_model = small(epochs=1, embedding_size=4).fit(TEXTS, MOODS)
    with pytest.raises(ArgumentError, match="X holds numbers; expected texts"):
        text_model.predict([[1, 2]])
    with pytest.raises(ArgumentError, match="X holds texts; expected numbers"):
        model.predict(["text"])
    with pytest.raises(ArgumentError, match="X has 3 features a step; expected 2, as in training"):
        model.predict([np.zeros((4, 3))])


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ([[1, 2]], r"validation has type list; expected a pair \(X, y\)"),
        (([[1, 2]], [3]), r"validation\[1\] has labels as 3, and y has labels as 'a'; expected one type"),
        (([[1, 2]], ["a", "b"]), r"validation\[1\] has 2 labels"),
        ((["text"], ["a"]), r"validation\[0\] holds texts"),
        (([[np.nan]], ["a"]), r"validation\[0\]\[0\] holds NaN"),
    ],
    ids=["list", "class", "length", "kind", "missing"],
)
def test_a_validation_set_that_cannot_be(validation, message):
    with pytest.raises(GatewiseError, match=message):
        small().fit([[1, 2], [3, 4]], ["a", "b"], validation=validation)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 0}, "hidden_size=0; expected a whole number of at least 1"),
        ({"pooling": "sum"}, "pooling='sum'; expected one of last, mean, max, attention"),
        ({"cell": "gru"}, "cell='gru'; expected one of lstm, rnn"),
        ({"level": "bpe"}, "level='bpe'; expected one of word, char"),
        ({"bidirectional": 1}, "bidirectional=1; expected True or False"),
        ({"standardize": None}, "standardize=None; expected True or False"),
        ({"word_dropout": 1.0}, "word_dropout=1.0; expected a number of at least 0 and below 1"),
        ({"validation_fraction": 1.5}, "validation_fraction=1.5"),
        ({"class_weight": "even"}, "class_weight='even'; expected None, 'balanced', or a dict"),
        ({"class_weight": {"a": 0}}, r"class_weight\['a'\]=0; expected a number above 0"),
        ({"class_weight": {"c": 1}}, "class_weight has the label 'c', which is not in y"),
        ({"epochs": 0}, "epochs=0; expected a whole number of at least 1"),
    ],
    ids=str,
)
def test_hyperparameters_that_cannot_work_are_named(change, message):
    with pytest.raises(ArgumentError, match=message):
        small(**change).fit([[1, 2], [3, 4]], ["a", "b"])


def test_nothing_works_before_fit():
    for ask in (
        lambda m: m.predict([[1]]),
        lambda m: m.predict_proba([[1]]),
        lambda m: m.score([[1]], ["a"]),
        lambda m: m.evaluate([[1]], ["a"]),
        lambda m: m.save("m.safetensors"),
        lambda m: m.n_features_in_,
    ):
        with pytest.raises(NotFittedError, match="call fit first"):
            ask(SequenceClassifier())
