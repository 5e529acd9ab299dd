"""Data to measure on that are given: later steps of the same series, or other series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gatewise import Forecaster
from gatewise.errors import ArgumentError, DataError

SMALL = {
    "horizon": 3,
    "season_length": 4,
    "hidden_size": 6,
    "epochs": 2,
    "steps_per_epoch": 6,
    "progress": False,
}


def panel(first, last, names=("a", "b"), covariate=False):
    """Days first to last - 1 of some series."""
    days = np.arange(first, last)
    rng = np.random.default_rng(0)
    noise = {name: rng.normal(size=200) for name in ("a", "b", "c")}
    columns = {
        "unique_id": np.repeat(names, len(days)),
        "ds": np.tile(days, len(names)),
        "y": np.concatenate([10 + 3 * np.sin(days * np.pi / 2) + noise[name][first:last] for name in names]),
    }
    return columns | ({"price": columns["y"] ** 2} if covariate else {})


@pytest.mark.parametrize("options", [{}, {"strategy": "recursive", "num_samples": 20}, {"past": ("price",)}])
def test_later_steps_are_measured_as_if_they_had_been_held_out(options):
    """The same bits, whether the end is cut off by the user or by the estimator."""
    covariate = "past" in options
    whole = Forecaster(**SMALL, **options, validation_fraction=0.25).fit(panel(0, 80, covariate=covariate))
    cut = Forecaster(**SMALL, **options).fit(
        panel(0, 60, covariate=covariate), validation=panel(60, 80, covariate=covariate)
    )
    np.testing.assert_array_equal(cut.network_.parameters.vector, whole.network_.parameters.vector)
    assert cut.history_ == whole.history_
    np.testing.assert_array_equal(cut.calibration_, whole.calibration_)
    ours, theirs = (model.verdict_.as_dict()["forecasters"] for model in (cut, whole))
    assert ours == theirs
    assert cut.verdict_.data.startswith("2 series in 5 parts")
    assert cut.notes_ == whole.notes_ == ()


def test_nothing_is_held_out_of_the_data_themselves():
    model = Forecaster(**SMALL).fit(panel(0, 60), validation=panel(60, 80))
    np.testing.assert_array_equal(model.predict()["ds"], [60, 61, 62] * 2)
    short = Forecaster(**SMALL).fit(panel(0, 8), validation=panel(8, 30))
    assert short.verdict_ is not None, "eight steps alone would hold nothing out"


def test_other_series_are_scaled_by_what_they_show():
    others = panel(0, 60, names=("c",))
    model, scaled = (
        Forecaster(**SMALL).fit(panel(0, 60), validation=others | {"y": factor * others["y"]})
        for factor in (1, 1000)
    )
    losses = [[entry["validation_loss"] for entry in each.history_] for each in (model, scaled)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_a_series_without_a_value_is_told_of():
    given = panel(60, 80)
    given["y"][:20] = np.nan
    notes = Forecaster(**SMALL).fit(panel(0, 60), validation=given).notes_
    assert any(note.startswith("validation: ") and "'a'" in note for note in notes)


def test_a_gap_between_them_is_one():
    model = Forecaster(**SMALL, calibrate=False).fit(panel(0, 60), validation=panel(64, 80))
    assert model.verdict_.data.startswith("the validation of 2 series, by which weights were chosen")
    assert model.verdict_.data.endswith("28 forecasts of 3 steps")


def test_a_long_validation_chooses_and_calibrates_apart():
    model = Forecaster(**SMALL).fit(panel(0, 60), validation=panel(60, 120))
    assert model.verdict_.data.startswith("the validation of 2 series, apart from what the weights")
    assert model.verdict_.data.endswith("56 forecasts of 3 steps")


@pytest.mark.parametrize(
    ("validation", "error", "message"),
    [
        (panel(0, 60), DataError, "validation: 2 series, 'a', 'b', have steps that are learnt from"),
        (panel(59, 80, names=("b",)), DataError, "validation: series 'b' has steps that are learnt from"),
        (panel(60, 62), DataError, "validation: no series has the 3 steps of a forecast; the longest has 2"),
        ({"ds": [60, 61], "x": [1, 2]}, DataError, "column 'y'"),
        (
            {"ds": np.arange("2025-01-01", "2025-01-20", dtype="M8[D]"), "y": np.arange(19.0)},
            ArgumentError,
            "holds dates",
        ),
    ],
)
def test_what_cannot_be_measured_on_is_refused(validation, error, message):
    with pytest.raises(error, match=message):
        Forecaster(**SMALL).fit(panel(0, 60), validation=validation)


def zoned(name, zone, first="2024-02-01", count=300):
    hours = pd.date_range(first, periods=count, freq="h", tz=zone)
    return pd.DataFrame({"unique_id": name, "ds": hours, "y": np.sin(np.arange(count) * np.pi / 12)})


HOURS = {"horizon": 24, "hidden_size": 4, "epochs": 1, "steps_per_epoch": 2, "progress": False}


@pytest.mark.parametrize(
    "validation", [("b", "2024-02-01"), ("a", "2024-04-01"), ("a", "2024-08-01")], ids=str
)
def test_other_series_and_later_ones_of_a_zone_are_measured_on(validation):
    name, first = validation
    later = zoned(name, "Europe/Berlin", first)
    made = Forecaster(**HOURS, calibrate=False).fit(zoned("a", "Europe/Berlin"), validation=later)
    assert made.verdict_.data.startswith("the validation of one series")


@pytest.mark.parametrize(("one", "other"), [(None, "Europe/Berlin"), ("Asia/Tokyo", None), (None, "UTC")])
def test_times_with_a_zone_and_without_are_not_mixed(one, other):
    with pytest.raises(DataError, match=r"validation: column 'ds' has .* zone"):
        Forecaster(**HOURS).fit(zoned("a", one), validation=zoned("b", other))
    made = Forecaster(**HOURS).fit(zoned("a", one))
    with pytest.raises(DataError, match=r"the data: column 'ds' has .* zone"):
        Forecaster(**HOURS).fit(zoned("a", other), init=made)


def test_a_frame_without_times_is_told_so():
    made = Forecaster(**HOURS).fit(zoned("a", "Europe/Berlin"))
    with pytest.raises(DataError, match=r"no column 'ds'|time column 'ds'"):
        made.predict(pd.DataFrame({"a": [1.0]}))
