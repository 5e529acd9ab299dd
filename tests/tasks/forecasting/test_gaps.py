"""Gaps and short contexts: they are filled, told, and the kept end of a series comes before what is given."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import Forecaster, load
from gatewise.data.gaps import filled_by_season, with_gaps
from tests.tasks.forecasting.problems import panel, quick, wave, words

HOUR = np.timedelta64(1, "h")
NAN = np.nan


def fill(values, season, centre=9.0):
    past = np.array([values], dtype=float)
    return filled_by_season(past, ~np.isnan(past), np.array([centre]), season)[0].tolist()


@pytest.mark.parametrize(
    ("values", "season", "expected"),
    [
        ([1, 2, NAN, 4], 1, [1, 2, 2, 4]),
        ([1, 2, 3, 4, NAN, NAN], 2, [1, 2, 3, 4, 3, 4]),
        ([NAN, NAN, 3, 4, 5, 6], 2, [3, 4, 3, 4, 5, 6]),
        ([1, 2, NAN, NAN, 5, 6], 2, [1, 2, 1, 2, 5, 6]),
        ([1, 2, NAN, NAN, NAN, NAN, 7, 8], 2, [1, 2, 1, 2, 7, 8, 7, 8]),
        ([1, NAN, 3, NAN], 2, [1, 1, 3, 3]),
        ([NAN, 2, NAN], 1, [9, 2, 2]),
        ([NAN, NAN], 2, [9, 9]),
    ],
)
def test_what_is_missing_comes_from_the_nearest_season(values, season, expected):
    assert fill(values, season) == expected


def test_training_sees_gaps_of_each_kind():
    whole = np.ones((6000, 28))
    thinned = with_gaps(whole, np.random.default_rng(0), 0.3)
    gone = np.isnan(thinned)
    assert 0.26 < gone.any(axis=1).mean() < 0.31
    runs = np.abs(np.diff(np.pad(gone, ((0, 0), (1, 1))).astype(int), axis=1)).sum(axis=1) // 2
    late = gone[:, 0] & (runs == 1) & (gone.sum(axis=1) > 4)
    assert 0.05 < late.mean() < 0.11
    assert (gone.sum(axis=1)[~late] <= 12).all()
    assert (gone[:, -1] & ~late).mean() > 0.02, "the last steps too"
    assert not np.isnan(with_gaps(whole, np.random.default_rng(0), 0.0)).any()


@pytest.fixture(scope="module")
def weekly():
    """A forecaster of hours with a day and a week in them, and the series."""
    hours = np.arange(24 * 7 * 12)
    rng = np.random.default_rng(0)
    level = np.where(hours // 24 % 7 < 5, 1.0, 0.4)
    values = 100 + 30 * level * np.sin(hours * np.pi / 12) + 20 * level + rng.normal(0, 3, len(hours))
    times = np.datetime64("2026-01-05", "us") + hours * HOUR
    learnt = slice(0, 24 * 7 * 10)
    made = Forecaster(horizon=24, epochs=6, steps_per_epoch=60, hidden_size=64, progress=False)
    return made.fit({"ds": times[learnt], "y": values[learnt]}), times, values


def error(weekly, change):
    made, times, values = weekly
    errors, covered = [], []
    for end in range(24 * 7 * 10, len(values) - 24, 11):
        past = slice(end - 24 * 21, end)
        given, when = change(values[past].copy()), times[past][-len(change(values[past].copy())) :]
        found = made.predict({"ds": when, "y": given})
        actual = values[end : end + 24]
        errors.append(np.abs(found["y_hat"] - actual).mean())
        covered.append(((found["q0.1"] <= actual) & (actual <= found["q0.9"])).mean())
    return np.mean(errors), np.mean(covered)


def missing(*days):
    def change(values):
        for day in days:
            values[len(values) - 24 * day : len(values) - 24 * (day - 1)] = NAN
        return values

    return change


GAPS = {
    "a day a week ago": missing(7),
    "a day": missing(3),
    "yesterday": missing(1),
    "six days": lambda values: values[-144:],
    "three days": lambda values: values[-72:],
    "a day alone": lambda values: values[-24:],
}


@pytest.mark.parametrize("name", GAPS)
def test_a_gap_costs_little(weekly, name):
    """After a short training; before gaps were learnt it was five times the error, with a coverage of 0.2."""
    whole, _ = error(weekly, lambda values: values)
    found, covered = error(weekly, GAPS[name])
    assert found <= 3.2 * whole
    assert covered >= 0.45


@pytest.mark.slow
def test_with_the_defaults_a_gap_costs_less_than_a_third(weekly):
    _, times, values = weekly
    learnt = {"ds": times[: 24 * 7 * 10], "y": values[: 24 * 7 * 10]}
    made = Forecaster(horizon=24, progress=False).fit(learnt), times, values
    whole, _ = error(made, lambda values: values)
    for name in ("a day a week ago", "a day", "yesterday", "six days"):
        found, covered = error(made, GAPS[name])
        assert found <= 1.33 * whole, name
        assert covered >= 0.7, name


def test_a_context_that_is_not_whole_is_told(weekly):
    made, times, values = weekly
    assert made.context_length_ == 168
    made.predict({"ds": times[:400], "y": values[:400]})
    assert made.context_notes_ == ()
    made.predict({"ds": times[:144], "y": values[:144]})
    (note,) = made.context_notes_
    assert "series 'y' lacks a part of the 168 steps that a forecast looks back on, up to 24 of 'y'" in note
    made.predict({"ds": times[:400], "y": missing(3)(values[:400].copy())})
    assert "up to 24 of 'y'" in made.context_notes_[0]


def test_what_goes_on_from_the_training_has_its_end_before_it(weekly, tmp_path):
    made, times, values = weekly
    begin = 24 * 7 * 10
    made.save(tmp_path / "m.safetensors")
    for each in (made, load(tmp_path / "m.safetensors")):
        for first in (begin, begin - 48, begin + 5):
            part = {"ds": times[first : begin + 168], "y": values[first : begin + 168]}
            scored = each.anomalies(part)
            assert len(scored["ds"]) == len(part["ds"])
            assert np.isfinite(scored["score"]).all(), "each step has a context"
        day = {"ds": times[begin : begin + 24], "y": values[begin : begin + 24]}
        result = each.evaluate(day)
        assert each.context_notes_ == ()
        whole = each.evaluate({"ds": times[: begin + 24], "y": values[: begin + 24]})
        assert result["forecasters"][0]["mae"] == pytest.approx(whole["forecasters"][0]["mae"], rel=1e-5)


def test_of_many_series_each_has_its_own_end():
    data = panel()
    made = quick().fit({name: data[name] for name in ("unique_id", "ds", "y")})
    following = {
        "unique_id": words(*["a"] * 6, *["new"] * 6),
        "ds": np.concatenate([data["ds"][-1] + np.arange(1, 7) * np.timedelta64(1, "D")] * 2),
        "y": np.concatenate([30 * wave(106, 2)[100:], wave(6)]),
    }
    scored = made.anomalies(following)
    assert np.isfinite(scored["score"][:6]).all()
    assert np.isnan(scored["score"][6]), "of a new series nothing is kept"
    assert "series 'new' lacks a part" in made.context_notes_[0]
