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
