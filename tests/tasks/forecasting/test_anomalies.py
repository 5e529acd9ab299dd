"""Events are marked by a share of the steps, or by a threshold of the score, and never by both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise.errors import ArgumentError
from tests.tasks.forecasting.problems import panel, quick, wave


@pytest.fixture(scope="module")
def model():
    return quick().fit(panel())


def spiked(*places):
    data = panel()
    data["y"][list(places)] += 8
    return data


@pytest.mark.parametrize("threshold", [0, 0.5, 1, 2.5, 1e6])
def test_a_threshold_marks_the_scores_above_it(model, threshold):
    found = model.anomalies(panel(), threshold=threshold)
    np.testing.assert_array_equal(found["anomaly"], found["score"] > threshold)


def test_a_threshold_finds_none_where_nothing_happened_and_a_share_always_finds_its_share(model):
    high = float(np.nanmax(model.anomalies(panel())["score"])) + 1
    assert not model.anomalies(panel(), threshold=high)["anomaly"].any()
    assert model.anomalies(panel(), rate=0.05)["anomaly"].sum() == round(0.05 * 96) + round(0.05 * 76)


def test_a_threshold_finds_as_many_as_there_are_in_one_series(model):
    found, calm = (model.anomalies(data, threshold=3) for data in (spiked(70, 71, 90, 100), panel()))
    assert {70, 71, 90, 100} <= set(np.flatnonzero(found["anomaly"]))
    np.testing.assert_array_equal(found["anomaly"][120:], calm["anomaly"][120:])
    assert not calm["anomaly"].any()


def test_without_either_it_is_a_hundredth(model):
    usual, said = model.anomalies(panel()), model.anomalies(panel(), rate=0.01)
    np.testing.assert_array_equal(usual["anomaly"], said["anomaly"])


def test_what_has_no_score_is_not_above_any(model):
    data = panel()
    data["y"][60:80] = np.nan
    found = model.anomalies(data, threshold=0)
    assert not found["anomaly"][60:80].any()
    assert not found["anomaly"][:24].any()
    assert found["anomaly"][80:120].all()


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_of_all_kinds(library):
    values = wave()
    made = quick(epochs=1).fit(library({"ds": np.arange(120), "y": values}))
    values[100] = 13
    found = made.anomalies(library({"ds": np.arange(120), "y": values}), threshold=4)
    assert type(found) is type(library({"a": [1]}))
    assert np.flatnonzero(np.array(found["anomaly"])).tolist()[0] == 100


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"rate": 0.01, "threshold": 2}, "rate=0.01 and threshold=2 are both given; expected one"),
        ({"rate": 0, "threshold": 0}, "rate=0 and threshold=0 are both given"),
        ({"threshold": -1}, "threshold=-1; expected a number of at least 0"),
        ({"threshold": np.nan}, "threshold=nan; expected a finite number"),
        ({"threshold": "2"}, "threshold='2'; expected a number"),
        ({"rate": 1.5}, "rate=1.5; expected a number of at least 0 and at most 1"),
    ],
)
def test_other_marks_are_refused(model, marks, message):
    with pytest.raises(ArgumentError, match=message):
        model.anomalies(panel(), **marks)
