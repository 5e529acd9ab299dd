"""One series of many that cannot be learnt from: the others are, and it is named."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import load
from gatewise.errors import DataError
from tests.tasks.forecasting.problems import quick, wave, words


def shops(**changes):
    """Three shops; ``changes`` are the values of one from the step on that is named."""
    values = {name: level * wave() for name, level in (("a", 1.0), ("b", 20.0), ("c", 5.0))}
    for name, change in changes.items():
        values[name] = change(values[name])
    return {
        "unique_id": words(*[name for name in values for _ in range(120)]),
        "ds": np.tile(np.arange(120), 3),
        "y": np.concatenate(list(values.values())),
    }


ODD = {
    "not sold yet": (
        lambda values: np.where(np.arange(120) < 108, 0, values),
        "never changes in the part to learn",
    ),
    "closed": (lambda values: np.full(120, 0.0), "never changes in the part to learn"),
    "a fixed price": (lambda values: np.full(120, 14.62), "never changes in the part to learn"),
    "no value": (lambda values: np.full(120, np.nan), "has no value in column 'y', and left out"),
}


@pytest.mark.parametrize(("change", "note"), ODD.values(), ids=ODD)
def test_the_others_are_learnt_and_forecast(change, note, tmp_path):
    made = quick().fit(shops(b=change))
    assert any(f"series 'b' {note}" in each for each in made.notes_), made.notes_
    assert not any("not all cut at the same time" in each for each in made.notes_)
    assert "forecasts of 2 series in 5 parts" in str(made.verdict_)
    found = made.predict()
    keys = ["a", "c"] if "left out" in note else ["a", "b", "c"]
    assert list(dict.fromkeys(found["unique_id"].tolist())) == keys
    assert np.isfinite(found["y_hat"]).all()
    if "b" in keys:
        last = shops(b=change)["y"][120:240]
        forecast = found["y_hat"][found["unique_id"] == "b"]
        assert np.abs(forecast - last[-1]).max() <= 4 * max(np.ptp(last), 1), "of the size that it has"
    again = made.predict(shops(b=change))
    np.testing.assert_allclose(again["y_hat"], found["y_hat"], rtol=1e-5, atol=1e-5)
    made.save(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").notes_ == made.notes_


def test_strict_refuses_and_names_all():
    flat, gone = ODD["closed"][0], ODD["no value"][0]
    with pytest.raises(DataError, match=r"series 'a' .* all 108 values .*; series 'c' .* is constant"):
        quick(strict=True).fit(shops(a=flat, c=flat))
    with pytest.raises(DataError, match="2 series, 'a', 'b', have no value in column 'y'; remove them"):
        quick(strict=True).fit(shops(a=gone, b=gone))
    with pytest.raises(DataError, match=r"series 'a' .* is constant.*; series 'b' .*; series 'c'"):
        quick().fit(shops(a=flat, b=flat, c=flat))


LATER = {
    "closed": lambda values: np.zeros(120),
    "closed for half": lambda values: np.where(np.arange(120) < 60, values, 0),
    "open for a few days": lambda values: np.where(np.arange(120) < 8, values, 0),
    "stuck": lambda values: np.full(120, values[0]),
}


@pytest.mark.parametrize("scaling", ["standard", "mean"])
@pytest.mark.parametrize("change", LATER.values(), ids=LATER)
def test_a_shop_that_closes_later_is_of_the_same_unit(change, scaling):
    """And stops no forecast, measurement or search of the others."""
    made, later = quick(epochs=1, scaling=scaling).fit(shops()), shops(b=change)
    plain = made.predict(shops())
    found = made.predict(later)
    assert list(dict.fromkeys(found["unique_id"].tolist())) == ["a", "b", "c"]
    others = found["unique_id"] != "b"
    np.testing.assert_allclose(found["y_hat"][others], plain["y_hat"][others], rtol=1e-5, atol=1e-5)
    assert np.isfinite(found["y_hat"]).all()
    assert made.evaluate(later)["count"] == 18
    assert len(made.anomalies(later)["y"]) == 360


def test_all_series_of_another_unit_are_named_at_once():
    made = quick(epochs=1).fit(shops())
    with pytest.raises(DataError, match=r"series 'a' .* far from what .* series 'c' is far off too"):
        made.predict(shops(a=lambda y: 1e3 * y, c=lambda y: 1e-3 * y))


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "dict"])
@pytest.mark.parametrize("ids", [["a", "b", "c"], [1, 2, 3]], ids=["words", "numbers"])
@pytest.mark.parametrize("ask", ["predict", "evaluate", "anomalies"])
def test_a_series_without_a_value_is_noted_wherever_it_is_left_out(kind, ids, ask):
    def frame(data):
        data = {**data, "unique_id": np.repeat(ids, 120)}
        if kind == "dict":
            return data
        library = pytest.importorskip(kind)
        return library.table(data) if kind == "pyarrow" else library.DataFrame(data)

    made = quick(epochs=1).fit(frame(shops()))
    getattr(made, ask)(frame(shops(b=lambda values: np.full(120, np.nan))))
    note = f"series {ids[1]!r} has no value in column 'y', and left out"
    assert made.context_notes_ == (note,)
    getattr(made, ask)(frame(shops()))
    assert made.context_notes_ == ()


def test_series_too_short_are_named():
    data = {
        "unique_id": np.repeat(["a", "b", "c", "d"], [120, 3, 120, 2]),
        "ds": np.concatenate([np.arange(count) for count in (120, 3, 120, 2)]),
        "y": np.concatenate([wave(), [3, 4, 5], 2 * wave(), [3, 4]]),
    }
    made = quick(epochs=1).fit(data)
    assert "2 series, 'b', 'd', are too short to learn from" in made.notes_
    made.backtest(data, windows=1)
    assert "2 series, 'b', 'd', are too short for these origins" in made.context_notes_
