"""Going on from a checkpoint gives the same bits as never having stopped, and only for the same run."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError, CheckpointWarning
from tests.tasks.forecasting.problems import DAY, assert_same_columns, following, panel, quick, wave, words

COVARIATES = {"known": ("price",), "past": ("rain",), "static": ("region",)}
KINDS = {
    "direct": {},
    "covariates": COVARIATES,
    "recursive": {"strategy": "recursive", "distribution": "student_t", "patch_size": 4, "num_samples": 30},
}


def predict(made):
    return made.predict(future=following() if made.known else None)


@pytest.mark.parametrize("kind", KINDS)
def test_going_on_from_a_checkpoint_gives_the_same_bits(kind, tmp_path):
    settings = {**KINDS[kind], "epochs": 4, "dropout": 0.3}
    whole = quick(**settings).fit(panel())
    checkpoint = tmp_path / "c.safetensors"
    stopped = quick(**settings, time_limit=1e-9).fit(panel(), checkpoint=checkpoint)
    assert stopped.stopped_by_ == "time limit"
    rest = quick(**settings).fit(panel(), checkpoint=checkpoint, resume=True)
    np.testing.assert_array_equal(rest.network_.parameters.vector, whole.network_.parameters.vector)
    assert rest.verdict_ == whole.verdict_
    assert rest.history_ == whole.history_
    assert_same_columns(predict(rest), predict(whole))


def test_a_checkpoint_is_a_model(tmp_path):
    made = quick(epochs=1).fit(panel(), checkpoint=tmp_path / "c.safetensors")
    with pytest.warns(CheckpointWarning, match="calibration"):
        again = gw.load(tmp_path / "c.safetensors")
    np.testing.assert_array_equal(again.network_.parameters.vector, made.network_.parameters.vector)
    assert not again.calibration_.any()
    assert list(again.predict()) == list(made.predict())


def test_stopped_by_the_time_limit_it_can_be_used():
    made = quick(time_limit=1e-9, epochs=1000).fit(wave())
    assert made.stopped_by_ == "time limit"
    assert np.isfinite(made.predict()["y_hat"]).all()
    assert made.verdict_ is not None


def changed_data(name):
    data = panel()
    if name == "a value":
        data["y"][5] += 1
    elif name == "a known covariate":
        data["price"][5] += 1
    elif name == "times":
        data["ds"] = data["ds"] + 3 * DAY
    elif name == "a static covariate":
        data["region"] = words(*["south"] * 120, *["north"] * 100)
    elif name == "ids":
        data["unique_id"][:120] = "c"
    return data


@pytest.mark.parametrize("name", ["a value", "a known covariate", "times", "a static covariate", "ids"])
def test_a_checkpoint_of_other_data_is_refused(name, tmp_path):
    checkpoint = tmp_path / "c.safetensors"
    quick(**COVARIATES, epochs=3, time_limit=1e-9).fit(panel(), checkpoint=checkpoint)
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        quick(**COVARIATES, epochs=3).fit(changed_data(name), checkpoint=checkpoint, resume=True)


@pytest.mark.parametrize(
    "change", [{"quantiles": (0.2, 0.8)}, {"scaling": "mean"}, {"known": ()}, {"horizon": 5}], ids=str
)
def test_a_checkpoint_of_other_settings_is_refused(change, tmp_path):
    checkpoint = tmp_path / "c.safetensors"
    quick(**COVARIATES, time_limit=1e-9).fit(panel(), checkpoint=checkpoint)
    with pytest.raises(ArgumentError, match=f"there it was {next(iter(change))}="):
        quick(**{**COVARIATES, **change}).fit(panel(), checkpoint=checkpoint, resume=True)
    with pytest.raises(ArgumentError, match="resume=True, but checkpoint=None"):
        quick().fit(wave(), resume=True)
