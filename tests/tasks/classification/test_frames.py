"""Columns of data frames are texts; a whole frame of words and a missing text are refused in words."""

from __future__ import annotations

import pandas
import polars
import pyarrow
import pytest

from gatewise.errors import ArgumentError, DataError
from tests.tasks.classification.problems import MOODS, TEXTS, small

LIBRARIES = pytest.mark.parametrize(
    "make", [pandas.DataFrame, polars.DataFrame, pyarrow.table], ids=["pandas", "polars", "pyarrow"]
)


@pytest.fixture(scope="module")
def model():
    return small(epochs=1, embedding_size=4).fit(TEXTS, MOODS)


@LIBRARIES
def test_a_column_is_texts(make, model):
    frame = make({"id": range(len(TEXTS)), "text": TEXTS})
    assert model.predict(frame["text"]).tolist() == model.predict(TEXTS).tolist()


@LIBRARIES
@pytest.mark.parametrize("columns", [{"text": ["a", "b"]}, {"id": [1, 2], "text": ["a", None]}], ids=str)
def test_a_frame_of_words_is_refused_by_their_column(make, columns, model):
    with pytest.raises(
        ArgumentError, match=r"X is a data frame with words in its columns text; .* X\['text'\]"
    ):
        model.predict(make(columns))


@LIBRARIES
@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", None], r"X\[1\] has type \w+, for a missing text; expected at least one word. 1 of 2 are so"),
        ([None, "a", None], r"X\[0\] has type \w+, for a missing text; .* 2 of 3 are so"),
        (["a", " ", ""], r"X\[1\] is an empty text; .* 2 of 3 are so: leave them out, and keep the indices"),
    ],
    ids=["last", "first", "empty"],
)
def test_texts_that_are_missing_are_told_with_their_place(make, texts, message, model):
    for ask in (model.predict, model.predict_proba, lambda X: model.fit(X, list("ab" * len(X))[: len(X)])):
        with pytest.raises(DataError, match=message):
            ask(make({"text": texts})["text"])
